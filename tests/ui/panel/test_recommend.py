"""Inserting a LoRA as a negative, and the preset of R4."""

from __future__ import annotations

import pytest

from lib_lora_neg.loras.card import LoraParts, RangeSource, WeightRange
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.ui.panel.recommend import negative_tag, preset_prompt, text_encoder_prompt
from tests.support.cards import card

UNET_ONLY = LoraParts(text_encoder=False, unet=True)
MEASURED = (WeightRange(-0.15, source=RangeSource.MEASURED),)


@pytest.mark.parametrize(
    ("kind", "family", "more", "tag"),
    [
        ("style", "sdxl", {}, "<lora:x:0.5:-0.3>"),
        ("style", "sdxl", {"parts": UNET_ONLY}, "<lora:x:-0.3>"),
        ("style", "sd1", {}, "<lora:x:-0.3>"),
        ("concept", "sdxl", {}, "<lora:x:0.5:-0.2>"),
        ("concept", "sd1", {"ranges": MEASURED}, "<lora:x:-0.15>"),
        ("style", "flux", {}, "<lora:x:-1>"),
        ("dedicated_negative", "sdxl", {}, "<lora:x:-1>"),
        ("slider", "sdxl", {}, "<lora:x:-1>"),
        ("trigger_negative", "sdxl", {"triggers": ("wrong",)}, "<lora:x:1>"),
        ("character", "sdxl", {}, None),
        ("character", "flux", {}, None),
        ("unknown", "sdxl", {}, None),
        ("style", "zimage", {}, None),
    ],
)
def test_recommended_tag(kind: str, family: str, more: dict, tag: str | None) -> None:
    found = negative_tag(card("x", kind, **more), "x", ModelFamily(family))
    assert found.tag == tag
    assert found.reason


def test_a_floor_that_the_user_set_is_recommended_and_never_passed() -> None:
    one = card("x", "style")
    for floor, tag in ((-0.2, "<lora:x:-0.2>"), (-0.6, "<lora:x:-0.3>")):
        found = negative_tag(one, "x", ModelFamily.SD1, {"style": floor})
        assert found.tag == tag


CARDS = {c.name: c for c in [card("s", "style"), card("c", "concept"), card("h", "character")]}


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a <lora:s:-0.9>", "a <lora:s:0.5:-0.3>"),
        ("a <lora:c:-1> <lora:s:1>", "a <lora:c:0.5:-0.2> <lora:s:1>"),
        ("a <lora:h:-1>", "a <lora:h:-1>"),
        ("a cat", "a cat"),
        ("<lora:s:x>", "<lora:s:x>"),
    ],
)
def test_preset(prompt: str, expected: str) -> None:
    preset = preset_prompt(prompt, CARDS)
    assert preset.prompt == expected
    assert preset.applies == (prompt != expected)


MORE = {
    **CARDS,
    "u": card("u", "style", parts=UNET_ONLY),
    "sl": card("sl", "slider"),
    "dn": card("dn", "dedicated_negative"),
    "fx": card("fx", "style", family=ModelFamily.FLUX),
    "odd": card("odd", "unknown"),
}


@pytest.mark.parametrize(
    ("prompt", "half", "zero"),
    [
        ("a <lora:s:-0.3>", "a <lora:s:0.5:-0.3>", "a <lora:s:0:-0.3>"),
        ("<lora:s:0.5:-0.3>", "<lora:s:0.5:-0.3>", "<lora:s:0:-0.3>"),
        ("<lora:odd:-0.2> <lora:c:-1>", "<lora:odd:0.5:-0.2> <lora:c:0.5:-1>", None),
        ("<lora:s:0.8>", "<lora:s:0.8>", "<lora:s:0.8>"),
        ("<lora:u:-0.3>", "<lora:u:-0.3>", "<lora:u:-0.3>"),
        ("<lora:sl:-2> <lora:dn:-1> <lora:fx:-1>", "<lora:sl:-2> <lora:dn:-1> <lora:fx:-1>", None),
        ("<lora:nobody:-0.3>", "<lora:nobody:-0.3>", "<lora:nobody:-0.3>"),
    ],
)
def test_the_text_encoder_alone(prompt: str, half: str, zero: str | None) -> None:
    preset = text_encoder_prompt(prompt, MORE, 0.5)
    assert preset.prompt == half
    if zero is not None:
        assert text_encoder_prompt(prompt, MORE, 0.0).prompt == zero
    assert text_encoder_prompt(preset.prompt, MORE, 0.5).prompt == half
