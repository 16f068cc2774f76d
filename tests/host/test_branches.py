"""One LoRA, two strengths in a running WebUI.

At CFG 0 a picture is the negative evaluation alone, at CFG 1 that of the prompt alone, so plain
tags at these scales are the two merged models that the branches are held against.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.host.support.client import (
    HIRES,
    OFF,
    Picture,
    Webui,
    assert_differ,
    assert_same,
    difference,
)
from tests.host.support.lora_files import CONCEPT, STYLE

PROMPT, NEGATIVE = "a cat", "dull dog, blurry"
KEY = "LoRA Neg branches"
NOISE = 1.0
"""Levels of 255, on average: what single pixels lose in rounding is far below."""


def made(webui: Webui, tags: str, cfg: float, **more: Any) -> Picture:
    return webui.txt2img(f"{PROMPT} {tags}", NEGATIVE, guard=OFF, cfg_scale=cfg, **more)


@pytest.mark.parametrize(("weight", "neg"), [(0.8, 0.3), (0.8, 0.0), (0.0, 0.8), (-0.4, 0.9)])
def test_the_negative_evaluation_is_that_of_a_model_merged_for_it(
    webui: Webui, weight: float, neg: float
) -> None:
    found = made(webui, f"<lora:{STYLE}:{weight}:neg={neg}>", 0.0)
    other = made(webui, f"<lora:{STYLE}:{neg}>", 0.0)
    away = made(webui, f"<lora:{STYLE}:{weight}>", 0.0)
    assert difference(found, other) < NOISE
    assert difference(found, away) > 10 * max(difference(found, other), 0.05)


def test_the_prompts_evaluation_is_that_of_the_plain_tag_to_the_bit(webui: Webui) -> None:
    plain = made(webui, f"<lora:{STYLE}:0.8>", 1.0)
    assert_same(made(webui, f"<lora:{STYLE}:0.8:neg=0>", 1.0), plain)


def test_text_encoder_and_unet_have_negatives_of_their_own(webui: Webui) -> None:
    found = made(webui, f"<lora:{STYLE}:0.5:0.9:neg=0.2:negte=-0.7>", 0.0)
    assert difference(found, made(webui, f"<lora:{STYLE}:-0.7:0.2>", 0.0)) < NOISE


def test_guidance_adds_the_two_up(webui: Webui) -> None:
    plain = made(webui, f"<lora:{STYLE}:0.8>", 5.0)
    assert_same(made(webui, f"<lora:{STYLE}:0.8:neg=0.8>", 5.0), plain)
    apart = made(webui, f"<lora:{STYLE}:0.8:neg=0>", 5.0)
    assert_differ(apart, plain)
    assert_same(made(webui, f"<lora:{STYLE}:0.8:neg=0>", 5.0), apart)


def test_beside_other_loras_in_batches_and_with_long_negatives(webui: Webui) -> None:
    tags = "<lora:{}:0.8{}><lora:{}:0.4>"
    for more in ({"batch_size": 2}, {"sampler_name": "DPM++ 2M"}):
        found = made(webui, tags.format(STYLE, ":neg=0.1", CONCEPT), 0.0, **more)
        other = made(webui, f"<lora:{STYLE}:0.1><lora:{CONCEPT}:0.4>", 0.0, **more)
        assert difference(found, other) < NOISE
    # A negative prompt of more chunks than the prompt has is evaluated in a call of its own.
    long = ", ".join(["dull grey dog"] * 60)
    ask: dict[str, Any] = {"guard": OFF, "cfg_scale": 0.0}
    found = webui.txt2img(f"{PROMPT} <lora:{STYLE}:0.8:neg=0.2>", long, **ask)
    other = webui.txt2img(f"{PROMPT} <lora:{STYLE}:0.2>", long, **ask)
    assert difference(found, other) < NOISE


def test_hires_pass(webui: Webui) -> None:
    ask: dict[str, Any] = {**HIRES, "hr_cfg": 0.0} if webui.hires_has_own_cfg else {**HIRES}
    found = made(webui, f"<lora:{STYLE}:0.8:neg=0.2>", 5.0, **ask)
    plain = made(webui, f"<lora:{STYLE}:0.8>", 5.0, **ask)
    assert_differ(found, plain)
    assert_same(made(webui, f"<lora:{STYLE}:0.8:neg=0.8>", 5.0, **ask), plain)


def test_nothing_is_left_behind(webui: Webui) -> None:
    plain = made(webui, "", 5.0)
    with_lora = made(webui, f"<lora:{STYLE}:0.8>", 5.0)
    for tags in (f"<lora:{STYLE}:0.8:neg=0>", f"<lora:{STYLE}:0:neg=0.8>"):
        made(webui, tags, 5.0)
        assert_same(made(webui, "", 5.0), plain)
        made(webui, tags, 5.0)
        assert_same(made(webui, f"<lora:{STYLE}:0.8>", 5.0), with_lora)


def test_the_infotext_says_what_only_this_extension_can_do(webui: Webui) -> None:
    found = made(webui, f"<lora:{STYLE}:0.8:neg=0.3>", 5.0)
    assert f"<lora:{STYLE}:0.8:neg=0.3>" in found.prompt
    assert "negative branch 0.3" in found.said.parameters[KEY]
    assert "ignored without LoRA Negative Guard" in found.said.parameters[KEY]
    assert_same(webui.from_infotext(found.infotext, guard=OFF), found)
    assert KEY not in made(webui, f"<lora:{STYLE}:0.8>", 5.0).said.parameters
    assert KEY not in made(webui, f"<lora:{STYLE}:0.8:neg=0>", 1.0).said.parameters


def test_three_reloads_add_it_once(probed: Webui) -> None:
    before = made(probed, f"<lora:{STYLE}:0.8:neg=0.3>", 5.0)
    for _ in range(3):
        probed.reload_ui()
    assert_same(made(probed, f"<lora:{STYLE}:0.8:neg=0.3>", 5.0), before)
