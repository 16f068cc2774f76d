"""The details of a LoRA in the library: its bleeding curve, and the blocks it is kept to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import running_page
from .test_accessibility import AXE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(os.environ.get("WEBUI_URL")), reason="needs our own page's LoRAs"),
]

PATIENCE = 60_000
TAB = "#tabs > .tab-nav > button, #tabs button[role=tab]"


@pytest.fixture(scope="module")
def library_url() -> Iterator[str]:
    with running_page("library_page.py") as url:
        yield url


@pytest.fixture
def tab(browser: Any, library_url: str) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1500, "height": 1000})
    page.set_default_timeout(PATIENCE)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.route(
        "**/*",
        lambda route: route.continue_() if "127.0.0.1" in route.request.url else route.abort(),
    )
    page.goto(library_url, wait_until="domcontentloaded")
    page.locator(TAB).filter(has_text="LoRA Library").first.click()
    page.wait_for_selector(".lora-neg-grid-row[data-index]")
    yield page
    assert faults == []
    page.close()


def opened(tab: Any, name: str) -> Any:
    tab.locator(".lora-neg-grid-row[data-index]", has_text=name).first.click()
    details = tab.locator(".lora-neg-details")
    details.locator("h3", has_text=name).wait_for()
    return details


def saved(tab: Any, details: Any) -> None:
    details.get_by_role("button", name="Save").click()
    tab.locator(".lora-neg-library-status", has_text="1 saved").wait_for()


def test_a_measured_curve_and_an_expected_one(tab: Any) -> None:
    figure = opened(tab, "scanned").locator(".lora-neg-curve")
    assert "measured by a scan: damage begins at −0.6" in figure.inner_text()
    assert figure.locator(".lora-neg-curve-point").count() == 5
    figure = opened(tab, "ink").locator(".lora-neg-curve")
    assert "expected of a style (trained on 20 pictures)" in figure.inner_text()
    assert figure.locator(".lora-neg-curve-point").count() == 0
    assert opened(tab, "slide").locator(".lora-neg-curve").count() == 0


def test_blocks_are_chosen_by_preset_and_one_by_one(tab: Any) -> None:
    details = opened(tab, "mira")
    box = details.get_by_label("Blocks it acts in")
    assert box.input_value() == ""
    assert details.get_by_role("button", name="Save").is_disabled()
    details.get_by_label("Presets").select_option(label="not in the face blocks")
    assert box.input_value() == "-FACE"
    details.get_by_text("Acts in 55 of 57 blocks.").wait_for()
    details.get_by_text("Choose block by block").click()
    seven = details.get_by_role("button", name="S7", exact=True)
    assert seven.get_attribute("aria-pressed") == "false"
    seven.click()
    assert seven.get_attribute("aria-pressed") == "true"
    assert box.input_value() == "-S20"
    saved(tab, details)
    opened(tab, "ink")
    assert opened(tab, "mira").get_by_label("Blocks it acts in").input_value() == "-S20"
    details = tab.locator(".lora-neg-details")
    details.get_by_label("Blocks it acts in").fill("")
    saved(tab, details)


def test_a_mask_that_means_nothing_is_refused(tab: Any) -> None:
    details = opened(tab, "ink")
    details.get_by_label("Blocks it acts in").fill("S7")
    details.get_by_text("Write -S7-S20 (all but these)").wait_for()
    details.get_by_label("Blocks it acts in").fill("-OUT9")
    details.get_by_role("button", name="Save").click()
    tab.locator(".lora-neg-library-status", has_text="OUT9 is no block of sdxl").wait_for()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_details_can_be_read_by_everybody(tab: Any, theme: str) -> None:
    tab.evaluate("theme => document.body.classList.toggle('dark', theme === 'dark')", theme)
    details = opened(tab, "scanned")
    details.get_by_text("Choose block by block").click()
    details.get_by_role("button", name="OUT3", exact=True).click()
    # A button fades into its colours when it is enabled.
    tab.wait_for_function("document.getAnimations().every((it) => it.playState !== 'running')")
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    found = tab.evaluate(
        """async () => (await axe.run({ include: [[".lora-neg-details"]] }, { preload: false }))
            .violations.filter(({ impact }) => impact === "serious" || impact === "critical")
            .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)"""
    )
    assert found == []
