"""What the model said of pictures, in the damage, in where it balks, and in words."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from lib_lora_neg.scan.bracket import ScanVerdict, judge
from lib_lora_neg.scan.critic import (
    BALKS_FROM,
    BALKS_PER_DELTA_E,
    CriticReading,
    balks,
)
from lib_lora_neg.scan.curves import (
    BAND_WIDTH,
    SIGNS,
    CurvePoint,
    MeasuredCell,
    cause_of,
    points,
    tabulate,
    words_of,
)
from lib_lora_neg.scan.joining import BESIDE_MODEL, BLUR_BESIDE_MODEL, MISFIT
from lib_lora_neg.scan.measures import PictureEffect, measure, prepare
from lib_lora_neg.scan.onset import Onset, OnsetReason
from lib_lora_neg.scan.outcome import ScanOutcome, from_record
from lib_lora_neg.scan.plan import ScanCell
from lib_lora_neg.scan.questions import QUESTION_SETS
from lib_lora_neg.scan.wording import notes
from tests.scan.place import PLAN
from tests.scan.worlds import World

LEVELS = QUESTION_SETS[0].levels


def reading(octaves: float = 0.0, beyond: float = 0.0) -> CriticReading:
    """Return what the model says of a picture that is some octaves less likely than that of no
    arguments, and some tolerances beyond what is tolerated."""
    errors = (0.1 * 2**octaves,) * len(LEVELS)
    return CriticReading(errors, errors[-1], 0.5, ((1.0 + beyond,) * 4,) * len(LEVELS))


def measured(octaves: float = 0.0, beyond: float = 0.0, pairs: int = 6) -> list[MeasuredCell]:
    """Return a scan whose pictures are all alike, and at −1 so far off to the model."""
    world = World(side=64)
    cells = []
    for pair in range(pairs):
        prepared = prepare(world.picture(0.0, "a cat", pair))
        found = measure(prepared, prepared)
        cells += [
            MeasuredCell(ScanCell(weight, 0, pair), found, told)
            for weight, told in (
                (0.0, reading()),
                (-0.5, reading()),
                (-1.0, reading(octaves, beyond)),
            )
        ]
    return cells


@pytest.mark.parametrize(("beyond", "damaged"), [(-0.01, 0.0), (0.01, 1.0)])
def test_the_edge_of_the_band(beyond: float, damaged: float) -> None:
    table = tabulate(measured(beyond=MISFIT + beyond))
    assert table is not None
    (far, near, zero) = points(table)
    assert (far.outside, near.outside, zero.outside) == (damaged, 0.0, 0.0)
    assert far.cause == "misfit"
    assert far.damage == pytest.approx(1 + beyond / MISFIT)


def test_what_was_trained_is_no_damage_to_the_model() -> None:
    cells = [
        replace(item, cell=replace(item.cell, weight=-item.cell.weight))
        for item in measured(1.0, 2 * MISFIT)
    ]
    table = tabulate(cells)
    assert table is not None
    assert not table.damage.any()
    assert points(table)[-1].balks == 1.0


def test_what_so_much_change_explains_does_not_make_it_balk() -> None:
    cells = measured(3.0, 5 * MISFIT)
    moved = [
        replace(item, measures=replace(item.measures, effect=PictureEffect(0.3, delta_e)))
        for item in cells
        for delta_e in [3.0 / BALKS_PER_DELTA_E + (0.1 if item.cell.seed % 2 else -0.1)]
    ]
    table = tabulate(moved)
    assert table is not None
    row = table.weights.index(-1.0)
    assert list(table.balks[row]) == [1.0, 0.0] * 3
    # Far beyond the edge it is damage, however much has changed.
    assert table.damage[row] == pytest.approx(5.0)
    assert np.allclose(table.unlikely[row], 3.0)
    assert np.isnan(table.balks[table.zero]).all()
    (far, near, zero) = points(table)
    assert (far.balks, near.balks, zero.balks) == (0.5, 0.0, None)


def showing(
    name: str, bands: float, *, asked: bool, told: CriticReading | None = None
) -> tuple[CurvePoint, ...]:
    """Return the points −1, 0 and +1 of a scan whose pictures but for 0 show one sign, so many
    bands far; the model finds them as likely as at weight 0, or says what it is told to."""
    picture = prepare(World(side=64).picture(0.0, "a cat", 0))
    zero = measure(picture, picture)
    worse = getattr(zero.looks, name) + bands * BAND_WIDTH * SIGNS[name].step
    far = replace(zero, looks=replace(zero.looks, **{name: worse}))
    at_zero = reading() if asked else None
    shown = dict.fromkeys((-1.0, 1.0), (far, told or at_zero)) | {0.0: (zero, at_zero)}
    table = tabulate(
        [
            MeasuredCell(ScanCell(weight, 0, pair), *found)
            for pair in range(6)
            for weight, found in shown.items()
        ]
    )
    assert table is not None
    return points(table)


@pytest.mark.parametrize(
    ("sign", "farther"), [("clipped", BESIDE_MODEL), ("blur", BLUR_BESIDE_MODEL)]
)
@pytest.mark.parametrize(("beyond", "damaged"), [(-0.01, 0.0), (0.01, 1.0)])
def test_beside_the_model_a_sign_must_be_further_out(
    beyond: float, damaged: float, sign: str, farther: float
) -> None:
    for point in showing(sign, farther * (1 + beyond), asked=True)[::2]:  # below 0 and above
        assert point.outside == damaged
        assert point.damage == pytest.approx(1 + beyond)
        assert point.cause == sign
    for point in showing(sign, 1 + beyond, asked=False)[::2]:
        assert point.outside == damaged


def test_above_0_the_model_acquits_and_never_accuses() -> None:
    """A style that it does not know may be a misfit everywhere: then the pixels say what is."""
    for beyond, damage in ((0.0, 2 / BESIDE_MODEL), (10 * MISFIT, 2.0)):
        (_, _, above) = showing("clipped", 2.0, asked=True, told=reading(3.0, beyond))
        assert above.damage == pytest.approx(damage)
        assert above.cause == "clipped"


@pytest.mark.parametrize(
    ("octaves", "delta_e", "answer"),
    [
        (BALKS_FROM + 0.001, 0.0, True),
        (BALKS_FROM - 0.001, 0.0, False),
        (10 * BALKS_PER_DELTA_E + 0.001, 10.0, True),
        (10 * BALKS_PER_DELTA_E - 0.001, 10.0, False),
        (-5.0, 0.0, False),
    ],
)
def test_where_it_balks(octaves: float, delta_e: float, answer: bool) -> None:
    assert balks(octaves, delta_e) is answer


def seen(*found: tuple[float, float, float], damaged: float | None = None) -> list[str]:
    """Return what is noted of (weight, share at which it balks, octaves), damaged from there on."""
    onset = None
    if damaged is not None:
        onset = Onset(damaged, 1, (0.0, damaged), OnsetReason.BAND, "noise", 6, 6, 1.0)
    curve = tuple(
        CurvePoint(weight, 6, 0.1, 0.0, 0.0, 0.0, 0.0, "noise", octaves, share)
        for weight, share, octaves in sorted(found)
    )
    whole = ScanVerdict(points=curve, reach=-1.0, pairs=12, onset=onset)
    plain = tuple(replace(point, balks=None, unlikely=None) for point in curve)
    without = {note.template for note in notes(replace(whole, points=plain))}
    told = notes(whole)
    return [str(note) for note in told if note.template not in without]


def test_the_notes_tell_where_it_balks_and_what_a_style_does_too() -> None:
    assert seen((-0.3, 0.4, 0.1), (-0.5, 0.5, 0.3), (-1, 0.6, 0.4))[0].startswith("From −0.5 on")
    # One weight alone is chance, unless it is the last.
    assert seen((-0.3, 0.5, 0.1), (-0.5, 0.4, 0.3), (-1, 0.6, 0.4))[0].startswith("From −1 on")
    explained = seen((-0.5, 0.1, 0.3), (-1, 0.4, 0.51))
    assert "error × 1.4" in explained[0]
    assert len(explained) == 1
    assert seen((-0.5, 0.1, 0.3), (-1, 0.4, 0.49))[0].endswith("down to −1.")
    assert seen((0.5, 1.0, 2.0)) == []
    # What is damaged anyway is not taken back.
    known = (-0.5, 0.1, 0.6), (-1.0, 0.4, 2.0)
    assert "at −0.5" in seen(*known, damaged=-1.0)[0]
    assert seen(*known, damaged=-0.5) == []
    assert seen((-0.5, 0.6, 0.6), (-1.0, 0.9, 2.0), damaged=-0.5)[0].startswith("From −0.5 on")


def test_a_more_likely_picture_and_one_that_was_not_read_are_not_damaged() -> None:
    cells = measured(-3.0, -0.5)
    assert all(p.damage == 0 for p in points(tabulate(cells)))  # type: ignore[arg-type]
    for told in (0.0, -1.0):
        # Of the pictures at weight 0 alone, or of those at −1 alone.
        cells = [
            item if item.cell.weight == told else replace(item, reading=None)
            for item in measured(2.0, 1.0)
        ]
        table = tabulate(cells)
        assert table is not None
        assert not table.damage.any()
        assert "misfit" not in table.signs


def test_the_verdict_names_it_and_is_read_back() -> None:
    # Pictures that do not change have no verdict: bend them a little.
    world, cells = World(side=64, strength=0.2), []
    for pair in range(6):
        zero = prepare(world.picture(0.0, "a cat", pair))
        for weight, beyond in ((0.0, 0.0), (-0.5, 0.0), (-1.0, 2 * MISFIT)):
            found = measure(prepare(world.picture(weight, "a cat", pair)), zero)
            cells.append(MeasuredCell(ScanCell(weight, 0, pair), found, reading(0.0, beyond)))
    assert judge([replace(item, reading=None) for item in cells]).onset is None
    verdict = judge(cells)
    assert verdict.onset is not None
    assert (verdict.onset.weight, verdict.onset.cause) == (-1.0, "misfit")
    outcome = ScanOutcome(PLAN, verdict)
    assert words_of("misfit") in outcome.sentence
    again = from_record(PLAN, json.loads(json.dumps(outcome.to_record())))
    assert again is not None
    assert again.sentence == outcome.sentence


def test_what_the_pixels_show_is_named_before_what_the_model_says() -> None:
    parts = dict.fromkeys(SIGNS, 0.0)
    assert cause_of({**parts, "noise": 1.1, "misfit": 5.0}) == "noise"
    assert cause_of({**parts, "noise": 0.9, "misfit": 5.0}) == "misfit"
    assert cause_of({**parts, "noise": 0.9, "misfit": 0.5}) == "noise"
