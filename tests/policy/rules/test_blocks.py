"""R12: masks that were saved with a LoRA, of any family, and which of them can be saved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import Effect, Finding, InjectedLora, Mode
from lib_lora_neg.policy.block_names import block_names, kept_of, mask_problem, presets_of
from lib_lora_neg.prompts.blocks import read_blocks
from tests.support.cards import card
from tests.support.planning import guard

SAVED = replace(card("ink", "style"), block_mask="-OUT3")
OFF = replace(card("free", "style", guard_off=True), block_mask="-OUT3")
ODD = replace(card("odd", "style"), block_mask="-X:9>")
CARDS = (SAVED, OFF, ODD, card("hero", "character"))


def masks(prompt: str, **options: object) -> tuple[str, list[Finding]]:
    result = guard(prompt, cards=CARDS, cfg=5, **options)
    return result.first.prompts[0], [f for f in result.findings if f.rule == "R12"]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a <lora:ink:0.8> b", "a <lora:ink:0.8:blocks=-OUT3> b"),
        ("<lora:ink:0.5:0.8>", "<lora:ink:0.5:0.8:blocks=-OUT3>"),
        ("<lora:ink:-0.3>", "<lora:ink:-0.3:blocks=-OUT3>"),
        ("<lora:ink:0:neg=0.1>", "<lora:ink:0:neg=0.1:blocks=-OUT3>"),
        ("<lora:ink:0.8:blocks=+MID>", None),
        ("<lora:ink:0.8:lbw=OUTALL>", None),
        ("<lora:ink:0.8:guard=-R12>", None),
        ("<lora:ink:0.8:guard=off>", None),
        ("<lora:ink:0>", None),
        ("<lora:ink:[1@0,0@1]>", None),
        ("<lora:free:0.8>", None),
        ("<lora:odd:0.8>", None),
        ("<lora:hero:0.8>", None),
    ],
)
def test_a_saved_mask_is_written_into_the_tag(prompt: str, expected: str | None) -> None:
    text, findings = masks(prompt)
    assert text == (expected or prompt)
    assert [finding.effect for finding in findings] == ([Effect.ENFORCED] if expected else [])
    again, _ = masks(text)
    assert again == text


@pytest.mark.parametrize("family", list(ModelFamily))
def test_a_saved_mask_is_for_any_family(family: ModelFamily) -> None:
    text, _ = masks("<lora:ink:0.8>", family=family)
    assert text == "<lora:ink:0.8:blocks=-OUT3>"


def test_it_is_the_users_own_word_whatever_the_mode_of_the_rule() -> None:
    for mode in (Mode.ENFORCE, Mode.ADVISE):
        assert "blocks=-OUT3" in masks("<lora:ink:0.8>", rules={"R12": mode})[0]
    assert masks("<lora:ink:0.8>", rules={"R12": Mode.OFF}) == ("<lora:ink:0.8>", [])


def test_a_guard_that_only_advises_says_it() -> None:
    text, (finding,) = masks("<lora:ink:0.8>", mode=Mode.ADVISE)
    assert text == "<lora:ink:0.8>"
    assert (finding.effect, finding.after) == (Effect.ADVISED, "<lora:ink:0.8:blocks=-OUT3>")


def test_it_goes_with_a_tag_that_moves_out_of_the_negative_prompt() -> None:
    result = guard("a", "<lora:ink:0.3>", cards=CARDS, cfg=5)
    assert result.first.prompts == ("a <lora:ink:-0.3:blocks=-OUT3>",)
    again = guard(result.first.prompts[0], result.first.negative_prompts[0], cards=CARDS, cfg=5)
    assert not again.changed


@pytest.mark.parametrize("weight", [-0.9, 0.5])
def test_one_that_the_host_adds_is_masked_where_it_gets_a_tag(weight: float) -> None:
    injected = (InjectedLora("ink", weight),)
    first = guard("a", cards=CARDS, cfg=5, injected=injected)
    tag = " <lora:ink:-0.5:blocks=-OUT3>" if weight < -0.5 else ""
    assert first.first.prompts == (f"a{tag}",)
    again = guard(first.first.prompts[0], cards=CARDS, cfg=5, injected=injected)
    assert not again.changed


def test_beside_a_face_it_is_masked_where_it_gets_a_tag() -> None:
    cards = (card("mira", "character", family="flux"), card("ink", "style", family="flux"))
    options = {
        "cards": cards,
        "family": ModelFamily.FLUX,
        "cfg": 1.0,
        "rules": {"R12": Mode.ENFORCE, "R5": Mode.ENFORCE},
        "injected": (InjectedLora("ink", 2.0),),
    }
    first = guard("<lora:mira:1>", **options)
    assert "<lora:ink:1.666:blocks=-S7-S20>" in first.first.prompts[0]
    assert not guard(first.first.prompts[0], **options).changed


def test_a_saved_mask_goes_before_that_of_the_face_blocks() -> None:
    face = card("mira", "character", family="flux")
    ink = replace(card("ink", "style", family="flux"), block_mask="+D")
    result = guard(
        "<lora:mira:1><lora:ink:0.4>",
        cards=(face, ink),
        family=ModelFamily.FLUX,
        cfg=1.0,
        rules={"R12": Mode.ENFORCE},
    )
    assert result.first.prompts == ("<lora:mira:1><lora:ink:0.4:blocks=+D>",)


@pytest.mark.parametrize(
    ("mask", "family", "fits"),
    [
        ("-S7-S20", ModelFamily.FLUX, True),
        ("-D18-S37", ModelFamily.FLUX, True),
        ("-D19", ModelFamily.FLUX, False),
        ("-S38", ModelFamily.FLUX, False),
        ("-IN3", ModelFamily.FLUX, False),
        ("-IN11-OUT11-MID", ModelFamily.SD1, True),
        ("-IN12", ModelFamily.SD1, False),
        ("-OUT12", ModelFamily.SD2, False),
        ("-IN8-OUT8-MID", ModelFamily.SDXL, True),
        ("-IN9", ModelFamily.SDXL, False),
        ("-OUT9", ModelFamily.SDXL, False),
        ("-FACE", ModelFamily.SDXL, False),
        ("-D-S", ModelFamily.FLUX, False),
        ("-D99", ModelFamily.UNKNOWN, True),
        ("D7", ModelFamily.UNKNOWN, False),
        ("", ModelFamily.UNKNOWN, False),
    ],
)
def test_which_masks_can_be_saved(mask: str, family: ModelFamily, fits: bool) -> None:
    assert bool(mask_problem(mask, family)) is not fits


@pytest.mark.parametrize("family", list(ModelFamily))
def test_every_preset_can_be_saved(family: ModelFamily) -> None:
    names = block_names(family)
    for preset in presets_of(family):
        assert read_blocks(preset.value) is not None
        if names:
            assert not mask_problem(preset.value, family)
            assert 0 < len(kept_of(preset.value, names)) < len(names)


@given(st.sets(st.sampled_from(block_names(ModelFamily.FLUX))))
def test_any_choice_of_blocks_can_be_written(left: set[str]) -> None:
    names = block_names(ModelFamily.FLUX)
    mask = "".join(f"-{name}" for name in sorted(left))
    assert set(kept_of(mask, names)) == set(names) - left
