"""R8: where a tag in the negative prompt moves to, and from which confidence on."""

from __future__ import annotations

import pytest

from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import (
    GenerationRequest,
    PromptSet,
    plan,
)
from tests.support.cards import card
from tests.support.planning import guard


@pytest.mark.parametrize(
    ("kind", "confidence", "prompt", "negative"),
    [
        ("style", 0.7, "a <lora:x:-0.4>", "b"),
        ("style", 0.699, "a", "b, <lora:x:0.4>"),
        ("character", 0.7, "a", "b"),
        ("character", 0.699, "a", "b, <lora:x:0.4>"),
    ],
)
def test_a_tag_moves_from_a_confidence_on(
    kind: str, confidence: float, prompt: str, negative: str
) -> None:
    cards = (card("x", kind, confidence=confidence),)
    result = guard("a", "b, <lora:x:0.4>", cards=cards, cfg=5)
    assert (result.first.prompts, result.first.negative_prompts) == ((prompt,), (negative,))


@pytest.mark.parametrize(
    ("kind", "weight", "moved"),
    [
        ("style", "0.9", "<lora:x:-0.5>"),
        ("style", "-0.4", "<lora:x:-0.4>"),
        ("concept", "0.9", "<lora:x:-0.3>"),
        ("slider", "3", "<lora:x:-3>"),
        ("dedicated_negative", "1", "<lora:x:-1>"),
        ("trigger_negative", "-0.9", "<lora:x:0.9>"),
    ],
)
def test_where_a_tag_moves_to(kind: str, weight: str, moved: str) -> None:
    result = guard("a", f"<lora:x:{weight}>", cards=(card("x", kind),), cfg=5)
    assert result.first.prompts == (f"a {moved}",)


def test_a_type_that_is_not_known_moves_nowhere_however_sure() -> None:
    result = guard("a", "b, <lora:x:0.4>", cards=(card("x", "unknown", confidence=1.0),), cfg=5)
    assert not result.changed


def test_a_moved_tag_is_added_to_each_prompt_that_lacks_it() -> None:
    cards = {name: card(name, "style") for name in ("s", "c")}
    asked = PromptSet(("a", "b <lora:s:0.3>"), ("x, <lora:s:0.4>, <lora:c:0.2>", "x"), 5.0)
    made = plan(GenerationRequest(asked, family=ModelFamily.SDXL), cards).first
    assert made.prompts == ("a <lora:s:-0.4> <lora:c:-0.2>", "b <lora:s:0.3> <lora:c:-0.2>")
    assert made.negative_prompts == ("x", "x")
