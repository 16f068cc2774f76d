"""The page as a person uses it; the model behind it only draws coloured squares."""

from __future__ import annotations

import re

import pytest
from PIL import Image

from lib_lora_neg.png import read_text
from tests.browser.test_accessibility import AXE, violations

pytestmark = pytest.mark.browser

OURS = [
    ".lora-neg-page-head",
    ".lora-neg-page-filter",
    ".lora-neg-page-cards .name",
    ".lora-neg-page-status",
    "#txt2img_tries",
    ".lora-neg-preview",
    ".lora-neg-health",
    ".lora-neg-notice",
]

STYLE = "a lake <lora:ink:-0.9>"


def test_the_guard_works_on_a_generation(page, served):
    page.small()
    page.type(STYLE, "blurry")
    page.wait_for_chip("ink")
    known = set(served.pictures())
    assert re.match(r"1 picture made in .* Seed 4711\.", page.generate())
    assert page.infotext().startswith("a lake <lora:ink:-0.5>\nNegative prompt: blurry")
    page.panel("findings").get_by_text("Changed").first.wait_for()
    [new] = set(served.pictures()) - known
    assert read_text(new, "parameters") == page.infotext()


def test_toggle_mode_and_switches_are_obeyed(page):
    page.small()
    page.type(STYLE, "")
    page.panel("enabled-checkbox").locator("input").uncheck()
    page.generate()
    assert page.infotext().startswith(STYLE)
    page.panel("enabled-checkbox").locator("input").check()
    page.panel("mode").get_by_text("Advise", exact=True).click()
    page.generate()
    assert page.infotext().startswith(STYLE)
    page.panel("mode").get_by_text("Enforce", exact=True).click()
    page.panel("more").get_by_text("More", exact=True).click()
    page.panel("rules").get_by_label("Range of negative weights").uncheck()
    page.generate()
    assert page.infotext().startswith(STYLE)
    assert "CFG scale: 6" in page.infotext()


def test_compare_shows_both_at_one_seed(page):
    page.small()
    page.type(STYLE, "")
    page.panel("compare").locator("input").check()
    assert page.generate().startswith("2 pictures")
    page.until(lambda: page.thumbnails() == 3)
    assert "<lora:ink:-0.5>" in page.infotext()
    page.page.locator("#txt2img_gallery .thumbnails button").nth(2).click()
    page.until(lambda: page.infotext().startswith(STYLE))
    assert "Seed: 4711" in page.infotext()
    assert "LoRA Neg: Off" in page.infotext()


def test_nothing_to_compare_is_said(page):
    page.small()
    page.type("a lake", "")
    page.panel("compare").locator("input").check()
    assert "nothing to compare" in page.generate()
    assert page.thumbnails() <= 1


def test_each_example_fills_the_boxes(page):
    tries = page.page.locator("#txt2img_tries button")
    assert tries.all_inner_texts() == [
        "Style at −0.9",
        "Character at −0.5",
        "Slider beyond its range",
        "LoRA in the negative",
    ]
    for number in range(tries.count()):
        page.type("", "")
        page.strip().locator(".lora-neg-quiet").wait_for()
        tries.nth(number).click()
        page.strip().locator(".lora-neg-chip.lora-neg-change").first.wait_for()
        assert page.panel("compare").locator("input").is_checked()
        assert page.page.locator("#txt2img_look").inner_text().startswith("Look at:")


def test_an_example_leaves_the_mode_alone(page):
    page.panel("mode").get_by_text("Advise", exact=True).click()
    page.until(lambda: page.strip().get_attribute("data-mode") == "advise")
    page.page.locator("#txt2img_tries button").first.click()
    page.wait_for_chip("−0.9")
    assert page.panel("mode").locator("input:checked").input_value() == "Advise"
    assert page.strip().get_attribute("data-mode") == "advise"


def test_what_is_said_stands_by_generate_and_nothing_jumps(page):
    page.small()
    page.type("a lake", "")
    page.page.evaluate("window.scrollTo(0, 40)")
    page.page.locator("#txt2img_prompt textarea").focus()
    page.page.keyboard.press("Control+Enter")
    page.page.locator("#txt2img_gallery .thumbnails button").first.wait_for()
    page.page.wait_for_timeout(500)
    assert page.page.evaluate("scrollY") == 40
    assert page.page.evaluate("document.activeElement.closest('#txt2img_prompt') !== null")
    said = page.page.locator("#html_info_txt2img").bounding_box()
    button = page.page.locator("#txt2img_generate").bounding_box()
    assert abs(said["x"] - button["x"]) < 40
    assert 0 <= said["y"] - (button["y"] + button["height"]) < 120


def test_the_last_generation_is_that_of_this_browser(page, browser, served):
    page.small()
    page.type("a lake <lora:ink:-0.9>", "")
    page.generate()
    assert page.infotext().startswith("a lake <lora:ink:-0.5>")
    page.panel("findings").get_by_text("−0.5").first.wait_for()
    context = browser.new_context()
    other = type(page)(context.new_page(), served.url)
    other.open()
    nothing = "Nothing generated yet."
    assert nothing in other.panel("findings").first.inner_text()
    other.panel("refresh").click()
    other.page.wait_for_timeout(500)
    assert nothing in other.panel("findings").first.inner_text()
    context.close()
    # After a reload there is no picture, so there are no findings of one.
    page.open()
    assert nothing in page.panel("findings").first.inner_text()
    assert page.thumbnails() == 0


def test_nothing_on_the_page_is_dead(page):
    page.tab("LoRA Library")
    page.page.locator(".lora-neg-library-tools").first.wait_for()
    text = page.page.locator("body").inner_text()
    assert "Civitai" not in text
    assert "Look up unknown" not in text
    assert "XYZ" not in text
    assert ": Settings" not in text


def test_loras_to_insert_are_near_the_prompt(page):
    cards = page.page.locator("#txt2img_extra_networks").bounding_box()
    panel = page.panel("enabled").first.bounding_box()
    negative = page.page.locator("#txt2img_neg_prompt").bounding_box()
    assert negative["y"] < cards["y"] < panel["y"]


def test_interrupt_ends_a_long_generation(page):
    page.small(steps=150)
    page.type("a lake", "")
    page.page.locator("#txt2img_generate").click()
    bar = page.page.locator("#txt2img_progress [role=progressbar]")
    page.until(lambda: int(bar.get_attribute("aria-valuenow") or 0) > 3)
    page.page.locator("#txt2img_interrupt").click()
    page.page.locator("#txt2img_generate").wait_for(state="visible")
    page.until(lambda: "interrupted" in page.said())


def test_a_failure_is_said_and_the_next_one_works(page):
    page.small()
    page.type("please fail", "")
    assert page.generate() == "the picture cannot be made: it was asked to fail"
    page.type("a lake", "")
    assert page.generate().startswith("1 picture")


def test_a_pasted_infotext_fills_the_inputs(page):
    text = (
        "a hill <lora:ink:-0.4>\nNegative prompt: fog\nSteps: 7, Sampler: Euler, Schedule type: "
        "Karras, CFG scale: 4.5, Seed: 99, Size: 128x192, LoRA Neg: Advise"
    )
    page.type(text, "")
    page.page.locator("#txt2img_paste").click()
    page.until(lambda: page.prompt() == "a hill <lora:ink:-0.4>")
    assert page.negative() == "fog"
    assert page.cfg() == 4.5
    for name, value in (("seed", "99"), ("width", "128"), ("height", "192"), ("steps", "7")):
        assert page.page.input_value(f"#txt2img_{name} input[type=number]") == value
    assert page.page.input_value("#txt2img_sampling input") == "Euler"
    assert page.page.input_value("#txt2img_scheduler input") == "Karras"
    page.until(lambda: page.strip().get_attribute("data-mode") == "advise")


def test_what_is_no_infotext_is_refused(page):
    page.type("just a prompt", "fog")
    page.page.locator("#txt2img_paste").click()
    page.until(lambda: "no infotext" in page.said())
    assert (page.prompt(), page.negative()) == ("just a prompt", "fog")


def test_a_picture_restores_what_made_it(page, served, tmp_path):
    page.small()
    page.type(STYLE, "blurry")
    page.generate()
    page.type("something else", "")
    newest = max(served.pictures(), key=lambda path: path.stat().st_mtime_ns)
    page.restore_from(newest)
    page.until(lambda: page.prompt() == "a lake <lora:ink:-0.5>")
    assert page.negative() == "blurry"
    assert page.page.input_value("#txt2img_seed input[type=number]") == "4711"


def test_a_picture_without_an_infotext_is_refused(page, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    page.restore_from(tmp_path / "plain.png")
    page.until(lambda: "no generation parameters" in page.said())


def test_a_picture_dropped_on_the_prompt(page, served):
    page.small()
    page.type(STYLE, "")
    page.generate()
    page.type("something else", "")
    data = list(max(served.pictures(), key=lambda path: path.stat().st_mtime_ns).read_bytes())
    page.page.evaluate(
        """data => {
            const carrier = new DataTransfer();
            carrier.items.add(new File([new Uint8Array(data)], "a.png", { type: "image/png" }));
            const at = document.querySelector("#txt2img_prompt textarea");
            for (const type of ["dragover", "drop"]) {
                at.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true,
                    dataTransfer: carrier }));
            }
        }""",
        data,
    )
    page.until(lambda: page.prompt() == "a lake <lora:ink:-0.5>")


def test_shortcuts(page):
    page.small(steps=150)
    page.type("a lake", "")
    page.page.locator("#txt2img_prompt textarea").press("Control+Enter")
    page.page.locator("#txt2img_interrupt").wait_for(state="visible")
    page.page.locator("#txt2img_prompt textarea").press("Escape")
    page.page.locator("#txt2img_generate").wait_for(state="visible")


def test_cards_insert_and_filter(page):
    page.page.locator("#txt2img_extra_networks").get_by_text("LoRAs to insert").click()
    cards = page.page.locator("#txt2img_lora_cards .card:visible")
    page.until(lambda: cards.count() == 7)
    page.type("a lake", "")
    page.page.locator(".lora-neg-page-filter").first.fill("hero")
    page.until(lambda: cards.count() == 1)
    cards.first.locator(".name").press("Enter")
    page.until(lambda: page.prompt() == "a lake <lora:hero:1> heroname")
    cards.first.locator(".name").click()
    page.until(lambda: page.prompt() == "a lake")


def test_the_preset_reaches_the_inputs(page):
    page.type(STYLE, "")
    page.panel("more").get_by_text("More", exact=True).click()
    page.panel("preset").click()
    page.until(lambda: page.prompt() == "a lake <lora:ink:0.5:-0.3>")
    page.until(lambda: page.cfg() == 5.0)
    assert page.page.input_value("#txt2img_sampling input") == "DPM++ 2M"


def test_a_decision_from_a_chip_is_seen_in_the_library(page):
    page.type("a lake <lora:glow:-0.8>", "")
    page.act("glow", "Always allow")
    page.wait_for_no_chip("glow")
    page.tab("LoRA Library")
    row = page.page.locator(".lora-neg-grid-row", has_text="glow").first
    row.wait_for()
    row.click()
    row.press("Enter")
    page.page.locator(".lora-neg-details h3").wait_for()
    page.tab("txt2img")
    page.undo()
    page.wait_for_chip("glow")


def test_img2img_needs_a_picture(page, tmp_path):
    page.tab("img2img")
    page.page.locator("#lora_neg_preview_img2img").wait_for(state="visible")
    page.small("img2img")
    page.type(STYLE, "", tab="img2img")
    page.wait_for_chip("ink", tab="img2img")
    assert page.generate("img2img") == "Choose a picture to start from first."
    Image.new("RGB", (64, 64), (9, 99, 9)).save(tmp_path / "start.png")
    page.page.set_input_files("#img2img_image input[type=file]", tmp_path / "start.png")
    page.page.locator("#img2img_image img").wait_for()
    assert page.generate("img2img").startswith("1 picture")
    assert "<lora:ink:-0.5>" in page.infotext("img2img")


@pytest.mark.parametrize("width", [360, 700])
def test_a_narrow_window_is_not_scrolled_sideways(page, width):
    page.page.set_viewport_size({"width": width, "height": 800})
    page.page.wait_for_timeout(300)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width


def test_two_visitors_interrupt_only_themselves(page, browser, served):
    other = browser.new_context().new_page()
    other.goto(served.url)
    other.wait_for_selector("#lora_neg_preview_txt2img .lora-neg-quiet", timeout=60_000)
    page.small(steps=150)
    page.page.locator("#txt2img_batch_count input[type=number]").fill("3")
    page.page.locator("#txt2img_batch_count input[type=number]").press("Tab")
    page.type("a lake", "")
    page.page.locator("#txt2img_generate").click()
    page.page.locator("#txt2img_interrupt").wait_for(state="visible")
    other.locator("#txt2img_generate").click()
    other.locator("#txt2img_interrupt").wait_for(state="visible")
    other.locator("#txt2img_interrupt").click()
    other.locator("#html_info_txt2img", has_text="Interrupted before it began.").wait_for()
    assert page.page.locator("#txt2img_interrupt").is_visible()
    page.page.locator("#txt2img_generate").wait_for(state="visible", timeout=60_000)
    assert "made in" in page.said()
    other.context.close()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci")
def test_nothing_serious_for_axe(page):
    page.type("a <lora:ink:-0.9> <lora:hero:-0.5>, without a hat", "blurry")
    page.wait_for_chip("hero")
    page.page.locator("#txt2img_extra_networks").get_by_text("LoRAs to insert").click()
    page.page.locator("#txt2img_lora_cards .lora-neg-badge").first.wait_for()
    for theme in ("light", "dark"):
        dark = theme == "dark"
        page.page.evaluate("dark => document.body.classList.toggle('dark', dark)", dark)
        assert violations(page, OURS) == []
