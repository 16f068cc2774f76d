"""R10's curve of one LoRA: measured where it was scanned, else as its type lets expect."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from lib_lora_neg.loras.card import (
    DataWidth,
    LoraCard,
    LoraType,
    RangeSource,
    ScanBracket,
    WeightRange,
)
from lib_lora_neg.loras.decisions import Decision, read_decision, write_decision
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy.bleeding_curve import CurveBasis, bleeding_curve
from tests.support.cards import card

SDXL = ModelFamily.SDXL
POINTS = ((-0.7, 2.4), (-0.5, 1.1), (-0.3, 0.2), (0.0, 0.0))
SCANNED = ScanBracket(0.3, -0.5, (-0.3, -0.5), "abc", "0123", "2026-11-21", POINTS)


def damage(lora: LoraCard, weight: float, family: ModelFamily = SDXL) -> float:
    curve = bleeding_curve(lora, family)
    assert curve is not None
    return dict(curve.points)[weight]


@pytest.mark.parametrize("kind", ["style", "concept"])
@pytest.mark.parametrize("width", list(DataWidth))
def test_the_second_stretch_costs_more_than_the_first(kind: str, width: DataWidth) -> None:
    lora = card("s", kind, width=width)
    near, far = damage(lora, -0.4), damage(lora, -0.7)
    assert far - near > near > 0.0


def test_narrow_data_bleed_earlier() -> None:
    narrow, normal = (
        card("s", "style", width=width) for width in (DataWidth.NARROW, DataWidth.NORMAL)
    )
    assert damage(narrow, -0.4) == pytest.approx(1.0)
    assert damage(normal, -0.5) == pytest.approx(1.0)
    assert damage(narrow, -0.3) > damage(normal, -0.3)


@pytest.mark.parametrize(
    "kind", [kind for kind in LoraType if kind.value not in ("style", "concept")]
)
def test_nothing_is_expected_of_the_other_types(kind: LoraType) -> None:
    assert bleeding_curve(card("x", kind), SDXL) is None


def test_nothing_is_expected_where_there_is_no_evidence() -> None:
    assert bleeding_curve(card("x", "style"), ModelFamily.FLUX) is None
    assert bleeding_curve(card("x", "style"), ModelFamily.UNKNOWN) is None


@pytest.mark.parametrize("kind", ["style", "character", "unknown"])
def test_what_a_scan_measured_is_shown_as_it_was_measured(kind: str) -> None:
    curve = bleeding_curve(replace(card("x", kind), bracket=SCANNED), ModelFamily.FLUX)
    assert curve is not None
    assert (curve.basis, curve.points, curve.onset) == (CurveBasis.MEASURED, POINTS, -0.5)
    assert curve.band == (-0.3, -0.5)
    assert "abc" in curve.source


def test_an_onset_without_points_places_the_expected_curve() -> None:
    lora = replace(card("x", "style"), bracket=replace(SCANNED, curve=(), bleeding_onset=-0.25))
    curve = bleeding_curve(lora, SDXL)
    assert curve is not None
    assert curve.basis is CurveBasis.ONSET
    assert dict(curve.points)[-0.25] == pytest.approx(1.0)


def test_an_onset_of_any_size_gives_numbers_that_can_be_drawn() -> None:
    tiny = replace(SCANNED, curve=(), bleeding_onset=-1e-300)
    curve = bleeding_curve(replace(card("x", "style"), bracket=tiny), SDXL)
    assert curve is not None
    assert all(math.isfinite(number) for point in curve.points for number in point)


def test_a_clean_scan_without_points_says_how_far_it_looked() -> None:
    clean = replace(SCANNED, curve=(), bleeding_onset=None)
    measured = WeightRange(-0.8, source=RangeSource.MEASURED)
    curve = bleeding_curve(replace(card("x", "style", ranges=(measured,)), bracket=clean), SDXL)
    assert curve is not None
    assert (curve.points, curve.onset) == ((), None)
    assert "−0.8" in curve.text


def test_it_reaches_as_far_as_it_is_asked() -> None:
    for reach, lowest in ((-2.4, -2.4), (-0.2, -1.0)):
        curve = bleeding_curve(card("x", "style"), SDXL, reach)
        assert curve is not None
        assert (curve.points[0][0], curve.points[-1]) == (lowest, (0.0, 0.0))


def test_the_curve_is_kept_with_the_lora() -> None:
    decision = Decision(bracket=SCANNED)
    assert read_decision(write_decision(decision)) == decision


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ([[-0.5, 1.0], [0, 0]], ((-0.5, 1.0), (0.0, 0.0))),
        ([[0, 0], [-0.5, 1.0]], ((-0.5, 1.0), (0.0, 0.0))),
        ([[0.5, 1.0], [-0.5, -1.0], [-0.5, 1e9], ["x", 1], [-0.5], [-0.5, 1, 2], 7], ()),
        ("nonsense", ()),
        (None, ()),
        ([[-900, 1]], ()),
        ([[-n / 100, 0.0] for n in range(1000)], None),
    ],
)
def test_a_curve_of_a_strange_file_is_bounded(written: object, read: object) -> None:
    record = {"schema": 1, "measured": {"bleeding_onset": -0.5, "curve": written}}
    decision = read_decision(record)
    assert decision is not None
    assert decision.bracket is not None
    if read is None:
        assert len(decision.bracket.curve) <= 64
    else:
        assert decision.bracket.curve == read
