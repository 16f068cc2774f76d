"""What the page remembers between two starts: the answer to the notice of the first one."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..policy import Mode
from ..regular import read_regular

SCHEMA = 1


class Memory:
    """A small file beside the pictures; one that cannot be read or written is no error."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.mode: Mode | None = self._read()

    def answer(self, mode: Mode) -> None:
        """Remember the mode that was chosen."""
        self.mode = mode
        text = json.dumps({"schema": SCHEMA, "mode": mode.value})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
            new.write_text(text, encoding="utf-8")
            new.replace(self._path)
        except OSError:
            # It is asked once more the next time, and nothing else is lost.
            return

    def _read(self) -> Mode | None:
        try:
            kept = json.loads(read_regular(self._path))
            return Mode.parse(kept["mode"]) if kept["schema"] == SCHEMA else None
        except (OSError, ValueError, RecursionError, KeyError, TypeError):
            return None
