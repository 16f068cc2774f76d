"""Just enough PNG to compare pictures and to make one to start from."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


def decode(data: bytes) -> Pixels:
    """Return the pixels of an 8-bit PNG that is not interlaced, as rows × columns × channels."""
    chunks = list(_chunks(data))
    width, height, depth, colour, _, _, interlace = struct.unpack(
        ">IIBBBBB", next(body for kind, body in chunks if kind == b"IHDR")
    )
    assert depth == 8, f"{depth} bits"
    assert interlace == 0, "interlaced"
    channels = _CHANNELS[colour]
    raw = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    lines = np.frombuffer(raw, np.uint8).reshape(height, 1 + width * channels)
    pixels = np.zeros((height, width * channels), np.uint8)
    above = np.zeros(width * channels, np.uint8)
    for row, line in enumerate(lines):
        above = _unfilter(int(line[0]), line[1:], above, channels)
        pixels[row] = above
    return pixels.reshape(height, width, channels)


def encode(pixels: Pixels) -> bytes:
    """Return RGB or grey pixels as a PNG."""
    height, width, channels = pixels.shape
    colour = {1: 0, 3: 2}[channels]
    rows = np.hstack([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)])
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    body = zlib.compress(rows.tobytes())
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    assert data.startswith(SIGNATURE), "not a PNG"
    chunks, at = [], len(SIGNATURE)
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += length + 12
    return chunks


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + check


def _unfilter(kind: int, line: Pixels, above: Pixels, step: int) -> Pixels:
    if kind == 0:
        return line.copy()
    if kind == 2:
        return line + above
    out = bytearray(len(line))
    for at, value in enumerate(line.tolist()):
        left = out[at - step] if at >= step else 0
        up = int(above[at])
        corner = int(above[at - step]) if at >= step else 0
        out[at] = (value + _predict(kind, left, up, corner)) & 0xFF
    return np.frombuffer(bytes(out), np.uint8)


def _predict(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 1:
        return left
    if kind == 3:
        return (left + up) // 2
    estimate = left + up - corner
    return min((left, up, corner), key=lambda value: abs(estimate - value))
