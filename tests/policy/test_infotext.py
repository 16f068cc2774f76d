"""What an infotext gets from the guard, and what a pasted one switches."""

from __future__ import annotations

import pytest

from lib_lora_neg.policy import (
    Mode,
)
from lib_lora_neg.policy.infotext import (
    NOT_GUARDED,
    UNREAD,
    guard_parameters,
    marked_off,
    pasted_enabled,
    pasted_mode,
)
from tests.support.cards import card
from tests.support.planning import guard


@pytest.mark.parametrize(
    ("parameters", "enabled", "mode"),
    [
        ({}, False, Mode.ADVISE),
        ({"LoRA Neg": "Enforce"}, True, Mode.ENFORCE),
        ({"LoRA Neg": "Off"}, True, Mode.OFF),
        ({"LoRA Neg": NOT_GUARDED}, False, Mode.ADVISE),
        ({"LoRA Neg": UNREAD}, False, Mode.ADVISE),
    ],
)
def test_what_a_pasted_infotext_switches(
    parameters: dict[str, str], enabled: bool, mode: Mode
) -> None:
    assert pasted_enabled(parameters, default=False) is enabled
    assert pasted_mode(parameters, Mode.ADVISE) is mode


def test_an_infotext_of_a_picture_as_typed_switches_the_guard_off() -> None:
    assert marked_off("") == ""
    marked = marked_off(
        "a cat\nNegative prompt: x\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1"
    )
    assert "LoRA Neg: Off" in marked
    assert marked_off(marked) == marked


@pytest.mark.parametrize(
    ("mode", "prompt", "parts", "keys"),
    [
        (Mode.ENFORCE, "<lora:x:-0.9>", {}, ["LoRA Neg", "LoRA Neg changes"]),
        (Mode.ENFORCE, "<lora:x:-0.9>", {"with_mode": False}, ["LoRA Neg changes"]),
        (Mode.ENFORCE, "<lora:x:-0.9>", {"with_changes": False}, ["LoRA Neg"]),
        (Mode.ADVISE, "<lora:x:-0.9>", {}, ["LoRA Neg"]),
        (Mode.ENFORCE, "<lora:x:0.9>", {}, []),
        (Mode.ADVISE, "<lora:x:0.9>", {}, []),
        (Mode.ENFORCE, "<lora:x:0.9:-0.2>", {}, []),
    ],
)
def test_what_an_infotext_gets(
    mode: Mode, prompt: str, parts: dict[str, bool], keys: list[str]
) -> None:
    found = guard(prompt, cards=(card("x", "style"),), cfg=5, mode=mode).findings
    assert list(guard_parameters(mode, found, **parts)) == keys
