"""Writing files that are there whole or not at all, and sweeping what a killed write left."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

STALE_SECONDS = 3600
"""A temporary file this old belongs to nobody any more: writing one takes seconds."""

MOST_ENTRIES, MOST_REMOVED = 100_000, 1000
"""Of one folder: entries that are looked at, and files that are removed, at a time."""

_OURS = re.compile(r"\.lora_neg-[0-9a-f]{16}\.tmp")

# Names of earlier versions, in folders of the project alone: others may use the like.
_EARLIER = re.compile(
    r"\.[^/]{1,250}\.[0-9]{1,10}\.partial|tmp[a-z0-9_]{8}\.partial|page\.json\.[0-9]{1,10}\.new"
)

_swept: set[Path] = set()
_MOST_SWEPT = 10_000


def write_whole(path: Path, data: bytes, *, lasting: bool = False) -> None:
    """Write a file so that a reader sees the old content or the new one, never a part.

    A file that was there keeps its permissions; a new one gets the usual ones. The first write
    into a folder also sweeps it.

    Args:
        path: the file; its folder must be there.
        data: its new content.
        lasting: wait until the disk has it, for what cannot be made again.

    Raises:
        OSError: the disk does not take it; nothing is left behind.
    """
    temporary = path.with_name(f".lora_neg-{secrets.token_hex(8)}.tmp")
    # Not `tempfile`: its files are for their owner only, and what is usual (the umask) cannot be
    # asked for without changing it under the feet of other threads.
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sweep_once(path.parent)


_BINARY = getattr(os, "O_BINARY", 0)


def sweep(folder: Path, *, own: bool = False) -> None:
    """Remove what killed writes left in a folder; what cannot be removed stays without a word.

    Args:
        folder: its subfolders are left alone.
        own: it is a folder of the project alone, so that names of earlier versions count too.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as listing:
        entries = islice(listing, MOST_ENTRIES)
        remove_leftovers(e for e in entries if is_leftover(e.name, own=own))


def is_leftover(name: str, *, own: bool = False) -> bool:
    """Whether a file of this name is a write in progress, or what is left of a killed one."""
    return bool(_OURS.fullmatch(name) or (own and _EARLIER.fullmatch(name)))


def remove_leftovers(found: Iterable[os.DirEntry[str]]) -> None:
    """Remove those that are regular files and too old for a write that goes on."""
    for entry in islice(_stale(found), MOST_REMOVED):
        with contextlib.suppress(OSError):
            Path(entry.path).unlink()


def _stale(found: Iterable[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
    oldest = time.time() - STALE_SECONDS
    for entry in found:
        with contextlib.suppress(OSError):
            info = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(info.st_mode) and info.st_mtime < oldest:
                yield entry


def _sweep_once(folder: Path) -> None:
    if folder in _swept:
        return
    if len(_swept) >= _MOST_SWEPT:
        _swept.clear()
    _swept.add(folder)
    sweep(folder)
