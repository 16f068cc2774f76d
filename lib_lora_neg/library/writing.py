"""JSON that is there whole or not at all, and one writer at a time."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..regular import open_lock
from ..whole import write_whole

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def replace_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write JSON as the host does (four spaces, no escapes), whole or not at all.

    A file that was there keeps its permissions; a new one gets the usual ones.

    Raises:
        OSError: it cannot be written, or is a link, which could lead out of the LoRA folders.
    """
    if path.is_symlink():
        raise OSError(errno.ELOOP, "it is a link", str(path))
    text = json.dumps(data, indent=4, ensure_ascii=False).encode("utf-8", "surrogatepass")
    write_whole(path, text, lasting=True)


@contextlib.contextmanager
def one_writer(beside: Path | None) -> Iterator[None]:
    """Keep all other writers out, of this process and of others, that name the same file.

    Where the disk takes no lock file there is none: a write that cannot be guarded from another
    at the same moment is better than no write at all.

    Args:
        beside: the file to be written; the lock lies next to it. ``None``: there is nothing to do.
    """
    if beside is None:
        yield
        return
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            beside.parent.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context(open_lock(beside.with_suffix(".lock")))
            _lock(lock.fileno())
        # Closing the file gives the lock up.
        yield


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX)
