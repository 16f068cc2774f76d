"""Writes safetensors files of zeros: LoRAs for the demo, the tests and the benchmarks."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lib_lora_neg.loras.reading.tensors import DTYPE_BITS


def header_bytes(
    tensors: Mapping[str, Sequence[int]],
    metadata: Mapping[str, Any] | None = None,
    dtype: str = "F16",
) -> tuple[bytes, int]:
    """Return the length prefix with the JSON header, and the bytes of data that must follow."""
    document: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    position = 0
    for name, shape in tensors.items():
        count = 1
        for extent in shape:
            count *= extent
        end = position + count * DTYPE_BITS[dtype] // 8
        document[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [position, end]}
        position = end
    raw = json.dumps(document, separators=(",", ":")).encode("utf-8")
    raw += b" " * (-len(raw) % 8)
    return len(raw).to_bytes(8, "little") + raw, position


def write_blank_lora(
    path: str | os.PathLike[str],
    tensors: Mapping[str, Sequence[int]],
    metadata: Mapping[str, Any] | None = None,
    dtype: str = "F16",
) -> Path:
    """Write a valid LoRA file whose tensors are all zero; the data is a hole where disks allow it.

    Args:
        path: the file to write; its folder must exist.
        tensors: shape by tensor name.
        metadata: for ``__metadata__``; values should be strings, as the format wants.
        dtype: element type of all tensors.
    """
    head, data_bytes = header_bytes(tensors, metadata, dtype)
    file = Path(path)
    with file.open("wb") as out:
        out.write(head)
        out.truncate(len(head) + data_bytes)
    return file
