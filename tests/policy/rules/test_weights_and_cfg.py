"""R3, R4, R5 and R11: CFG, text encoder, budget and tags that misfire."""

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
    InjectedLora,
    Mode,
    PromptSet,
    plan,
)
from lib_lora_neg.policy.budget import DEGRADED, OVER
from tests.support.cards import card
from tests.support.planning import guard
from tests.support.sentences import fields, says

STYLE = card("s", "style")
OTHER = card("o", "style")
SLIDER = card("sl", "slider")
ACCELERATOR = card("ac", "accelerator")
CHARACTER = card("p", "character")
CARDS = (STYLE, OTHER, SLIDER, ACCELERATOR, CHARACTER)


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
    assert guard(prompt, cards=CARDS, cfg=cfg).first.cfg_scale == expected


def test_cfg_finding_names_the_cause() -> None:
    (finding,) = guard("<lora:s:-0.3>", cards=CARDS, cfg=9).findings
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
    result = guard("<lora:s:-0.3>", cards=CARDS, cfg=9, settings={"cfg_ceiling": 4.5})
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
    assert guard("<lora:s:-0.3>", cards=CARDS, cfg=9, **request_facts).first.cfg_scale == 9


def test_another_cfg_tool_is_named() -> None:
    result = guard("<lora:s:-0.3>", cards=CARDS, cfg=9, cfg_tools=("MaHiRo",))
    assert fields(result.findings[0].reason)["tools"] == "MaHiRo"


@pytest.mark.parametrize("family", ["flux", "wan", "unknown"])
def test_cfg_is_left_on_other_families(family: str) -> None:
    result = guard("<lora:s:-0.3>", cards=CARDS, cfg=9, family=ModelFamily(family))
    assert result.first.cfg_scale == 9


def _with_hires(hires: PromptSet, prompt: str = "a", cfg: float = 9.0) -> GenerationRequest:
    return GenerationRequest(PromptSet((prompt,), ("",), cfg), hires=hires, family=ModelFamily.SDXL)


def test_hires_pass_has_its_own_prompts_and_cfg() -> None:
    known = {c.name: c for c in CARDS}
    request = _with_hires(PromptSet(("<lora:s:-0.9>",), ("",), 8.0))
    result = plan(request, known)
    assert result.first is request.first
    assert result.hires == PromptSet(("<lora:s:-0.5>",), ("",), 6.0)
    assert {f.field for f in result.findings} == {Field.HR_PROMPT, Field.HR_CFG}


def test_a_hires_pass_without_its_own_cfg_lowers_the_only_one() -> None:
    known = {c.name: c for c in CARDS}
    result = plan(_with_hires(PromptSet(("<lora:s:-0.3>",), ("",), None)), known)
    assert result.first.cfg_scale == 6.0
    assert result.hires is not None
    assert result.hires.cfg_scale is None
    assert [f.field for f in result.findings] == [Field.CFG]


def test_a_hires_pass_that_repeats_the_first_repeats_no_finding() -> None:
    known = {c.name: c for c in CARDS}
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
    result = guard(prompt, cards=CARDS, cfg=5)
    assert [f.rule for f in result.findings] == rules
    assert not result.changed


@pytest.mark.parametrize("prompt", ["<lora:s:-0.3>", "<lora:s:0.9:-0.3>"])
def test_text_encoder_enforced(prompt: str) -> None:
    result = guard(prompt, cards=CARDS, cfg=5, rules={"R4": Mode.ENFORCE})
    assert result.first.prompts == ("<lora:s:0.5:-0.3>",)


def test_text_encoder_needs_tensors() -> None:
    unet_only = card("s", "style", parts=LoraParts(text_encoder=False, unet=True))
    result = guard("<lora:s:-0.3>", cards=(unet_only,), cfg=5, rules={"R4": Mode.ENFORCE})
    assert not result.changed


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
    result = guard(prompt, cards=CARDS, cfg=5, rules={"R1": Mode.OFF})
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
    cards = (*CARDS, card("p", "style"))
    result = guard(prompt, cards=cards, cfg=5, rules={"R1": Mode.OFF})
    reasons = [f.reason for f in result.findings if f.rule == "R5"]
    assert bool(reasons) is (said is not None)
    assert all(says(reason, said) for reason in reasons if said)


@pytest.mark.parametrize("tag", ["sl:-5", "sl:5", "sl:10", "ac:1", "ac:5"])
def test_sliders_and_accelerators_take_nothing_of_the_budget(tag: str) -> None:
    for mode in (Mode.ADVISE, Mode.ENFORCE):
        prompt = f"<lora:{tag}> <lora:s:2.4>"
        result = guard(prompt, cards=CARDS, cfg=5, rules={"R5": mode})
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
    result = guard(prompt, cards=(*CARDS, strong), cfg=5)
    assert bool([f for f in result.findings if f.rule == "R5"]) is over
    guard(prompt, cards=(*CARDS, strong), cfg=5, rules={"R5": Mode.ENFORCE})


def test_budget_enforced_scales_all_in_proportion() -> None:
    result = guard("<lora:s:2><lora:o:2>", cards=CARDS, cfg=5, rules={"R5": Mode.ENFORCE})
    assert result.first.prompts == ("<lora:s:1.25><lora:o:1.25>",)


def test_budget_relative_to_preferred_weights() -> None:
    strong = card("strong", "style", preferred_weight=3.0)
    settings = {"budget_relative": True}
    assert not guard("<lora:strong:3>", cards=(strong,), settings=settings).findings


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("<lora:s:0.5><lora:s:-0.3>", "<lora:s:0.2>"),
        ("a, <lora:s:0.5>, b, <lora:s:0.2>", "a, <lora:s:0.7>, b"),
        ("<lora:s:1:0.5> x <lora:s:0.5:1>", "<lora:s:1.5:1.5> x"),
        ("<lora:s:0.5:lbw=A><lora:s:0.3:lbw=B>", "<lora:s:0.5:lbw=A><lora:s:0.3:lbw=B>"),
        ("<lora:s:0.5:lbw=A><lora:s:0.3:lbw=A>", "<lora:s:0.8:lbw=A>"),
        ("<lora:s:0.5><lora:o:0.5>", "<lora:s:0.5><lora:o:0.5>"),
    ],
)
def test_duplicates(prompt: str, expected: str) -> None:
    assert guard(prompt, cards=CARDS, cfg=5).first.prompts == (expected,)


def test_a_name_and_its_alias_are_one_lora() -> None:
    from dataclasses import replace

    aliased = replace(card("file", "style"), alias="nick")
    result = guard("<lora:file:0.5> <lora:nick:0.5>", cards=(aliased,), cfg=5)
    assert result.first.prompts == ("<lora:file:1>",)


def test_unknown_names() -> None:
    advised = guard("a <lora:nowhere:1> b", cards=CARDS, cfg=5)
    assert not advised.changed
    assert [f.rule for f in advised.findings] == ["R11b"]
    removed = guard("a <lora:nowhere:1> b", cards=CARDS, cfg=5, unknown_lora_drops_all=True)
    assert removed.first.prompts == ("a b",)


@pytest.mark.parametrize("weight", ["x", "nan", "", "inf", "1e400", "0.5.5"])
def test_weights_that_are_no_numbers(weight: str) -> None:
    result = guard(f"<lora:s:{weight}>", cards=CARDS, cfg=5)
    assert not result.changed
    assert [f.rule for f in result.findings] == ["R11d"]


def test_block_weight_words_are_no_mistake_where_the_tool_is_there() -> None:
    tools = frozenset({"lora-block-weight"})
    assert not guard("<lora:s:1:OUTALL>", cards=CARDS, cfg=5, prompt_tools=tools).findings


def test_wrong_family() -> None:
    sd1 = card("x", "style", family=ModelFamily.SD1)
    result = guard("<lora:x:1>", cards=(sd1,), cfg=5)
    assert [f.rule for f in result.findings] == ["R11c"]
    assert not guard("<lora:x:0>", cards=(sd1,), cfg=5).findings


@pytest.mark.parametrize(
    ("made_for", "has_text", "checkpoint", "acts"),
    [
        (ModelFamily.SD1, True, ModelFamily.FLUX, True),
        (ModelFamily.SDXL, True, ModelFamily.SD1, True),
        (ModelFamily.SD1, False, ModelFamily.FLUX, False),
        (ModelFamily.SD2, True, ModelFamily.SDXL, False),
        (ModelFamily.SD1, True, ModelFamily.QWEN, False),
    ],
)
def test_a_foreign_lora_acts_through_a_text_encoder_that_both_families_have(
    made_for: ModelFamily, has_text: bool, checkpoint: ModelFamily, acts: bool
) -> None:
    parts = LoraParts(text_encoder=has_text, unet=True)
    foreign = card("x", "style", family=made_for, parts=parts)

    (found,) = guard("<lora:x:1>", cards=(foreign,), cfg=5, family=checkpoint).findings

    assert (found.rule, bool(found.evidence)) == ("R11c", acts)


def test_a_lora_the_host_injects_is_guarded_by_naming_it() -> None:
    result = guard("a", cards=CARDS, cfg=5, injected=(InjectedLora("s", -0.9),))
    assert result.first.prompts == ("a <lora:s:-0.5>",)
    dropped = guard("a", cards=CARDS, cfg=5, injected=(InjectedLora("p", -0.9),))
    assert dropped.first.prompts == ("a <lora:p:0>",)
    fine = guard("a", cards=CARDS, cfg=5, injected=(InjectedLora("s", 1.0),))
    assert not fine.changed


@pytest.mark.parametrize("comment", ["#{", "# <! AND_PERP !>", "#$a=b", "#<ppp:set a>", "# $a|b"])
def test_what_opens_in_a_comment_hides_no_tag(comment: str) -> None:
    written = f"a {comment}\n<lora:s:-0.9> }}"
    assert guard(written, cards=CARDS, cfg=5).first.prompts == (f"a {comment}\n<lora:s:-0.5> }}",)
    injected = (InjectedLora("s", -0.9),)
    result = guard(f"a {comment}", cards=CARDS, cfg=5, injected=injected)
    assert result.first.prompts[0].count("<lora:s:-0.5>") == 1


def test_batch_loads_the_first_prompts_loras() -> None:
    trigger = card("t", "style", triggers=("trig",))
    known = {c.name: c for c in (*CARDS, trigger)}
    request = GenerationRequest(
        PromptSet(
            ("a <lora:t:1>", "b <lora:s:-0.9>", "a <lora:t:1>"),
            ("trig, x", "y, trig", "trig, x"),
            9.0,
        ),
        family=ModelFamily.SDXL,
    )
    result = plan(request, known)
    assert result.first.negative_prompts == ("x", "y", "x")
    assert result.first.prompts == ("a <lora:t:1>", "b <lora:s:-0.5>", "a <lora:t:1>")
    assert result.first.cfg_scale == 9.0
    assert len([f for f in result.findings if f.rule == "R2"]) == 2


def test_advise_says_what_enforce_would_do() -> None:
    enforced = guard("<lora:s:-0.9> <lora:p:-1>", cards=CARDS, cfg=9)
    advised = guard("<lora:s:-0.9> <lora:p:-1>", cards=CARDS, cfg=9, mode=Mode.ADVISE)
    assert not advised.changed
    assert [(f.rule, f.before, f.after) for f in advised.findings] == [
        (f.rule, f.before, f.after) for f in enforced.findings
    ]
    assert {f.effect for f in advised.findings} == {Effect.ADVISED}


def test_off_says_nothing() -> None:
    result = guard("<lora:s:-0.9>", "<lora:s:1>", cards=CARDS, cfg=9, mode=Mode.OFF)
    assert not result.changed
    assert not result.findings


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
