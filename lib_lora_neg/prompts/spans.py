"""Stretches of a text: sorted, none overlapping."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

Spans = tuple[tuple[int, int], ...]


def merge(spans: Iterable[tuple[int, int]]) -> Spans:
    """Sort spans and join those that overlap."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def overlapping(spans: Spans, start: int, end: int) -> Spans:
    """The spans that share a character with ``start:end``."""
    first = bisect_right(spans, (start,)) - 1
    if first < 0 or spans[first][1] <= start:
        first += 1
    return spans[first : bisect_left(spans, (end,))]
