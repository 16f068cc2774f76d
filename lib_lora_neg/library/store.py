"""The index on disk: what was read of each file, valid while its size and times stay the same.

One record per folder, so that a warm start reads few records. Tag tables are not kept: they are
large and seldom looked at, and the file itself has them. SQLite keeps two processes from harming
each other; whoever writes last wins, and every entry is checked against the file.

SQLite itself and not diskcache on top of it: opening a diskcache writes its settings and waits for
the disk, which took longer than all the rest of a warm start over thousands of files.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import sqlite3
import sys
import time
import weakref
import zlib
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from ..regular import check_regular
from .files import CardStamp
from .packing import PACKING

FILE = "index.sqlite3"

ENDINGS = ("", "-wal", "-shm")
"""What SQLite appends to the name: the file itself and its two companions."""

BUSY_SECONDS = 30.0
"""How long to wait for another process that writes."""

FORGOTTEN_AFTER = 365 * 24 * 3600.0
"""Seconds after which a folder that was not written again is dropped: it may be gone for good,
and one that is not costs one reading."""

_FORM = f"{PACKING}.{sys.version_info[0]}.{sys.version_info[1]}"
"""marshal's form belongs to one Python version, so records of another are not looked at."""

CHECKSUM_BYTES = 4

IndexEntry = tuple[CardStamp, tuple[Any, ...]]
"""When it is valid, and the packed card."""


class IndexStoreError(Exception):
    """The index on disk cannot be used. The message says why."""


class CardStore:
    """Packed cards on disk, by folder and file. May be used from several threads.

    Args:
        folder: where the index lies; made if missing.

    Raises:
        IndexStoreError: when it cannot be made or opened.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._lock = Lock()
        self._file = Path(folder) / FILE
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            for ending in ENDINGS:
                check_regular(f"{self._file}{ending}")
            self._base = self._open()
        except (OSError, sqlite3.Error) as error:
            raise IndexStoreError(
                f"the index in {os.fspath(folder)} cannot be used: {error}"
            ) from error
        # A store that nobody closes is closed when it goes.
        weakref.finalize(self, self._base.close)

    def _open(self) -> sqlite3.Connection:
        try:
            return _connect_in_turn(self._file)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            # No database any more: a damaged index is an empty one, all in it can be read again.
            for ending in ENDINGS:
                Path(f"{self._file}{ending}").unlink(missing_ok=True)
            return _connect(self._file)

    def close(self) -> None:
        """Close the index; it may not be used afterwards."""
        with self._lock:
            self._base.close()

    def folder(self, path: str) -> dict[str, IndexEntry]:
        """Return what is known of the files of a folder, by file name; empty if nothing is."""
        found = None
        with contextlib.suppress(sqlite3.Error), self._lock:
            found = self._base.execute(
                "SELECT record FROM folders WHERE path = ? AND form = ?", (_key(path), _FORM)
            ).fetchone()
        record = _decode(found[0]) if found is not None else None
        return record if isinstance(record, dict) else {}

    def save_folder(self, path: str, entries: Mapping[str, IndexEntry]) -> None:
        """Replace what is known of the files of a folder.

        Raises:
            IndexStoreError: when the disk does not take it.
        """
        now = time.time()
        record = (_key(path), _FORM, now, _encode(dict(entries)))
        try:
            with self._lock, self._base:
                self._base.execute("INSERT OR REPLACE INTO folders VALUES (?, ?, ?, ?)", record)
                self._base.execute("DELETE FROM folders WHERE saved < ?", (now - FORGOTTEN_AFTER,))
        except sqlite3.Error as error:
            raise IndexStoreError(f"the index cannot be written: {error}") from error

    def pair(self, key: bytes) -> Any:
        """Return what is known of two files together; ``None`` if nothing is.

        Args:
            key: of both, as they are now.
        """
        found = None
        with contextlib.suppress(sqlite3.Error), self._lock:
            found = self._base.execute(
                "SELECT record FROM pairs WHERE key = ? AND form = ?", (key, _FORM)
            ).fetchone()
        return _decode(found[0]) if found is not None else None

    def save_pair(self, key: bytes, record: Any) -> None:
        """Keep what was found out about two files together.

        Raises:
            IndexStoreError: when the disk does not take it.
        """
        now = time.time()
        try:
            with self._lock, self._base:
                row = (key, _FORM, now, _encode(record))
                self._base.execute("INSERT OR REPLACE INTO pairs VALUES (?, ?, ?, ?)", row)
                self._base.execute("DELETE FROM pairs WHERE saved < ?", (now - FORGOTTEN_AFTER,))
        except sqlite3.Error as error:
            raise IndexStoreError(f"the index cannot be written: {error}") from error


def _connect_in_turn(file: Path) -> sqlite3.Connection:
    """Connect, waiting while another process makes the same new index.

    SQLite's own waiting leaves out the change to a write-ahead log: whoever comes second is told
    at once that the file is locked.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return _connect(file)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.02)


def _connect(file: Path) -> sqlite3.Connection:
    base = sqlite3.connect(file, timeout=BUSY_SECONDS, check_same_thread=False)
    try:
        known = base.execute(
            "SELECT count(*) FROM sqlite_master WHERE name IN ('folders', 'pairs')"
        ).fetchone()
        if known[0] < 2:
            # A reader must not wait for a writer, nor a writer for the disk: nothing in here is
            # worth more than the time to read it again.
            base.execute("PRAGMA journal_mode = WAL")
            base.execute(
                "CREATE TABLE IF NOT EXISTS folders"
                " (path BLOB, form TEXT, saved REAL, record BLOB, PRIMARY KEY (path, form))"
            )
            base.execute(
                "CREATE TABLE IF NOT EXISTS pairs"
                " (key BLOB, form TEXT, saved REAL, record BLOB, PRIMARY KEY (key, form))"
            )
        base.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        base.close()
        raise
    return base


def _key(path: str) -> bytes:
    """Paths need not be valid Unicode."""
    return hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=20).digest()


def _encode(value: Any) -> bytes:
    raw = marshal.dumps(value)
    return zlib.crc32(raw).to_bytes(CHECKSUM_BYTES, "little") + raw


def _decode(raw: object) -> Any:
    """marshal trusts its input, so a record that was damaged on disk must not reach it."""
    if not isinstance(raw, bytes):
        return None
    checksum, body = raw[:CHECKSUM_BYTES], memoryview(raw)[CHECKSUM_BYTES:]
    if zlib.crc32(body).to_bytes(CHECKSUM_BYTES, "little") != checksum:
        return None
    try:
        return marshal.loads(body)
    except (EOFError, TypeError, ValueError):
        return None
