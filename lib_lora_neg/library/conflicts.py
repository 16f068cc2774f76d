"""What pairs of LoRAs do to the layers they share, read once and kept in the index."""

from __future__ import annotations

import hashlib
import os
from dataclasses import astuple
from threading import Lock
from typing import Any

from ..loras import LoraFileError
from ..loras.reading.conflict import Conflict, LayerConflict, measure_conflict
from .store import CardStore, IndexStoreError

FORM = 1
"""Version of what is kept; another one is measured anew."""


class ConflictIndex:
    """Compares LoRA files, each pair once for as long as both stay as they are.

    Args:
        folder: where the index lies; ``None`` keeps it in memory. One that cannot be used is no
            error: pairs are then compared anew.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self._folder = folder
        self._store: CardStore | None = None
        self._known: dict[bytes, Any] = {}
        # One pair of deltas in memory at a time, however many ask.
        self._measuring = Lock()

    def between(self, first: str, second: str) -> Conflict:
        """Return what two files do to the layers that both change, in their order.

        Raises:
            LoraFileError: a file is broken or gone, or the two share no layer that could be
                compared.
        """
        one, two = sorted((first, second))
        key = _key(one, two)
        with self._measuring:
            found = _unpacked(self._known.get(key) or self._kept(key))
            if found is None:
                found = measure_conflict(one, two)
                self._keep(key, _packed(found))
        return found if one == first else found.turned

    def close(self) -> None:
        """Close the index on disk."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _kept(self, key: bytes) -> Any:
        store = self._opened()
        return store.pair(key) if store is not None else None

    def _keep(self, key: bytes, record: Any) -> None:
        self._known[key] = record
        store = self._opened()
        if store is None:
            return
        try:
            store.save_pair(key, record)
            del self._known[key]
        except IndexStoreError:
            return

    def _opened(self) -> CardStore | None:
        if self._store is None and self._folder is not None:
            try:
                self._store = CardStore(self._folder)
            except IndexStoreError:
                self._folder = None
        return self._store


def _key(first: str, second: str) -> bytes:
    """Return what is another one as soon as one of the files is.

    Raises:
        LoraFileError: one is not there.
    """
    digest = hashlib.blake2b(f"{FORM}".encode(), digest_size=20)
    for path in (first, second):
        try:
            status = os.stat(path)  # noqa: PTH116
        except OSError as error:
            raise LoraFileError(path, f"cannot be read: {error.strerror or error}") from error
        stamp = f"\0{os.path.abspath(path)}\0{status.st_size}\0{status.st_mtime_ns}"  # noqa: PTH100
        digest.update(stamp.encode("utf-8", "surrogateescape"))
    return digest.digest()


def _packed(conflict: Conflict) -> tuple[Any, ...]:
    layers = tuple(astuple(layer) for layer in conflict.layers)
    return layers, conflict.norms, conflict.alone, conflict.passed_over


def _unpacked(record: Any) -> Conflict | None:
    if record is None:
        return None
    try:
        layers, norms, alone, passed_over = record
        found = tuple(LayerConflict(*layer) for layer in layers)
        return Conflict(found, (float(norms[0]), float(norms[1])), int(alone), int(passed_over))
    except (IndexError, TypeError, ValueError):
        return None
