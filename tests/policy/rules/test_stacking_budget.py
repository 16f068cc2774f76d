"""R5: the budget of all weights together."""

from __future__ import annotations

import pytest

from lib_lora_neg.policy import (
    Mode,
)
from lib_lora_neg.policy.budget import DEGRADED, OVER
from tests.support.cards import TYPED_CARDS, card
from tests.support.planning import guard
from tests.support.sentences import says


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("<lora:s:1.5><lora:o:1>", None),
        ("<lora:s:1.5><lora:o:1.2>", OVER),
        ("<lora:s:2><lora:o:1.2>", DEGRADED),
        ("<lora:s:2><lora:o:-0.6>", OVER),
        ("<lora:s:2><lora:o:2:guard=off>", None),
    ],
)
def test_budget_advice(prompt: str, said: str | None) -> None:
    result = guard(prompt, cards=TYPED_CARDS, cfg=5, rules={"R1": Mode.OFF})
    findings = [f for f in result.findings if f.rule == "R5"]
    assert bool(findings) is (said is not None)
    assert all(says(f.reason, said) for f in findings if said)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ((1.5, 1.0), None),
        ((1.5, 1.001), OVER),
        ((1.5, 1.5), OVER),
        ((1.5, 1.501), DEGRADED),
        ((-1.5, 1.0), None),
        ((-1.5, 1.001), OVER),
        # 2.5000000000000004 and 3.0000000000000004 as floats.
        ((1.1, 1.3, 0.1), None),
        ((1.1, 1.3, 0.101), OVER),
        ((2.2, 0.2, 0.6), OVER),
        ((2.2, 0.2, 0.601), DEGRADED),
    ],
)
def test_the_two_sums_of_the_budget(weights: tuple[float, ...], said: str | None) -> None:
    names = ("s", "o", "p")[: len(weights)]
    prompt = "".join(f"<lora:{name}:{w}>" for name, w in zip(names, weights, strict=True))
    cards = (*TYPED_CARDS, card("p", "style"))
    result = guard(prompt, cards=cards, cfg=5, rules={"R1": Mode.OFF})
    reasons = [f.reason for f in result.findings if f.rule == "R5"]
    assert bool(reasons) is (said is not None)
    assert all(says(reason, said) for reason in reasons if said)


@pytest.mark.parametrize("tag", ["sl:-5", "sl:5", "sl:10", "ac:1", "ac:5"])
def test_sliders_and_accelerators_take_nothing_of_the_budget(tag: str) -> None:
    for mode in (Mode.ADVISE, Mode.ENFORCE):
        prompt = f"<lora:{tag}> <lora:s:2.4>"
        result = guard(prompt, cards=TYPED_CARDS, cfg=5, rules={"R5": mode})
        assert not result.findings


@pytest.mark.parametrize(
    ("preferred", "prompt", "over"),
    [
        (2.0, "<lora:strong:2.6> <lora:s:1.2>", False),
        (2.0, "<lora:strong:2.6> <lora:s:1.21>", True),
        (None, "<lora:strong:2.6>", True),
        (0.5, "<lora:strong:0.7> <lora:s:1.8>", False),
        (0.5, "<lora:strong:0.7> <lora:s:1.81>", True),
        (float("inf"), "<lora:strong:2.6>", True),
        (0.0, "<lora:strong:2.6>", True),
    ],
)
def test_a_stated_strength_is_what_a_lora_counts_for(
    preferred: float | None, prompt: str, over: bool
) -> None:
    strong = card("strong", "style", preferred_weight=preferred)
    result = guard(prompt, cards=(*TYPED_CARDS, strong), cfg=5)
    assert bool([f for f in result.findings if f.rule == "R5"]) is over
    guard(prompt, cards=(*TYPED_CARDS, strong), cfg=5, rules={"R5": Mode.ENFORCE})


def test_budget_enforced_scales_all_in_proportion() -> None:
    result = guard("<lora:s:2><lora:o:2>", cards=TYPED_CARDS, cfg=5, rules={"R5": Mode.ENFORCE})
    assert result.first.prompts == ("<lora:s:1.25><lora:o:1.25>",)


def test_budget_relative_to_preferred_weights() -> None:
    strong = card("strong", "style", preferred_weight=3.0)
    settings = {"budget_relative": True}
    assert not guard("<lora:strong:3>", cards=(strong,), settings=settings).findings
