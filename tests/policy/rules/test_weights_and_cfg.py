"""R3 and R4: CFG and text encoder; what the modes do."""

from __future__ import annotations

import math
from typing import Any

import pytest

from lib_lora_neg.loras.card import LoraParts
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import (
    Effect,
    Field,
    GenerationRequest,
    GuardSettings,
    Mode,
    PromptSet,
    plan,
)
from tests.support.cards import TYPED_CARDS, card
from tests.support.planning import guard
from tests.support.sentences import fields


@pytest.mark.parametrize(
    ("prompt", "cfg", "expected"),
    [
        ("<lora:s:-0.3>", 9, 6),
        ("<lora:s:-0.3>", 6, 6),
        ("<lora:s:-0.3>", 6.001, 6),
        ("<lora:s:-0.001>", 9, 6),
        ("<lora:s:-0.3>", 3, 3),
        ("<lora:s:0.3>", 9, 9),
        ("<lora:sl:-3>", 9, 9),
        ("<lora:ac:-1>", 9, 9),
        ("<lora:ac:-1><lora:s:-0.3>", 9, 6),
        ("<lora:p:-0.3>", 9, 9),
        ("<lora:s:-0.3:guard=off>", 9, 9),
        ("<lora:s:-0.3:0.5>", 9, 9),
        ("<lora:s:0.5:-0.3>", 9, 6),
    ],
)
def test_cfg(prompt: str, cfg: float, expected: float) -> None:
    assert guard(prompt, cards=TYPED_CARDS, cfg=cfg).first.cfg_scale == expected


def test_cfg_finding_names_the_cause() -> None:
    (finding,) = guard("<lora:s:-0.3>", cards=TYPED_CARDS, cfg=9).findings
    assert (finding.rule, finding.before, finding.after) == ("R3", "9", "6")
    assert finding.field is Field.CFG
    assert finding.loras == ("s",)
    assert (finding.number("before"), finding.number("after")) == (9.0, 6.0)


@pytest.mark.parametrize(
    ("name", "taken", "refused"),
    [
        ("cfg_ceiling", (4.0, 6.0), (3.99, 6.01)),
        ("text_encoder", (0.4, 0.6), (0.39, 0.61)),
        ("clamp_confidence", (0.0, 1.0), (-0.01, 1.01)),
        ("drop_confidence", (0.0, 1.0), (-0.01, 1.01)),
        ("budget", (0.01, 1e6), (0.0, -1.0)),
        ("degraded", (0.01, 1e6), (0.0, -1.0)),
        ("floors", ({"style": 0.0}, {"style": -9.0}), ({"style": 0.01}, {"style": math.nan})),
    ],
)
def test_settings_are_within_their_bounds(name: str, taken: Any, refused: Any) -> None:
    for value in taken:
        GuardSettings(**{name: value})
    for value in (*refused, *(() if name == "floors" else (math.nan, math.inf, -math.inf))):
        with pytest.raises(ValueError, match=r"\d|nan|inf"):
            GuardSettings(**{name: value})


def test_cfg_ceiling_is_settable() -> None:
    result = guard("<lora:s:-0.3>", cards=TYPED_CARDS, cfg=9, settings={"cfg_ceiling": 4.5})
    assert result.first.cfg_scale == 4.5
    for inside in (4, 6):
        assert GuardSettings(cfg_ceiling=inside).cfg_ceiling == inside
    for outside in (3.999, 6.001):
        with pytest.raises(ValueError, match="outside 4 to 6"):
            GuardSettings(cfg_ceiling=outside)
    for te in (0.399, 0.601):
        with pytest.raises(ValueError, match=r"outside 0\.4 to 0\.6"):
            GuardSettings(text_encoder=te)
    assert [GuardSettings(text_encoder=te).text_encoder for te in (0.4, 0.6)] == [0.4, 0.6]


@pytest.mark.parametrize(
    "request_facts",
    [{"distilled_guidance": True}, {"cfg_tools": ("Dynamic Thresholding",)}],
)
def test_cfg_is_left_where_it_means_something_else(request_facts: dict[str, object]) -> None:
    assert guard("<lora:s:-0.3>", cards=TYPED_CARDS, cfg=9, **request_facts).first.cfg_scale == 9


def test_another_cfg_tool_is_named() -> None:
    result = guard("<lora:s:-0.3>", cards=TYPED_CARDS, cfg=9, cfg_tools=("MaHiRo",))
    assert fields(result.findings[0].reason)["tools"] == "MaHiRo"


@pytest.mark.parametrize("family", ["flux", "wan", "unknown"])
def test_cfg_is_left_on_other_families(family: str) -> None:
    result = guard("<lora:s:-0.3>", cards=TYPED_CARDS, cfg=9, family=ModelFamily(family))
    assert result.first.cfg_scale == 9


def _with_hires(hires: PromptSet, prompt: str = "a", cfg: float = 9.0) -> GenerationRequest:
    return GenerationRequest(PromptSet((prompt,), ("",), cfg), hires=hires, family=ModelFamily.SDXL)


def test_hires_pass_has_its_own_prompts_and_cfg() -> None:
    known = {c.name: c for c in TYPED_CARDS}
    request = _with_hires(PromptSet(("<lora:s:-0.9>",), ("",), 8.0))
    result = plan(request, known)
    assert result.first is request.first
    assert result.hires == PromptSet(("<lora:s:-0.5>",), ("",), 6.0)
    assert {f.field for f in result.findings} == {Field.HR_PROMPT, Field.HR_CFG}


def test_a_hires_pass_without_its_own_cfg_lowers_the_only_one() -> None:
    known = {c.name: c for c in TYPED_CARDS}
    result = plan(_with_hires(PromptSet(("<lora:s:-0.3>",), ("",), None)), known)
    assert result.first.cfg_scale == 6.0
    assert result.hires is not None
    assert result.hires.cfg_scale is None
    assert [f.field for f in result.findings] == [Field.CFG]


def test_a_hires_pass_that_repeats_the_first_repeats_no_finding() -> None:
    known = {c.name: c for c in TYPED_CARDS}
    request = _with_hires(PromptSet(("<lora:s:-0.9>",), ("",), None), "<lora:s:-0.9>")
    result = plan(request, known)
    assert result.hires is not None
    assert result.hires.prompts == result.first.prompts == ("<lora:s:-0.5>",)
    assert sorted(f.rule for f in result.findings) == ["R1", "R3"]


@pytest.mark.parametrize(
    ("prompt", "rules"),
    [
        ("<lora:s:-0.3>", []),
        ("<lora:s:0.9:-0.3>", ["R4"]),
        ("<lora:s:0.5:-0.3>", []),
        ("<lora:s:0.4:-0.3>", []),
        ("<lora:s:0.3:-0.3>", ["R4"]),
        ("<lora:s:0.399:-0.3>", ["R4"]),
        ("<lora:s:0.6:-0.3>", []),
        ("<lora:s:0.601:-0.3>", ["R4"]),
        ("<lora:s:1>", []),
    ],
)
def test_text_encoder_advice(prompt: str, rules: list[str]) -> None:
    result = guard(prompt, cards=TYPED_CARDS, cfg=5)
    assert [f.rule for f in result.findings] == rules
    assert not result.changed


@pytest.mark.parametrize("prompt", ["<lora:s:-0.3>", "<lora:s:0.9:-0.3>"])
def test_text_encoder_enforced(prompt: str) -> None:
    result = guard(prompt, cards=TYPED_CARDS, cfg=5, rules={"R4": Mode.ENFORCE})
    assert result.first.prompts == ("<lora:s:0.5:-0.3>",)


def test_text_encoder_needs_tensors() -> None:
    unet_only = card("s", "style", parts=LoraParts(text_encoder=False, unet=True))
    result = guard("<lora:s:-0.3>", cards=(unet_only,), cfg=5, rules={"R4": Mode.ENFORCE})
    assert not result.changed


def test_advise_says_what_enforce_would_do() -> None:
    enforced = guard("<lora:s:-0.9> <lora:p:-1>", cards=TYPED_CARDS, cfg=9)
    advised = guard("<lora:s:-0.9> <lora:p:-1>", cards=TYPED_CARDS, cfg=9, mode=Mode.ADVISE)
    assert not advised.changed
    assert [(f.rule, f.before, f.after) for f in advised.findings] == [
        (f.rule, f.before, f.after) for f in enforced.findings
    ]
    assert {f.effect for f in advised.findings} == {Effect.ADVISED}


def test_off_says_nothing() -> None:
    result = guard("<lora:s:-0.9>", "<lora:s:1>", cards=TYPED_CARDS, cfg=9, mode=Mode.OFF)
    assert not result.changed
    assert not result.findings
