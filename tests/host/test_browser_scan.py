"""A weight scan from its tab in a browser, on a running WebUI: as a user goes through it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.host.support.client import PICTURE, Webui, assert_same
from tests.host.support.lora_files import SLIDER, STYLE
from tests.host.support.scans import ScanTab

from .test_browser import SECONDS, Page, browser, expect, open_page
from .test_scan import measured_floor

__all__ = ["browser", "open_page"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ALL = 27
"""Nine weights, three prompts, one seed."""


class Scanning:
    """The tab's form, grid and verdict."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.raw.locator(".lora-neg-scan").first
        page.raw.locator("#tabs > .tab-nav button", has_text="LoRA Scan").first.click()

    def choose(self, name: str) -> None:
        picker = self.root.get_by_role("combobox", name="LoRA", exact=True)
        picker.click()
        picker.fill(name)
        self.root.get_by_role("option", name=re.compile(rf"^{name}\b")).first.click()
        expect(self.root.locator(".lora-neg-scan-about .lora-neg-type-line")).to_be_visible()

    def fill(self, **values: object) -> None:
        for label, value in values.items():
            self.root.get_by_label(label.replace("_", " "), exact=True).first.fill(str(value))

    def prompts(self, count: int) -> None:
        """Keep so many of the prompts that were suggested."""
        rows = self.root.locator(".lora-neg-prompt")
        while rows.count() > count:
            self.root.get_by_label("Remove this prompt").last.click()
        assert rows.count() == count

    def start(self) -> None:
        self.root.locator(".lora-neg-scan-footer button[type=submit]").click()

    def said(self, text: str) -> None:
        progress = self.root.locator(".lora-neg-scan-progress-text")
        expect(progress.filter(has_text=text)).to_be_visible(timeout=300 * SECONDS)

    @property
    def cells(self) -> Any:
        return self.root.locator(".lora-neg-scan-cell[data-cell]")

    @property
    def verdict(self) -> Any:
        return self.root.locator(".lora-neg-scan-verdict")

    def press(self, name: str) -> None:
        self.root.get_by_role("button", name=name, exact=True).first.click()


@pytest.fixture
def scanning(open_page: Callable[[str], Page], webui: Webui) -> Iterator[Scanning]:
    with webui.settings(lora_neg_notice_seen=True, lora_neg_mode="Enforce"):
        yield Scanning(open_page(webui.url))
        tab = ScanTab(webui)
        tab.ask("stop")
        tab.wait()
        for entry in tab.ask("history")["entries"]:
            tab.ask("delete", scan=entry["scan"])


def test_a_scan_is_stopped_and_gone_on_with(scanning: Scanning) -> None:
    shot = scanning.page.shot
    shot("scan-empty", whole=True)
    scanning.choose(STYLE)
    scanning.fill(Weights="-1 - 1 [9]", Seeds=1)
    scanning.fill(**{name.title(): PICTURE[name] for name in ("steps", "width", "height")})
    scanning.prompts(3)
    cost = scanning.root.locator(".lora-neg-scan-cost")
    expect(cost).to_contain_text(f"{ALL} pictures (9 weights × 3 prompts × 1 seed)")
    shot("scan-form", whole=True)
    scanning.start()
    expect(scanning.cells.nth(3)).to_be_visible(timeout=120 * SECONDS)
    shot("scan-busy", whole=True)
    scanning.press("Stop")
    scanning.said("Stopped at")
    assert 4 <= scanning.cells.count() < ALL
    shot("scan-stopped", whole=True)

    scanning.press("Go on")
    scanning.said(f"Finished: {ALL} of {ALL} pictures.")
    assert scanning.cells.count() == ALL
    expect(scanning.verdict).not_to_be_empty()
    shot("scan-done", whole=True)


def test_the_model_judges_a_scan_that_is_stopped_and_gone_on_with(
    scanning: Scanning, webui: Webui
) -> None:
    if not ScanTab(webui).ask("overview")["critic"]:
        pytest.skip("this WebUI's denoiser cannot be asked alone")
    asked = f"a cat <lora:{STYLE}:-0.9>"
    before = webui.txt2img(asked)
    scanning.choose(STYLE)
    scanning.fill(Weights="-1 - 0 [5]", Seeds="1, 2")
    scanning.fill(**{name.title(): PICTURE[name] for name in ("steps", "width", "height")})
    scanning.prompts(2)
    scanning.root.get_by_label("Let the model judge, too").check()
    scanning.page.shot("scan-asking", whole=True)
    scanning.start()
    expect(scanning.cells.nth(3)).to_be_visible(timeout=120 * SECONDS)
    scanning.press("Stop")
    scanning.said("Stopped at")
    assert_same(webui.txt2img(asked), before)
    scanning.press("Go on")
    scanning.said("Finished: 20 of 20 pictures.")

    scanning.cells.first.click()
    dialog = scanning.page.raw.locator("dialog[open]")
    dialog.get_by_label("Where the model balks").check(timeout=60 * SECONDS)
    expect(dialog.locator("img[src*='scan-heat']").first).to_be_visible(timeout=60 * SECONDS)
    scanning.page.shot("scan-balks", whole=True)
    scanning.page.raw.keyboard.press("Escape")
    assert_same(webui.txt2img(asked), before)

    save = scanning.verdict.get_by_role("button", name="Save to this LoRA")
    if save.count():  # random weights draw what is broken at weight 0 already
        save.click()
        expect(scanning.verdict).to_contain_text("the guard obeys it")
        scanning.page.shot("scan-asked-saved", whole=True)
        floor = max(-0.9, measured_floor(webui, STYLE))
        after = webui.txt2img(asked)
        scanning.press("Take back")
        expect(save).to_be_visible()
        assert after.prompt == (f"a cat <lora:{STYLE}:{floor:g}>" if floor else "a cat")
    assert_same(webui.txt2img(asked), before)


def test_a_quick_scan_is_saved_and_obeyed(scanning: Scanning, webui: Webui) -> None:
    """Its verdict needs no pictures: those of random weights are broken at weight 0 already."""
    if not ScanTab(webui).ask("overview")["quick"]:
        pytest.skip("this WebUI's denoiser cannot be asked alone: no quick scans")
    scanning.choose(SLIDER)
    scanning.fill(Seeds=1, Width=64, Height=64)
    scanning.prompts(1)
    scanning.root.locator(".lora-neg-choice", has_text="Quick scan").click()
    scanning.start()
    expect(scanning.root.get_by_role("heading", name=re.compile("^Quick scan"))).to_be_visible()
    save = scanning.verdict.get_by_role("button", name="Save to this LoRA")
    expect(save).to_be_visible(timeout=300 * SECONDS)

    asked = f"a cat <lora:{SLIDER}:-3>"
    before = webui.txt2img(asked)
    save.click()
    expect(scanning.verdict).to_contain_text("the guard obeys it")
    scanning.page.shot("scan-saved", whole=True)
    after = webui.txt2img(asked)
    scanning.press("Take back")
    expect(save).to_be_visible()

    assert before.prompt == asked
    assert after.prompt != before.prompt
    assert webui.txt2img(asked).prompt == before.prompt
