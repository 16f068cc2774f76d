"""The strip's actions in a browser: each changes the fields, and can be undone."""

from __future__ import annotations

import os

import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(os.environ.get("WEBUI_URL")), reason="needs our own page's LoRAs"),
]

STYLE = "a cat <lora:style_x:-0.9>"


def test_apply_and_undo(page):
    page.type(STYLE)
    page.act("style_x", "Apply to prompt")
    assert page.prompt() == "a cat <lora:style_x:-0.5>"
    page.wait_for_no_chip("style_x")
    page.undo()
    assert page.prompt() == STYLE
    page.wait_for_chip("style_x")


def test_allow_once(page):
    page.type(STYLE)
    page.act("style_x", "Allow once")
    assert page.prompt() == "a cat <lora:style_x:-0.9:guard=-R1>"
    changed = page.strip().locator(".lora-neg-chip.lora-neg-change")
    page.until(lambda: changed.count() == 1)
    page.act("CFG", "Allow once")
    assert page.prompt() == "a cat <lora:style_x:-0.9:guard=-R1-R3>"
    page.until(lambda: changed.count() == 0)


def test_a_fix_is_offered_first_and_to_allow_never_stands_out(page):
    page.type("a cat <lora:style_x:−0.9>")
    page.act("style_x", "Write <lora:style_x:-0.9>")
    assert page.prompt() == STYLE
    page.wait_for_chip("CFG")
    page.type("a cat <lora:style_x:-0,9>")
    page.wait_for_no_chip("CFG")
    page.act("style_x", "Write <lora:style_x:-0.9>")
    assert page.prompt() == STYLE
    page.type("a cat <lora:stile_x:0.4>")
    page.act("stile_x", "Write <lora:style_x:0.4>")
    assert page.prompt() == "a cat <lora:style_x:0.4>"
    page.type("a <lora:mystery:-0.9>")
    chip = page.wait_for_chip("mystery")
    chip.click()
    marked = page.strip().locator(".lora-neg-action.lora-neg-first").all_inner_texts()
    assert not any("llow" in text for text in marked)


def test_always_allow_and_undo(page):
    page.type("a <lora:hero:-0.5>")
    page.act("hero", "Always allow for this LoRA")
    page.until(lambda: page.chips() == [])
    assert page.prompt() == "a <lora:hero:-0.5>"
    page.undo()
    page.wait_for_chip("hero")


def test_nudge(page):
    page.type(STYLE)
    page.act("style_x", "Weight +0.05")
    assert page.prompt() == "a cat <lora:style_x:-0.85>"
    page.act("style_x", "Weight −0.05")
    assert page.prompt() == STYLE
    page.undo()
    page.undo()
    assert page.prompt() == STYLE


def test_trigger_goes_from_the_negative(page):
    page.type("<lora:style_x:1>", "blurry, impasto_oil_style, lowres")
    page.act("impasto_oil_style", "Apply to prompt")
    assert page.negative() == "blurry, lowres"


def test_cfg_is_set(page):
    page.type(STYLE)
    page.act("CFG", "Set CFG to 6")
    page.until(lambda: page.cfg() == 6.0)
    page.wait_for_no_chip("CFG")
    page.undo()
    page.until(lambda: page.cfg() == 7.0)


def test_negation_moves_to_the_negative(page):
    page.type("a man without a hat", "blurry")
    page.act("without a hat", "Move to negative")
    assert page.prompt() == "a man"
    assert page.negative() == "blurry, hat"
    page.undo()
    assert (page.prompt(), page.negative()) == ("a man without a hat", "blurry")


def test_recommended_negative(page):
    page.type("<lora:thing:1>", "")
    page.act("bad_thing", "Insert recommended negative")
    assert page.negative() == "bad_thing, lowres"


def test_tag_moves_from_the_negative(page):
    page.type("a cat", "blurry, <lora:thing:0.2>")
    page.act("thing", "Apply to prompt")
    assert page.prompt() == "a cat <lora:thing:-0.2>"
    assert page.negative() == "blurry"


def test_apply_all(page):
    page.type("a <lora:style_x:-0.9>, <lora:hero:-0.5>", "")
    page.wait_for_chip("hero")
    page.strip().locator(".lora-neg-all").click()
    assert page.prompt() == "a <lora:style_x:-0.5>"
    page.until(lambda: page.cfg() == 6.0)
    page.until(lambda: page.chips() == [])
    page.undo()
    assert page.prompt() == "a <lora:style_x:-0.9>, <lora:hero:-0.5>"


def test_an_edit_after_the_action_ends_its_undo(page):
    page.type(STYLE)
    page.act("style_x", "Apply to prompt")
    page.type("a dog <lora:style_x:-0.5>")
    page.until(lambda: page.strip().locator(".lora-neg-undo").count() == 0)
