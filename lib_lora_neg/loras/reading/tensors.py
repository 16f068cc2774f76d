"""The tensors that a safetensors header lists: names, types, shapes and places, checked.

All work is done on whole columns, and only plain columns are kept: a header has a thousand
tensors, a library thousands of headers, and as many small objects of the JSON parser would cost
the garbage collector more time than the parsing itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from operator import sub
from typing import Any, NamedTuple

MAX_RANK = 16
"""More dimensions than any weight has; a longer shape is hostile."""

DTYPE_BITS: Mapping[str, int] = {
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
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
"""Bits of one element, by type name (safetensors 0.8); of a type missing here no size is known."""

LARGEST = 2**64 - 1
"""Largest number that the official reader takes."""


class TensorError(Exception):
    """What is wrong with a header's tensors, in words."""


class TensorInfo(NamedTuple):
    """Element type (``F16`` …) and shape of one tensor."""

    dtype: str
    shape: tuple[int, ...]


Shape = tuple[int, ...]


class TensorTable(Mapping[str, TensorInfo]):
    """The tensors of a checked header, in file order, by name.

    Attributes:
        names: in file order.
        dtypes: element type of each.
        shapes: shape of each.
        starts: first byte of each, counted from the end of the header.
        end: bytes of data they need in all.
    """

    __slots__ = ("_places", "dtypes", "end", "names", "shapes", "starts")

    def __init__(
        self,
        names: tuple[str, ...],
        dtypes: tuple[str, ...],
        shapes: tuple[Shape, ...],
        starts: tuple[int, ...],
        end: int,
    ) -> None:
        self.names, self.dtypes, self.shapes = names, dtypes, shapes
        self.starts, self.end = starts, end
        self._places: Mapping[str, int] | None = None

    def place(self, name: str) -> int:
        """Return where a tensor stands in the columns.

        Raises:
            KeyError: there is no such tensor.
        """
        if self._places is None:
            self._places = {known: index for index, known in enumerate(self.names)}
        return self._places[name]

    def __getitem__(self, name: str) -> TensorInfo:
        place = self.place(name)
        return TensorInfo(self.dtypes[place], self.shapes[place])

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        # Tables are shared and looked up; whoever wants to compare contents compares dicts.
        return self is other

    def __repr__(self) -> str:
        return f"TensorTable({len(self)} tensors)"


def check_tensors(entries: Mapping[str, Any]) -> TensorTable:
    """Return the tensors of a header's JSON.

    Raises:
        TensorError: an entry is malformed, or they contradict each other.
    """
    try:
        return _check(entries)
    except (KeyError, TypeError, ValueError):
        raise TensorError(_first_malformed(entries)) from None


def _check(entries: Mapping[str, Any]) -> TensorTable:
    """Raise KeyError, TypeError or ValueError where an entry has not even the right form."""
    values = entries.values()
    lists = [entry["shape"] for entry in values]
    spans = [entry["data_offsets"] for entry in values]
    dtypes = [entry["dtype"] for entry in values]
    _require({*map(type, lists), *map(type, spans)}, {list})
    _require({*map(type, dtypes)}, {str})
    numbers = chain(chain.from_iterable(lists), chain.from_iterable(spans))
    _require({*map(type, numbers)}, {int})
    shapes = tuple(map(tuple, lists))
    starts, ends = _columns(spans)
    names = tuple(entries)
    _check_sizes(names, dtypes, shapes, list(map(sub, ends, starts)))
    return TensorTable(names, tuple(dtypes), shapes, starts, _end(names, starts, ends))


def _columns(spans: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Part begins from ends. A span that is no pair, or begins before 0, raises ValueError."""
    flat = [*chain.from_iterable(spans)]
    if {*map(len, spans)} - {2} or min(flat[::2], default=0) < 0:
        raise ValueError
    return tuple(flat[::2]), tuple(flat[1::2])


def _check_sizes(
    names: Sequence[str], dtypes: Sequence[str], shapes: Sequence[Shape], sizes: Sequence[int]
) -> None:
    kinds = list(zip(dtypes, shapes, strict=True))
    # A header has hundreds of tensors, but few kinds of them.
    wanted = {kind: _bits(*kind) for kind in set(kinds)}
    if min(sizes, default=0) < 0:
        raise ValueError
    if [wanted[kind] for kind in kinds] == [size * 8 for size in sizes]:
        return
    for name, kind, size in zip(names, kinds, sizes, strict=True):
        if kind[0] in DTYPE_BITS and wanted[kind] != size * 8:
            raise TensorError(
                f"tensor {quote(name)} of shape {list(kind[1])} should take "
                f"{wanted[kind] // 8} bytes, has {size}"
            )


def _bits(dtype: str, shape: Shape) -> int:
    if len(shape) > MAX_RANK or min(shape, default=0) < 0:
        raise ValueError
    size = 1
    for extent in shape:
        size *= extent
        # The official reader multiplies in 64 bits, in this order.
        if size > LARGEST or extent > LARGEST:
            raise ValueError
    return size * DTYPE_BITS.get(dtype, 0)


def _require(found: set[type], allowed: set[type]) -> None:
    if not found <= allowed:
        raise TypeError


def _end(names: Sequence[str], starts: tuple[int, ...], ends: tuple[int, ...]) -> int:
    """Return where the last tensor ends, if they lie one behind the other from byte 0 on."""
    if starts == (0, *ends[:-1]):
        return ends[-1]
    position = 0
    for index in sorted(range(len(starts)), key=lambda at: (starts[at], ends[at])):
        if starts[index] < position:
            raise TensorError(f"tensor {quote(names[index])} overlaps another")
        if starts[index] > position:
            hole = starts[index] - position
            raise TensorError(f"there is a hole of {hole} bytes before {quote(names[index])}")
        position = ends[index]
    return position


def _first_malformed(entries: Mapping[str, Any]) -> str:
    for name, entry in entries.items():
        try:
            _check({name: entry})
        except (KeyError, TypeError, ValueError):
            return f"tensor {quote(name)} has a malformed entry"
        except TensorError:
            continue
    return "a tensor has a malformed entry"


def quote(name: str) -> str:
    """Return a tensor's name as a message may hold it."""
    return repr(name[:80])
