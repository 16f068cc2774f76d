"""The table of caption tags, how far it can be believed, and what it says of one term (R7)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from heapq import nlargest
from operator import itemgetter
from types import MappingProxyType

from .card import DataWidth, TagTable, TagTableKind
from .training import Subset
from .vocabulary import normalise_tag

UBIQUITOUS_SHARE = 0.9
"""From this share of the captions on, a tag is part of what was learnt (mission, R7)."""

SEPARABLE_SHARE = 0.05
"""From this share on, a tag was seen often enough to be told apart (mission, R7)."""

PROSE_LENGTH = 16
"""Average characters of a tag from which a table is prose. A1111's ``is_non_comma_tagset``."""

FAKE_DISTINCT = 2
"""A table with fewer distinct tags was written only to carry the trigger (ai-toolkit)."""

NARROW_BELOW = 50
WIDE_FROM = 500
"""Real images: below the first is narrow, from the second on wide (mission, R1)."""

MONOTONOUS_FROM = 20
"""Fewer distinct tags than these are too few to speak of diversity."""

MAX_TAGS = 4000
"""A card keeps the commonest tags only."""


class TagGrade(str, Enum):
    """Whether a term in the negative prompt can reach what the LoRA learnt."""

    UBIQUITOUS = "ubiquitous"
    SEPARABLE = "separable"
    NOT_CAPTIONED = "not_captioned"
    UNKNOWN = "unknown"


def build_tag_table(subsets: Iterable[Subset]) -> TagTable:
    """Count the captions of the given folders together.

    The shares are of real pictures, repeats not counted. Where a trainer wrote no picture counts,
    the commonest tag stands in for them: most captions share at least one tag.
    """
    counts: dict[str, int] = {}
    captions = 0
    for subset in subsets:
        for tag, count in zip(_normalise_all(subset.tags), subset.tags.values(), strict=True):
            counts[tag] = counts.get(tag, 0) + count
        if subset.tags:
            captions += max(subset.images or 0, max(subset.tags.values()))
    counts.pop("", None)
    if not counts or not captions:
        return TagTable()
    if len(counts) > MAX_TAGS:
        counts = dict(nlargest(MAX_TAGS, counts.items(), key=itemgetter(1)))
    shares = {tag: min(1.0, count / captions) for tag, count in counts.items()}
    return TagTable(_kind(shares), MappingProxyType(shares), captions)


def _normalise_all(tags: Iterable[str]) -> list[str]:
    """Normalise many tags at the price of one: tables have thousands of them."""
    names = list(tags)
    text = "\n".join(names)
    if text.count("\n") >= len(names):
        return [normalise_tag(name) for name in names]
    text = text.lower().replace("_", " ")
    if "\\" in text or "  " in text or "\t" in text:
        return [normalise_tag(name) for name in text.split("\n")]
    return [name.strip() for name in text.split("\n")]


def _kind(shares: dict[str, float]) -> TagTableKind:
    if len(shares) < FAKE_DISTINCT:
        return TagTableKind.FAKE
    if sum(map(len, shares)) / len(shares) >= PROSE_LENGTH:
        return TagTableKind.PROSE
    return TagTableKind.RICH


def grade_tag(table: TagTable, tag: str) -> TagGrade:
    """Return what a table says about a term (R7).

    A tag on hardly any caption counts as not captioned: too few pictures to learn it apart.
    """
    share = table.shares.get(normalise_tag(tag), 0.0)
    if table.kind in (TagTableKind.NONE, TagTableKind.FAKE):
        return TagGrade.UNKNOWN
    if share >= UBIQUITOUS_SHARE:
        return TagGrade.UBIQUITOUS
    if share >= SEPARABLE_SHARE:
        return TagGrade.SEPARABLE
    return TagGrade.NOT_CAPTIONED if table.kind is TagTableKind.RICH else TagGrade.UNKNOWN


def data_width(images: int | None, table: TagTable) -> DataWidth:
    """Return how wide the training data is: real images, corrected by what their captions share.

    Five hundred pictures whose captions all say the same thing are no wide data set. Where the
    count is missing, a well-filled table proves a lower bound.
    """
    if images is None:
        return DataWidth.WIDE if table.captions >= WIDE_FROM else DataWidth.UNKNOWN
    if images < NARROW_BELOW:
        return DataWidth.NARROW
    if images < WIDE_FROM or _monotonous(table):
        return DataWidth.NORMAL
    return DataWidth.WIDE


def _monotonous(table: TagTable) -> bool:
    if table.kind is not TagTableKind.RICH or len(table.shares) < MONOTONOUS_FROM:
        return False
    ubiquitous = sum(share >= UBIQUITOUS_SHARE for share in table.shares.values())
    return ubiquitous * 2 > len(table.shares)
