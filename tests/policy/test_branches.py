"""One LoRA, two strengths: what reaches the picture is held to the range, and said."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import Effect, Mode, NegativeTag
from lib_lora_neg.prompts import parse
from tests.support.cards import card
from tests.support.planning import guard

STYLE = card("style", "style")
CHARACTER = card("mira", "character")
CONCEPT = card("hat", "concept")
DEDICATED = card("bad", "dedicated_negative")
WRONG = card("wrong_lora", "trigger_negative", triggers=("wrong",))
SLIDER = card("age", "slider")
UNSURE = card("maybe", "style", confidence=0.6)
UNKNOWN = card("u", "unknown", confidence=0.0)
CARDS = (STYLE, CHARACTER, CONCEPT, DEDICATED, WRONG, SLIDER, UNSURE, UNKNOWN)


def guarded(prompt: str, negative: str = "", cfg: float = 5.0, **more: object) -> str:
    result = guard(prompt, negative, cards=CARDS, cfg=cfg, **more)
    return result.first.prompts[0]


@pytest.mark.parametrize(
    ("prompt", "cfg", "expected"),
    [
        # At CFG 5 a strength n on the negative branch alone acts as −4 n.
        ("<lora:style:0:neg=0.125>", 5, "<lora:style:0:neg=0.125>"),
        ("<lora:style:0:neg=0.126>", 5, "<lora:style:0:neg=0.125>"),
        ("<lora:style:0:neg=0.8>", 3, "<lora:style:0:neg=0.25>"),
        ("<lora:bad:0:neg=1>", 2, "<lora:bad:0:neg=1>"),
        ("<lora:bad:0:neg=1>", 5, "<lora:bad:0:neg=0.25>"),
        ("<lora:hat:0:neg=1>", 5, "<lora:hat:0:neg=0.075>"),
        # A strength above 0 where the prompt acts is never touched.
        ("<lora:style:0.8:neg=1.125>", 5, "<lora:style:0.8:neg=1.125>"),
        ("<lora:style:0.8:neg=1.2>", 5, "<lora:style:0.8:neg=1.125>"),
        ("<lora:style:0.8:neg=0>", 5, "<lora:style:0.8:neg=0>"),
        ("<lora:style:0.8:neg=-1>", 5, "<lora:style:0.8:neg=-1>"),
        # Below 0 both shrink in proportion.
        ("<lora:style:-1:neg=-1>", 5, "<lora:style:-0.5:neg=-0.5>"),
        ("<lora:style:-0.5:neg=0>", 5, "<lora:style:-0.1:neg=0>"),
        ("<lora:style:-0.9:neg=-1>", 5, "<lora:style:-0.9:neg=-1>"),
        # A character has nothing below 0.
        ("<lora:mira:0:neg=0.5>", 5, ""),
        ("<lora:mira:0.8:neg=1>", 5, "<lora:mira:0.8:neg=1>"),
        ("<lora:mira:0.8:neg=1.1>", 5, "<lora:mira:0.8:neg=1>"),
        # Text encoder and unet each by its own.
        ("<lora:style:0.5:0:neg=0.8:negte=0>", 5, "<lora:style:0.5:0:neg=0.125:negte=0>"),
        # Without a range nothing is held.
        ("<lora:age:0:neg=3>", 5, "<lora:age:0:neg=3>"),
        ("<lora:u:0:neg=3>", 5, "<lora:u:0:neg=3>"),
        ("<lora:maybe:0:neg=3>", 5, "<lora:maybe:0:neg=3>"),
        ("<lora:style:0:neg=0.8:guard=off>", 5, "<lora:style:0:neg=0.8:guard=off>"),
        ("<lora:style:0:neg=0.8:guard=-R1>", 5, "<lora:style:0:neg=0.8:guard=-R1>"),
        # At CFG 1 there is no negative branch, and the plain weight counts.
        ("<lora:style:0:neg=3>", 1, "<lora:style:0:neg=3>"),
        ("<lora:style:-0.9:neg=3>", 1, "<lora:style:-0.5:neg=3>"),
        # Foreign arguments stay where they are, and so does a spelling of one's own.
        ("<lora:style:0:lbw=OUTD: NEG =0.8:a=b>", 5, "<lora:style:0:lbw=OUTD:neg=0.125:a=b>"),
        # What is no number is left alone.
        ("<lora:style:0:neg=abc>", 5, "<lora:style:0:neg=abc>"),
        ("<lora:style:-0.9:neg=abc>", 5, "<lora:style:-0.5:neg=abc>"),
    ],
)
def test_what_reaches_the_picture_is_held_to_the_range(
    prompt: str, cfg: float, expected: str
) -> None:
    assert guarded(prompt, cfg=cfg) == expected


def test_cfg_is_lowered_beside_it_and_both_hold() -> None:
    """R3 lowers 9 to 6 afterwards; the strengths are in range at both."""
    result = guard("<lora:style:0:neg=0.8>", "", cards=CARDS, cfg=9)
    assert result.first.cfg_scale == 6
    assert result.first.prompts[0] == "<lora:style:0:neg=0.062>"
    again = guard(result.first.prompts[0], "", cards=CARDS, cfg=6)
    assert not again.changed


def test_a_positive_difference_leaves_cfg_alone() -> None:
    assert guard("<lora:style:0.8:neg=0>", "", cards=CARDS, cfg=9).first.cfg_scale == 9


@pytest.mark.parametrize(
    ("prompt", "cfg", "said"),
    [
        ("<lora:style:0.8:neg=0.3>", 5, "act on the picture as 2.8 would, at CFG 5"),
        ("<lora:age:0:neg=0.5>", 5, "as −2 would"),
        ("<lora:style:0.8:neg=-0.3>", 5, "double inversion"),
        ("<lora:style:0.8:neg=0>", 1, "no negative branch"),
        ("<lora:style:0.8:neg=abc>", 5, "abc is no strength"),
        ("<lora:style:0.8:neg=-inf>", 5, "is no strength"),
    ],
)
def test_it_is_said(prompt: str, cfg: float, said: str) -> None:
    result = guard(prompt, "", cards=CARDS, cfg=cfg)
    (finding,) = [f for f in result.findings if f.rule == "branches"]
    assert said in finding.reason
    assert finding.effect is Effect.ADVISED
    assert finding.before == finding.after == prompt
    assert result.first is result.request.first


@pytest.mark.parametrize("prompt", ["<lora:style:0.8>", "<lora:style:0.8:neg=0:guard=off>", "x"])
def test_nothing_is_said_without_need(prompt: str) -> None:
    result = guard(prompt, "", cards=CARDS, cfg=5)
    assert not [f for f in result.findings if f.rule == "branches"]


BRANCH = {"negative_tag": NegativeTag.BRANCH}
WIDE = {**BRANCH, "rules": {"R1": Mode.OFF}}


@pytest.mark.parametrize(
    ("prompt", "negative", "expected", "rest"),
    [
        ("cat", "blurry, <lora:style:0.7>", "cat <lora:style:0:neg=0.7>", "blurry"),
        ("cat", "<lora:style:0.5:0.7>", "cat <lora:style:0:neg=0.7:negte=0.5>", ""),
        ("cat", "<lora:u:0.7>", "cat <lora:u:0:neg=0.7>", ""),
        ("cat", "<lora:bad:1>", "cat <lora:bad:0:neg=1>", ""),
        ("<lora:style:0.8>", "<lora:style:0.3>", "<lora:style:0.8:neg=0.3>", ""),
        ("<lora:style:0.8:neg=0>", "<lora:style:0.3>", "<lora:style:0.8:neg=0>", ""),
        ("cat", "<lora:style:0>", "cat", ""),
        ("cat", "<lora:nobody:0.7>", "cat", "<lora:nobody:0.7>"),
        ("cat", "<lora:style:0.7:guard=-R8>", "cat", "<lora:style:0.7:guard=-R8>"),
    ],
)
def test_a_tag_in_the_negative_prompt_becomes_the_negative_branch(
    prompt: str, negative: str, expected: str, rest: str
) -> None:
    result = guard(prompt, negative, cards=CARDS, cfg=5, **WIDE)
    assert result.first.prompts == (expected,)
    assert result.first.negative_prompts == (rest,)


def test_the_range_holds_for_what_moves_there_too() -> None:
    result = guard("cat", "<lora:style:0.7>", cards=CARDS, cfg=5, **BRANCH)
    assert result.first.prompts == ("cat <lora:style:0:neg=0.125>",)
    gone = guard("cat", "<lora:mira:0.7>", cards=CARDS, cfg=5, **BRANCH)
    assert "<lora:mira" not in gone.first.prompts[0]


def test_the_same_lora_twice_sums_both_branches() -> None:
    prompt = "<lora:age:0.5:neg=0.2><lora:age:0.3>"
    assert guarded(prompt) == "<lora:age:0.8:neg=0.5>"
    assert guarded("<lora:age:0.5><lora:age:0.3:neg=0>") == "<lora:age:0.8:neg=0.5>"


def test_a_stack_is_scaled_on_both_branches() -> None:
    enforced = {"R5": Mode.ENFORCE}
    result = guard("<lora:style:2:neg=1><lora:hat:2>", "", cards=CARDS, cfg=5, rules=enforced)
    assert result.first.prompts == ("<lora:style:1.25:neg=0.625><lora:hat:1.25>",)


weights = st.floats(-3, 3).map(lambda weight: round(weight, 3))


@given(
    te=weights,
    unet=weights,
    neg=weights,
    negte=weights,
    cfg=st.floats(1, 30).map(lambda cfg: round(cfg, 1)),
    name=st.sampled_from(["style", "hat", "bad", "mira"]),
)
def test_after_the_guard_it_is_in_range_at_any_cfg_it_may_have(
    te: float, unet: float, neg: float, negte: float, cfg: float, name: str
) -> None:
    floor = {"style": -0.5, "hat": -0.3, "bad": -1.0, "mira": 0.0}[name]
    result = guard(f"<lora:{name}:{te}:{unet}:neg={neg}:negte={negte}>", "", cards=CARDS, cfg=cfg)
    again = guard(result.first.prompts[0], "", cards=CARDS, cfg=result.first.cfg_scale)
    assert not again.changed
    for tag in parse(result.first.prompts[0]).tags:
        scale = result.first.cfg_scale
        assert tag.branches is not None
        for cond, uncond, asked in (
            (tag.unet.value, tag.branches[0], unet),
            (tag.te.value, tag.branches[1], te),
        ):
            assert scale * cond - (scale - 1) * uncond >= floor - 1e-6
            assert cond == asked or asked < 0.0 >= cond
            assert math.copysign(1.0, cond) * asked >= 0.0 or cond == 0.0


FLUX_STYLE = card("ink", "style", family="flux")
FLUX_FACE = card("mira", "character", family="flux")
FLUX = {"cards": (FLUX_STYLE, FLUX_FACE), "family": ModelFamily.FLUX, "cfg": 1.0}


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("<lora:mira:1><lora:ink:0.4>", "<lora:mira:1><lora:ink:0.4:blocks=-S7-S20>"),
        ("<lora:mira:1><lora:ink:0.4:blocks=+D>", "<lora:mira:1><lora:ink:0.4:blocks=+D>"),
        ("<lora:mira:1><lora:ink:0.4:lbw=FACE>", "<lora:mira:1><lora:ink:0.4:lbw=FACE>"),
        ("<lora:mira:1><lora:ink:0>", "<lora:mira:1><lora:ink:0>"),
        ("<lora:mira:0><lora:ink:0.4>", "<lora:mira:0><lora:ink:0.4>"),
        ("<lora:ink:0.4>", "<lora:ink:0.4>"),
        ("<lora:mira:1><lora:ink:0.4:guard=-R12>", "<lora:mira:1><lora:ink:0.4:guard=-R12>"),
    ],
)
def test_a_face_is_left_to_the_character_on_flux(prompt: str, expected: str) -> None:
    result = guard(prompt, "", rules={"R12": Mode.ENFORCE}, **FLUX)
    assert result.first.prompts == (expected,)
    advised = guard(prompt, "", **FLUX)
    assert advised.first is advised.request.first
    assert any(f.rule == "R12" for f in advised.findings) == (prompt != expected)


def test_blocks_are_flux_only() -> None:
    result = guard(
        "<lora:mira:1><lora:style:0.4>", "", cards=CARDS, cfg=5, rules={"R12": Mode.ENFORCE}
    )
    assert not result.changed


def test_a_text_encoder_weight_of_its_own_reaches_the_picture_as_that() -> None:
    lora = card("s", "style")
    for rules in ({"R4": Mode.ENFORCE}, {"R4": Mode.ENFORCE, "R5": Mode.ENFORCE}):
        result = guard("<lora:s:1:-0.9:neg=0.8>", cards=(lora,), cfg=5.0, rules=rules)
        (tag,) = parse(result.first.prompts[0]).tags
        assert tag.te.value == 0.5
        assert tag.branches is not None
        assert 5.0 * 0.5 - 4.0 * tag.branches[1] >= 0.0
