"""The stacking budget that pages show: the same sum that R5 judges."""

from __future__ import annotations

import pytest

from lib_lora_neg.loras.card import LoraType
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import GenerationRequest, GuardSettings, Mode, PromptSet, plan
from lib_lora_neg.policy.budget import DEGRADED, OVER, WITHIN
from lib_lora_neg.policy.rules.r5_budget import RULE
from lib_lora_neg.policy.stack import PlannedStack, planned_stack
from tests.support.cards import card

CARDS = {
    made.name: made
    for made in (
        card("s", "style"),
        card("o", "style"),
        card("strong", "style", preferred_weight=2.0),
        card("weak", "style", preferred_weight=0.5),
        card("slide", "slider"),
        card("fast", "accelerator"),
        card("bad", "dedicated_negative"),
        card("free", "style", guard_off=True),
    )
}


def stack_of(prompt: str, **options: object) -> PlannedStack | None:
    settings = GuardSettings(**options)
    request = GenerationRequest(PromptSet((prompt,), ("",), 5.0), family=ModelFamily.SDXL)
    return planned_stack(plan(request, CARDS, settings), CARDS, settings)


@pytest.mark.parametrize(
    ("prompt", "total", "state"),
    [
        ("<lora:s:1.5> <lora:o:1>", 2.5, WITHIN),
        ("<lora:s:1.5> <lora:o:1.001>", 2.501, OVER),
        ("<lora:s:2> <lora:o:-0.5>", 2.5, WITHIN),
        ("<lora:s:2> <lora:o:-1>", 3.0, OVER),
        ("<lora:s:2> <lora:o:1>", 3.0, OVER),
        ("<lora:s:2> <lora:o:1.001>", 3.001, DEGRADED),
        ("<lora:strong:2> <lora:s:1.5>", 2.5, WITHIN),
        ("<lora:weak:0.5> <lora:s:2>", 2.5, WITHIN),
        ("no LoRA", 0.0, WITHIN),
    ],
)
def test_the_sum_and_its_two_bounds(prompt: str, total: float, state: str) -> None:
    found = stack_of(prompt, rules={"R1": Mode.OFF})
    assert found is not None
    assert found.made.total == pytest.approx(total)
    assert found.made.state == state


@pytest.mark.parametrize(
    ("prompt", "shares"),
    [
        ("<lora:weak:0.5> <lora:strong:3>", [1.0, 1.5]),
        ("<lora:s:0.5> <lora:strong:1>", [0.5, 0.5]),
    ],
)
def test_all_relative_to_the_preferred_weights(prompt: str, shares: list[float]) -> None:
    found = stack_of(prompt, budget_relative=True)
    assert found is not None
    assert [share.share for share in found.made.shares] == shares
    assert found.made.relative


@pytest.mark.parametrize(
    "tag",
    [
        "slide:5",
        "fast:1",
        "bad:-1",
        "free:2",
        "s:2:guard=off",
        "s:2:guard=-R5",
        "nobody:3",
        "s:[1@0,0@1]",
    ],
)
def test_what_is_left_out_says_why(tag: str) -> None:
    found = stack_of(f"<lora:{tag}> <lora:o:2.4>")
    assert found is not None
    left, counted = found.made.shares
    assert left.left_out
    assert not left.share
    assert (counted.share, counted.left_out) == (2.4, "")
    assert not found.made.exceeded


@pytest.mark.parametrize("kind", list(LoraType))
def test_the_bar_and_the_rule_count_the_same(kind: LoraType) -> None:
    cards = {"x": card("x", kind), "s": card("s", "style")}
    settings = GuardSettings(rules={"R1": Mode.OFF})
    request = GenerationRequest(PromptSet(("<lora:x:0.2> <lora:s:2.4>",), ("",), 5.0))
    planned = plan(request, cards, settings)
    found = planned_stack(planned, cards, settings)
    assert found is not None
    said = [finding for finding in planned.findings if finding.rule == RULE.id]
    assert bool(said) is found.made.exceeded
    assert all(finding.number("total") == found.made.total for finding in said)


def test_enforced_the_picture_is_made_within_the_budget() -> None:
    found = stack_of("<lora:s:2> <lora:o:2>", rules={"R5": Mode.ENFORCE})
    assert found is not None
    assert (found.typed.total, found.made.total) == (4.0, 2.5)


def test_what_other_rules_do_counts() -> None:
    found = stack_of("<lora:s:-0.9> <lora:o:2>")
    assert found is not None
    assert (found.typed.total, found.made.total) == (2.9, 2.5)


def test_nothing_is_said_where_the_rule_is_off() -> None:
    assert stack_of("<lora:s:9>", rules={"R5": Mode.OFF}) is None
    assert stack_of("<lora:s:9>", mode=Mode.OFF) is None
    assert stack_of("<lora:s:9> " + "x" * 60_000) is None


@pytest.mark.parametrize(
    "prompt",
    [
        "<lora:s:1:neg=1e308> <lora:o:2>",
        "<lora:s:1e308:neg=-1e308> <lora:o:1e308>",
        "<lora:s:-1e308:te=1e308> <lora:o:3>",
        "<lora:s:1e400> <lora:o:3>",
    ],
)
def test_weights_of_any_size_are_answered(prompt: str) -> None:
    for mode in (Mode.ADVISE, Mode.ENFORCE):
        assert stack_of(prompt, rules={"R1": Mode.OFF, "R5": mode}) is not None
