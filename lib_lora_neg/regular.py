"""Opening and reading foreign files: regular files only, and never more of them than asked for.

A pipe waits for a writer for ever, a device may act when it is opened and never ends, and a link
may lead to either. All rooms open files that are not their own through here.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, cast

MAX_BYTES = 64 * 1024 * 1024
"""No file of settings, records or one picture is longer."""

# What one system lacks is nothing there: Windows has no pipes in its folders.
_FLAGS = (
    getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOINHERIT", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_NONBLOCK", 0)
)

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class IrregularFileError(OSError):
    """Something that is no regular file, a link that leads nowhere, or a file that is too long.

    ``strerror`` says which, for people.
    """


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file for reading bytes; links are followed. Never waits.

    Raises:
        IrregularFileError: it is no regular file, or a link that leads nowhere.
        OSError: it is not there, or cannot be opened.
    """
    try:
        # Asked before it is opened, because opening is what makes a device act, and after, because
        # it may have been replaced in between.
        _check(Path(path).stat(), path)
        handle = os.open(path, os.O_RDONLY | _FLAGS)
    except IrregularFileError:
        raise
    except ValueError as error:  # a null character in the name
        raise IrregularFileError(errno.EINVAL, "no name of a file", os.fspath(path)) from error
    except OSError as error:
        raise link_fault(path, error) from error
    return _checked(handle, path, "rb")


def open_lock(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file that is there to be locked, made if missing; what is in it stays.

    Raises:
        IrregularFileError: it is no regular file.
        OSError: it cannot be made or opened.
    """
    return _checked(os.open(path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o666), path, "r+b")


def _checked(handle: int, path: str | os.PathLike[str], mode: str) -> BinaryIO:
    try:
        _check(os.fstat(handle), path)
        return cast("BinaryIO", os.fdopen(handle, mode))
    except BaseException:
        os.close(handle)
        raise


def read_regular(path: str | os.PathLike[str], limit: int = MAX_BYTES) -> bytes:
    """Return all bytes of a regular file.

    Args:
        path: the file; links are followed.
        limit: its longest length in bytes.

    Raises:
        IrregularFileError: as `open_regular`, or it is longer than the limit.
        OSError: it is not there, or cannot be read.
    """
    with open_regular(path) as file:
        raw = file.read(limit + 1)
    if len(raw) > limit:
        fault = f"longer than {limit} bytes, not read"
        raise IrregularFileError(errno.EFBIG, fault, os.fspath(path))
    return raw


def check_regular(path: str | os.PathLike[str]) -> None:
    """Make sure that somebody else can open a path: a regular file is there, or nothing.

    Raises:
        IrregularFileError: something else is there.
        OSError: that cannot be told.
    """
    try:
        _check(Path(path).stat(), path)
    except OSError as error:
        fault = link_fault(path, error)
        if not isinstance(fault, FileNotFoundError):
            raise fault from error


def kind_of(mode: int) -> str:
    """Return what a file is, from ``st_mode``; empty for a regular file."""
    if stat.S_ISREG(mode):
        return ""
    return next((name for test, name in _KINDS if test(mode)), "no regular file")


def link_fault(path: str | os.PathLike[str], error: OSError) -> OSError:
    """Return the error of a file that cannot be reached, told better if it is a broken link."""
    if error.errno == errno.ELOOP:
        return IrregularFileError(error.errno, "a link that leads in a circle", os.fspath(path))
    if error.errno == errno.ENOENT and Path(path).is_symlink():
        return IrregularFileError(error.errno, "a link that leads nowhere", os.fspath(path))
    return error


def _check(info: os.stat_result, path: str | os.PathLike[str]) -> None:
    kind = kind_of(info.st_mode)
    if kind:
        raise IrregularFileError(errno.EINVAL, f"it is {kind}, not a file", os.fspath(path))
