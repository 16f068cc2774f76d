"""Edits of a prompt: replacements by offset into the original text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Edit:
    """Replace ``text[start:end]`` of the original prompt by ``replacement``.

    Offsets are code points into the text that was parsed, never into a text that
    other edits have already changed, so that a set of edits can be applied in any order.
    ``start == end`` inserts.
    """

    start: int
    end: int
    replacement: str


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Return ``text`` with all ``edits`` applied; the very same object when nothing changes.

    Raises:
        ValueError: when edits overlap or lie outside the text.
    """
    ordered = sorted(edits)
    pieces: list[str] = []
    position = 0
    for edit in ordered:
        if edit.start < position or edit.end < edit.start or edit.end > len(text):
            raise ValueError(f"edit {edit} overlaps another one or lies outside the text")
        pieces.append(text[position : edit.start])
        pieces.append(edit.replacement)
        position = edit.end
    if not pieces:
        return text
    pieces.append(text[position:])
    result = "".join(pieces)
    return text if result == text else result


def compose(length: int, first: Iterable[Edit], second: Iterable[Edit]) -> tuple[Edit, ...]:
    """Return edits of a text of ``length`` that do what ``first`` and then ``second`` do.

    ``second`` are edits of the text that ``first`` makes.

    Raises:
        ValueError: when edits of one of the two overlap or lie outside their text.
    """
    pieces = _pieces(length, sorted(first))
    result: list[Edit] = []
    position, inserted = 0, ""
    for start, end, new in _changed(pieces, sorted(second)):
        if new:
            inserted += new
        elif end > start:
            if inserted or start > position:
                result.append(Edit(position, start, inserted))
            position, inserted = end, ""
    if inserted or position < length:
        result.append(Edit(position, length, inserted))
    return tuple(result)


_Piece = tuple[int, int, str]
"""A stretch of the original text that stays, or (of no length there) new text."""


def _pieces(length: int, edits: list[Edit]) -> list[_Piece]:
    pieces: list[_Piece] = []
    position = 0
    for edit in edits:
        if edit.start < position or edit.end < edit.start or edit.end > length:
            raise ValueError(f"edit {edit} overlaps another one or lies outside the text")
        pieces += [(position, edit.start, ""), (edit.end, edit.end, edit.replacement)]
        position = edit.end
    pieces.append((position, length, ""))
    return [(start, end, new) for start, end, new in pieces if new or end > start]


def _changed(pieces: list[_Piece], edits: list[Edit]) -> list[_Piece]:
    """Return the pieces after ``edits`` of the text that they make up."""
    size = sum(len(new) or end - start for start, end, new in pieces)
    changed: list[_Piece] = []
    at, index = 0, 0
    for start, end, new in _pieces(size, edits):
        if new:
            changed.append((0, 0, new))
            continue
        while at + _size(pieces[index]) <= start:
            at += _size(pieces[index])
            index += 1
        while start < end:
            piece = pieces[index]
            stop = min(end, at + _size(piece))
            changed.append(_cut(piece, start - at, stop - at))
            if stop == at + _size(piece):
                at, index = stop, index + 1
            start = stop
    return changed


def _size(piece: _Piece) -> int:
    return len(piece[2]) or piece[1] - piece[0]


def _cut(piece: _Piece, start: int, end: int) -> _Piece:
    first, _, new = piece
    return (0, 0, new[start:end]) if new else (first + start, first + end, "")
