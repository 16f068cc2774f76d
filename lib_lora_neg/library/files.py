"""The LoRA files of a folder, in the order in which the host lists them."""

from __future__ import annotations

# ruff: noqa: PTH116  (ten thousand files: one Path per entry would double the time)
import os
import re
import stat
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from ..loras.reading.sidecars import SIDE_SUFFIXES
from ..regular import kind_of, link_fault
from ..whole import is_leftover, remove_leftovers

LORA_SUFFIXES = frozenset((".safetensors", ".pt", ".ckpt"))
"""What A1111 lists as a LoRA (``networks.list_available_networks``)."""


CardStamp = tuple[int, int, tuple[tuple[str, int, int], ...]]
"""Size and time of a file, and of its side files: a card is valid while they stay the same."""


class FoundFile(NamedTuple):
    """One LoRA file as its directory entry has it.

    Attributes:
        name: the stem, as prompts have it.
        path: the file.
        suffix: lower case, with the dot.
        size: in bytes.
        mtime_ns: time of the last change.
        sides: its side files: suffix, size and time of each.
    """

    name: str
    path: str
    suffix: str
    size: int
    mtime_ns: int
    sides: tuple[tuple[str, int, int], ...] = ()

    @property
    def stamp(self) -> CardStamp:
        """What must be unchanged for a card that was read from it to be valid."""
        return self[-3:]


class FoundFolder(NamedTuple):
    """A folder with its own LoRA files, those of its subfolders not included."""

    path: str
    files: tuple[FoundFile, ...]


class Listing(NamedTuple):
    """The folders below some folder in the host's order, and what could not be looked into."""

    folders: tuple[FoundFolder, ...]
    problems: tuple[str, ...]


def list_folder(folder: str) -> Listing:
    """List the LoRA files below ``folder``, symbolic links followed, loops cut.

    What killed writes of ours left there, and nothing else, is removed on the way.
    """
    problems: list[str] = []
    found = [
        FoundFolder(path, files)
        for path, entries in _walk(folder.rstrip(os.sep) or folder, problems)
        if (files := tuple(_lora_files(entries, problems)))
    ]
    found.sort(key=lambda item: natural_order(item.path))
    return Listing(tuple(found), tuple(problems))


_Entries = dict[str, os.DirEntry[str]]


def _walk(folder: str, problems: list[str]) -> Iterator[tuple[str, _Entries]]:
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        try:
            info = os.stat(path)
            if info.st_ino and (info.st_dev, info.st_ino) in seen:
                continue
            seen.add((info.st_dev, info.st_ino))
            with os.scandir(path) as listing:
                entries = {entry.name: entry for entry in listing}
            remove_leftovers(e for name, e in entries.items() if is_leftover(name))
        except OSError as error:
            problems.append(_fault(path, error))
            continue
        # The host passes hidden folders over.
        waiting += [e.path for n, e in entries.items() if n[0] != "." and _is_folder(e, problems)]
        yield path, entries


def _is_folder(entry: os.DirEntry[str], problems: list[str]) -> bool:
    try:
        if entry.is_dir():
            return True
        if entry.is_symlink() and not entry.name.lower().endswith(_NO_FOLDERS):
            entry.stat()
    except OSError as error:
        if not entry.name.lower().endswith(_NO_FOLDERS):
            problems.append(_fault(entry.path, link_fault(entry.path, error)))
    return False


def _lora_files(entries: _Entries, problems: list[str]) -> Iterator[FoundFile]:
    loras = [name for name in entries if name.endswith(_ENDINGS) or _is_lora(name)]
    # Most folders hold no side files at all; then nobody has to look for seven per file.
    with_sides = len(loras) < len(entries)
    for name in loras:
        stem, dot, suffix = name.rpartition(".")
        entry = entries[name]
        try:
            info = entry.stat()
        except OSError as error:
            problems.append(_fault(entry.path, link_fault(entry.path, error)))
            continue
        if stat.S_ISDIR(info.st_mode) or not stem:
            continue
        if odd := kind_of(info.st_mode):
            problems.append(f"{_printable(entry.path)}: it is {odd}, not a file")
            continue
        sides = tuple(_side_files(stem, entries)) if with_sides else ()
        kind = dot + suffix.lower()
        yield FoundFile(stem, entry.path, kind, info.st_size, info.st_mtime_ns, sides)


_ENDINGS = tuple(LORA_SUFFIXES)

_NO_FOLDERS = (*_ENDINGS, *SIDE_SUFFIXES, ".png", ".jpg", ".jpeg", ".webp", ".gif", ".mp4")
"""A broken link of such a name led to no folder. What a LoRA misses by it is told with the LoRA."""


def _is_lora(name: str) -> bool:
    return name.lower().endswith(_ENDINGS)


def _side_files(stem: str, entries: _Entries) -> Iterator[tuple[str, int, int]]:
    for suffix in SIDE_SUFFIXES:
        entry = entries.get(stem + suffix)
        if entry is not None:
            yield (suffix, *_size_and_time(entry.stat))


def _size_and_time(status: Callable[[], os.stat_result]) -> tuple[int, int]:
    """Return both of a side file; of a broken one what no file has: reading it tells the fault."""
    try:
        info = status()
    except OSError:
        return -1, -1
    return info.st_size, info.st_mtime_ns


def stamp_of(path: str) -> CardStamp | None:
    """Return the stamp of one file, as a listing would have it; ``None`` if it is gone."""
    stem = os.path.splitext(path)[0]  # noqa: PTH122
    try:
        info = os.stat(path)
    except OSError:
        return None
    sides = [
        (suffix, *_size_and_time(partial(os.stat, stem + suffix)))
        for suffix in SIDE_SUFFIXES
        if os.path.lexists(stem + suffix)
    ]
    return info.st_size, info.st_mtime_ns, tuple(sides)


def _fault(path: str, error: OSError) -> str:
    return f"{_printable(path)}: {error.strerror or 'cannot be read'}"


_DIGITS = re.compile(r"(\d+)")


def natural_order(name: str) -> list[str | int]:
    """Return a key that puts ``a2`` before ``a10``, as the host does.

    Text and numbers alternate from the first place on, so that any two keys can be compared.
    """
    parts: list[str | int] = [*_DIGITS.split(name.lower())]
    parts[1::2] = map(int, parts[1::2])
    return parts


def _printable(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode("utf-8")
