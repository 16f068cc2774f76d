"""Text chunks of a PNG file, with the standard library and within bounds."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import BinaryIO

from .regular import open_regular

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_TEXT_BYTES = 4 * 1024 * 1024
"""Largest text, before and after inflating. The longest infotexts are a few 10 kB."""


class PngError(ValueError):
    """A file that is no readable PNG; the text says why and names the file."""


def is_png(path: Path) -> bool:
    """Whether a file starts as a PNG does."""
    with open_regular(path) as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


def read_text(path: Path, keyword: str) -> str | None:
    """Return the first text stored under ``keyword``; ``None`` when there is none.

    Pixels are skipped, never read. A file that ends early counts as ended.

    Raises:
        PngError: when the file is no PNG, or that text is damaged or larger than
            `MAX_TEXT_BYTES`.
        OSError: when the file cannot be read.
    """
    key = keyword.encode("latin-1")
    with open_regular(path) as file:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            raise PngError(f"{path}: not a PNG file")
        try:
            return _first_text(file, key)
        except (ValueError, zlib.error, IndexError) as problem:
            raise PngError(f"{path}: {keyword} is damaged: {problem}") from problem


def _first_text(file: BinaryIO, key: bytes) -> str | None:
    while len(head := file.read(8)) == 8:
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind == b"IEND":
            break
        if kind not in _DECODERS:
            file.seek(length + 4, 1)
            continue
        # Enough for the keyword: other tools' texts may be of any size.
        start = file.read(min(length, len(key) + 1))
        if start != key + b"\0":
            file.seek(length - len(start) + 4, 1)
            continue
        if length > MAX_TEXT_BYTES:
            raise ValueError(f"{length} bytes are more than {MAX_TEXT_BYTES}")
        return _DECODERS[kind](file.read(length - len(start)))
    return None


def _plain(data: bytes) -> str:
    return data.decode("latin-1")


def _deflated(data: bytes) -> str:
    return _inflate(data[1:]).decode("latin-1")


def _international(data: bytes) -> str:
    compressed = data[0]
    _language, _translated, text = data[2:].split(b"\0", 2)
    return (_inflate(text) if compressed else text).decode("utf-8")


def _inflate(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    text = stream.decompress(data, MAX_TEXT_BYTES)
    if stream.unconsumed_tail:
        raise ValueError(f"more than {MAX_TEXT_BYTES} bytes when inflated")
    if not stream.eof:
        raise ValueError("ends early")
    return text


_DECODERS = {b"tEXt": _plain, b"zTXt": _deflated, b"iTXt": _international}
