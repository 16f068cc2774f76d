"""Words of a negative prompt that no rule takes out: embeddings, and what other LoRAs need."""

from __future__ import annotations

import pytest

from lib_lora_neg.policy.rules.negative_terms import ProtectedTerms
from tests.support.cards import card
from tests.support.planning import guard


@pytest.mark.parametrize(
    ("needed", "term", "words", "protected"),
    [
        ("wrong", "wrong", "wrong", True),
        ("wrong", "embedding:wrong", "wrong", True),
        # Words that hold it as a word of its own, wherever it stands in them.
        ("wrong", "wrong hat", "wrong hat", True),
        ("wrong", "a wrong hat", "a wrong hat", True),
        ("wrong", "big wrong", "big wrong", True),
        # Words that stand in it.
        ("very wrong hat", "very wrong hat, too", "hat", True),
        # A part of a word is none.
        ("wrong", "wrongly", "wrongly", False),
        ("wrong", "big wrongly", "big wrongly", False),
        ("wrong", "unwrong", "unwrong", False),
        ("wrong", "a bigwrong hat", "a bigwrong hat", False),
        ("wrong", "wrong hat", "hat", False),
        ("wrong", "b", "b", False),
    ],
)
def test_what_is_protected(needed: str, term: str, words: str, protected: bool) -> None:
    assert ProtectedTerms(frozenset({needed})).protects(term, words) is protected
    assert not ProtectedTerms(frozenset()).protects(term, words)


HELPER = card("h", "trigger_negative", triggers=("wrong",))
STYLE = card("x", "style", triggers=("wrong", "koi"))
ADVISED = card("r", "style", negative_text="koi, low")


@pytest.mark.parametrize(
    ("prompt", "left"),
    [
        ("<lora:x:1>", "b"),
        ("<lora:x:1> <lora:h:1>", "wrong, b"),
        ("<lora:h:1> <lora:x:1>", "wrong, b"),
        # A LoRA that nobody knows, or that is not in force, hides none behind it.
        ("<lora:nowhere:1> <lora:h:1> <lora:x:1>", "wrong, b"),
        ("<lora:x:0> <lora:h:1> <lora:x:1:lbw=A>", "wrong, b"),
        ("<lora:x:1> <lora:h:0>", "b"),
        ("<lora:x:1> <lora:r:1>", "koi, b"),
        ("<lora:x:1> <lora:r:0>", "b"),
        ("<lora:nowhere:1> <lora:x:1> <lora:r:1>", "koi, b"),
    ],
)
def test_words_that_another_lora_needs_stay(prompt: str, left: str) -> None:
    cards = (HELPER, STYLE, ADVISED)
    made = guard(prompt, "wrong, koi, b", cards=cards, cfg=5)
    assert made.first.negative_prompts == (left,)
