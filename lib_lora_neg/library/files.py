"""The LoRA files of a folder, in the order in which the host lists them."""

from __future__ import annotations

# ruff: noqa: PTH116  (ten thousand files: one Path per entry would double the time)
import os
import re
import stat
from collections.abc import Iterator
from typing import NamedTuple

from ..loras.sidecars import SIDE_SUFFIXES

LORA_SUFFIXES = frozenset((".safetensors", ".pt", ".ckpt"))
"""What A1111 lists as a LoRA (``networks.list_available_networks``)."""


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


class FoundFolder(NamedTuple):
    """A folder with its own LoRA files, those of its subfolders not included."""

    path: str
    files: tuple[FoundFile, ...]


class Listing(NamedTuple):
    """The folders below some folder, and what could not be looked into."""

    folders: tuple[FoundFolder, ...]
    problems: tuple[str, ...]


def list_folder(folder: str) -> Listing:
    """List the LoRA files below ``folder``, symbolic links followed, loops cut.

    The order is the host's: folders, then files, in natural order. Later files of one name win.
    """
    problems: list[str] = []
    found = sorted(_walk(folder, problems), key=lambda item: _natural(item[0]))
    folders = (FoundFolder(path, tuple(_lora_files(entries))) for path, entries in found)
    return Listing(tuple(item for item in folders if item.files), tuple(problems))


_Entries = dict[str, os.DirEntry[str]]


def _walk(folder: str, problems: list[str]) -> Iterator[tuple[str, _Entries]]:
    seen: set[tuple[int, int]] = set()
    waiting = [os.fspath(folder)]
    while waiting:
        path = waiting.pop()
        try:
            info = os.stat(path)
            if info.st_ino and (info.st_dev, info.st_ino) in seen:
                continue
            seen.add((info.st_dev, info.st_ino))
            entries, below = _scan(path, problems)
        except OSError as error:
            problems.append(f"{_printable(path)}: {error.strerror or 'cannot be read'}")
            continue
        waiting.extend(below)
        yield path, entries


def _scan(path: str, problems: list[str]) -> tuple[_Entries, list[str]]:
    entries: _Entries = {}
    below: list[str] = []
    with os.scandir(path) as listing:
        for entry in listing:
            try:
                is_folder = entry.is_dir()
                # The host passes hidden folders over.
                if is_folder and not entry.name.startswith("."):
                    below.append(entry.path)
            except OSError as error:
                problems.append(f"{_printable(entry.path)}: {error.strerror or 'cannot be read'}")
                continue
            if not is_folder:
                if entry.is_symlink() and not os.path.exists(entry.path):  # noqa: PTH110
                    problems.append(f"{_printable(entry.path)}: the link leads nowhere")
                    continue
                entries[entry.name] = entry
    return entries, below


def _lora_files(entries: _Entries) -> Iterator[FoundFile]:
    loras = []
    for name in entries:
        stem, dot, suffix = name.rpartition(".")
        suffix = f"{dot}{suffix.lower()}"
        if stem and suffix in LORA_SUFFIXES:
            loras.append((_natural(name), name, stem, suffix))
    # Most folders hold no side files at all; then nobody has to look for seven per file.
    with_sides = len(loras) < len(entries)
    for _, name, stem, suffix in sorted(loras):
        try:
            info = entries[name].stat()
            sides = tuple(_side_files(stem, entries)) if with_sides else ()
        except OSError:
            continue
        if stat.S_ISREG(info.st_mode):
            yield FoundFile(stem, entries[name].path, suffix, info.st_size, info.st_mtime_ns, sides)


def _side_files(stem: str, entries: _Entries) -> Iterator[tuple[str, int, int]]:
    for suffix in SIDE_SUFFIXES:
        entry = entries.get(stem + suffix)
        if entry is not None:
            info = entry.stat()
            yield (suffix, info.st_size, info.st_mtime_ns)


_DIGITS = re.compile(r"(\d+)")


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Order ``a2`` before ``a10``, as the host does."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in _DIGITS.split(name.lower())
        if part
    ]


def _printable(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode("utf-8")
