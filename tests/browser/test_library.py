"""The library tab and the card badges in a running WebUI: set ``WEBUI_URL``.

Reads only: no decision is written into somebody's LoRA folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.webui,
    pytest.mark.skipif(not os.environ.get("WEBUI_URL"), reason="needs a WebUI: WEBUI_URL"),
]
SECONDS = 1000
TAB = "#tabs > .tab-nav > button, #tabs button[role=tab]"


@pytest.fixture(scope="module")
def library(browser: Any, page_url: str) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1500, "height": 950})
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(page_url, wait_until="domcontentloaded")
    page.wait_for_selector("#txt2img_generate", timeout=90 * SECONDS)
    page.locator(TAB).filter(has_text="LoRA Library").first.click()
    page.wait_for_selector(".lora-neg-library .lora-neg-grid", timeout=30 * SECONDS)
    page.wait_for_selector(".lora-neg-library-progress", state="hidden", timeout=300 * SECONDS)
    if not page.locator(".lora-neg-grid-row[data-index]").count():
        pytest.skip("this WebUI has no LoRAs")
    yield page
    page.close()


def status(page: Any) -> str:
    return str(page.locator(".lora-neg-library-status").inner_text())


def matched(page: Any) -> int:
    return int(page.locator(".lora-neg-grid").get_attribute("aria-rowcount")) - 1


def test_all_loras_are_listed_but_only_those_in_view_are_drawn(library: Any) -> None:
    count = matched(library)
    assert re.fullmatch(rf"{count} LoRAs", status(library))
    assert library.locator(".lora-neg-grid-row[data-index]").count() <= min(count, 60)


def test_search_narrows_and_clears(library: Any) -> None:
    count = matched(library)
    search = library.locator(".lora-neg-library input[type=search]")
    search.fill("no lora has such a name, surely")
    library.wait_for_selector(".lora-neg-library-empty:has-text('No LoRA matches')")
    assert matched(library) == 0
    library.locator(".lora-neg-library-empty button").click()
    library.wait_for_selector(".lora-neg-grid-row[data-index]")
    assert matched(library) == count


def test_keys_lead_to_the_details_and_back(library: Any) -> None:
    grid = library.locator(".lora-neg-grid")
    grid.focus()
    library.keyboard.press("Home")
    assert grid.get_attribute("aria-activedescendant").endswith("_0")
    name = library.locator(".lora-neg-grid-row[data-index='0'] .lora-neg-name").inner_text()
    library.keyboard.press("Enter")
    library.wait_for_selector(".lora-neg-details h4")
    assert library.locator(".lora-neg-details h3").inner_text() == name
    assert library.evaluate("document.activeElement.matches('.lora-neg-details')")
    assert library.locator(".lora-neg-details button[type=submit]").is_disabled()
    library.keyboard.press("Escape")
    assert library.locator(".lora-neg-details").is_hidden()
    assert library.evaluate("document.activeElement.matches('.lora-neg-grid')")


def test_everything_can_be_selected_and_deselected(library: Any) -> None:
    library.locator(".lora-neg-grid").focus()
    library.keyboard.press("Control+a")
    library.wait_for_selector(".lora-neg-library-bulk:not([hidden])")
    assert library.locator(".lora-neg-bulk-count").inner_text() == f"{matched(library)} selected"
    library.get_by_role("button", name="Deselect").click()
    assert library.locator(".lora-neg-library-bulk").is_hidden()


def test_sorting_turns_round(library: Any) -> None:
    head = library.locator(".lora-neg-cell-name[role=columnheader]")
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").click()
    library.wait_for_selector(".lora-neg-cell-name[aria-sort=descending]")
    head.locator("button").click()
    library.wait_for_selector(".lora-neg-cell-name[aria-sort=ascending]")


def test_cards_have_badges_that_explain_themselves(library: Any) -> None:
    library.locator(TAB).first.click()
    library.locator("#txt2img_extra_tabs button").filter(has_text="Lora").first.click()
    badge = library.locator("#txt2img_lora_cards .lora-neg-badge").first
    badge.wait_for(timeout=30 * SECONDS)
    assert "Type: " in badge.get_attribute("aria-label")
    badge.focus()
    library.wait_for_selector("#lora_neg_tooltip:not([hidden])")
    name = badge.evaluate("badge => badge.closest('.card').dataset.name")
    badge.click()
    library.wait_for_selector(".lora-neg-details:not([hidden]) h3")
    assert library.locator(".lora-neg-details h3").inner_text() == name


def test_no_script_failed(library: Any) -> None:
    assert library.faults == []
