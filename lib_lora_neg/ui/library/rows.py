"""The library's table: one row per LoRA, filtered and sorted here so that a page stays small."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...hosts.form_reading import FormValueError
from ...hosts.library import LibraryTabHost
from ...loras.card import LoraCard, LoraType
from ...loras.families import ModelFamily
from ...policy import GuardSettings
from .words import (
    SOURCE_NAMES,
    effective_range,
    evidence_of,
    is_decided,
    is_sure,
    range_text,
    type_name,
)

MAX_ROWS = 500
"""Rows in one answer."""

MAX_SEARCH = 200
MAX_SHOWN_TRIGGERS = 3
MAX_SHOWN_TEXT = 200
"""Characters of one text in a row; the rest stands in the details."""

DEFAULTS = GuardSettings()

FLAGS = ("unknown_only", "with_problems", "decided")


@dataclass(frozen=True)
class LibraryRow:
    """What the table shows of one LoRA, and what it is found and sorted by.

    Attributes:
        name: the file's stem.
        kind: its type; of a file that was not read yet, unknown.
        family: its model family.
        haystack: lower-case text that the search looks into.
        keys: sort keys by column.
        decided: the user decided something about it.
        faulty: something is wrong with it.
        read: its file was read.
        data: the row as the page gets it.
    """

    name: str
    kind: LoraType
    family: ModelFamily
    haystack: str
    keys: Mapping[str, Any]
    decided: bool
    faulty: bool
    read: bool
    data: Mapping[str, Any]


@dataclass(frozen=True)
class LibraryQuery:
    """What the table is asked for.

    Attributes:
        words: all of them must be found in a row.
        kind: one type only.
        family: one family only.
        unknown_only: of unknown or doubtful type only.
        with_problems: with problems only.
        decided: only what the user decided about.
        sort: a column.
        descending: reverse the order.
    """

    words: tuple[str, ...] = ()
    kind: LoraType | None = None
    family: ModelFamily | None = None
    unknown_only: bool = False
    with_problems: bool = False
    decided: bool = False
    sort: str = "name"
    descending: bool = False


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that puts ``a2`` before ``a10``."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.split(r"(\d{1,18})", text.casefold())
        if part
    )


def row_of(
    card: LoraCard,
    location: str = "",
    copies: int = 1,
    settings: GuardSettings = DEFAULTS,
) -> LibraryRow:
    """Return the row of a card, with the range and the sureness that the settings ask for."""
    allowed = effective_range(card, settings)
    triggers = [trigger.text for trigger in card.triggers]
    inference = card.inference
    problems = len(card.problems) + (copies > 1)
    decided = is_decided(card)
    floor = allowed.floor if allowed is not None and allowed.floor is not None else -99.0
    evidence = list(evidence_of(card))
    data: dict[str, Any] = {
        "name": card.name,
        "title": card.title[:MAX_SHOWN_TEXT] if card.title != card.name else "",
        "folder": location.rpartition("/")[0][:MAX_SHOWN_TEXT],
        "type": inference.type.value,
        "type_name": type_name(inference.type),
        "confidence": round(inference.confidence, 2),
        "sure": is_sure(card, settings),
        "family": card.family.value,
        "triggers": [text[:MAX_SHOWN_TEXT] for text in triggers[:MAX_SHOWN_TRIGGERS]],
        "more_triggers": max(0, len(triggers) - MAX_SHOWN_TRIGGERS),
        "range": range_text(allowed),
        "range_source": SOURCE_NAMES[allowed.source] if allowed is not None else "",
        "evidence": evidence,
        "problems": problems,
        "guard_off": card.guard_off,
        "decided": decided,
        "read": True,
    }
    order = natural(card.name)
    keys = {
        "name": (order,),
        "type": (type_name(inference.type), -inference.confidence, order),
        "family": (card.family.value, order),
        "triggers": (not triggers, triggers[0].casefold() if triggers else "", order),
        "range": (allowed is None, floor, order),
        "evidence": (-len(evidence), evidence, order),
        "problems": (-problems, order),
    }
    text = "\n".join((card.name, card.title, card.alias, location, *triggers))
    return LibraryRow(
        card.name,
        inference.type,
        card.family,
        text.casefold(),
        keys,
        decided,
        problems > 0,
        True,
        data,
    )


def unread_row(name: str) -> LibraryRow:
    """Return the row of a file that was not read yet."""
    data = {"name": name, "read": False}
    order = natural(name)
    keys: dict[str, Any] = {
        "name": (order,),
        "type": ("~", 0.0, order),
        "family": ("~", order),
        "triggers": (True, "~", order),
        "range": (True, 0.0, order),
        "evidence": (1, [], order),
        "problems": (1, order),
    }
    unknown = (LoraType.UNKNOWN, ModelFamily.UNKNOWN)
    return LibraryRow(name, *unknown, name.casefold(), keys, False, False, False, data)


COLUMNS = tuple(unread_row("").keys)


class RowTable:
    """The rows of all LoRAs of a host, each made once as long as its card stays the same."""

    def __init__(self, host: LibraryTabHost) -> None:
        self._host = host
        self._settings = DEFAULTS
        self._made: dict[str, tuple[LoraCard | None, LibraryRow]] = {}

    def rows(self) -> list[LibraryRow]:
        """Return the rows of all LoRAs that the host lists now."""
        made: dict[str, tuple[LoraCard | None, LibraryRow]] = {}
        settings = self._host.settings()
        if settings != self._settings:
            self._settings = settings
            self._made = {}
        for name in self._host.names():
            card = self._host.known(name)
            entry = self._made.get(name)
            if entry is None or entry[0] is not card:
                entry = (card, unread_row(name) if card is None else self._row(card))
            made[name] = entry
        self._made = made
        return [row for _, row in made.values()]

    def _row(self, card: LoraCard) -> LibraryRow:
        host = self._host
        return row_of(card, host.location(card), len(host.copies(card.name)), self._settings)


def read_query(body: Mapping[str, Any]) -> LibraryQuery:
    """Understand a JSON object as a query; missing keys and null have the defaults.

    Raises:
        FormValueError: a value is not one of those that can be asked for.
    """
    search = body.get("search") or ""
    if not isinstance(search, str) or len(search) > MAX_SEARCH:
        raise FormValueError("search", f"must be a text of at most {MAX_SEARCH} characters")
    sort = body.get("sort") or "name"
    if sort not in COLUMNS:
        raise FormValueError("sort", f"must be one of {', '.join(COLUMNS)}")
    try:
        kind = LoraType(body["type"]) if body.get("type") else None
        family = ModelFamily(body["family"]) if body.get("family") else None
    except ValueError as error:
        raise FormValueError(
            "type" if "LoraType" in str(error) else "family", str(error)
        ) from error
    flags = {flag: body.get(flag) is True for flag in FLAGS}
    return LibraryQuery(
        words=tuple(search.casefold().split()),
        kind=kind,
        family=family,
        sort=sort,
        descending=body.get("descending") is True,
        **flags,
    )


def matching(rows: Sequence[LibraryRow], query: LibraryQuery) -> list[LibraryRow]:
    """Return the rows that a query asks for, in its order; what was not read comes last."""
    tests: list[Callable[[LibraryRow], bool]] = []
    if query.words:
        tests.append(lambda row: all(word in row.haystack for word in query.words))
    if query.kind is not None:
        tests.append(lambda row: row.read and row.kind is query.kind)
    if query.family is not None:
        tests.append(lambda row: row.read and row.family is query.family)
    if query.unknown_only:
        tests.append(lambda row: row.read and not row.data["sure"])
    if query.with_problems:
        tests.append(lambda row: row.faulty)
    if query.decided:
        tests.append(lambda row: row.decided)
    found = [row for row in rows if all(test(row) for test in tests)]
    found.sort(key=lambda row: row.keys[query.sort], reverse=query.descending)
    if query.sort != "name":
        found.sort(key=lambda row: not row.read)
    return found


def counts(rows: Sequence[LibraryRow]) -> dict[str, Any]:
    """Return how many LoRAs each filter would leave."""
    read = [row for row in rows if row.read]
    return {
        "types": dict(Counter(row.kind.value for row in read)),
        "families": dict(Counter(row.family.value for row in read).most_common()),
        "unknown_only": sum(not row.data["sure"] for row in read),
        "with_problems": sum(row.faulty for row in read),
        "decided": sum(row.decided for row in read),
    }
