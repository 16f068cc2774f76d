"""The library's detail view."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from lib_lora_neg.loras.card import (
    LoraType,
    RangeSource,
    ScanBracket,
    TagTable,
    TagTableKind,
    WeightRange,
)
from lib_lora_neg.loras.decisions import Decision
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.ui.library.detail import MAX_LINES, MAX_TAGS, detail
from tests.support.cards import card

USER = WeightRange(-0.2, 1.2, None, RangeSource.USER, "typed by the user")
MEASURED = WeightRange(-0.4, None, (-0.1, -0.3), RangeSource.MEASURED, "a scan")
SIDE = WeightRange(-3.0, 3.0, None, RangeSource.SIDECAR, "usage tips")
POSITIVE = WeightRange(0.4, 1.0, None, RangeSource.SIDECAR, "usage tips")


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ((), [("by type", True)]),
        ((SIDE,), [("side file", True), ("by type", False)]),
        ((POSITIVE,), [("side file", False), ("by type", True)]),
        ((SIDE, MEASURED), [("measured", True), ("side file", False), ("by type", False)]),
        (
            (SIDE, USER, MEASURED),
            [("yours", True), ("measured", False), ("side file", False), ("by type", False)],
        ),
    ],
)
def test_the_range_in_force_is_said_with_the_reason(
    ranges: tuple[WeightRange, ...], expected: list[tuple[str, bool]]
) -> None:
    shown = detail(card("a", "style", family=ModelFamily.SDXL, ranges=ranges), Decision())
    found = [(item["source"], item["in_force"]) for item in shown["ranges"]]
    assert sorted(found) == sorted(expected)
    assert all(item["why"] for item in shown["ranges"])


def test_a_measured_range_tells_what_the_scan_found() -> None:
    bracket = ScanBracket(0.3, -0.55, (-0.5, -0.6), "abc", "0123", "2026-11-21")
    lora = replace(card("a", "style", ranges=(MEASURED,)), bracket=bracket)
    (measured,) = (row for row in detail(lora, Decision())["ranges"] if row["source"] == "measured")
    said = "Saved 2026-11-21: damage from −0.55 (between −0.5 and −0.6) on abc"
    assert measured["why"].endswith(said)
    clean = replace(lora, bracket=replace(bracket, bleeding_onset=None, date=""))
    assert "Saved earlier: no damage seen on abc" in detail(clean, Decision())["ranges"][0]["why"]


def test_tags_are_graded_and_sorted_by_their_share() -> None:
    shares = {"1girl": 0.98, "hat": 0.4, "cat": 0.01}
    tags = detail(card("a", "character", shares=shares), Decision())["tags"]
    assert [(row["tag"], row["grade"]) for row in tags["rows"]] == [
        ("1girl", "ubiquitous"),
        ("hat", "separable"),
        ("cat", "not_captioned"),
    ]


def test_prose_and_missing_tables_are_of_unknown_grade() -> None:
    prose = TagTable(TagTableKind.PROSE, {"a girl who stands": 0.02}, 10)
    shown = detail(replace(card("a", "style"), tags=prose), Decision())["tags"]
    assert shown["rows"][0]["grade"] == "unknown"
    assert shown["note"]
    assert detail(card("a", "style"), Decision())["tags"]["rows"] == []


def test_a_hostile_card_stays_small() -> None:
    many = tuple(f"problem {number} {'x' * 9000}" for number in range(5000))
    shares = {f"tag {number}": 0.5 for number in range(4000)}
    odd = replace(
        card("a", "style", triggers=many, shares=shares), problems=many, title="t" * 10**6
    )
    shown = detail(odd, Decision())
    assert len(shown["tags"]["rows"]) == MAX_TAGS
    assert len(shown["problems"]) == MAX_LINES + 1
    assert len(shown["triggers"]) == MAX_LINES
    assert shown["more_triggers"] == 5000 - MAX_LINES
    assert len(json.dumps(shown)) < 1_000_000


def test_the_decision_is_shown_as_it_was_made() -> None:
    decision = Decision(LoraType.STYLE, (), USER, None, guard_off=True)
    shown = detail(card("a", "style", guard_off=True), decision)
    assert shown["decision"]["type"] == "style"
    assert shown["decision"]["triggers"] == []
    assert shown["decision"]["range"]["floor"] == -0.2
    assert shown["decided"]
    assert shown["verdict"].startswith("Guard off")


@pytest.mark.parametrize(
    ("kind", "confidence", "word"),
    [
        ("style", 0.75, "Sure enough"),
        ("style", 0.6, "from 70%"),
        ("character", 0.8, "from 85%"),
        ("character", 0.9, "Sure enough"),
        ("unknown", 0.0, "not known"),
    ],
)
def test_the_verdict_says_what_the_guard_does(kind: str, confidence: float, word: str) -> None:
    lora = card("a", kind, confidence=confidence, family=ModelFamily.SDXL)
    assert word in detail(lora, Decision())["verdict"]


def test_files_of_one_name_are_a_problem() -> None:
    shown = detail(card("a", "style"), Decision(), "b/a.safetensors", ("a/a.st", "b/a.st"))
    assert shown["problems"] == ["2 files have this name; the host loads b/a.st"]


def test_the_details_show_how_bleeding_rises() -> None:
    style = card("a", "style", family=ModelFamily.SDXL)
    curve = detail(style, Decision())["curve"]
    assert (curve["basis"], curve["onset"], curve["floor"]) == ("expected", -0.5, -0.5)
    bracket = ScanBracket(0.3, -0.5, (-0.4, -0.5), "abc", curve=((-0.5, 1.2), (-0.4, 0.5), (0, 0)))
    scanned = replace(style, bracket=bracket, ranges=(MEASURED,))
    curve = detail(scanned, Decision())["curve"]
    assert (curve["basis"], curve["floor"]) == ("measured", -0.4)
    assert curve["points"] == [[-0.5, 1.2], [-0.4, 0.5], [0, 0]]
    assert detail(card("b", "slider", family=ModelFamily.SDXL), Decision())["curve"] is None
