"""The LoRA files of a folder, in the order in which the host lists them."""

from __future__ import annotations

# ruff: noqa: PTH116  (ten thousand files: one Path per entry would double the time)
import contextlib
import os
import re
import stat
from collections.abc import Iterator
from typing import NamedTuple

from ..loras.sidecars import SIDE_SUFFIXES

LORA_SUFFIXES = frozenset((".safetensors", ".pt", ".ckpt"))
"""What A1111 lists as a LoRA (``networks.list_available_networks``)."""


Stamp = tuple[int, int, tuple[tuple[str, int, int], ...]]
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
    def stamp(self) -> Stamp:
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
    """List the LoRA files below ``folder``, symbolic links followed, loops cut."""
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
        except OSError as error:
            problems.append(_fault(path, error))
            continue
        # The host passes hidden folders over.
        waiting += [e.path for name, e in entries.items() if name[0] != "." and e.is_dir()]
        yield path, entries


def _lora_files(entries: _Entries, problems: list[str]) -> Iterator[FoundFile]:
    loras = [name for name in entries if name.endswith(_ENDINGS) or _is_lora(name)]
    # Most folders hold no side files at all; then nobody has to look for seven per file.
    with_sides = len(loras) < len(entries)
    for name in loras:
        stem, dot, suffix = name.rpartition(".")
        entry = entries[name]
        try:
            info = entry.stat()
            sides = tuple(_side_files(stem, entries)) if with_sides else ()
        except OSError as error:
            problems.append(_fault(entry.path, error))
            continue
        if stem and stat.S_ISREG(info.st_mode):
            kind = dot + suffix.lower()
            yield FoundFile(stem, entry.path, kind, info.st_size, info.st_mtime_ns, sides)


_ENDINGS = tuple(LORA_SUFFIXES)


def _is_lora(name: str) -> bool:
    return name.lower().endswith(_ENDINGS)


def _side_files(stem: str, entries: _Entries) -> Iterator[tuple[str, int, int]]:
    for suffix in SIDE_SUFFIXES:
        entry = entries.get(stem + suffix)
        if entry is not None:
            info = entry.stat()
            yield (suffix, info.st_size, info.st_mtime_ns)


def stamp_of(path: str) -> Stamp | None:
    """Return the stamp of one file, as a listing would have it; ``None`` if it is gone."""
    stem = os.path.splitext(path)[0]  # noqa: PTH122
    sides = []
    try:
        info = os.stat(path)
    except OSError:
        return None
    for suffix in SIDE_SUFFIXES:
        with contextlib.suppress(OSError):
            side = os.stat(stem + suffix)
            sides.append((suffix, side.st_size, side.st_mtime_ns))
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
