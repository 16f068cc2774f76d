from __future__ import annotations

import json
from pathlib import Path

import pytest

from lib_lora_neg.loras import LoraFileError, TensorInfo, read_header
from tests.support.blank_loras import write_blank_lora

KOHYA = {
    "lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight": (4, 320, 1, 1),
    "lora_unet_down_blocks_0_attentions_0_proj_in.alpha": (),
}


def write(path: Path, header: bytes, data: int = 0, length: int | None = None) -> Path:
    size = len(header) if length is None else length
    path.write_bytes(size.to_bytes(8, "little") + header + b"\0" * data)
    return path


def entry(shape: list[object], begin: object, end: object, dtype: str = "F16") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_reads_what_safetensors_wrote(tmp_path: Path) -> None:
    numpy = pytest.importorskip("safetensors.numpy")
    import numpy as np

    path = tmp_path / "real.safetensors"
    tensors = {"b.lora_up.weight": np.zeros((8, 2), np.float32), "a": np.zeros((3,), np.float16)}
    numpy.save_file(tensors, path, metadata={"ss_output_name": "real"})
    header = read_header(path)
    assert dict(header.tensors) == {
        "b.lora_up.weight": TensorInfo("F32", (8, 2)),
        "a": TensorInfo("F16", (3,)),
    }
    assert header.metadata == {"ss_output_name": "real"}


def test_blank_files_are_valid(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors")
    path = write_blank_lora(tmp_path / "x.safetensors", KOHYA, {"a": "b"})
    with safetensors.safe_open(path, "numpy") as file:
        assert set(file.keys()) == set(KOHYA)
    assert read_header(path).tensors["lora_unet_down_blocks_0_attentions_0_proj_in.alpha"] == (
        "F16",
        (),
    )


HOSTILE = [
    ("no bytes", b"", None, 0, "truncated"),
    ("huge length", b"{}", 2**63, 0, "limit 100 MB"),
    ("length beyond the file", b"{}", 500, 0, "truncated"),
    ("zero length", b"", 0, 0, "empty"),
    ("no JSON", b"pickle..", None, 0, "not JSON"),
    ("a list", b"[1, 2]  ", None, 0, "not a JSON object"),
    ("not UTF-8", b'{"\xff\xfe": 1}', None, 0, "not UTF-8"),
    ("deep", b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", None, 0, "too deeply"),
    (
        "a name twice",
        b"{" + b",".join([b'"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}'] * 2) + b"}",
        None,
        2,
        "'a' twice",
    ),
    ("metadata a list", b'{"__metadata__": []}', None, 0, "__metadata__"),
    (
        "NaN shape",
        b'{"a":{"dtype":"F16","shape":[NaN],"data_offsets":[0,2]}}',
        None,
        2,
        "malformed",
    ),
    ("infinite", b'{"a":{"dtype":"F16","shape":[1e999],"data_offsets":[0,2]}}', None, 2, "malform"),
    ("an entry of text", b'{"a":"b"}', None, 0, "malformed"),
    ("no offsets", b'{"a":{"dtype":"F16","shape":[1]}}', None, 0, "malformed"),
    ("huge integer", b'{"a":' + b"9" * 10_000 + b"}", None, 0, "its header"),
]


@pytest.mark.parametrize(
    ("name", "raw", "length", "data", "fault"), HOSTILE, ids=lambda v: str(v)[:20]
)
def test_hostile_files_are_named_and_explained(
    tmp_path: Path, name: str, raw: bytes, length: int | None, data: int, fault: str
) -> None:
    path = tmp_path / "evil.safetensors"
    if name == "no bytes":
        path.write_bytes(b"")
    else:
        write(path, raw, data, length)
    with pytest.raises(LoraFileError) as caught:
        read_header(path)
    assert str(path) in str(caught.value)
    assert fault in str(caught.value)


CONTRADICTIONS = [
    ({"a": entry([2], 0, 4), "b": entry([2], 2, 6)}, 6, "overlaps"),
    ({"a": entry([2], 0, 4), "b": entry([2], 8, 12)}, 12, "hole"),
    ({"a": entry([4], 0, 8)}, 4, "truncated"),
    ({"a": entry([4], 0, 4)}, 4, "should take 8 bytes"),
    ({"a": entry([-1], 0, 0)}, 0, "malformed"),
    ({"a": entry([True], 0, 2)}, 2, "malformed"),
    ({"a": entry([1], -2, 0)}, 2, "malformed"),
    ({"a": entry([1] * 50, 0, 2)}, 2, "malformed"),
]


@pytest.mark.parametrize(("document", "data", "fault"), CONTRADICTIONS)
def test_contradictions_are_found(
    tmp_path: Path, document: dict[str, object], data: int, fault: str
) -> None:
    path = write(tmp_path / "x.safetensors", json.dumps(document).encode(), data)
    with pytest.raises(LoraFileError, match=fault):
        read_header(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.safetensors", tmp_path):
        with pytest.raises(LoraFileError, match="cannot be read"):
            read_header(path)


def test_unknown_element_types_are_accepted(tmp_path: Path) -> None:
    document = {"a": entry([3], 0, 2, "F4_NEW")}
    path = write(tmp_path / "x.safetensors", json.dumps(document).encode(), 2)
    assert read_header(path).tensors["a"] == ("F4_NEW", (3,))


def test_odd_names_survive(tmp_path: Path) -> None:
    path = tmp_path / "a 'b\" ★ (c).safetensors"
    write(path, b"{}")
    assert len(read_header(path).tensors) == 0
    write(path, b"nope    ")
    with pytest.raises(LoraFileError) as caught:
        read_header(path)
    assert "★" in str(caught.value)
