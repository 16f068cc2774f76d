"""The page on the small model that comes with a clone: what a newcomer sees, for real."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from lib_lora_neg.page.opening import NEEDED
from lib_lora_neg.page.world import EXAMPLES, embedded_world
from tests.browser.test_accessibility import AXE, violations

from .conftest import OwnPage, Served, serve

OURS = [
    ".lora-neg-page-head",
    "#txt2img_tries",
    "#txt2img_look",
    "#txt2img_known",
    "#txt2img_unknown",
    ".lora-neg-preview",
]

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


def test_each_example_shows_three_pictures_of_its_seed(page, served):
    tries = page.page.locator("#txt2img_tries button")
    assert tries.all_inner_texts() == [example.title for example in EXAMPLES]
    for number, example in enumerate(EXAMPLES):
        tries.nth(number).click()
        page.until(lambda wanted=example.look: wanted in look(page))
        page.strip().locator(".lora-neg-chip.lora-neg-change").first.wait_for(timeout=60_000)
        known = len(served.pictures())
        said = page.generate(seconds=120)
        assert said.startswith("3 pictures"), example.title
        assert f"Seed {example.seed}." in said
        assert len(served.pictures()) == known + 3
        # The sheet and its parts.
        page.until(lambda: page.thumbnails() == 4)


def look(page: OwnPage) -> str:
    return str(page.page.inner_text("#txt2img_look")).strip()


def test_an_example_is_measured_whatever_stood_in_the_inputs_before(page):
    page.small(steps=3)
    box = page.page.locator("#txt2img_batch_count input[type=number]")
    box.fill("4")
    box.press("Tab")
    page.page.locator("#txt2img_tries button").first.click()
    page.until(lambda: page.page.input_value("#txt2img_steps input[type=number]") == "20")
    assert box.input_value() == "1"
    assert page.page.input_value("#txt2img_seed input[type=number]") == str(EXAMPLES[0].seed)
    assert page.cfg() == EXAMPLES[0].cfg_scale


def test_what_to_look_at_goes_with_the_example(page):
    page.page.locator("#txt2img_tries button").first.click()
    page.until(lambda: EXAMPLES[0].look in look(page))
    page.page.locator("#txt2img_prompt textarea").press("End")
    page.page.keyboard.type(", dotted")
    page.until(lambda: look(page) == "")


def test_an_opened_picture_is_enlarged_by_whole_pixels(page):
    page.page.locator("#txt2img_tries button").first.click()
    page.strip().locator(".lora-neg-chip.lora-neg-change").first.wait_for()
    page.generate(seconds=120)
    page.until(lambda: page.thumbnails() == 4)
    opened = page.page.locator("#txt2img_gallery .preview img[data-whole]").first
    opened.wait_for()
    page.page.locator("#txt2img_gallery .thumbnails button").nth(1).click()
    squares = """image => image.naturalWidth === 64 && image.dataset.whole > 1
        && image.clientWidth === 64 * image.dataset.whole
        && image.clientHeight === 64 * image.dataset.whole"""
    page.until(lambda: opened.evaluate(squares))


def test_words_that_the_model_does_not_know_are_marked(page):
    marks = page.page.locator("#txt2img_unknown mark")
    page.type("a lighthouse, red circle <lora:ink_style:-0.4>", "watermark")
    page.until(lambda: marks.all_inner_texts() == ["lighthouse", "watermark"])
    page.type("mira, red circle", "")
    page.until(lambda: marks.count() == 0)
    page.page.locator("#txt2img_known summary").click()
    assert "triangle" in page.page.inner_text("#txt2img_known")
    assert "green star" in page.page.get_attribute("#txt2img_prompt textarea", "placeholder")


def test_a_chip_leads_to_the_scan_of_its_lora(page):
    page.type("red circle, medium, center, blue background <lora:ink_style:-0.9>", "")
    page.act("ink_style", "Measure with a scan")
    chosen = page.page.get_by_role("combobox", name="LoRA", exact=True)
    page.until(lambda: chosen.is_visible() and chosen.input_value() == "ink_style", 20)
    page.page.locator(".lora-neg-scan-about .lora-neg-type-line").wait_for()
    page.tab("txt2img")


def test_what_its_pictures_do_not_show_is_told_with_its_source(page):
    page.page.get_by_text("Rules that this small model cannot show").click()
    told = page.page.locator(".lora-neg-page-told")
    assert "trigger word" in told.inner_text()
    link = told.locator("a").first.get_attribute("href")
    assert link.startswith("https://huggingface.co/minimaxir/")


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci")
@pytest.mark.parametrize("width", [480, 900, 1400])
def test_the_demo_is_clean_for_axe_and_fits(page, width):
    page.page.set_viewport_size({"width": width, "height": 1000})
    page.page.locator("#txt2img_tries button").first.click()
    page.until(lambda: EXAMPLES[0].look in look(page))
    page.type("a lighthouse, red circle <lora:ink_style:-0.9>", "")
    page.page.locator("#txt2img_unknown mark").first.wait_for()
    page.page.locator("#txt2img_known summary").click()
    page.page.get_by_text("Rules that this small model cannot show").click()
    told = page.page.locator(".lora-neg-page-told li").last.bounding_box()
    assert told["x"] + told["width"] <= width
    for dark in (False, True):
        page.page.evaluate("dark => document.body.classList.toggle('dark', dark)", dark)
        assert violations(page, OURS) == []
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_library_and_the_scan_know_its_loras(page):
    page.tab("LoRA Library")
    page.page.locator(".lora-neg-grid-row[data-index]").first.wait_for(timeout=60_000)
    page.tab("LoRA Scan")
    page.page.locator(".lora-neg-scan input, .lora-neg-scan select").first.wait_for(timeout=60_000)


SCROLLERS = """() => [...document.querySelectorAll(".lora-neg-scan *")].filter((element) =>
    /auto|scroll/.test(getComputedStyle(element).overflowY)
    && element.scrollHeight > element.clientHeight + 1
    && element.tagName !== "TEXTAREA").map((element) => element.className)"""


def test_the_scan_tab_has_one_scrollbar_and_its_start_stays_in_view(page):
    page.page.set_viewport_size({"width": 1400, "height": 700})
    page.tab("LoRA Scan")
    start = page.page.get_by_role("button", name="Start", exact=True)
    start.wait_for(timeout=60_000)
    page.page.locator(".lora-neg-scan-side").wait_for()
    for offset in (0, 250):
        page.page.evaluate("offset => window.scrollTo(0, offset)", offset)
        assert page.page.evaluate(SCROLLERS) == []
        page.until(lambda: inside(start.bounding_box(), 700))
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 1400


def inside(box: dict[str, float] | None, height: int) -> bool:
    return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= height
