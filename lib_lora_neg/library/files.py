"""The LoRA files of a folder, in the order in which the host lists them."""

from __future__ import annotations

# ruff: noqa: PTH116, PTH118, PTH122  (ten thousand files: one Path per entry would double the time)
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from ..loras.sidecars import SIDE_SUFFIXES

LORA_SUFFIXES = frozenset((".safetensors", ".pt", ".ckpt"))
"""What A1111 lists as a LoRA (``networks.list_available_networks``)."""


@dataclass(frozen=True)
class FoundFile:
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


@dataclass(frozen=True)
class Listing:
    """The files below some folders, and what could not be looked into."""

    files: tuple[FoundFile, ...]
    problems: tuple[str, ...]


def list_folder(folder: str) -> Listing:
    """List the LoRA files below ``folder``, symbolic links followed, loops cut.

    The order is the host's: folders, then files, in natural order. Later files of one name win.
    """
    files: list[FoundFile] = []
    problems: list[str] = []
    folders = sorted(_walk(folder, problems), key=lambda item: _natural(item[0]))
    for path, entries in folders:
        files.extend(_lora_files(path, entries, problems))
    return Listing(tuple(files), tuple(problems))


_Entry = tuple[str, int, int]


def _walk(folder: str, problems: list[str]) -> Iterator[tuple[str, list[_Entry]]]:
    seen: set[tuple[int, int]] = set()
    waiting = [os.fspath(folder)]
    while waiting:
        path = waiting.pop()
        try:
            info = os.stat(path)
            identity = (info.st_dev, info.st_ino)
            if identity in seen and info.st_ino:
                continue
            seen.add(identity)
            entries, below = _scan(path, problems)
        except OSError as error:
            problems.append(f"{_printable(path)}: {error.strerror or 'cannot be read'}")
            continue
        waiting.extend(below)
        yield path, entries


def _scan(path: str, problems: list[str]) -> tuple[list[_Entry], list[str]]:
    entries: list[_Entry] = []
    below: list[str] = []
    with os.scandir(path) as listing:
        for entry in listing:
            try:
                info = entry.stat()
            except OSError as error:
                problems.append(f"{_printable(entry.path)}: {error.strerror or 'cannot be read'}")
                continue
            if stat.S_ISDIR(info.st_mode):
                # The host passes hidden folders over.
                if not entry.name.startswith("."):
                    below.append(entry.path)
            elif stat.S_ISREG(info.st_mode):
                entries.append((entry.name, info.st_size, info.st_mtime_ns))
    return entries, below


def _lora_files(folder: str, entries: list[_Entry], problems: list[str]) -> Iterator[FoundFile]:
    by_name = {name: (size, mtime) for name, size, mtime in entries}
    loras = [entry for entry in entries if os.path.splitext(entry[0])[1].lower() in LORA_SUFFIXES]
    for name, size, mtime in sorted(loras, key=lambda entry: _natural(entry[0])):
        stem, suffix = os.path.splitext(name)
        sides = tuple(
            (side, *by_name[stem + side]) for side in SIDE_SUFFIXES if stem + side in by_name
        )
        yield FoundFile(stem, os.path.join(folder, name), suffix.lower(), size, mtime, sides)


_DIGITS = re.compile(r"(\d+)")


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Order ``a2`` before ``a10``, as the host does."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part.lower())
        for part in _DIGITS.split(name)
    ]


def _printable(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode("utf-8")
