"""The header of a safetensors file: tensor names, types and shapes, and the metadata.

Layout (safetensors README, "Format"): eight bytes, the little-endian length N of the header;
N bytes of JSON; then the tensors' data without holes. Only the header is ever read.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from ...regular import open_regular
from .tensors import DTYPE_BITS, TensorError, TensorInfo, TensorTable, check_tensors, quote

MAX_HEADER_BYTES = 100_000_000
"""Longest header that readers of the format accept (safetensors README)."""


class LoraFileError(Exception):
    """A file that cannot be read as a LoRA. The message names the file and what is wrong."""

    def __init__(self, path: str | os.PathLike[str], fault: str) -> None:
        self.path = os.fspath(path)
        self.fault = fault
        super().__init__(f"{_printable(self.path)}: {fault}")

    def __reduce__(self) -> tuple[type[LoraFileError], tuple[str, str]]:
        return (LoraFileError, (self.path, self.fault))


@dataclass(frozen=True)
class Header:
    """What stands before the data of a safetensors file.

    Attributes:
        tensors: element type and shape by tensor name, in file order.
        data_start: where in the file the tensors' data begin.
        problems: why the official reader, and with it every host, refuses the file all the same.
        metadata: the ``__metadata__`` object. The format promises strings; files exist whose
            values are objects, so readers must not rely on it.
    """

    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, Any]
    data_start: int = 0
    problems: tuple[str, ...] = ()


def read_header(path: str | os.PathLike[str]) -> Header:
    """Read and check the header of the safetensors file at ``path``.

    Raises:
        LoraFileError: when the file cannot be opened, is no safetensors file, is truncated,
            or its header contradicts itself or the size of the file.
    """
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(SNIFFED_BYTES)
            if kind := _kind_of_no_header(head, size):
                raise LoraFileError(path, kind)
            length = _header_length(path, head[:8], size)
            file.seek(8)
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
        text = raw.decode("utf-8")
        metadata, tensors = _split(text)
        checked = _tensor_table(tensors)
        table = checked.table
    except RecursionError as error:
        raise LoraFileError(path, "its header is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise LoraFileError(path, "its header is not UTF-8 text") from error
    except (TensorError, _HeaderError) as error:
        raise LoraFileError(path, str(error)) from error
    except ValueError as error:
        raise LoraFileError(path, f"its header is not JSON: {_cause(error)}") from error
    if table.end > data_bytes:
        fault = f"truncated: the tensors need {table.end} bytes, the file has {data_bytes}"
        raise LoraFileError(path, fault)
    problems = [*checked.problems, *_odd_texts(text, metadata)]
    if table.end < data_bytes:
        problems.append(f"{data_bytes - table.end} bytes stand behind its last tensor")
    refused = tuple(f"no host loads it: {problem}" for problem in problems)
    return Header(table, metadata, 8 + len(raw), refused)


def _odd_texts(text: str, metadata: Mapping[str, Any]) -> Iterator[str]:
    odd = next((key for key, value in metadata.items() if not isinstance(value, str)), None)
    if odd is not None:
        yield f"the value of {quote(odd)} in its metadata is no text"
    if _HALF.search(text) and not _is_whole(text):
        yield "its header holds half a character"


_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def _is_whole(text: str) -> bool:
    """Whether every escaped pair of halves makes a character, which UTF-8 alone can write."""
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


SNIFFED_BYTES = 512
"""First bytes of a file that tell what it is."""

_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a Git-LFS pointer: the file itself was not fetched"),
    (b"PK\x03\x04", "a zip archive or a PyTorch file under another name"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x80\x02", "a Python pickle under another name"),
    (b"GGUF", "a GGUF file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"RIFF", "a WebP picture, a film or a sound"),
    (b"%PDF", "a PDF document"),
)


def _kind_of_no_header(head: bytes, size: int) -> str:
    """Return what a file is whose first eight bytes cannot be the length of a header in it.

    Of a header that is only cut off, two bytes may look like anything; four do not.
    """
    length = int.from_bytes(head[:8], "little")
    if length > MAX_HEADER_BYTES:
        return foreign_kind(head)
    marked = any(len(mark) >= 4 and head.startswith(mark) for mark, _ in _KINDS)
    return foreign_kind(head) if length > size - 8 and marked else ""


def foreign_kind(head: bytes) -> str:
    """Return what a file is that begins so, where that is well known and no LoRA; else nothing."""
    for mark, kind in _KINDS:
        if head.startswith(mark):
            return f"not a safetensors file but {kind}"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<body", b"<?xml", b"<!--")):
        return "not a safetensors file but an HTML page: the download failed, or asked for a login"
    if text.startswith((b"{", b"[")):
        return "not a safetensors file but JSON text: the download failed"
    return ""


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
        # Padding comes in eight lengths, which would make as many tables of one.
        rest = text[end:].strip(" \t\r\n")
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


class _Checked(NamedTuple):
    table: TensorTable
    problems: tuple[str, ...]


_FIELDS = frozenset(("dtype", "shape", "data_offsets"))

MOST_NESTED = 100
"""The official reader follows nesting to 128 levels."""


@lru_cache(maxsize=16)
def _tensor_table(text: str) -> _Checked:
    """Check the tensors' part of a header.

    Files trained alike share this part to the byte, so a library has few of them.
    """
    document = _object(text)
    if "__metadata__" in document:
        raise _HeaderError("its header has the name '__metadata__' twice")
    table = check_tensors(document)
    return _Checked(table, tuple(_oddities(text, document, table)))


def _oddities(text: str, document: Mapping[str, Any], table: TensorTable) -> Iterator[str]:
    """Yield what the official reader refuses, though it can be understood."""
    unknown = next((dtype for dtype in table.dtypes if dtype not in DTYPE_BITS), None)
    if unknown is not None:
        yield f"{quote(unknown)} is no element type"
    if "-0" in text:
        json.loads(text, parse_int=_whole_number)
    extra = [entry for entry in document.values() if not _FIELDS.issuperset(entry)]
    if extra and not _is_plain(extra, text):
        yield "it has fields that are no JSON numbers, or too deeply nested"


def _whole_number(digits: str) -> int:
    if digits == "-0":
        raise _HeaderError("its header has -0 for a whole number")
    return int(digits)


def _is_plain(extra: list[Any], text: str) -> bool:
    try:
        json.dumps(extra, allow_nan=False)
    except ValueError:
        return False
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", text):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest <= MOST_NESTED


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
    count = len(document) - ("__metadata__" in document)
    if any(text.count(f'"{field}"') != count for field in _FIELDS) or "\\u" in text:
        json.loads(text, object_pairs_hook=_unique)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _HeaderError(f"its header has the name {quote(key)} twice")
            seen.add(key)
    return result


def _cause(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)[:200]


def _printable(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode("utf-8")
