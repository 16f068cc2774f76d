"""Prompts that are too long to be looked at are left as they are, and that is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib_lora_neg.policy import (
    Effect,
    Field,
    GenerationRequest,
    GuardSettings,
    Mode,
    PromptSet,
    plan,
)
from lib_lora_neg.policy.infotext import MODE_KEY, UNREAD, guard_parameters, pasted_enabled
from lib_lora_neg.policy.notes import TOO_LONG
from lib_lora_neg.policy.too_long import MOST_CHARACTERS
from tests.support.cards import card
from tests.support.growth import assert_grows_linearly

CARDS = {"a": card("a", "style", triggers=("trig",))}
LONG = "trig, " + "x" * MOST_CHARACTERS
SHORT = PromptSet(("<lora:a:1> b",), ("trig",), 7.0)


@pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.ADVISE])
@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (GenerationRequest(replace(SHORT, prompts=(LONG,))), Field.PROMPT),
        (GenerationRequest(replace(SHORT, negative_prompts=(LONG,))), Field.NEGATIVE),
        (GenerationRequest(SHORT, replace(SHORT, prompts=(LONG,))), Field.HR_PROMPT),
        (GenerationRequest(SHORT, replace(SHORT, negative_prompts=(LONG,))), Field.HR_NEGATIVE),
    ],
)
def test_nothing_is_changed_and_it_is_said(
    request_: GenerationRequest, field: Field, mode: Mode
) -> None:
    result = plan(request_, CARDS, GuardSettings(mode=mode))
    assert not result.changed
    assert (result.first, result.hires) == (request_.first, request_.hires)
    assert [(f.rule, f.field, f.effect) for f in result.findings] == [
        (TOO_LONG.id, field, Effect.ADVISED)
    ]
    assert len(result.findings[0].before) < 100
    parameters = guard_parameters(mode, result.findings)
    assert parameters == {MODE_KEY: UNREAD}
    assert not pasted_enabled(parameters, True)


def test_nothing_is_said_when_the_guard_is_off() -> None:
    request = GenerationRequest(replace(SHORT, prompts=(LONG,)))
    assert plan(request, CARDS, GuardSettings(mode=Mode.OFF)).findings == ()


def test_a_batch_says_it_once_for_each_text() -> None:
    texts = PromptSet((LONG, "b", LONG, LONG + "y"), ("x",) * 4, 7.0)
    found = plan(GenerationRequest(texts), CARDS).findings
    assert [finding.index for finding in found] == [0, 3]


@pytest.mark.parametrize(("length", "guarded"), [(MOST_CHARACTERS, True), (len(LONG), False)])
def test_the_bound(length: int, guarded: bool) -> None:
    request = GenerationRequest(replace(SHORT, negative_prompts=(LONG[:length],)))
    result = plan(request, CARDS)
    assert result.changed is guarded
    assert (TOO_LONG.id in {finding.rule for finding in result.findings}) is not guarded


@pytest.mark.parametrize(
    "seed",
    [
        "(",
        "[a|",
        "[a:b:",
        "trig ",
        "(trig",
        "trig\\",
        "a trig ",
        "(a trig) ",
        "[trig|a]",
        "hat (trig ",
    ],
)
def test_time_grows_with_the_length(seed: str) -> None:
    def work(size: int):  # type: ignore[no-untyped-def]
        texts = PromptSet(("<lora:a:1>",), ((seed * size)[:size],), 7.0)
        return lambda: plan(GenerationRequest(texts), CARDS)

    assert_grows_linearly(work, 4_000)
