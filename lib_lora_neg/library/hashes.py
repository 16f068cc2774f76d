"""SHA-256 of checkpoints and LoRAs, as infotexts and scans name them; kept between two starts."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from threading import Lock

from ..loras.card import LoraCard
from ..regular import open_regular, read_regular
from ..whole import sweep, write_whole

SHORT = 10
"""Digits of a checkpoint's hash in an infotext (A1111 ``model_hash``)."""

SHORT_LORA = 12
"""Digits of a LoRA's hash in an infotext (A1111 ``network_on_disk.shorthash``)."""

_SUFFIXES = (".safetensors", ".json", ".txt")


class Hashes:
    """Hashes of files, computed once for each state of a file.

    Args:
        file: where they are kept; ``None`` keeps them in memory. What is broken there is
            forgotten, never an error.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = Lock()
        self._known: dict[str, str] = {}
        if file is not None:
            sweep(file.parent, own=True)
            self._known = _read(file)

    def of_model(self, path: Path) -> str:
        """Return the hash of a checkpoint file, or of all that decides a model in a folder.

        Raises:
            OSError: it cannot be read.
        """
        if not path.is_dir():
            return self.of_file(path)
        parts = sorted(p for p in path.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
        named = [f"{file.relative_to(path).as_posix()}:{self.of_file(file)}" for file in parts]
        return hashlib.sha256("\n".join(named).encode()).hexdigest()

    def of_lora(self, card: LoraCard) -> str:
        """Return the short hash of a LoRA as A1111 has it; empty where its file is gone.

        That is the hash in its metadata, or else of what follows its header.
        """
        if card.model_hash:
            return card.model_hash[:SHORT_LORA]
        with contextlib.suppress(OSError):
            return self.of_file(Path(card.path), after_header=True)[:SHORT_LORA]
        return ""

    def of_file(self, path: Path, *, after_header: bool = False) -> str:
        """Return the hash of a file, or of its tensors alone.

        Raises:
            OSError: it cannot be read.
        """
        status = path.stat()
        part = "|tensors" if after_header else ""
        key = f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}{part}"
        with self._lock:
            found = self._known.get(key)
        if found is None:
            found = _digest(path, after_header)
            with self._lock:
                self._known[key] = found
                self._save()
        return found

    def _save(self) -> None:
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, json.dumps(self._known).encode("utf-8"))


def _digest(path: Path, after_header: bool) -> str:
    digest = hashlib.sha256()
    with open_regular(path) as file:
        if after_header:
            file.seek(8 + int.from_bytes(file.read(8), "little"))
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _read(file: Path) -> dict[str, str]:
    try:
        content = json.loads(read_regular(file))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {key: value for key, value in content.items() if isinstance(value, str)}
