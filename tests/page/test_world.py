"""The page on the small model that comes with a clone: what a newcomer sees, for real."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import pytest

from lib_lora_neg.page.opening import NEEDED
from lib_lora_neg.page.world import embedded_world

from .conftest import OwnPage, Served, serve

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(embedded_world() is None, reason="the small model is not in this checkout"),
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in NEEDED),
        reason="the page is not installed: requirements/demo.txt",
    ),
]


@pytest.fixture(scope="module")
def served(gradio_6: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    output = tmp_path_factory.mktemp("world")
    found = serve(output, "--no-browser", program=("-m", "lib_lora_neg", "serve"))
    yield found
    found.end()


@pytest.fixture
def page(browser: Any, served: Served) -> Iterator[OwnPage]:
    context = browser.new_context(viewport={"width": 1300, "height": 1000})
    tab = OwnPage(context.new_page(), served.url)
    tab.open()
    yield tab
    assert tab.complaints() == []
    assert tab.foreign == []
    context.close()


def test_each_example_is_made_guarded_and_as_typed(page, served):
    tries = page.page.locator("#txt2img_tries button")
    titles = tries.all_inner_texts()
    assert {"Style at −0.9", "Character at −0.5", "Trigger in the negative"} <= set(titles)
    for number, title in enumerate(titles):
        if title == "Slider to the left":  # where its card names no range, nothing is changed
            continue
        tries.nth(number).click()
        page.strip().locator(".lora-neg-chip.lora-neg-change").first.wait_for(timeout=20_000)
        known = len(served.pictures())
        assert page.generate(seconds=120).startswith("2 pictures"), title
        assert len(served.pictures()) == known + 2


def test_the_library_and_the_scan_know_its_loras(page):
    page.tab("LoRA Library")
    page.page.locator(".lora-neg-grid-row[data-index]").first.wait_for(timeout=30_000)
    page.tab("LoRA Scan")
    page.page.locator(".lora-neg-scan input, .lora-neg-scan select").first.wait_for(timeout=30_000)
