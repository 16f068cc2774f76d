"""What is drawn: the stacking budget in the panel and behind its chip, the bleeding curve."""

from __future__ import annotations

import os

import pytest

from .test_accessibility import AXE, violations

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(os.environ.get("WEBUI_URL")), reason="needs our own page's LoRAs"),
]

STACK = "a cat <lora:style_x:1.5> <lora:hero:1>"
OVER = f"{STACK} <lora:thing:0.5>"


def bar(page, tab="txt2img"):
    return page.panel("budget", tab).locator(".lora-neg-budget-figure")


def test_the_budget_of_the_prompt_is_drawn_in_the_panel(page):
    page.type(STACK)
    bar(page).get_by_text("LoRA weights: 2.5 of 2.5, within the budget").wait_for(timeout=60_000)
    assert bar(page).locator(".lora-neg-budget-piece").count() == 2
    assert bar(page).get_by_role("button", name="Scale all").count() == 0
    page.type("a cat")
    bar(page).wait_for(state="detached", timeout=60_000)


def test_scaling_down_is_one_click_and_one_to_take_it_back(page):
    page.type(OVER)
    bar(page).get_by_text("LoRA weights: 3 of 2.5, over budget").wait_for(timeout=60_000)
    bar(page).get_by_role("button", name="Scale all to the budget").click()
    page.until(
        lambda: page.prompt() == "a cat <lora:style_x:1.25> <lora:hero:0.833> <lora:thing:0.416>"
    )
    bar(page).get_by_text("LoRA weights: 2.5 of 2.5, within the budget").wait_for(timeout=60_000)
    page.undo()
    assert page.prompt() == OVER


def test_the_limit_and_the_pieces_lie_on_the_bar(page):
    page.type("a <lora:style_x:9> <lora:hero:3>")
    bar(page).get_by_text("LoRA weights: 12 of 2.5, degraded").wait_for(timeout=60_000)
    whole = bar(page).locator(".lora-neg-budget-bar").bounding_box()
    for part in (".lora-neg-budget-piece", ".lora-neg-budget-mark"):
        for found in bar(page).locator(part).all():
            box = found.bounding_box()
            assert whole["x"] - 1 <= box["x"]
            assert box["x"] + box["width"] <= whole["x"] + whole["width"] + 1


def test_the_bar_stands_behind_the_chip_too(page):
    page.type(OVER)
    page.wait_for_chip("stack").click()
    popover = page.strip().locator(".lora-neg-popover")
    assert popover.locator(".lora-neg-budget-piece").count() == 3


def test_which_loras_pull_against_each_other_is_told_on_demand(page):
    page.type(STACK + " <lora:thing:-0.3>")
    bar(page).get_by_role("button", name="Do they pull against each other?").click()
    found = bar(page).locator(".lora-neg-conflict")
    page.until(lambda: found.count() == 3)
    opposed = found.filter(has_text="style_x at 1.5 and hero at 1 pull 3 of 3 common layers")
    opposed.locator("summary").click()
    assert opposed.locator("li").count() == 3
    assert "middle_block" in opposed.inner_text()
    bar(page).get_by_text("For information").wait_for(timeout=60_000)
    page.type("a <lora:style_x:1.5>")
    page.until(lambda: bar(page).locator(".lora-neg-conflict").count() == 0)
    assert bar(page).locator(".lora-neg-conflicts").is_hidden()


def test_a_tab_has_its_own_budget(page):
    page.type(STACK)
    bar(page).get_by_text("2.5 of 2.5").wait_for(timeout=60_000)
    page.go_to("img2img")
    page.type("a <lora:style_x:1>", "", tab="img2img")
    bar(page, "img2img").get_by_text("LoRA weights: 1 of 2.5").wait_for(timeout=60_000)


def test_the_bleeding_curve_stands_behind_a_negative_weight(page):
    page.type("a cat <lora:style_x:-0.9>")
    page.wait_for_chip("style_x").click()
    figure = page.strip().locator(".lora-neg-popover .lora-neg-curve")
    assert "expected of a style" in figure.inner_text()
    at, to = (figure.locator(f".lora-neg-curve-{kind}").bounding_box() for kind in ("at", "to"))
    assert at["x"] < to["x"]
    assert at["y"] < to["y"], "more damage lies higher"


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_figures_can_be_read_by_everybody(page, theme):
    page.page.evaluate("theme => document.body.classList.toggle('dark', theme === 'dark')", theme)
    page.type(f"{OVER} <lora:rainy:-0.9> <lora:mystery:0.4>")
    page.wait_for_chip("stack")
    bar(page).wait_for(timeout=60_000)
    assert violations(page, [".lora-neg-budget"]) == []
    page.wait_for_chip("rainy").click()
    assert violations(page, [".lora-neg-popover"]) == []
