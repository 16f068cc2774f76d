"""The table of caption tags, how far it can be believed, and what it says of one term (R7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from heapq import nlargest
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from .card import DataWidth, TagTable, TagTableKind
from .reading.training import Subset
from .vocabulary import normalise_tag

UBIQUITOUS_SHARE = 0.9
"""From this share of the captions on, a tag is part of what was learnt (R7)."""

SEPARABLE_SHARE = 0.05
"""From this share on, a tag was seen often enough to be told apart (R7)."""

PROSE_LENGTH = 16
"""Average characters of a tag from which a table is prose. A1111's ``is_non_comma_tagset``."""

FAKE_DISTINCT = 2
"""A table with fewer distinct tags was written only to carry the trigger (ai-toolkit)."""

NARROW_BELOW = 50
WIDE_FROM = 500
"""Real images: below the first is narrow, from the second on wide (R1)."""

FREQUENT_SHARE = 0.5
"""From this share on, a tag is looked at for what it says of the type and the triggers."""

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


class LazyShares(Mapping[str, float]):
    """Shares of caption tags that are worked out, or fetched, when somebody looks at them.

    A table has thousands of tags; most readers of a card never look at one.
    """

    __slots__ = ("_load", "_shares", "_source")

    def __init__(self, load: Callable[[Any], Mapping[str, float]], source: Any) -> None:
        # Two arguments and no closure: a library makes thousands of these.
        self._load = load
        self._source = source
        self._shares: Mapping[str, float] | None = None

    def _get(self) -> Mapping[str, float]:
        shares = self._shares
        if shares is None:
            shares = self._shares = self._load(self._source)
        return shares

    def __getitem__(self, tag: str) -> float:
        return self._get()[tag]

    def __iter__(self) -> Iterator[str]:
        return iter(self._get())

    def __len__(self) -> int:
        return len(self._get())

    def __repr__(self) -> str:
        return f"LazyShares({dict(self._get())!r})"

    def __eq__(self, other: object) -> bool:
        return dict(self._get()) == dict(other) if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


def build_tag_table(subsets: Sequence[Subset]) -> TagTable:
    """Count the captions of the given folders together.

    The shares are of real pictures, repeats not counted. Where a trainer wrote no picture counts,
    the commonest tag stands in for them: most captions share at least one tag.
    """
    tables = [subset.tags for subset in subsets if subset.tags]
    captions = sum(max(s.images or 0, max(s.tags.values())) for s in subsets if s.tags)
    if not captions:
        return TagTable()
    shares = LazyShares(lambda found: MappingProxyType(tag_shares(found, captions)), tables)
    return TagTable(_kind(tables), shares, captions)


def tag_shares(tables: Iterable[Mapping[str, int]], captions: int) -> dict[str, float]:
    """Return the share of ``captions`` on which each normalised tag of the tables stands."""
    counts: dict[str, int] = {}
    for table in tables:
        for tag, count in zip(_normalise_all(table), table.values(), strict=True):
            counts[tag] = counts.get(tag, 0) + count
    counts.pop("", None)
    if len(counts) > MAX_TAGS:
        counts = dict(nlargest(MAX_TAGS, counts.items(), key=itemgetter(1)))
    return {tag: min(1.0, count / captions) for tag, count in counts.items()}


def frequent_tags(subsets: Sequence[Subset], captions: int) -> dict[str, float]:
    """Return the tags on at least half of the captions, without working out all others."""
    if len(subsets) > 1:
        every = tag_shares((subset.tags for subset in subsets), captions)
        return {tag: value for tag, value in every.items() if value >= FREQUENT_SHARE}
    limit = FREQUENT_SHARE * captions
    kept = [{t: n for t, n in subset.tags.items() if n >= limit} for subset in subsets]
    return tag_shares(kept, captions) if captions else {}


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


def _kind(tables: Sequence[Mapping[str, int]]) -> TagTableKind:
    distinct = len(tables[0]) if len(tables) == 1 else len(set().union(*tables))
    if distinct < FAKE_DISTINCT:
        return TagTableKind.FAKE
    letters = sum(len("".join(table)) for table in tables)
    if letters >= PROSE_LENGTH * sum(map(len, tables)):
        return TagTableKind.PROSE
    return TagTableKind.RICH


def grade_tag(table: TagTable, tag: str) -> TagGrade:
    """Return what a table says about a term (R7).

    A tag on hardly any caption counts as not captioned: too few pictures to learn it apart.
    """
    if table.kind is not TagTableKind.RICH:
        return TagGrade.UNKNOWN
    share = table.shares.get(normalise_tag(tag), 0.0)
    if share >= UBIQUITOUS_SHARE:
        return TagGrade.UBIQUITOUS
    return TagGrade.SEPARABLE if share >= SEPARABLE_SHARE else TagGrade.NOT_CAPTIONED


def data_width(
    images: int | None,
    table: TagTable,
    subsets: Sequence[Subset],
    frequent: Mapping[str, float],
) -> DataWidth:
    """Return how wide the training data is: real images, corrected by what their captions share.

    Five hundred pictures whose captions all say the same thing are no wide data set. Where the
    count is missing, a well-filled table proves a lower bound.

    Args:
        images: real images; ``None`` if unknown.
        table: the caption tags.
        subsets: the data folders.
        frequent: what `frequent_tags` returns of them.
    """
    if images is None:
        return DataWidth.WIDE if table.captions >= WIDE_FROM else DataWidth.UNKNOWN
    if images < NARROW_BELOW:
        return DataWidth.NARROW
    if images < WIDE_FROM or _monotonous(table, subsets, frequent):
        return DataWidth.NORMAL
    return DataWidth.WIDE


def _monotonous(table: TagTable, subsets: Sequence[Subset], frequent: Mapping[str, float]) -> bool:
    distinct = max((len(subset.tags) for subset in subsets), default=0)
    if table.kind is not TagTableKind.RICH or distinct < MONOTONOUS_FROM:
        return False
    return 2 * sum(share >= UBIQUITOUS_SHARE for share in frequent.values()) > distinct
