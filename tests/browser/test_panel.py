"""Panel, cards, reloads: the rest of the page."""

from __future__ import annotations

import os

import pytest

from .driver import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(os.environ.get("WEBUI_URL")), reason="needs our own page's LoRAs"),
]

STYLE = "a cat <lora:style_x:-0.9>"


def test_toggle_and_modes(page):
    page.type(STYLE)
    page.wait_for_chip("style_x")
    page.panel("mode").get_by_text("Advise", exact=True).click()
    page.until(lambda: page.strip().get_attribute("data-mode") == "advise")
    assert page.strip().locator(".lora-neg-chip.lora-neg-change").count() == 0
    assert page.strip().locator(".lora-neg-chip.lora-neg-advice").count() == 2
    page.panel("mode").get_by_text("Enforce", exact=True).click()
    page.until(lambda: page.strip().get_attribute("data-mode") == "enforce")
    page.panel("enabled-checkbox").locator("input").uncheck()
    page.strip().get_by_text("The guard is off in this tab").wait_for(timeout=60_000)


def test_the_notice_is_answered_once_for_both_tabs(first_run):
    page = first_run
    notice = page.strip().locator(".lora-neg-notice")
    notice.wait_for(state="visible", timeout=60_000)
    box, negative = notice.bounding_box(), page.page.locator("#txt2img_neg_prompt").bounding_box()
    assert 0 <= box["y"] - (negative["y"] + negative["height"]) < 40
    notice.get_by_role("button", name="Only advise me").click()
    notice.wait_for(state="hidden", timeout=60_000)
    page.until(lambda: chosen_mode(page, "txt2img") == "Advise")
    page.go_to("img2img")
    page.wait_for_no_notice("img2img")
    page.until(lambda: chosen_mode(page, "img2img") == "Advise")

    page.open()

    page.wait_for_no_notice()
    page.until(lambda: chosen_mode(page, "txt2img") == "Advise")
    page.type(STYLE)
    page.wait_for_chip("style_x")
    assert page.strip().get_attribute("data-mode") == "advise"


def chosen_mode(page, tab):
    return page.panel("mode", tab).locator("input:checked").input_value()


def test_the_strip_leads_to_the_panel(page):
    page.strip().locator(".lora-neg-to-panel").click()
    page.until(lambda: page.page.evaluate("document.activeElement.type") == "checkbox")
    toggle = page.panel("enabled-checkbox").locator("input")
    assert toggle.evaluate("box => box === document.activeElement")


def test_another_tool_that_changes_cfg_is_seen(page):
    page.type(STYLE)
    page.wait_for_chip("CFG")
    assert page.strip().locator(".lora-neg-change").count() == 2
    page.page.check("#txt2img_thresholding input")
    page.until(lambda: page.strip().locator(".lora-neg-chip.lora-neg-change").count() == 1)
    page.strip().locator(".lora-neg-chip.lora-neg-advice", has_text="CFG").click()
    text = page.strip().locator(".lora-neg-popover").inner_text()
    assert "not lowered because Dynamic Thresholding is active" in text


def test_quick_switch(page):
    page.type(STYLE)
    page.wait_for_chip("style_x")
    page.panel("more").get_by_text("More", exact=True).click()
    page.panel("rules").get_by_label("Range of negative weights").uncheck()
    page.wait_for_no_chip("style_x")
    assert page.chips() == ["CFG 7 → 6 negative weight"]
    page.panel("rules").get_by_label("Range of negative weights").check()
    page.wait_for_chip("style_x")


def test_preset_and_undo(page):
    page.type(STYLE)
    page.panel("more").get_by_text("More", exact=True).click()
    page.panel("preset").click()
    page.until(lambda: page.prompt() == "a cat <lora:style_x:0.5:-0.3>")
    page.until(lambda: page.cfg() == 5.0)
    assert page.page.input_value("#txt2img_sampling input") == "DPM++ 2M"
    assert page.page.input_value("#txt2img_scheduler input") == "Karras"
    page.panel("preset_undo").click()
    page.until(lambda: page.prompt() == STYLE)
    page.until(lambda: page.cfg() == 7.0)
    assert page.page.input_value("#txt2img_sampling input") == "Euler"


def test_the_text_encoder_alone_by_either_evidence_and_back(page):
    page.type("a cat <lora:style_x:-0.3>")
    page.panel("more").get_by_text("More", exact=True).click()
    for part, expected in (("te_half", "0.5:-0.3"), ("te_zero", "0:-0.3")):
        page.panel(f"preset_{part}").click()
        page.until(lambda expected=expected: page.prompt() == f"a cat <lora:style_x:{expected}>")
    assert page.cfg() == 7.0
    page.panel("preset_undo").click()
    page.until(lambda: page.prompt() == "a cat <lora:style_x:0.5:-0.3>")


def test_preset_without_a_negative_lora_says_so(page):
    page.type("a cat <lora:style_x:1>")
    page.panel("more").get_by_text("More", exact=True).click()
    page.panel("preset").click()
    page.panel("preset_note").get_by_text("No style or concept LoRA").wait_for(timeout=60_000)
    assert page.prompt() == "a cat <lora:style_x:1>"


def test_paste_without_our_keys_brings_the_default_back(page):
    page.panel("enabled-checkbox").locator("input").uncheck()
    page.panel("mode").get_by_text("Off", exact=True).click()
    page.page.locator("#txt2img_paste").click()
    page.wait_for_chip("style_x")
    assert page.panel("enabled-checkbox").locator("input").is_checked()
    assert page.strip().get_attribute("data-mode") == "enforce"


def test_findings_follow_the_generation(page):
    page.type(STYLE)
    page.page.locator("#txt2img_generate").click()
    page.panel("findings").get_by_text("Changed").first.wait_for(timeout=60_000)


def test_findings_belong_to_the_browser_that_made_the_picture(page, browser, page_url):
    context = browser.new_context()
    other = Page(context.new_page(), page_url)
    other.open()
    for _ in range(2):
        page.type(STYLE)
        other.type("a <lora:hero:-0.5>")
        page.page.locator("#txt2img_generate").click()
        page.panel("findings").get_by_text("style_x").first.wait_for(timeout=60_000)
        other.page.locator("#txt2img_generate").click()
        other.panel("findings").get_by_text("hero").first.wait_for(timeout=60_000)
    assert "style_x" not in other.panel("findings").first.inner_text()
    page.panel("refresh").click()
    page.page.wait_for_timeout(800)
    assert "hero" not in page.panel("findings").first.inner_text()
    assert other.complaints() == []
    context.close()


def test_badges_say_type_and_range_and_can_be_read(page):
    badge = page.page.locator("#txt2img_lora_cards .lora-neg-badge")
    page.page.locator("#txt2img_lora_cards").scroll_into_view_if_needed()
    page.until(lambda: badge.count() == 7)
    assert [text.replace("\n", " ").split() for text in badge.all_inner_texts()] == [
        ["St", "≥−0.5"],
        ["Ch", "≥0"],
        ["Co", "≥−0.3"],
        ["Ac"],
        ["?"],
        ["Sl", "−2…2"],
        ["St", "off"],
    ]
    backs = badge.evaluate_all("all => all.map(one => getComputedStyle(one).backgroundColor)")
    assert {back.replace(" ", "") for back in backs} == {"rgba(24,24,27,0.86)"}
    badge.nth(3).hover()
    said = page.page.locator("#lora_neg_tooltip")
    said.get_by_text("accelerator").first.wait_for()
    assert "at the weight made for it" in said.inner_text()
    page.page.mouse.move(2, 2)
    said.wait_for(state="hidden")
    badge.first.focus()
    page.page.keyboard.press("ArrowRight")
    assert page.page.evaluate("document.activeElement.closest('.card').dataset.name") == "hero"
    assert "character" in said.inner_text()


def test_card_removes_a_negative_tag(page):
    page.type("a cat <lora:style_x:-0.4> dog")
    page.page.locator("#txt2img_lora_cards .card", has_text="style_x").click()
    assert page.prompt() == "a cat dog"
    page.page.locator("#txt2img_lora_cards .card", has_text="style_x").click()
    assert page.prompt() == "a cat dog <lora:style_x:1>"


def test_card_inserts_the_recommended_negative(page):
    page.type("a cat")
    card = page.page.locator("#txt2img_lora_cards .card", has_text="style_x")
    card.hover()
    card.locator(".lora-neg-card-button").click()
    page.until(lambda: page.prompt() == "a cat <lora:style_x:0.5:-0.3>")
    card.click(modifiers=["Alt"])
    page.until(lambda: page.prompt() == "a cat")
    page.undo()
    page.until(lambda: page.prompt() == "a cat <lora:style_x:0.5:-0.3>")


def test_card_of_a_character_is_refused(page):
    page.type("a cat")
    page.page.locator("#txt2img_lora_cards .card", has_text="hero").click(modifiers=["Alt"])
    page.strip().get_by_text("no safe negative weight").first.wait_for(timeout=60_000)
    assert page.prompt() == "a cat"


def test_three_reloads(page):
    for _ in range(3):
        page.page.reload()
        page.page.wait_for_selector("#lora_neg_preview_txt2img .lora-neg-quiet", timeout=60_000)
        assert page.page.locator(".lora-neg-preview").count() == 2
        page.type(STYLE)
        page.wait_for_chip("style_x")


@pytest.mark.parametrize("width", [360, 700])
def test_narrow_window(page, width):
    page.page.set_viewport_size({"width": width, "height": 800})
    page.type("a <lora:style_x:-0.9> <lora:hero:-0.5>, without a hat", "impasto_oil_style")
    page.wait_for_chip("hero")
    page.page.wait_for_timeout(300)
    strip = page.strip().bounding_box()
    assert strip["x"] >= 0
    assert strip["x"] + strip["width"] <= width
    page.strip().locator(".lora-neg-overflow").click()
    page.strip().locator(".lora-neg-chip").last.click()
    popover = page.strip().locator(".lora-neg-popover").bounding_box()
    assert popover["x"] >= 0
    assert popover["x"] + popover["width"] <= width
