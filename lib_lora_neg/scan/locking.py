"""One process per scan: a lock that the system takes away when its process dies."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from ..regular import open_lock

NAME = "running.lock"
"""The file stays when nobody holds it: whoever took it away could take another one's lock."""


PATIENCE_SECONDS = 2.0
"""How long somebody else may hold a folder who only looks whether it is held."""


class FolderInUseError(RuntimeError):
    """Another process works in the folder."""


@contextlib.contextmanager
def locked(folder: Path, seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold a folder until the end of the block.

    Where the file system knows no locks, the folder is used without one.

    Args:
        folder: of a scan.
        seconds: how long to wait for it.

    Raises:
        FolderInUseError: somebody else holds it.
        OSError: the lock's file cannot be written, or is no regular file.
    """
    lock = FileLock(folder / NAME, timeout=seconds)
    try:
        # Some versions open what they find, a pipe too.
        open_lock(folder / NAME).close()
        lock.acquire()
    except Timeout as problem:
        raise FolderInUseError(f"{folder.name}: another process is at it") from problem
    except NotImplementedError:
        yield
        return
    try:
        yield
    finally:
        lock.release()


def is_locked(folder: Path) -> bool:
    """Whether a process holds the folder now."""
    if not (folder / NAME).exists():
        return False
    try:
        with locked(folder, seconds=0.0):
            return False
    except FolderInUseError:
        return True
    except OSError:
        return False
