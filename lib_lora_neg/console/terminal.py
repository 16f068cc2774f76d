"""Standard output as it is: colour for people only, UTF-8 everywhere."""

from __future__ import annotations

import io
import os
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ..telling import write

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
class TerminalPalette:
    """Wraps text in colours where there are any."""

    enabled: bool

    def __call__(self, text: str, style: str) -> str:
        """Return ``text`` in one of the styles ``bold``, ``dim``, ``added`` …"""
        if not self.enabled or not text:
            return text
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def palette_for(stream: TextIO) -> TerminalPalette:
    """Return the colours a stream can show: none in files and pipes, or with ``NO_COLOR``."""
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return TerminalPalette(enabled=False)
    # Older Windows consoles print escape codes as they are.
    modern = os.name != "nt" or "WT_SESSION" in os.environ or "TERM" in os.environ
    return TerminalPalette(enabled=modern and os.environ.get("TERM") != "dumb")


def use_utf8() -> None:
    """Make standard output and error UTF-8, whatever the platform's code page is.

    Lone surrogates, which JSON input may carry, are escaped and end nothing.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def width_of(stream: TextIO) -> int | None:
    """Return the columns of a terminal; ``None`` for files and pipes, which have no edge."""
    return shutil.get_terminal_size((96, 24)).columns if stream.isatty() else None


def progress_on(stream: TextIO) -> Callable[[int, int], None] | None:
    """Return what shows how far a long reading is; ``None`` where nobody watches."""
    if not stream.isatty():
        return None
    last = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        text = None
        if done == total:
            text = "\r\x1b[K" if palette_for(stream).enabled else "\r"
        elif now - last > _SECONDS:
            last = now
            text = f"\rreading LoRAs: {done} of {total}"
        if text is not None:
            with suppress(OSError):  # a terminal that is gone
                write(text, stream)

    return show


_SECONDS = 0.2


def index_folder() -> Path | None:
    """Return where the index of LoRAs is kept between runs; ``None``: nowhere.

    The variable ``LORA_NEG_INDEX`` names another folder; empty, it switches the index off.
    """
    named = os.environ.get("LORA_NEG_INDEX")
    if named is not None:
        return Path(named) if named else None
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "lora-neg"
    except RuntimeError:  # nobody has a home here
        return None


def print_text(text: str) -> None:
    """Write a result with its line end to standard output; its pieces are printable already."""
    write(text + "\n", sys.stdout)
