"""Spans of a text: joined where they overlap, and found where they meet another one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_lora_neg.prompts.spans import merge, overlapping

SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8)), max_size=8).map(
    lambda pairs: [(start, start + length) for start, length in pairs]
)


def covered(spans: object) -> set[int]:
    return {at for start, end in spans for at in range(start, end)}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("spans", "merged"),
    [
        ([], ()),
        ([(3, 5), (0, 2)], ((0, 2), (3, 5))),
        ([(0, 4), (2, 6)], ((0, 6),)),
        ([(0, 9), (2, 4)], ((0, 9),)),
        # What is joined is the span before, not the first one.
        ([(0, 2), (4, 7), (5, 9)], ((0, 2), (4, 9))),
        ([(0, 2), (4, 7), (5, 9), (8, 12), (20, 21)], ((0, 2), (4, 12), (20, 21))),
    ],
)
def test_what_overlaps_is_joined(spans: list[tuple[int, int]], merged: object) -> None:
    assert tuple(merge(spans)) == merged


@given(SPANS)
def test_joining_covers_the_same_places_in_order(spans: list[tuple[int, int]]) -> None:
    merged = list(merge(spans))
    assert covered(merged) == covered(spans)
    assert all(before[1] <= after[0] for before, after in pairwise(merged))


@given(SPANS, st.integers(0, 30), st.integers(1, 8))
def test_spans_that_share_a_place_are_found(
    spans: list[tuple[int, int]], start: int, length: int
) -> None:
    merged = merge(spans)
    end = start + length
    found = overlapping(merged, start, end)
    assert list(found) == [span for span in merged if covered([span]) & set(range(start, end))]
