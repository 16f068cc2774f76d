"""One process per scan: a lock that the system takes away when its process dies."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..regular import open_lock

NAME = "running.lock"


class FolderInUseError(RuntimeError):
    """Another process works in the folder."""


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder until the end of the block.

    Where the file system knows no locks, the folder is used without one.

    Raises:
        FolderInUseError: somebody else holds it.
        OSError: the lock's file cannot be written.
    """
    path = folder / NAME
    with contextlib.ExitStack() as stack:
        while True:
            file = stack.enter_context(open_lock(path))
            _take(file, folder)
            # Between opening and taking it another process may have ended, which takes its file
            # away: a lock on that would keep nobody out.
            if _is_there(file, path):
                break
            stack.close()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                path.unlink()


def is_locked(folder: Path) -> bool:
    """Whether a process holds the folder now."""
    if not (folder / NAME).exists():
        return False
    try:
        with open_lock(folder / NAME) as file:
            _take(file, folder)
    except FolderInUseError:
        return True
    except OSError:
        return False
    return False


def _is_there(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _take(file: IO[bytes], folder: Path) -> None:
    if sys.platform == "win32":  # pragma: no cover
        import msvcrt

        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as problem:
            raise FolderInUseError(f"{folder.name}: another process is at it") from problem
        return
    import fcntl

    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        raise FolderInUseError(f"{folder.name}: another process is at it") from problem
    except OSError:
        # No locks on this file system; os.fstat would have failed first on a file that is gone.
        os.fstat(file.fileno())
