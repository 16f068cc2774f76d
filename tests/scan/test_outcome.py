"""Every outcome of a scan: what it says, what of it may be saved, and what is read back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from lib_lora_neg.loras.card import LoraCard, RangeSource, ScanBracket, WeightRange
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy.matrix import range_in_force
from lib_lora_neg.scan import outcome as reasons
from lib_lora_neg.scan.bracket import ScanVerdict, judge
from lib_lora_neg.scan.curves import MeasuredCell
from lib_lora_neg.scan.measures import CellMeasures, PictureEffect, PictureStatistics
from lib_lora_neg.scan.outcome import Proposal, ScanOutcome, from_record
from lib_lora_neg.scan.plan import ScanCell, ScannedLora, ScanPlan, ScanPrompt
from lib_lora_neg.scan.quick import QuickPoint, QuickVerdict
from lib_lora_neg.scan.saving import in_force, propose
from tests.support.cards import card
from tests.support.sentences import fields, says

PICTURE = PictureStatistics(0.0, 0.0, 1.0, 1.0, 0.3, 50.0, 7.0, 50.0, 20.0, 5.0)
NOISE = replace(PICTURE, noise=48.0, contrast=49.0)
LATENT = replace(PICTURE, blotches=24.0)
BLACK = PictureStatistics(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
TENTHS = tuple(-round(step / 10, 1) for step in range(11))


def plan(weights: tuple[float, ...] = TENTHS, seeds: int = 6, loras: int = 1) -> ScanPlan:
    return ScanPlan(
        tuple(ScannedLora(f"ink{n}" if n else "ink") for n in range(loras)),
        (ScanPrompt("a cat"),),
        tuple(range(seeds)),
        weights,
        checkpoint="abc",
    )


def cells(
    asked: ScanPlan, *, damaged_from: float = -9.0, at_zero: PictureStatistics = PICTURE
) -> list[MeasuredCell]:
    """Measure every cell: half a unit of effect per weight, noise from a weight on."""
    found = []
    for cell in asked.cells():
        looks = at_zero if cell.weight == 0 else PICTURE
        if cell.weight <= damaged_from:
            looks = replace(PICTURE, noise=20.0)
        effect = 0.5 * -cell.weight
        found.append(MeasuredCell(cell, CellMeasures(looks, PictureEffect(effect, 50 * effect))))
    return found


def outcome(asked: ScanPlan, made: list[MeasuredCell]) -> ScanOutcome:
    return ScanOutcome(asked, judge(made, checkpoint="abc", planned=asked.cells()))


def style(**facts: Any) -> LoraCard:
    return card("ink", "style", family=ModelFamily.SDXL, **facts)


def offered(found: ScanOutcome, lora: LoraCard | None = None) -> Proposal:
    return propose(found, lora or style())


def test_a_finished_scan_may_widen_and_narrow() -> None:
    wide = offered(outcome(plan(), cells(plan(), damaged_from=-0.8)))
    assert wide.weight_range is not None
    assert (wide.weight_range.floor, wide.trusted, wide.reason) == (-0.7, True, "")
    narrow = offered(outcome(plan(), cells(plan(), damaged_from=-0.3)))
    assert narrow.weight_range is not None
    assert narrow.weight_range.floor == -0.2
    clean = offered(outcome(plan(), cells(plan())))
    assert clean.weight_range is not None
    assert clean.weight_range.floor == -1


@pytest.mark.parametrize(
    ("reached", "damaged_from", "offer"),
    [
        (-0.3, -9.0, False),  # clean so far: what comes may be clean or not
        (-0.4, -0.4, False),  # the damage at the last weight may be a single odd one
        (-0.5, -0.4, True),  # seen at two weights: whatever is missing cannot move it
    ],
)
def test_an_unfinished_scan_offers_what_the_rest_cannot_move(
    reached: float, damaged_from: float, offer: bool
) -> None:
    made = [c for c in cells(plan(), damaged_from=damaged_from) if c.cell.weight >= reached]
    proposal = offered(outcome(plan(), made))
    assert proposal.is_offered == offer
    assert says(proposal.reason, reasons._UNSETTLED) != offer


def test_one_failed_picture_of_many_does_not_withhold_the_range() -> None:
    made = [c for c in cells(plan(), damaged_from=-0.6) if c.cell != ScanCell(-0.9, 0, 3)]
    assert offered(outcome(plan(), made)).is_offered


@pytest.mark.parametrize("damaged_from", [-9.0, -0.5])
def test_a_single_negative_weight_offers_nothing(damaged_from: float) -> None:
    asked = plan((-0.5, 0.5, 1.0))
    proposal = offered(outcome(asked, cells(asked, damaged_from=damaged_from)))
    assert not proposal.is_offered
    assert says(proposal.reason, reasons._SINGLE)


def test_a_scan_that_did_not_look_far_narrows_nothing() -> None:
    short = plan((-0.1, -0.2, -0.3))
    proposal = offered(outcome(short, cells(short)))
    assert not proposal.is_offered
    assert says(proposal.reason, reasons._TOO_SHORT)
    assert fields(proposal.reason)["reach"] == "−0.3"
    just = plan((-0.1, -0.3, -0.5))
    assert offered(outcome(just, cells(just))).is_offered
    slider = card("ink", "slider", family=ModelFamily.SDXL)
    assert says(offered(outcome(plan(), cells(plan())), slider).reason, reasons._NO_LIMIT)
    unknown = card("ink", "unknown", family=ModelFamily.SDXL)
    assert offered(outcome(plan(), cells(plan())), unknown).is_offered


@pytest.mark.parametrize(
    ("looks", "why"), [(NOISE, "noise"), (LATENT, "blotches"), (BLACK, "a single tone")]
)
def test_pictures_that_are_broken_at_zero_are_said_and_nothing_is_judged(
    looks: PictureStatistics, why: str
) -> None:
    found = outcome(plan(), cells(plan(), at_zero=looks))
    assert "6 of 6 pictures are broken at weight 0" in found.sentence
    assert f"({why})" in found.sentence
    assert found.bracket is None
    assert not offered(found).is_offered


def test_half_of_the_pictures_at_zero_must_be_broken() -> None:
    def mixed(broken: int) -> ScanVerdict:
        made = cells(plan())
        return judge(
            [
                replace(c, measures=replace(c.measures, looks=NOISE))
                if c.cell.weight == 0 and c.cell.seed < broken
                else c
                for c in made
            ]
        )

    assert mixed(2).broken == 0
    assert mixed(3).broken == 3


@pytest.mark.parametrize(("seeds", "says"), [(1, "one picture"), (5, "5 pictures"), (6, "")])
def test_the_verdict_of_few_pictures_says_how_few(seeds: int, says: str) -> None:
    asked = plan(seeds=seeds)
    told = outcome(asked, cells(asked, damaged_from=-0.6)).sentence
    assert ("per weight only" in told) == bool(says)
    assert says in told


def test_the_sweet_spot_keeps_out_of_the_onsets_band() -> None:
    """A third of the pictures break early, so that the band reaches nearer to 0 than the floor."""
    asked = plan(seeds=6)
    made = [
        replace(c, measures=replace(c.measures, looks=replace(PICTURE, noise=20.0)))
        if c.cell.weight <= (-0.4 if c.cell.seed < 2 else -0.8)
        else c
        for c in cells(asked)
    ]
    found = judge(made)
    assert found.onset is not None
    assert found.weight_range is not None
    assert found.weight_range.sweet_spot is not None
    assert found.weight_range.floor is not None
    assert found.weight_range.floor < found.onset.band[0]
    assert found.weight_range.sweet_spot[1] >= found.onset.band[0]


def quick(onset: float | None, floor: float) -> ScanOutcome:
    band = (onset + 0.1, onset - 0.1) if onset is not None else None
    return ScanOutcome(
        plan(),
        QuickVerdict(
            ScanBracket(0.3, onset, band, "abc"),
            WeightRange(floor, source=RangeSource.MEASURED, reference="quick scan"),
            (QuickPoint(-0.5, 0.1, 0.05, 0.5, 0.2),),
            "departure" if onset is not None else "",
        ),
    )


@pytest.mark.parametrize(
    ("onset", "floor", "offer"),
    [(None, -1.0, False), (-0.72, -0.7, False), (-0.52, -0.5, False), (-0.47, -0.45, True)],
)
def test_a_quick_scan_only_ever_narrows(onset: float | None, floor: float, offer: bool) -> None:
    proposal = offered(quick(onset, floor))
    assert (proposal.is_offered, proposal.trusted) == (offer, False)
    assert says(proposal.reason, reasons._QUICK_NEVER_WIDENS) != offer


def measured(floor: float, scan: str) -> LoraCard:
    return replace(
        style(),
        ranges=(WeightRange(floor, source=RangeSource.MEASURED),),
        bracket=ScanBracket(0.3, None, None, "abc", scan),
    )


@pytest.mark.parametrize(
    ("lora", "floor", "advice"),
    [
        (style(), -0.65, "The range in force ends before, at −0.5."),
        (style(), -0.5, "Go no lower than −0.5."),
        (style(), -0.45, "Go no lower than −0.45."),
        (style(), 0.0, "Use no negative weight of it."),
        (
            card("her", "character", family=ModelFamily.SDXL),
            -0.65,
            "The range in force allows no negative weight of it.",
        ),
        (card("slider", "slider", family=ModelFamily.SDXL), -0.65, "Go no lower than −0.65."),
        (None, -0.65, "Go no lower than −0.65."),
    ],
)
def test_a_quick_scan_names_the_range_in_force_where_that_is_narrower(
    lora: LoraCard | None, floor: float, advice: str
) -> None:
    told = quick(floor - 0.02, floor).told(in_force(lora) if lora is not None else None)
    assert told.startswith("Damage is to be expected from")
    assert told.endswith(advice)


def test_a_quick_scan_without_damage_names_a_range_that_ends_before() -> None:
    clean = quick(None, -1.0)
    assert clean.told(in_force(style())).endswith("The range in force ends before, at −0.5.")
    assert clean.told(None) == clean.sentence


def test_a_quick_scan_does_not_replace_pictures() -> None:
    proposal = offered(quick(-0.47, -0.45), measured(-0.8, "0123456789abcdef"))
    assert not proposal.is_offered
    assert says(proposal.reason, reasons._MEASURED_ALREADY)


def test_a_quick_scan_that_was_saved_before_never_widens_either() -> None:
    for floor, scan, allowed in (
        (-0.8, "0123-quick", -0.5), (-0.2, "0123-quick", -0.2), (-0.8, "0123", -0.8),
    ):  # fmt: skip
        found = range_in_force(measured(floor, scan), ModelFamily.SDXL)
        assert found is not None
        assert found.floor == allowed


def test_every_outcome_is_read_back_as_it_was() -> None:
    few = plan((-1.0, -0.5), seeds=1)
    pair = plan((-0.5,), seeds=2)
    found = [
        outcome(plan(), cells(plan(), damaged_from=-0.6)),
        outcome(plan(), cells(plan())),
        outcome(plan(), cells(plan())[:20]),
        outcome(plan(), cells(plan(), at_zero=NOISE)),
        outcome(few, cells(few)),
        outcome(pair, cells(pair)),
        outcome(plan(), []),
        quick(None, -1.0),
        quick(-0.47, -0.45),
    ]
    for item in found:
        record = json.loads(json.dumps(item.to_record(), allow_nan=False))
        again = from_record(item.plan, record, quick=item.quick)
        assert again is not None
        assert again.to_record() == item.to_record()
        assert (again.sentence, again.notes) == (item.sentence, item.notes)
        assert offered(again) == offered(item)


OLD: dict[str, Any] = {
    "schema": 1,
    "sentence": "Negative weights make the pictures flatter; damage starts at −0.6.",
    "notes": [],
    "bracket": {
        "suppression": 0.5, "bleeding_onset": -0.6, "onset_band": [-0.3, -0.7],
        "checkpoint": "abc", "scan": "", "date": "",
    },
    "weight_range": {
        "floor": -0.5, "ceiling": None, "sweet_spot": [-0.2, -0.5], "source": "measured",
        "reference": "scan of 11 weights",
    },
    "suppression": {"value": 0.5, "low": 0.4, "high": 0.6},
    "changes": ["-contrast"],
    "onset": {
        "weight": -0.6, "index": 5, "band": [-0.3, -0.7], "reason": "band", "cause": "noise",
        "outside": 6, "pairs": 6, "certainty": 1.0,
    },
    "ceiling_onset": None, "bend": None, "plateau": None, "spill": None, "best_at_zero": False,
    "points": [
        {"weight": w, "pairs": 6, "effect": None, "effect_spread": None, "damage": 0.1,
         "damage_spread": 0.0, "outside": 0.0, "cause": "noise"} for w in (-0.6, 0.0)
    ],
    "reach": -1.0, "pairs": 6,
}  # fmt: skip


def test_an_old_record_is_read_and_keeps_todays_promises() -> None:
    found = from_record(plan(), OLD)
    assert found is not None
    assert found.sentence == (
        "Negative weights make the pictures flatter; damage starts at −0.6 (noise, on 6 of 6 "
        "pictures), so go no lower than −0.5; best between −0.2 and −0.3."
    )
    assert offered(found).is_offered
    unfinished = from_record(plan(), OLD, settled=False)
    assert unfinished is not None
    assert not offered(unfinished).is_offered


@pytest.mark.parametrize(
    "damage",
    [{"onset": {"weight": "x"}}, {"points": [{}]}, {"pairs": 1e999}, {"sentence": ""}],
)
def test_a_damaged_record_is_no_outcome(damage: dict[str, Any]) -> None:
    assert from_record(plan(), {**OLD, **damage}) is None
