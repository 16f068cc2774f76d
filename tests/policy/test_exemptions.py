"""``guard=off`` and ``guard=-R3``: what the user exempts a LoRA from inside its tag."""

from __future__ import annotations

import pytest

from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import Effect, Mode
from lib_lora_neg.prompts import parse
from tests.support.cards import card
from tests.support.planning import guard

STYLE = card("s", "style", triggers=("trig_s",), shares={"koi": 0.8, "ink": 0.95})
OTHER = card("o", "style")
CARDS = (STYLE, OTHER)


@pytest.mark.parametrize(
    ("value", "exempt"),
    [
        ("-R3", {"R3"}),
        ("-R1-R3", {"R1", "R3"}),
        ("-r1,-r3", {"R1", "R3"}),
        (" -R11A ", {"R11a"}),
        ("-R2b-R2", {"R2", "R2b"}),
        ("off", set()),
        ("R3", set()),
        ("-R", set()),
        ("-R3-nonsense", set()),
        ("-" + "R1-" * 100, set()),
    ],
)
def test_reading(value: str, exempt: set[str]) -> None:
    (tag,) = parse(f"<lora:x:1:guard={value}>").tags
    assert tag.exempt == exempt


@pytest.mark.parametrize(
    ("prompt", "expected", "cfg"),
    [
        ("<lora:s:-0.9:guard=-R3>", "<lora:s:-0.5:guard=-R3>", 9),
        ("<lora:s:-0.9:guard=-R1>", "<lora:s:-0.9:guard=-R1>", 6),
        ("<lora:s:-0.9:guard=-R1-R3:lbw=A>", "<lora:s:-0.9:guard=-R1-R3:lbw=A>", 9),
        ("<lora:s:-0.9:guard=-R3> <lora:o:-0.3>", "<lora:s:-0.5:guard=-R3> <lora:o:-0.3>", 6),
        ("<lora:s:-0.9:guard=-R2>", "<lora:s:-0.5:guard=-R2>", 6),
        ("<lora:s:0.5:guard=-R11> <lora:s:0.4>", "<lora:s:0.5:guard=-R11> <lora:s:0.4>", 9),
    ],
)
def test_that_lora_and_that_rule_alone(prompt: str, expected: str, cfg: float) -> None:
    result = guard(prompt, cards=CARDS, cfg=9)
    assert (result.first.prompts, result.first.cfg_scale) == ((expected,), cfg)


def test_r1_covers_flux() -> None:
    result = guard("<lora:s:-3:guard=-R1>", cards=CARDS, cfg=1, family=ModelFamily.FLUX)
    assert not [finding for finding in result.findings if finding.rule in ("R1", "R1f")]


@pytest.mark.parametrize(
    ("exemption", "rule"),
    [("-R2", "R2"), ("-R2b", "R2b"), ("-R6", "R6"), ("-R4", "R4"), ("-R5", "R5")],
)
def test_each_rule_of_words_and_weights_can_be_left_out(exemption: str, rule: str) -> None:
    cards, rules = CARDS, {"R1": Mode.OFF}
    prompt = "<lora:o:{}{}> <lora:s:{}{}>"
    unet = "0.9:-0.9" if rule == "R4" else "2"
    negative = "trig_s, koi, ink"

    def rules_said(mark: str) -> set[str]:
        text = prompt.format(unet, mark, unet, mark)
        result = guard(text, negative, cards=cards, cfg=5, rules=rules)
        return {finding.rule for finding in result.findings}

    assert rule in rules_said("")
    assert rules_said(f":guard={exemption}") == rules_said("") - {rule} | (
        {"R6"} if rule == "R2b" else set()
    )


def test_an_exempt_trigger_negative_still_needs_its_word() -> None:
    wrong = card("wrong_lora", "trigger_negative", triggers=("wrong",))
    other = card("other", "style", triggers=("wrong",))
    result = guard(
        "<lora:wrong_lora:1:guard=off> <lora:other:1>", "wrong", cards=(wrong, other), cfg=5
    )
    assert not result.changed


def test_tags_of_different_exemptions_are_not_merged() -> None:
    result = guard("<lora:s:0.5:guard=-R3> <lora:s:0.4>", cards=CARDS, cfg=5)
    assert not result.changed
    assert [f.effect for f in result.findings if f.rule == "R11a"] == [Effect.ADVISED]
