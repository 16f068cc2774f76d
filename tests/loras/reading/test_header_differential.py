"""What our reading of headers says of a file, beside what the official reader says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize

from lib_lora_neg.loras import LoraFileError, read_any_card, read_header
from lib_lora_neg.loras.reading.header import parse_header
from lib_lora_neg.loras.reading.tensors import DTYPE_BITS
from tests.support.safetensors_files import write_lora

ENTRY: dict[str, Any] = {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}


def officially_fine(raw: bytes, data: int) -> bool:
    try:
        deserialize(len(raw).to_bytes(8, "little") + raw + bytes(data))
    except SafetensorError:
        return False
    return True


def ours(raw: bytes, data: int) -> str:
    """``fine``, or why not."""
    try:
        problems = parse_header(raw, data).problems
    except LoraFileError as error:
        return error.fault
    return "; ".join(problems) or "fine"


def entry(**changes: Any) -> bytes:
    return json.dumps({"a": {**ENTRY, **changes}}).encode()


P = json.dumps(ENTRY)[1:-1].encode()
REFUSED: list[tuple[str, bytes, int]] = [
    ("bytes behind the last tensor", entry(), 102),
    ("a misspelt type", entry(dtype="f16"), 2),
    ("a type that does not exist", entry(dtype="I4", shape=[4]), 2),
    ("a type twice", b'{"a":{"dtype":"F16",%s}}' % P, 2),
    ("a type twice, once escaped", b'{"a":{"\\u0064type":"F16",%s}}' % P, 2),
    ("a shape twice", b'{"a":{"shape":[1],%s}}' % P, 2),
    ("metadata twice", b'{"__metadata__":{},"__metadata__":{},"a":{%s}}' % P, 2),
    ("a number in the metadata", b'{"__metadata__":{"x":1},"a":{%s}}' % P, 2),
    ("nothing in the metadata", b'{"__metadata__":{"x":null},"a":{%s}}' % P, 2),
    ("an object in the metadata", b'{"__metadata__":{"x":{}},"a":{%s}}' % P, 2),
    ("metadata behind", b'{"a":{%s},"__metadata__":{"x":[]}}' % P, 2),
    ("half a character in a name", b'{"\\ud800":{%s}}' % P, 2),
    ("half a character", b'{"__metadata__":{"x":"\\ud800"},"a":{%s}}' % P, 2),
    ("a number with a point", entry(shape=[1.0]), 2),
    ("minus nought", entry(shape=["-0"]).replace(b'"-0"', b"-0"), 2),
    ("not a number", entry(x=float("nan")), 2),
    ("beyond numbers", entry(x=0).replace(b'"x": 0', b'"x": 1e999'), 2),
    ("deeply nested", entry(x=0).replace(b'"x": 0', b'"x": ' + b"[" * 130 + b"]" * 130), 2),
    ("more than 64 bits", entry(shape=[2**40, 2**40, 0], data_offsets=[0, 0]), 0),
    ("half a byte", entry(dtype="F4", shape=[3]), 2),
    ("a hole", entry(data_offsets=[2, 4]), 4),
    ("nothing but data", b"{}", 2),
    ("a mark of the byte order", b"\xef\xbb\xbf" + entry(), 2),
    ("zero bytes behind the JSON", entry() + bytes(2), 2),
]


@pytest.mark.parametrize(("raw", "data"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_the_official_reader_refuses_is_told(raw: bytes, data: int) -> None:
    assert not officially_fine(raw, data)
    assert ours(raw, data) != "fine"


FINE: list[tuple[str, bytes, int]] = [
    ("plain", entry(), 2),
    ("padded", entry() + b"   ", 2),
    ("led by a blank", b" " + entry(), 2),
    ("metadata null", b'{"__metadata__":null,"a":{%s}}' % P, 2),
    ("metadata behind", b'{"a":{%s},"__metadata__":{"x":"1"}}' % P, 2),
    ("a key of the metadata twice", b'{"__metadata__":{"x":"1","x":"2"},"a":{%s}}' % P, 2),
    ("a whole character escaped", b'{"\\ud83d\\ude00":{%s}}' % P, 2),
    ("a field of somebody else", entry(x={"y": [1.5, None, "z"]}), 2),
    ("no tensors", b"{}", 0),
    ("an empty tensor", entry(shape=[0], data_offsets=[0, 0]), 0),
    ("a scalar", entry(shape=[]), 2),
    ("four bits", entry(dtype="F4", shape=[4]), 2),
    ("six bits", entry(dtype="F6_E2M3", shape=[4], data_offsets=[0, 3]), 3),
    ("a name like a field", b'{"dtype":{%s}}' % P, 2),
    ("a name with -0", b'{"x-0,-0":{%s}}' % P, 2),
    ("names of fields in the metadata", b'{"__metadata__":{"x":"\\"dtype\\""},"a":{%s}}' % P, 2),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "data"), [row[1:] for row in FINE], ids=[row[0] for row in FINE])
def test_what_the_official_reader_takes_is_fine(raw: bytes, data: int) -> None:
    assert officially_fine(raw, data)
    assert ours(raw, data) == "fine"


@pytest.mark.parametrize(
    "dtype",
    [*DTYPE_BITS, "I4", "F8_E4M3FN", "C128", "f16", "FP16"],
)
def test_element_types(dtype: str) -> None:
    for size in range(17):
        raw = entry(dtype=dtype, shape=[4], data_offsets=[0, size])
        assert (ours(raw, size) == "fine") is officially_fine(raw, size)


_numbers = st.one_of(
    st.integers(-2, 6), st.sampled_from([2**63, 2**64, 1.0, 1e3, None, True, "1", float("inf")])
)
_dtypes = st.sampled_from(["F16", "F32", "U8", "F4", "BF16", "f16", "I4", "", None])
_fields = {
    "dtype": _dtypes,
    "shape": st.lists(_numbers, max_size=3),
    "data_offsets": st.lists(_numbers, min_size=1, max_size=3),
}
_sound = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F16", "U8", "F4"]),
        "shape": st.lists(st.integers(0, 3), max_size=2),
    },
    optional={"x": st.sampled_from([1, 1.5, "y", None, float("nan"), [[]]])},
)
_texts = st.sampled_from(["a", "b", "dtype", "x-0", "\ud800", "é", "__metadata__", '"', "\\"])
_metadata = st.one_of(
    st.none(), st.dictionaries(_texts, st.one_of(st.text(max_size=3), st.integers(), st.none()))
)


@st.composite
def headers(draw: st.DrawFn) -> tuple[bytes, int]:
    """Headers sound and nearly sound: tensors in a row, and one thing or none put wrong."""
    bits = {"F16": 16, "U8": 8, "F4": 4}
    document: dict[str, Any] = {}
    if draw(st.booleans()):
        document["__metadata__"] = draw(_metadata)
    place = 0
    for name in draw(st.lists(_texts, max_size=3, unique=True)):
        tensor = dict(draw(_sound))
        count = 1
        for extent in tensor["shape"]:
            count *= extent
        size = -(-count * bits[tensor["dtype"]] // 8)
        tensor["data_offsets"] = [place, place + size]
        place += size
        if draw(st.integers(0, 4)) == 0:
            field = draw(st.sampled_from(sorted(_fields)))
            tensor[field] = draw(_fields[field])
        document[name] = tensor
    raw = json.dumps(document, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 4)) == 0:
        cut = draw(st.integers(0, len(raw)))
        raw = raw[:cut] + draw(st.binary(max_size=2)) + raw[cut + draw(st.integers(0, 2)) :]
    return raw + b" " * draw(st.integers(0, 2)), max(
        0, place + draw(st.sampled_from([0, 0, 0, -1, 1]))
    )


@settings(max_examples=400, deadline=None)
@given(headers())
@example((entry(), 3))
def test_we_take_nothing_that_the_official_reader_refuses(case: tuple[bytes, int]) -> None:
    raw, data = case
    if len(raw) < 2:
        return
    said = ours(raw, data)
    if said == "fine":
        assert officially_fine(raw, data)
    elif officially_fine(raw, data):
        # Stricter on purpose: a tensor's name twice, entries written as lists.
        assert "twice" in said or "malformed" in said


# ---- what it is instead ------------------------------------------------------------------------

OTHERS: list[tuple[bytes, str]] = [
    (b"<!DOCTYPE html><html><body>Log in</body></html>" * 9, "HTML"),
    (b"\n\n  <HTML><head></head>" * 9, "HTML"),
    (b"\xef\xbb\xbf<?xml version='1.0'?><html>" * 9, "HTML"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n", "Git-LFS"),
    (b'{"error":"Unauthorized","message":"login"}', "JSON"),
    (b"PK\x03\x04" + b"archive/data.pkl" * 9, "zip"),
    (b"GGUF\x03\x00\x00\x00" + b"x" * 90, "GGUF"),
    (b"PK\x03\x04" + bytes(100), "zip"),
    (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"),
    (b"\xff\xd8\xff\xe0" + bytes(100), "JPEG"),
    ((0x280).to_bytes(8, "little") + b"{" + b" " * 90, "truncated"),
    (b"\x80\x02}q\x00X\x0a\x00\x00" + b"y" * 90, "pickle"),
]


@pytest.mark.parametrize(("content", "named"), OTHERS)
def test_a_file_of_another_kind_is_called_that(tmp_path: Path, content: bytes, named: str) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    (tmp_path / "x.json").write_text('{"activation text": "inkwrd9"}', "utf-8")
    with pytest.raises(LoraFileError, match=named):
        read_header(path)
    card = read_any_card(path)
    assert named in card.problems[0]
    assert [trigger.text for trigger in card.triggers] == ["inkwrd9"]


def test_a_page_saved_as_a_pt_is_called_that(tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(OTHERS[0][0])
    (tmp_path / "y.pt").write_bytes(b"PK\x03\x04" + bytes(90))
    assert "HTML" in read_any_card(tmp_path / "x.pt").problems[0]
    assert "zip" not in read_any_card(tmp_path / "y.pt").problems[0]


def test_a_refused_file_keeps_what_is_known_of_it(tmp_path: Path) -> None:
    path = write_lora(tmp_path / "x.safetensors", {"modelspec.title": "Ink"})
    sound = read_any_card(path)
    assert sound.problems == ()
    with path.open("ab") as file:
        file.write(bytes(100))
    refused = read_any_card(path)
    assert "100 bytes" in refused.problems[0]
    assert (refused.family, refused.title) == (sound.family, "Ink")
