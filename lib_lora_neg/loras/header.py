"""The header of a safetensors file: tensor names, types and shapes, and the metadata.

Layout (safetensors README, "Format"): eight bytes, the little-endian length N of the header;
N bytes of JSON; then the tensors' data without holes. Only the header is ever read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

MAX_HEADER_BYTES = 100_000_000
"""Longest header that readers of the format accept (safetensors README)."""

MAX_RANK = 16
"""More dimensions than any weight has; a longer shape is hostile."""

DTYPE_BITS: Mapping[str, int] = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "I64": 64,
    "U64": 64,
    "F64": 64,
    "C64": 64,
}
"""Bits of one element, by type name; a type missing here is accepted unmeasured."""


class LoraFileError(Exception):
    """A file that cannot be read as a LoRA. The message names the file and what is wrong."""

    def __init__(self, path: str | os.PathLike[str], fault: str) -> None:
        self.path = os.fspath(path)
        self.fault = fault
        super().__init__(f"{_printable(self.path)}: {fault}")

    def __reduce__(self) -> tuple[type[LoraFileError], tuple[str, str]]:
        return (LoraFileError, (self.path, self.fault))


class TensorInfo(NamedTuple):
    """Element type (``F16`` …) and shape of one tensor."""

    dtype: str
    shape: tuple[int, ...]


class TensorTable(Mapping[str, TensorInfo]):
    """The tensors of a checked header, in file order, by name.

    Entries stay as the JSON parser made them until someone asks: most readers want the names.
    """

    __slots__ = ("_entries",)

    def __init__(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        self._entries = entries

    def __getitem__(self, name: str) -> TensorInfo:
        entry = self._entries[name]
        return TensorInfo(entry["dtype"], tuple(entry["shape"]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        # Tables are shared and looked up; whoever wants to compare contents compares dicts.
        return self is other

    def __repr__(self) -> str:
        return f"TensorTable({len(self)} tensors)"


@dataclass(frozen=True)
class Header:
    """What stands before the data of a safetensors file.

    Attributes:
        tensors: element type and shape by tensor name.
        metadata: the ``__metadata__`` object. The format promises strings; files exist whose
            values are objects, so readers must not rely on it.
    """

    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, Any]


def read_header(path: str | os.PathLike[str]) -> Header:
    """Read and check the header of the safetensors file at ``path``.

    Raises:
        LoraFileError: when the file cannot be opened, is no safetensors file, is truncated,
            or its header contradicts itself or the size of the file.
    """
    try:
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            length = _header_length(path, file.read(8), size)
            raw = file.read(length)
    except (OSError, ValueError) as error:
        raise LoraFileError(path, f"cannot be read: {_cause(error)}") from error
    if len(raw) < length:
        raise LoraFileError(path, f"truncated: the header stops after {len(raw)} bytes")
    return parse_header(raw, size - 8 - length, path)


def parse_header(raw: bytes, data_bytes: int, path: str | os.PathLike[str] = "") -> Header:
    """Check the JSON of a header that is followed by ``data_bytes`` bytes of data.

    Raises:
        LoraFileError: as `read_header`, naming ``path``.
    """
    try:
        metadata, tensors = _split(raw.decode("utf-8"))
        table, end = _tensor_table(tensors)
    except RecursionError as error:
        raise LoraFileError(path, "its header is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise LoraFileError(path, "its header is not UTF-8 text") from error
    except _HeaderError as error:
        raise LoraFileError(path, str(error)) from error
    except ValueError as error:
        raise LoraFileError(path, f"its header is not JSON: {_cause(error)}") from error
    if end > data_bytes:
        fault = f"truncated: the tensors need {end} bytes, the file has {data_bytes}"
        raise LoraFileError(path, fault)
    return Header(table, metadata)


class _HeaderError(Exception):
    """What is wrong with a header, in words."""


_DECODER = json.JSONDecoder()
_METADATA_FIRST = '{"__metadata__":'


def _split(text: str) -> tuple[dict[str, Any], str]:
    """Part the metadata, which differ from file to file, from the tensors, which seldom do.

    safetensors writes the metadata first; a header that has them elsewhere is taken apart whole.
    """
    if text.startswith(_METADATA_FIRST):
        start = len(_METADATA_FIRST)
        start += len(text[start : start + 64]) - len(text[start : start + 64].lstrip())
        metadata, end = _DECODER.raw_decode(text, start)
        rest = text[end:].lstrip(" \t\r\n")
        if rest[:1] == ",":
            return _checked_metadata(metadata), "{" + rest[1:]
        if rest[:1] == "}":
            return _checked_metadata(metadata), "{" + rest
    document = _object(text)
    if "__metadata__" not in document:
        return {}, text
    metadata = _checked_metadata(document.pop("__metadata__"))
    return metadata, json.dumps(document)


def _checked_metadata(metadata: object) -> dict[str, Any]:
    if metadata is None:
        return {}
    if not isinstance(metadata, dict):
        raise _HeaderError("its __metadata__ is not an object")
    return metadata


@lru_cache(maxsize=32)
def _tensor_table(text: str) -> tuple[TensorTable, int]:
    """Check the tensors' part of a header; return them and the bytes of data they need.

    Files trained alike share this part to the byte, so a library has few of them.
    """
    document = _object(text)
    if "__metadata__" in document:
        raise _HeaderError("its header has the name '__metadata__' twice")
    try:
        fault, end = _tensor_fault(document)
    except (KeyError, TypeError, ValueError):
        fault, end = _first_malformed(document), 0
    if fault:
        raise _HeaderError(fault)
    return TensorTable(document), end


def _header_length(path: str | os.PathLike[str], prefix: bytes, size: int) -> int:
    if len(prefix) < 8:
        raise LoraFileError(path, f"truncated: {size} bytes are too few for a safetensors file")
    length = int.from_bytes(prefix, "little")
    if length > MAX_HEADER_BYTES:
        raise LoraFileError(
            path, f"not a safetensors file: its header would be {length} bytes (limit 100 MB)"
        )
    if length < 2:
        raise LoraFileError(path, "not a safetensors file: its header is empty")
    if length > size - 8:
        raise LoraFileError(
            path, f"truncated: the header needs {length} bytes, the file has {size - 8} left"
        )
    return length


def _object(text: str) -> dict[str, Any]:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise _HeaderError("its header is not a JSON object")
    # Counting is much cheaper than a Python callback per object; only a header that looks as if a
    # name stood twice pays for the callback.
    if text.count('"data_offsets"') != len(document) - ("__metadata__" in document):
        json.loads(text, object_pairs_hook=_unique)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _HeaderError(f"its header has the name {_short(key)} twice")
            seen.add(key)
    return result


def _tensor_fault(entries: dict[str, Any]) -> tuple[str, int]:
    """Say what is wrong with the entries (empty: nothing), and how many bytes they need.

    Works on whole columns, as a header has a thousand tensors and a library thousands of headers.
    Raises TypeError, KeyError or ValueError where an entry has not even the right form.
    """
    shapes = [entry["shape"] for entry in entries.values()]
    spans = [(begin, end) for begin, end in (e["data_offsets"] for e in entries.values())]
    dtypes = [entry["dtype"] for entry in entries.values()]
    numbers = [*chain.from_iterable(shapes), *chain.from_iterable(spans)]
    _require({*map(type, shapes)}, {list})
    _require({*map(type, dtypes)}, {str})
    _require({*map(type, numbers)}, {int})
    if min(numbers, default=0) < 0 or max(map(len, shapes), default=0) > MAX_RANK:
        raise ValueError
    sizes = [end - begin for begin, end in spans]
    if min(sizes, default=0) < 0:
        raise ValueError
    wanted = [
        count * DTYPE_BITS.get(d, 0) for count, d in zip(map(prod, shapes), dtypes, strict=True)
    ]
    if wanted != [size * 8 for size in sizes]:
        fault = _size_fault(entries, wanted, sizes)
        if fault:
            return fault, 0
    return _span_fault(spans, list(entries))


def _size_fault(entries: dict[str, Any], wanted: list[int], sizes: list[int]) -> str:
    for (name, entry), bits, size in zip(entries.items(), wanted, sizes, strict=True):
        if entry["dtype"] in DTYPE_BITS and bits != size * 8:
            shape = entry["shape"]
            return (
                f"tensor {_short(name)} of shape {shape} should take {bits // 8} bytes, has {size}"
            )
    return ""


def _require(found: set[type], allowed: set[type]) -> None:
    if not found <= allowed:
        raise TypeError


def _span_fault(spans: list[tuple[int, int]], names: list[str]) -> tuple[str, int]:
    order: Iterable[int] = range(len(spans))
    ends = [end for _, end in spans]
    if [begin for begin, _ in spans] != [0, *ends[:-1]]:
        order = sorted(order, key=spans.__getitem__)
    position = 0
    for index in order:
        begin, end = spans[index]
        if begin < position:
            return f"tensor {_short(names[index])} overlaps another", 0
        if begin > position:
            return f"there is a hole of {begin - position} bytes before {_short(names[index])}", 0
        position = end
    return "", position


def _short(name: str) -> str:
    return repr(name[:80])


def _first_malformed(entries: dict[str, Any]) -> str:
    for name, entry in entries.items():
        try:
            _tensor_fault({name: entry})
        except (KeyError, TypeError, ValueError):
            return f"tensor {_short(name)} has a malformed entry"
    return "a tensor has a malformed entry"


def _cause(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)[:200]


def _printable(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode("utf-8")
