"""R9: plain-word negation."""

from __future__ import annotations

import pytest

from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import (
    GenerationRequest,
    GuardSettings,
    Mode,
    PromptSet,
    plan,
)
from tests.support.cards import card
from tests.support.planning import guard


@pytest.mark.parametrize(
    ("prompt", "negative", "new_prompt", "new_negative"),
    [
        (
            "Portrait photo of a man without a mustache",
            "",
            "Portrait photo of a man",
            "mustache",
        ),
        ("a man, no hat, smiling", "bad, hat", "a man, smiling", "bad, hat"),
        ("a man, no humans", "bad", "a man, no humans", "bad"),
    ],
)
def test_plain_word_negation(
    prompt: str, negative: str, new_prompt: str, new_negative: str
) -> None:
    advised = guard(prompt, negative)
    assert not advised.changed
    assert [f.rule for f in advised.findings] == (["R9"] if prompt != new_prompt else [])
    moved = guard(prompt, negative, rules={"R9": Mode.ENFORCE})
    assert (moved.first.prompts, moved.first.negative_prompts) == ((new_prompt,), (new_negative,))


def test_negation_moves_to_the_negative_of_its_own_picture() -> None:
    request = GenerationRequest(
        PromptSet(("a man without a hat", "a dog"), ("bad", "bad"), 7.0),
        family=ModelFamily.SDXL,
    )
    result = plan(request, {}, GuardSettings(rules={"R9": Mode.ENFORCE}))
    assert result.first.prompts == ("a man", "a dog")
    assert result.first.negative_prompts == ("bad, hat", "bad")


@pytest.mark.parametrize(
    ("prompt", "negative", "new_negative"),
    [
        ("a man without ohwx hats <lora:x:1>", "ohwx hats, b", "hats, b"),
        ("a man without a red ohwx <lora:x:1>", "red ohwx, b", "red, b"),
        ("a man without a red coat <lora:x:1>", "red ohwx, b", "red, b, red coat"),
    ],
)
def test_what_was_cut_from_the_negative_does_not_come_back(
    prompt: str, negative: str, new_negative: str
) -> None:
    cards = (card("x", "style", triggers=("ohwx",)),)
    moved = guard(prompt, negative, cards=cards, cfg=5, rules={"R9": Mode.ENFORCE})
    assert moved.first.negative_prompts == (new_negative,)
