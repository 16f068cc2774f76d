"""The numbers of the rules that no other table holds: each just inside and just outside.

Floors are in `test_negative_range`, CFG and text encoder in `test_weights_and_cfg`, sums in
`test_stacking_budget`, moved tags in `test_moved_tags`, shares of captions in
`test_negative_prompt`, the points of bleeding in `test_bleeding`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib_lora_neg.loras.card import (
    QUICK_SUFFIX,
    DataWidth,
    LoraCard,
    RangeSource,
    ScanBracket,
    Trigger,
    WeightRange,
)
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import (
    DEFAULT_RULE_MODES,
    Effect,
    GuardSettings,
    Mode,
)
from lib_lora_neg.policy.matrix import DEFAULT_FLOORS, floor_key, matrix_row, range_in_force
from tests.support.cards import card
from tests.support.planning import guard
from tests.support.sentences import fields

SDXL, FLUX = ModelFamily.SDXL, ModelFamily.FLUX


def test_the_default_of_each_rule() -> None:
    enforced = {rule for rule, mode in DEFAULT_RULE_MODES.items() if mode is Mode.ENFORCE}
    assert enforced == {"R1", "R1f", "R2", "R3", "R8", "R11a", "R11b"}
    assert Mode.OFF not in DEFAULT_RULE_MODES.values()


def test_the_numbers_of_the_settings() -> None:
    own = GuardSettings()
    assert (own.clamp_confidence, own.drop_confidence) == (0.7, 0.85)
    assert (own.cfg_ceiling, own.text_encoder) == (6.0, 0.5)
    assert (own.budget, own.degraded, own.budget_relative) == (2.5, 3.0, False)


@pytest.mark.parametrize(
    ("kind", "width", "family", "floor", "spot"),
    [
        ("style", DataWidth.UNKNOWN, SDXL, -0.5, (-0.3, -0.5)),
        ("style", DataWidth.WIDE, SDXL, -0.7, (-0.3, -0.5)),
        ("style", DataWidth.NARROW, SDXL, -0.5, (-0.3, -0.5)),
        ("concept", DataWidth.WIDE, SDXL, -0.3, (-0.1, -0.3)),
        ("character", DataWidth.WIDE, SDXL, 0.0, None),
        ("dedicated_negative", DataWidth.UNKNOWN, SDXL, -1.0, (-1.0, -1.0)),
        ("slider", DataWidth.UNKNOWN, SDXL, None, None),
        ("accelerator", DataWidth.UNKNOWN, SDXL, None, None),
        ("trigger_negative", DataWidth.UNKNOWN, SDXL, None, None),
        ("unknown", DataWidth.UNKNOWN, SDXL, None, None),
        ("style", DataWidth.WIDE, FLUX, -2.0, (-1.0, -2.0)),
        ("concept", DataWidth.UNKNOWN, FLUX, -2.0, (-1.0, -2.0)),
        ("character", DataWidth.UNKNOWN, FLUX, 0.0, None),
    ],
)
def test_the_type_table(
    kind: str,
    width: DataWidth,
    family: ModelFamily,
    floor: float | None,
    spot: tuple[float, float] | None,
) -> None:
    row = matrix_row(card("x", kind, width=width), family)
    assert row is not None
    assert (row.floor, row.sweet_spot) == (floor, spot)


@pytest.mark.parametrize(
    ("key", "kind", "width", "family", "floor"),
    [
        ("style", "style", DataWidth.UNKNOWN, SDXL, -0.5),
        ("style_wide", "style", DataWidth.WIDE, SDXL, -0.7),
        ("concept", "concept", DataWidth.UNKNOWN, SDXL, -0.3),
        ("character", "character", DataWidth.UNKNOWN, SDXL, 0.0),
        ("dedicated_negative", "dedicated_negative", DataWidth.UNKNOWN, SDXL, -1.0),
        ("flux_style", "style", DataWidth.WIDE, FLUX, -2.0),
        ("flux_concept", "concept", DataWidth.UNKNOWN, FLUX, -2.0),
        ("flux_character", "character", DataWidth.UNKNOWN, FLUX, 0.0),
        (None, "slider", DataWidth.UNKNOWN, SDXL, None),
        (None, "style", DataWidth.UNKNOWN, ModelFamily.WAN, None),
    ],
)
def test_the_floors_that_a_person_may_set(
    key: str | None, kind: str, width: DataWidth, family: ModelFamily, floor: float | None
) -> None:
    assert floor_key(card("x", kind, width=width), family) == key
    assert (DEFAULT_FLOORS[key] if key else None) == floor
    assert len(DEFAULT_FLOORS) == 8


@pytest.mark.parametrize("family", ["chroma", "zimage", "qwen", "wan", "krea", "unknown"])
def test_families_without_evidence_have_no_row(family: str) -> None:
    assert matrix_row(card("x", "style"), ModelFamily(family)) is None


@pytest.mark.parametrize(
    ("own", "spot"),
    [
        (-1.0, (-0.3, -0.5)),
        (-0.5, (-0.3, -0.5)),
        (-0.4, (-0.3, -0.4)),
        (-0.3, (-0.3, -0.3)),
        (-0.299, None),
    ],
)
def test_a_floor_of_the_users_own_cuts_the_sweet_spot(
    own: float, spot: tuple[float, float] | None
) -> None:
    found = range_in_force(card("x", "style"), SDXL, {"style": own})
    assert found is not None
    assert (found.floor, found.sweet_spot) == (own, spot)
    assert DEFAULT_FLOORS["style"] == -0.5


def trigger_of(confidence: float) -> LoraCard:
    made = card("x", "style")
    return replace(made, triggers=(Trigger("oilpaint", "test", confidence),))


@pytest.mark.parametrize(("confidence", "left"), [(0.6, "b"), (0.599, "oilpaint, b")])
def test_a_trigger_goes_from_a_confidence_on(confidence: float, left: str) -> None:
    result = guard("<lora:x:1>", "oilpaint, b", cards=(trigger_of(confidence),), cfg=5)
    assert result.first.negative_prompts == (left,)
    assert [finding.rule for finding in result.findings] == ["R2"]


@pytest.mark.parametrize(
    ("floor", "after"),
    [(-0.001, "-0.001"), (0.0, "-0.5"), (0.3, "-0.5")],
)
def test_a_range_of_a_page_counts_from_below_zero(floor: float, after: str) -> None:
    page = (WeightRange(floor, source=RangeSource.SIDECAR),)
    result = guard("<lora:x:-0.9>", cards=(card("x", "style", ranges=page),), cfg=5)
    assert result.first.prompts == (f"<lora:x:{after}>",)


@pytest.mark.parametrize("weights", ["-0.9", "-0.9:neg=-1", "0:neg=0.5"])
@pytest.mark.parametrize("floor", [0.0, 0.4])
def test_where_no_negative_weight_is_safe_none_becomes_positive(floor: float, weights: str) -> None:
    measured = (WeightRange(floor, source=RangeSource.MEASURED),)
    cards = (card("x", "style", ranges=measured),)
    assert guard(f"a <lora:x:{weights}>", cards=cards, cfg=5).first.prompts == ("a",)
    assert guard("a <lora:x:0.2>", cards=cards, cfg=5).first.prompts == ("a <lora:x:0.2>",)


@pytest.mark.parametrize(("cfg", "said"), [(0.999, False), (1.0, True), (1.001, False)])
def test_cfg_1_has_no_negative_prompt(cfg: float, said: bool) -> None:
    found = guard("a", "b", cfg=cfg).findings
    assert [(f.rule, f.effect) for f in found] == ([("cfg-1", Effect.ADVISED)] if said else [])


@pytest.mark.parametrize(
    ("prompt", "total"),
    [
        ("<lora:x:2.6>", 2.6),
        ("<lora:x:2.6><lora:y:0>", 2.6),
        ("<lora:x:2><lora:y:-0.6>", 2.6),
        ("<lora:x:2.6><lora:y:1:guard=-R5>", 2.6),
        ("<lora:x:2.6><lora:y:0@1,1@0>", 2.6),
        ("<lora:x:0.2:2.6>", 2.6),
        ("<lora:x:2.6><lora:z:5>", 2.6),
        ("<lora:x:1><lora:big:4>", 3.0),
    ],
)
def test_what_a_sum_is_made_of(prompt: str, total: float) -> None:
    cards = (
        card("x", "style"),
        card("y", "concept"),
        card("z", "slider"),
        card("big", "style", preferred_weight=2.0),
    )
    found = guard(prompt, cards=cards, cfg=5, rules={"R1": Mode.OFF}).findings
    totals = {f.number("total") for f in found if f.rule == "R5"}
    assert {round(number or 0.0, 6) for number in totals} == {total}


@pytest.mark.parametrize(
    ("tag", "family", "rules"),
    [
        ("<lora:x:-0.9@0,0.4@1>", SDXL, ["R1"]),
        ("<lora:x:[-0.9@0,0.5@0.5]>", SDXL, ["R1"]),
        ("<lora:x:0.5:-0.9@0,0.4@1>", SDXL, ["R1"]),
        ("<lora:x:-0.9@0,0.4@1:0.5>", SDXL, ["R1"]),
        ("<lora:x:-0.501@0,0.4@1>", SDXL, ["R1"]),
        ("<lora:x:-0.5@0,0.4@1>", SDXL, []),
        ("<lora:x:0.9@0,0.4@1>", SDXL, []),
        ("<lora:x:-2.001@0,0.4@1>", FLUX, ["R1f"]),
        ("<lora:x:-0.9@0,0.4@1>", FLUX, []),
    ],
)
def test_a_schedule_is_judged_by_its_minimum_and_never_rewritten(
    tag: str, family: ModelFamily, rules: list[str]
) -> None:
    result = guard(tag, cards=(card("x", "style"),), cfg=1, family=family, weight_schedules=True)
    assert not result.changed
    assert [(f.rule, f.before, f.after) for f in result.findings] == [(r, tag, tag) for r in rules]


@pytest.mark.parametrize(
    ("kind", "weight", "with_floor"),
    [
        ("style", "-0.5", False),
        ("style", "-0.501", True),
        ("concept", "-0.3", False),
        ("concept", "-0.301", True),
        ("slider", "-5", None),
        ("unknown", "-5", False),
    ],
)
def test_families_without_evidence_hear_of_the_floor_on_sd_below_it(
    kind: str, weight: str, with_floor: bool | None
) -> None:
    asked = {"family": ModelFamily.WAN, "rules": {"R5": Mode.OFF}}
    result = guard(f"<lora:x:{weight}>", cards=(card("x", kind),), cfg=5, **asked)
    assert not result.changed
    assert [bool(f.source) for f in result.findings] == ([] if with_floor is None else [with_floor])


def test_a_tag_that_cannot_go_stands_at_0() -> None:
    result = guard("x(<lora:p:-0.5>)y", cards=(card("p", "character"),), cfg=5)
    assert result.first.prompts == ("x(<lora:p:0>)y",)


def test_what_a_removal_brings_together_goes_too_and_is_told() -> None:
    made = card("m", "style", triggers=("red dress", "kzx"))
    result = guard("<lora:m:1>", "red kzx dress, x", cards=(made,), cfg=5)
    assert result.first.negative_prompts == ("x",)
    told = [(f.effect, f.before) for f in result.findings]
    assert told == [(Effect.ENFORCED, "kzx"), (Effect.ENFORCED, "red dress")]


@pytest.mark.parametrize("name", ["nope:1:guard=-R11", "nope:1:guard=off"])
def test_an_unknown_name_that_stays_drops_all(name: str) -> None:
    prompt = f"<lora:{name}> <lora:s:-0.9>"
    result = guard(prompt, cards=(card("s", "style"),), cfg=9, unknown_lora_drops_all=True)
    assert not result.changed


def test_each_lora_of_a_prompt_is_looked_at() -> None:
    cards = (card("c", "concept"), card("n", "style", parts=None), card("s", "style"))
    result = guard("<lora:c:1><lora:n:0.9:-0.2><lora:s:0.9:-0.2>", cards=cards, cfg=5)
    assert [(f.rule, f.lora) for f in result.findings] == [("R4", "s")]


QUICK = ScanBracket(0.3, -0.4, None, "abcdef1234", date="2026-11-21", scan=f"0123{QUICK_SUFFIX}")


@pytest.mark.parametrize(
    ("kind", "family", "quick", "floor"),
    [
        ("style", SDXL, -0.4, -0.4),
        ("style", SDXL, -0.5, -0.5),
        ("style", SDXL, -0.501, -0.5),
        ("style", FLUX, -1.9, -1.9),
        ("style", FLUX, -2.1, -2.0),
        ("style", ModelFamily.WAN, -3.0, -3.0),
        ("slider", SDXL, -3.0, -3.0),
        ("character", SDXL, -0.2, 0.0),
    ],
)
def test_a_quick_scan_never_widens(
    kind: str, family: ModelFamily, quick: float, floor: float
) -> None:
    measured = (WeightRange(quick, source=RangeSource.MEASURED),)
    found = range_in_force(replace(card("x", kind, ranges=measured), bracket=QUICK), family)
    assert found is not None
    assert found.floor == floor
    # Of two equal floors the measured one is named.
    assert (found.source is RangeSource.MEASURED) is (quick == floor)


@pytest.mark.parametrize(
    ("kind", "width", "count", "named"),
    [
        ("style", DataWidth.WIDE, 800, {"width", "count"}),
        ("style", DataWidth.WIDE, None, {"width"}),
        ("style", DataWidth.UNKNOWN, 800, set()),
        ("concept", DataWidth.WIDE, 800, set()),
    ],
)
def test_the_data_of_a_style_is_named(
    kind: str, width: DataWidth, count: int | None, named: set[str]
) -> None:
    made = card("x", kind, width=width, images=count)
    (finding,) = [
        f for f in guard("<lora:x:-0.9>", cards=(made,), cfg=5).findings if f.rule == "R1"
    ]
    assert set(fields(finding.reason)) & {"width", "count"} == named


@pytest.mark.parametrize(
    ("tag", "after"),
    [
        ("<lora:p:0:-0.5>", ""),
        ("<lora:p:-0.5:0>", ""),
        ("<lora:p:0.001:-0.5>", "<lora:p:0.001:0>"),
        ("<lora:p:-0.5:0.001>", "<lora:p:0:0.001>"),
    ],
)
def test_a_character_goes_where_nothing_positive_is_left(tag: str, after: str) -> None:
    result = guard(tag, cards=(card("p", "character"),), cfg=5)
    assert result.first.prompts == (after,)


@pytest.mark.parametrize(
    ("mode", "family", "changed"),
    [
        (Mode.ENFORCE, SDXL, True),
        (Mode.OFF, SDXL, False),
        (Mode.ENFORCE, FLUX, False),
        (Mode.ENFORCE, ModelFamily.WAN, False),
    ],
)
def test_where_the_text_encoder_is_set(mode: Mode, family: ModelFamily, changed: bool) -> None:
    rules = {"R4": mode, "R1": Mode.OFF, "R1f": Mode.OFF}
    result = guard("<lora:x:-0.2>", cards=(card("x", "style"),), cfg=5, family=family, rules=rules)
    assert result.changed is changed


@pytest.mark.parametrize(
    ("kind", "spot"), [("style", True), ("concept", True), ("dedicated_negative", False)]
)
def test_a_range_of_one_number_is_told_as_one(kind: str, spot: bool) -> None:
    result = guard("<lora:x:-1.5>", cards=(card("x", kind),), cfg=5)
    (finding,) = [f for f in result.findings if f.rule == "R1"]
    assert ("near" in fields(finding.reason)) is spot


@pytest.mark.parametrize(
    ("embedding", "left"), [("easyneg", "easyneg, b"), ("OilPaint", "oilpaint, easyneg, b")]
)
def test_an_embedding_keeps_its_own_name_alone(embedding: str, left: str) -> None:
    made = trigger_of(0.95)
    loaded = frozenset({embedding})
    result = guard("<lora:x:1>", "oilpaint, easyneg, b", cards=(made,), cfg=5, embeddings=loaded)
    assert result.first.negative_prompts == (left,)


def test_a_strength_that_is_no_number_reaches_nothing() -> None:
    found = guard("<lora:x:0.8:neg=abc>", "b", cards=(card("x", "style"),), cfg=5).findings
    (note,) = [finding for finding in found if finding.rule == "branches"]
    assert dict(note.numbers) == {"before": 0.8}


@pytest.mark.parametrize(
    ("prompt", "drops_all", "after"),
    [
        ("<lora:nope:1> <lora:x:-0.9>", False, "<lora:nope:1> <lora:x:-0.5>"),
        ("<lora:nope:1> <lora:x:-0.9>", True, "<lora:x:-0.5>"),
        ("<lora:x:-0.9>", True, "<lora:x:-0.5>"),
    ],
)
def test_an_unknown_name_hides_no_other_lora(prompt: str, drops_all: bool, after: str) -> None:
    cards = (card("x", "style"),)
    result = guard(prompt, cards=cards, cfg=5, unknown_lora_drops_all=drops_all)
    assert result.first.prompts == (after,)


@pytest.mark.parametrize("tag", ["<lora:x:[0.9@0,0.5@0.5]:-0.7>", "<lora:x:-0.7:neg=-0.7>"])
def test_bleeding_is_told_of_one_plain_weight_alone(tag: str) -> None:
    wide = card("x", "style", width=DataWidth.WIDE)
    found = guard(tag, cards=(wide,), cfg=5, weight_schedules=True).findings
    assert "R10" not in {finding.rule for finding in found}


def test_a_dedicated_negative_with_a_schedule_is_told_on_flux() -> None:
    tag = "<lora:d:[-0.9@0,0.5@0.5]>"
    cards = (card("d", "dedicated_negative", family=SDXL),)
    result = guard(tag, cards=cards, cfg=1, family=FLUX, weight_schedules=True)
    assert [f.before for f in result.findings if f.rule == "R1f"] == [tag]


def test_a_strength_of_0_on_the_prompt_s_branch_is_0() -> None:
    found = guard("<lora:x:0:neg=0.3>", "b", cards=(card("x", "style"),), cfg=1.0).findings
    (note,) = [finding for finding in found if finding.rule == "branches"]
    assert dict(note.numbers) == {"before": 0.0, "reaches": 0.0}
