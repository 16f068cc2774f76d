"""The index on disk: what was read of each file, valid while its size and times stay the same.

One record per folder, so that a warm start reads few records. Tag tables are not kept: they are
large and seldom looked at, and the file itself has them. diskcache (SQLite) keeps two processes
from harming each other; whoever writes last wins, and every entry is checked against the file.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from collections.abc import Mapping
from typing import Any

import diskcache

from .files import FoundFile
from .packing import PACKING

SIZE_LIMIT = 2 * 1024**3
"""Bytes from which diskcache drops the records that were not used for longest."""

_FORM = f"{PACKING}.{sys.version_info[0]}.{sys.version_info[1]}"
"""marshal's form belongs to one Python version, so records of another are not looked at."""

Stamp = tuple[int, int, tuple[tuple[str, int, int], ...]]
"""Size and time of a file, and of its side files."""

Entry = tuple[Stamp, tuple[Any, ...]]
"""When it is valid, and the packed card as a plain tuple."""


def stamp_of(found: FoundFile) -> Stamp:
    """Return what must be unchanged for a record to be valid."""
    return (found.size, found.mtime_ns, found.sides)


class StoreError(Exception):
    """The index on disk cannot be used. The message says why."""


class CardStore:
    """Packed cards and tag tables on disk, by folder and file.

    Args:
        folder: where the index lies; made if missing.

    Raises:
        StoreError: when it cannot be made or opened.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        try:
            self._cache = diskcache.Cache(
                os.fspath(folder), size_limit=SIZE_LIMIT, disk_min_file_size=2**22
            )
        except Exception as error:  # diskcache lets errors of SQLite and of the disk through
            raise StoreError(f"the index in {os.fspath(folder)} cannot be used: {error}") from error

    def close(self) -> None:
        """Close the index; it may not be used afterwards."""
        self._cache.close()

    def folder(self, path: str) -> dict[str, Entry]:
        """Return what is known of the files of a folder, by file name; empty if nothing is."""
        record = self._get("folder", path)
        return record if isinstance(record, dict) else {}

    def save_folder(self, path: str, entries: Mapping[str, Entry]) -> None:
        """Replace what is known of the files of a folder.

        Raises:
            StoreError: when the disk does not take it.
        """
        self._set("folder", path, dict(entries))

    def _get(self, kind: str, name: str) -> Any:
        try:
            raw = self._cache.get(_key(kind, name))
            return _decode(raw) if isinstance(raw, bytes) else None
        except Exception:
            # A damaged index is an empty one: everything in it can be read again.
            return None

    def _set(self, kind: str, name: str, value: Any) -> None:
        try:
            self._cache.set(_key(kind, name), _encode(value), retry=True)
        except Exception as error:
            raise StoreError(f"the index cannot be written: {error}") from error


def _key(kind: str, name: str) -> str:
    digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=20)
    return f"{_FORM}:{kind}:{digest.hexdigest()}"


def _encode(value: Any) -> bytes:
    raw = marshal.dumps(value)
    return hashlib.blake2b(raw, digest_size=16).digest() + raw


def _decode(raw: bytes) -> Any:
    """marshal trusts its input, so a record that was damaged on disk must not reach it."""
    digest, body = raw[:16], raw[16:]
    if hashlib.blake2b(body, digest_size=16).digest() != digest:
        return None
    return marshal.loads(body)
