"""Text chunks of a PNG file, with the standard library and within bounds."""

from __future__ import annotations

import zlib
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .regular import open_regular

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_TEXT_BYTES = 4 * 1024 * 1024
"""Largest text, before and after inflating. The longest infotexts are a few 10 kB."""


class PngError(ValueError):
    """A file that is no readable PNG; the text says why and names the file."""


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


class PngTexts(NamedTuple):
    """All texts of a picture by their keywords, the first of each, and its EXIF."""

    texts: dict[str, str]
    exif: bytes | None


def read_texts(path: Path, wanted: Collection[str]) -> PngTexts:
    """Return all texts of a picture.

    Args:
        path: the picture.
        wanted: keywords, in lower case, whose texts must be readable. Others that are damaged or
            too large are left out.

    Raises:
        PngError: as `read_text`, of a wanted text.
        OSError: when the file cannot be read.
    """
    found: dict[str, str] = {}
    exif = None
    left = _MOST_TEXT_BYTES
    with open_regular(path) as file:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            raise PngError(f"{path}: not a PNG file")
        while len(head := file.read(8)) == 8 and (kind := head[4:]) != b"IEND":
            length = int.from_bytes(head[:4], "big")
            if (kind not in _DECODERS and kind != b"eXIf") or length > left:
                _refuse_unread(file, path, length, kind, wanted)
                continue
            data = file.read(length)
            file.seek(4, 1)
            left -= length
            if kind == b"eXIf":
                exif = data
                continue
            name, _, text = data.partition(b"\0")
            key = name.decode("latin-1")
            try:
                found.setdefault(key, _DECODERS[kind](text))
            except (ValueError, zlib.error, IndexError) as problem:
                if key.lower() in wanted:
                    raise PngError(f"{path}: {key} is damaged: {problem}") from problem
    return PngTexts(found, exif)


_MOST_TEXT_BYTES = 8 * MAX_TEXT_BYTES
_KEYWORD_BYTES = 80


def _refuse_unread(
    file: BinaryIO, path: Path, length: int, kind: bytes, wanted: Collection[str]
) -> None:
    """Pass a chunk over; one that is wanted and too large is an error."""
    start = file.read(min(length, _KEYWORD_BYTES)) if kind in _DECODERS else b""
    key = start.partition(b"\0")[0].decode("latin-1")
    if key.lower() in wanted:
        raise PngError(f"{path}: {key} is damaged: {length} bytes are too many")
    file.seek(length - len(start) + 4, 1)


def _plain(data: bytes) -> str:
    # By the standard it is Latin-1; many tools write UTF-8 all the same.
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
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
