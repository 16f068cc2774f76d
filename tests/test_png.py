from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from lib_lora_neg.png import MAX_TEXT_BYTES, PngError, read_text
from tests.pictures import chunk, png

PLAIN = chunk(b"tEXt", b"parameters\0caf\xe9, <lora:a:1>")
DEFLATED = chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"a harbor"))
INTERNATIONAL = chunk(b"iTXt", b"parameters\0\0\0en\0Parameter\0" + "水彩".encode())
INTERNATIONAL_DEFLATED = chunk(b"iTXt", b"parameters\0\1\0\0\0" + zlib.compress("水彩".encode()))
OTHER = chunk(b"tEXt", b"Software\0something")
PIXELS = chunk(b"IDAT", bytes(100_000))


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([PLAIN], "café, <lora:a:1>"),
        ([DEFLATED], "a harbor"),
        ([INTERNATIONAL], "水彩"),
        ([INTERNATIONAL_DEFLATED], "水彩"),
        ([OTHER, PIXELS, PLAIN], "café, <lora:a:1>"),
        ([DEFLATED, PLAIN], "a harbor"),
        ([OTHER, chunk(b"tEXt", b"parametersX\0no"), chunk(b"tEXt", b"")], None),
        ([], None),
    ],
)
def test_text_is_found(tmp_path: Path, chunks: list[bytes], expected: str | None) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(*chunks))
    assert read_text(path, "parameters") == expected


@pytest.mark.parametrize(
    "broken",
    [
        chunk(b"zTXt", b"parameters\0\0not deflated"),
        chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"a harbor")[:-5]),
        chunk(b"zTXt", b"parameters\0\0" + zlib.compress(bytes(MAX_TEXT_BYTES + 1))),
        chunk(b"iTXt", b"parameters\0"),
        chunk(b"iTXt", b"parameters\0\0\0"),
        chunk(b"iTXt", b"parameters\0\0\0\0\0\xff\xfe"),
        b"\x7f\xff\xff\xfftEXtparameters\0x",
    ],
)
def test_damaged_and_huge_texts_are_refused_by_name(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(png(broken))
    with pytest.raises(PngError, match=r"broken\.png"):
        read_text(path, "parameters")


def test_a_file_that_is_no_png_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"hello")
    with pytest.raises(PngError, match="not a PNG"):
        read_text(path, "parameters")


def test_a_truncated_picture_has_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for length in range(8, 60):
        path.write_bytes(png(PIXELS)[:length])
        assert read_text(path, "parameters") is None
