"""The one way out to a console: foreign text neither steers it nor ends the work.

Names, prompts and the messages of errors come from files and pages. What stands in them that is
no visible character is written as its escape; a console that is closed is silence, no error.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
import unicodedata
from typing import TextIO

# Control, format (bidirectional marks and overrides, joiners, tags), lone surrogates, and the two
# separators that end a line. Private use and unassigned stay: fonts have some, and newer
# characters than this Python knows are among them.
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def printable(text: str) -> str:
    """Return text with every character that could steer a terminal as its escape.

    Line feeds stay; `in_one_line` is for names.
    """
    if text.isprintable():
        return text
    return "".join(_escaped(c) if is_hidden(c) and c != "\n" else c for c in text)


def in_one_line(text: str) -> str:
    """Return text as `printable` does, its line feeds escaped too: it cannot fake a second line."""
    return printable(text).replace("\n", "\\n")


def is_hidden(character: str) -> bool:
    """Whether a character acts on the text around it instead of being seen."""
    return not character.isprintable() and unicodedata.category(character) in _HIDDEN


def _escaped(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def tell(text: str) -> None:
    """Write a line for people to standard output; silence where nobody listens.

    Args:
        text: may hold foreign text, which is made printable here, and line feeds.
    """
    _write_or_be_silent(printable(text) + "\n", sys.stdout)


def complain(text: str) -> None:
    """Write a line about what went wrong to standard error, as `tell` does."""
    _write_or_be_silent(printable(text) + "\n", sys.stderr)


def complain_of(error: BaseException) -> None:
    """Write an error with its traceback to standard error, as `tell` does."""
    complain(traceback_of(error))


def traceback_of(error: BaseException) -> str:
    """Return an error's traceback, fit for a console or its log."""
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return printable("".join(lines)).rstrip("\n")


def write(text: str, stream: TextIO | None) -> None:
    """Write text that is safe already: our own colour codes, and pieces made printable.

    Characters that the stream's encoding lacks become escapes.

    Args:
        text: written as it is.
        stream: ``None`` where the process has none (``pythonw``).

    Raises:
        OSError: it cannot be written; `BrokenPipeError` when the reader has left.
        ValueError: the stream is closed.
    """
    if stream is None:
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def _write_or_be_silent(text: str, stream: TextIO | None) -> None:
    try:
        write(text, stream)
    except BrokenPipeError:
        be_silent(stream)
    except (OSError, ValueError):
        # A full disk, a terminal that is gone: the work matters more than telling of it.
        return


def be_silent(stream: TextIO | None) -> None:
    """Lead a stream that nobody reads to nowhere, so that the flush at exit does not complain."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        handle = stream.fileno() if stream is not None else -1
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, handle)
        os.close(nowhere)
