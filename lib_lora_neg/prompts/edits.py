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
