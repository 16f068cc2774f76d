"""What the page remembers between two starts: the answer to the notice of the first one."""

from __future__ import annotations

import json
from pathlib import Path

from ..policy import Mode
from ..regular import read_regular
from ..whole import sweep, write_whole

SCHEMA = 1


class Memory:
    """A small file beside the pictures; one that cannot be read or written is no error."""

    def __init__(self, path: Path) -> None:
        self._path = path
        sweep(path.parent, own=True)
        self.mode: Mode | None = self._read()

    def answer(self, mode: Mode) -> None:
        """Remember the mode that was chosen."""
        self.mode = mode
        text = json.dumps({"schema": SCHEMA, "mode": mode.value})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, text.encode("utf-8"))
        except OSError:
            # It is asked once more the next time, and nothing else is lost.
            return

    def _read(self) -> Mode | None:
        try:
            kept = json.loads(read_regular(self._path))
            return Mode.parse(kept["mode"]) if kept["schema"] == SCHEMA else None
        except (OSError, ValueError, RecursionError, KeyError, TypeError):
            return None
