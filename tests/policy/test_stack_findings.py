"""What findings say of a stack's sum and of two strengths of one LoRA."""

from __future__ import annotations

import pytest

from lib_lora_neg.loras.card import (
    DataWidth,
    LoraParts,
    RangeSource,
    WeightRange,
)
from lib_lora_neg.policy import Finding, Mode, NegativeTag
from lib_lora_neg.policy.rules import r5_budget
from tests.support.cards import card
from tests.support.planning import guard
from tests.support.sentences import fields, says

CARDS = (
    card("s", "style"),
    card("w", "style", width=DataWidth.WIDE, images=800),
    card("c", "concept"),
)


def findings(prompt: str, negative: str = "", cfg: float = 5.0) -> tuple[Finding, ...]:
    return guard(prompt, negative, cards=CARDS, cfg=cfg).findings


@pytest.mark.parametrize(
    ("relative", "total"), [(True, r5_budget.OF_PREFERRED), (False, r5_budget.IN_ALL)]
)
def test_what_a_sum_is_counted_in(relative: bool, total: str) -> None:
    half = card("half", "style", preferred_weight=0.5)
    asked = {"cards": (half,), "cfg": 5.0, "settings": {"budget_relative": relative}}
    (finding,) = [f for f in guard("<lora:half:3.5>", **asked).findings if f.rule == "R5"]
    assert says(finding.reason, total)


@pytest.mark.parametrize(
    ("neg", "pulls_back"), [("0.3", False), ("0", False), ("-0.001", True), ("-0.3", True)]
)
def test_a_negative_strength_on_the_negative_branch_is_told_apart(
    neg: str, pulls_back: bool
) -> None:
    found = findings(f"<lora:s:0.8:neg={neg}>", "b")
    (note,) = [f for f in found if f.rule == "branches"]
    assert ("acts" in fields(note.reason)) is pulls_back


def test_what_acts_on_the_picture_is_named_beside_cfg() -> None:
    (finding,) = [f for f in findings("<lora:s:0.5:-0.2>", cfg=9.0) if f.rule == "R3"]
    assert fields(finding.reason)["loras"] == "s −0.2"


def test_a_tag_that_moves_to_the_negative_branch_acts_there_alone() -> None:
    # At CFG 5 no more of it reaches the picture than −0.5, its floor.
    made = guard("a", "b, <lora:s:0.4>", cards=CARDS, cfg=5.0, negative_tag=NegativeTag.BRANCH)
    assert made.first.prompts == ("a <lora:s:0:neg=0.125>",)
    gone, come = (finding for finding in made.findings if finding.rule == "R8")
    assert fields(gone.reason)["tag"] == come.after == "<lora:s:0:neg=0.4>"


def test_a_strength_on_its_floor_is_not_cut() -> None:
    page = (WeightRange(-0.12345, source=RangeSource.SIDECAR),)
    tag = "<lora:x:-0.12345:neg=-0.12345>"
    result = guard(tag, "b", cards=(card("x", "style", ranges=page),), cfg=5.0)
    assert result.first.prompts == (tag,)


@pytest.mark.parametrize(
    ("prompt", "scaled"),
    [
        ("<lora:w:3> <lora:c:-0.3>", "<lora:w:2.272> <lora:c:-0.227>"),
        ("<lora:w:-0.7> <lora:c:3>", "<lora:w:-0.472> <lora:c:2.027>"),
    ],
)
def test_a_sum_that_is_scaled_turns_no_sign(prompt: str, scaled: str) -> None:
    made = guard(prompt, cards=CARDS, cfg=5.0, rules={"R5": Mode.ENFORCE, "R10": Mode.OFF})
    assert made.first.prompts == (scaled,)


@pytest.mark.parametrize(
    ("tag", "held"),
    [
        ("<lora:u:-0.9:neg=-0.9>", "<lora:u:-0.5:neg=-0.5>"),
        ("<lora:u:0.3:-0.9:neg=-0.9>", "<lora:u:0.3:-0.5:neg=-0.5>"),
    ],
)
def test_a_lora_without_text_encoder_part_keeps_what_was_written_for_it(
    tag: str, held: str
) -> None:
    own = card("u", "style", parts=LoraParts(False, True))
    assert guard(tag, "b", cards=(own,), cfg=5.0).first.prompts == (held,)


@pytest.mark.parametrize(("neg", "reaches"), [("0", 4.0), ("0.3", 2.8), ("0.8", 0.8)])
def test_what_two_strengths_reach_at_cfg_5(neg: str, reaches: float) -> None:
    found = findings(f"<lora:s:0.8:neg={neg}>", "b")
    (note,) = [f for f in found if f.rule == "branches"]
    assert round(note.number("reaches") or 0.0, 9) == reaches
