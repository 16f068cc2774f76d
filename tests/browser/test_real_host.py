"""The page of a real WebUI at ``WEBUI_URL``; ``WEBUI_LORA`` names a style or character LoRA there.

A generation is 64 × 64 in two steps. Nothing is saved in the host's settings.
"""

from __future__ import annotations

import os

import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("WEBUI_URL"), reason="WEBUI_URL is not set"),
]

LORA = os.environ.get("WEBUI_LORA", "style_a")
ASKED = f"a lighthouse <lora:{LORA}:-0.9>"


@pytest.fixture
def page(browser, page_url):
    """A fresh page; the host's own complaints about sizes of hires fix are its own."""
    from .driver import Page

    context = browser.new_context(viewport={"width": 1400, "height": 1100})
    tab = Page(context.new_page(), page_url)
    tab.open()
    yield tab
    ours = [text for text in tab.complaints() if "lora_neg" in text or "lora-neg" in text]
    assert ours == []
    context.close()


@pytest.mark.parametrize("tab", ["txt2img", "img2img"])
def test_chip_action_and_undo(page, tab):
    if tab == "img2img":
        page.page.locator("#tabs > .tab-nav > button", has_text="img2img").first.click()
    page.type(ASKED, "blurry", tab=tab)
    page.act(LORA, "Apply to prompt", tab=tab)
    assert page.prompt(tab) != ASKED
    page.undo(tab)
    assert page.prompt(tab) == ASKED


def test_modes(page):
    page.type(ASKED, "")
    page.wait_for_chip(LORA)
    page.panel("mode").get_by_text("Advise", exact=True).click()
    page.until(lambda: page.strip().get_attribute("data-mode") == "advise")


def test_three_reloads(page):
    for _ in range(3):
        page.page.reload()
        page.page.wait_for_selector("#lora_neg_preview_txt2img .lora-neg-quiet", timeout=90_000)
        page.type(ASKED, "")
        page.wait_for_chip(LORA)


def test_card_knows_negative_weights(page):
    page.type(f"a cat <lora:{LORA}:-0.4>", "")
    page.page.locator("#txt2img_extra_tabs > .tab-nav > button", has_text="Lora").click()
    card = page.page.locator(f'#txt2img_lora_cards .card[data-name="{LORA}"]')
    card.click(position={"x": 20, "y": 60})
    page.until(lambda: page.prompt() == "a cat")


def test_settings_page_is_there(page):
    page.page.locator("#tabs > .tab-nav > button", has_text="Settings").click()
    page.page.locator(
        "#settings_lora_neg, #settings button", has_text="LoRA Negative Guard"
    ).first.click()
    page.page.get_by_text("R3: CFG beside a negative weight").first.wait_for(timeout=60_000)
    assert page.page.locator("#lora_neg_reset").count() == 1


def test_compare(page):
    page.type(ASKED, "blurry")
    for name, value in (("width", "64"), ("height", "64"), ("steps", "2")):
        page.page.fill(f"#txt2img_{name} input[type=number]", value)
    page.panel("compare").locator("input").check()
    page.page.locator("#txt2img_generate").click()
    page.page.wait_for_function(
        "document.querySelector('#html_info_txt2img')?.textContent.includes('Steps: 2')",
        timeout=180_000,
    )
    page.until(lambda: thumbnails(page) == 3, 20)
    page.panel("findings").get_by_text("Changed").first.wait_for(timeout=60_000)


def thumbnails(page) -> int:
    pictures = page.page.locator("#txt2img_gallery .thumbnails .thumbnail-item")
    return int(pictures.count())
