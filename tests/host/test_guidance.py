"""Negative guidance in a running WebUI: a negative prompt at CFG 1, and nothing left behind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.host.support.client import (
    HIRES,
    OFF,
    PICTURE,
    Picture,
    Webui,
    assert_differ,
    assert_same,
    difference,
)
from tests.host.support.lora_files import STYLE

METHODS = ("NAG", "VSF", "ONG")
AT_ONE: dict[str, Any] = {"cfg_scale": 1.0, "steps": 4}
PROMPT, NEGATIVE = "a cat", "dull dog, blurry"


def guided(method: str = "NAG", strength: float = 1.0, share: float = 1.0) -> tuple[object, ...]:
    """Arguments of the script with negative guidance."""
    return (True, "Enforce", False, None, method, strength, share)


@pytest.fixture(autouse=True)
def _way_in(webui: Webui) -> None:
    said = webui.txt2img(PROMPT, NEGATIVE, guard=guided(), **AT_ONE).said.parameters
    if "LoRA Neg guidance" not in said:
        pytest.skip("this host has no negative guidance for this model, and says so")


@pytest.mark.parametrize("method", METHODS)
def test_it_acts_at_cfg_1_and_leaves_the_next_picture_alone(webui: Webui, method: str) -> None:
    plain = webui.txt2img(PROMPT, NEGATIVE, guard=OFF, **AT_ONE)
    on = webui.txt2img(PROMPT, NEGATIVE, guard=guided(method), **AT_ONE)
    other = webui.txt2img(PROMPT, "something else", guard=guided(method), **AT_ONE)
    assert difference(plain, on) > 0
    assert difference(on, other) > 0
    assert_same(on, webui.txt2img(PROMPT, NEGATIVE, guard=guided(method), **AT_ONE))
    assert_same(plain, webui.txt2img(PROMPT, NEGATIVE, guard=OFF, **AT_ONE))
    assert on.said.parameters["LoRA Neg guidance"] == method
    assert_same(on, webui.from_infotext(on.infotext, guard=guided(method)))


@pytest.mark.parametrize("arguments", [("NAG", 0.0), ("NAG", 1.0, 0.0), ("Off",), (None,)])
def test_switched_off_it_is_the_plain_picture(webui: Webui, arguments: tuple[Any, ...]) -> None:
    plain = webui.txt2img(PROMPT, NEGATIVE, guard=OFF, **AT_ONE)
    off = webui.txt2img(
        PROMPT, NEGATIVE, guard=(True, "Enforce", False, None, *arguments), **AT_ONE
    )
    assert_same(plain, off)
    assert "LoRA Neg guidance" not in off.said.parameters


def test_it_acts_beside_cfg_with_a_lora_and_in_the_guard(webui: Webui) -> None:
    for prompt, fields in (
        (PROMPT, {"cfg_scale": 5.0}),
        (f"{PROMPT} <lora:{STYLE}:0.8>", AT_ONE),
    ):
        plain = webui.txt2img(prompt, NEGATIVE, guard=OFF, **fields)
        assert difference(plain, webui.txt2img(prompt, NEGATIVE, guard=guided(), **fields)) > 0
    held = webui.txt2img(f"{PROMPT} <lora:{STYLE}:-0.9>", NEGATIVE, guard=guided(), **AT_ONE)
    asked = f"{PROMPT} <lora:{STYLE}:-0.5>"
    assert held.prompt == asked
    assert_same(held, webui.txt2img(asked, NEGATIVE, guard=guided(), **AT_ONE))


def shown(picture: Picture) -> Picture:
    """Return a picture that shows something: random weights can encode to one colour on Neo."""
    if picture.pixels.std() == 0:
        pytest.skip("this host makes pictures of one colour here, with guidance and without")
    return picture


def test_the_hires_pass(webui: Webui) -> None:
    hires = {**HIRES, **AT_ONE, "denoising_strength": 0.9}
    if webui.hires_has_own_cfg:
        hires["hr_cfg"] = 1.0
    plain = shown(webui.txt2img(PROMPT, NEGATIVE, guard=OFF, **hires))
    assert difference(plain, webui.txt2img(PROMPT, NEGATIVE, guard=guided(), **hires)) > 0


def test_img2img(webui: Webui) -> None:
    start = webui.txt2img(PROMPT, "", guard=OFF, **AT_ONE)
    plain = shown(webui.img2img(PROMPT, NEGATIVE, start=start, guard=OFF, cfg_scale=1.0))
    on = webui.img2img(PROMPT, NEGATIVE, start=start, guard=guided(), cfg_scale=1.0)
    assert difference(plain, on) > 0


def test_batches(webui: Webui) -> None:
    several = {"batch_size": 2, "n_iter": 2, "prompt": PROMPT, "negative_prompt": NEGATIVE}
    plains = webui.many("txt2img", OFF, None, **{**PICTURE, **several, **AT_ONE})
    ons = webui.many("txt2img", guided(), None, **{**PICTURE, **several, **AT_ONE})
    assert len(ons) == len(plains)
    assert all(difference(a, b) > 0 for a, b in zip(plains, ons, strict=True))


def test_a_share_of_the_steps(webui: Webui) -> None:
    half = webui.txt2img(PROMPT, NEGATIVE, guard=guided(share=0.5), **AT_ONE)
    assert difference(half, webui.txt2img(PROMPT, NEGATIVE, guard=guided(), **AT_ONE)) > 0
    assert difference(half, webui.txt2img(PROMPT, NEGATIVE, guard=OFF, **AT_ONE)) > 0
    assert half.said.parameters["LoRA Neg guidance share"] == "0.5"


def test_several_concepts_and_own_numbers(webui: Webui) -> None:
    two = "dog AND red"
    one = webui.txt2img(PROMPT, two, guard=guided(), **AT_ONE)
    several = (*guided(), "", True)
    apart = webui.txt2img(PROMPT, two, guard=several, **AT_ONE)
    assert difference(one, apart) > 0
    assert apart.said.parameters["LoRA Neg guidance concepts"] == "AND"
    assert_same(apart, webui.from_infotext(apart.infotext, guard=several))
    own = (*guided(), "phi 9, tau 9, alpha 1")
    strong = webui.txt2img(PROMPT, NEGATIVE, guard=own, **AT_ONE)
    usual = webui.txt2img(PROMPT, NEGATIVE, guard=guided(), **AT_ONE)
    assert difference(usual, strong) > 0
    assert strong.said.parameters["LoRA Neg guidance numbers"] == "phi 9, tau 9, alpha 1"
    scheduled = webui.txt2img(PROMPT, "[dog:red cars:0.5]", guard=several, **AT_ONE)
    assert difference(usual, scheduled) > 0


def test_prompts_divided_by_and(webui: Webui) -> None:
    prompt = "a cat AND a hill :0.5"
    plain = webui.txt2img(prompt, NEGATIVE, guard=OFF, cfg_scale=4.0)
    on = webui.txt2img(prompt, NEGATIVE, guard=guided(), cfg_scale=4.0)
    assert difference(plain, on) > 0
    assert_same(plain, webui.txt2img(prompt, NEGATIVE, guard=OFF, cfg_scale=4.0))


def test_what_means_nothing_is_said_and_the_picture_is_made(webui: Webui) -> None:
    plain = webui.txt2img(PROMPT, NEGATIVE, guard=OFF, **AT_ONE)
    made = webui.txt2img(
        PROMPT, NEGATIVE, guard=(True, "Enforce", False, None, "CFG", "much", 7), **AT_ONE
    )
    assert_same(plain, made)
    assert "LoRA Neg guidance" not in made.said.parameters


def test_the_negative_prompt_is_not_called_without_effect(webui: Webui) -> None:
    webui.txt2img(PROMPT, NEGATIVE, guard=guided(), **AT_ONE)
    assert "cfg-1" not in [rule for rule, _ in webui.rules()]


def test_prompts_of_different_lengths_do_not_mix(webui: Webui) -> None:
    long = ", ".join(["a long negative prompt of many words"] * 20)
    on = webui.txt2img(PROMPT, long, guard=guided(), **AT_ONE)
    assert_differ(on, webui.txt2img(PROMPT, long, guard=OFF, **AT_ONE))
