"""Standard output as it is: colour for people only, UTF-8 everywhere."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass
from typing import TextIO

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "removed": "9;31",
    "added": "1;32",
}


@dataclass(frozen=True)
class Palette:
    """Wraps text in colours where there are any."""

    enabled: bool

    def __call__(self, text: str, style: str) -> str:
        """Return ``text`` in one of the styles ``bold``, ``dim``, ``added`` …"""
        if not self.enabled or not text:
            return text
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def palette_for(stream: TextIO) -> Palette:
    """Return the colours a stream can show: none in files and pipes, or with ``NO_COLOR``."""
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return Palette(enabled=False)
    # Older Windows consoles print escape codes as they are.
    modern = os.name != "nt" or "WT_SESSION" in os.environ or "TERM" in os.environ
    return Palette(enabled=modern and os.environ.get("TERM") != "dumb")


def use_utf8() -> None:
    """Make standard output and error UTF-8, whatever the platform's code page is.

    Lone surrogates, which JSON input may carry, are escaped and end nothing.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def printable(text: str) -> str:
    """Return text in which control characters cannot steer the terminal."""
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or ord(c) > 159 or c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return f"\\x{ord(character):02x}"
