"""The library's table: what a row shows, what a query finds, in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib_lora_neg.hosts.form_reading import FormValueError
from lib_lora_neg.loras.card import LoraType, RangeSource, WeightRange
from lib_lora_neg.loras.decisions import Decision
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import GuardSettings
from lib_lora_neg.ui.library.rows import (
    COLUMNS,
    RowTable,
    counts,
    matching,
    natural,
    read_query,
    row_of,
)
from tests.support.cards import card
from tests.support.library import MemoryLibrary

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "\udcff\udcfe lone surrogates",
    "\u202eright to left\u202c",
    "a" * 5000,
    "quote\"'&amp;",
    "../../etc/passwd",
    "",
    "\uff11\uff12\uff13 \u00b2 \u2460",
    "9" * 400,
)

STYLE = card("inkwash_10", "style", family=ModelFamily.SDXL, triggers=("inkwash", "ink"))
STYLE_2 = card("inkwash_9", "style", family=ModelFamily.SD1, confidence=0.8)
PERSON = card("Ann", "character", family=ModelFamily.SDXL, confidence=0.9)
DOUBTFUL = card("maybe", "concept", family=ModelFamily.SD1, confidence=0.5)
UNKNOWN = card("zzz", "unknown", family=ModelFamily.FLUX, confidence=0.0)
BROKEN = replace(card("broken", "unknown", confidence=0.0), problems=("no header",))
OWN = card(
    "own",
    "style",
    family=ModelFamily.SD1,
    ranges=(WeightRange(-0.2, 1.2, None, RangeSource.USER),),
)
ALL = (STYLE, STYLE_2, PERSON, DOUBTFUL, UNKNOWN, BROKEN, OWN)


def names(query: dict[str, object]) -> list[str]:
    rows = [row_of(item, "folder/x.safetensors") for item in ALL]
    return [row.name for row in matching(rows, read_query(query))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["Ann", "broken", "inkwash_9", "inkwash_10", "maybe", "own", "zzz"]),
        ({"search": "INK wash"}, ["inkwash_9", "inkwash_10"]),
        ({"search": "folder"}, ["Ann", "broken", "inkwash_9", "inkwash_10", "maybe", "own", "zzz"]),
        ({"search": "nothing like it"}, []),
        ({"type": "style"}, ["inkwash_9", "inkwash_10", "own"]),
        ({"type": "style", "family": "sd1"}, ["inkwash_9", "own"]),
        ({"unknown_only": True}, ["broken", "maybe", "zzz"]),
        ({"with_problems": True}, ["broken"]),
        ({"decided": True}, ["own"]),
        ({"sort": "range", "type": "style"}, ["inkwash_9", "inkwash_10", "own"]),
        ({"sort": "name", "descending": True, "family": "sdxl"}, ["inkwash_10", "Ann"]),
        ({"sort": "problems"}, ["broken", "Ann"]),
        ({"sort": "type"}, ["Ann", "maybe"]),
    ],
)
def test_a_query_finds_and_sorts(query: dict[str, object], expected: list[str]) -> None:
    found = names(query)
    assert found[: len(expected)] == expected
    assert "sort" in query or len(found) == len(expected)


@pytest.mark.parametrize(
    "query",
    [
        {"search": 1},
        {"search": "x" * 201},
        {"type": "nonsense"},
        {"family": ["sd1"]},
        {"sort": "path"},
        {"sort": ["name"]},
    ],
)
def test_a_query_that_cannot_be_understood_is_refused(query: dict[str, object]) -> None:
    with pytest.raises(FormValueError):
        read_query(query)


def test_a_row_says_type_range_and_evidence() -> None:
    data = row_of(OWN).data
    assert (data["range"], data["range_source"]) == ("−0.2 … 1.2", "yours")
    assert data["evidence"] == ["yours"]
    assert row_of(STYLE).data["range"] == "≥ −0.5"
    assert row_of(PERSON).data["range"] == "no negative"
    assert row_of(UNKNOWN).data["range"] == "not known"
    assert not row_of(DOUBTFUL).data["sure"]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_makes_a_row_that_sorts(name: str) -> None:
    odd = replace(card("x", "style"), name=name, title=name, alias=name)
    rows = [row_of(odd, name), row_of(STYLE), row_of(PERSON)]
    for column in COLUMNS:
        for descending in (False, True):
            found = matching(rows, read_query({"sort": column, "descending": descending}))
            assert len(found) == 3
    assert len(rows[0].data["title"]) <= 200


def test_natural_order_compares_any_two_names() -> None:
    keys = sorted(natural(name) for name in (*HOSTILE, "a2", "a10", "2a", "A1"))
    assert keys.index(natural("A1")) < keys.index(natural("a2")) < keys.index(natural("a10"))


def test_files_that_were_not_read_come_last_and_match_no_filter() -> None:
    host = MemoryLibrary(STYLE, PERSON, unread=("aaa",))
    rows = RowTable(host).rows()
    assert [row.name for row in matching(rows, read_query({"sort": "type"}))][-1] == "aaa"
    for query in ({"type": "unknown"}, {"unknown_only": True}, {"family": "unknown"}):
        assert matching(rows, read_query(query)) == []
    assert counts(rows)["types"] == {"style": 1, "character": 1}


def test_what_the_user_set_for_types_is_in_force() -> None:
    host = MemoryLibrary(STYLE)
    table = RowTable(host)
    assert table.rows()[0].data["range"] == "≥ −0.5"
    host.guard = GuardSettings(floors={"style": -0.25}, clamp_confidence=0.99)
    assert table.rows()[0].data["range"] == "≥ −0.25"
    assert not table.rows()[0].data["sure"]


def test_rows_are_made_once_until_their_card_changes() -> None:
    host = MemoryLibrary(STYLE, PERSON)
    table = RowTable(host)
    first = table.rows()
    assert all(a is b for a, b in zip(first, table.rows(), strict=True))
    host.save({PERSON.name: Decision(type=LoraType.CONCEPT)})
    style, person = table.rows()
    assert style is first[0]
    assert person.kind is LoraType.CONCEPT
    assert person.decided
