"""PNG files for tests, chunk by chunk."""

from __future__ import annotations

import zlib

from lib_lora_neg.png import SIGNATURE


def chunk(kind: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(kind + data).to_bytes(4, "big")
    return len(data).to_bytes(4, "big") + kind + data + crc


def png(*chunks: bytes) -> bytes:
    return b"".join([SIGNATURE, chunk(b"IHDR", bytes(13)), *chunks, chunk(b"IEND", b"")])
