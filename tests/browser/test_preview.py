"""The strip under the prompt boxes, driven as a person drives it."""

from __future__ import annotations

import os

import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(os.environ.get("WEBUI_URL")), reason="needs our own page's LoRAs"),
]

STYLE = "a cat <lora:style_x:-0.9>"
LONG_NAME = "a_very_long_name_of_a_lora_that_nobody_has_shortened_v12_final"


def test_typing_shows_what_would_be_done(page):
    page.type(STYLE, "blurry")
    page.wait_for_chip("style_x")
    assert page.chips() == ["style_x −0.9 → −0.5 style", "CFG 7 → 6 negative weight"]


def test_nothing_moves(page):
    below = page.page.locator("#txt2img_below").first
    before = below.bounding_box()["y"]
    page.type("a <lora:style_x:-0.9> <lora:hero:-0.5>, without a hat", "impasto_oil_style, rain")
    page.wait_for_chip("hero")
    assert below.bounding_box()["y"] == before
    page.strip().locator(".lora-neg-chip").first.click()
    assert page.strip().locator(".lora-neg-popover").is_visible()
    assert below.bounding_box()["y"] == before


def test_the_popover_names_the_weight_that_is_used(page):
    page.type(STYLE)
    page.wait_for_chip("style_x").click()
    assert "at −0.5" in page.strip().locator(".lora-neg-used").inner_text()


def test_the_focus_returns_after_an_action(page):
    page.type(STYLE)
    page.act("style_x", "Apply to prompt")
    strip = "document.activeElement.closest('#lora_neg_preview_txt2img') !== null"
    page.wait_for_no_chip("style_x")
    page.until(lambda: page.page.evaluate(strip))


@pytest.mark.parametrize("width", [480, 900])
def test_what_does_not_fit_is_counted_by_kind(page, width):
    page.page.set_viewport_size({"width": width, "height": 900})
    names = " ".join(f"<lora:nobody_{number}:1>" for number in range(4))
    page.type(f"a <lora:style_x:-0.9> <lora:hero:-0.5> {names}", "b, <lora:thing:0.2>")
    page.wait_for_chip("nobody_3")
    more = page.strip().locator(".lora-neg-overflow")
    more.wait_for(state="visible")
    assert "to consider" in more.inner_text()
    cut = """chips => chips.filter(chip => chip.offsetTop < 20
        && [...chip.querySelectorAll('.lora-neg-tail')].some(t => t.scrollWidth > t.clientWidth))
        .length"""
    assert page.strip().locator(".lora-neg-chip").evaluate_all(cut) == 0
    first = page.chips()[0]
    assert first.startswith("hero")


def test_opened_the_line_cuts_nothing_and_moves_nothing(first_run):
    page = first_run
    below = page.page.locator("#txt2img_below").first
    page.strip().locator(".lora-neg-notice").wait_for(state="visible", timeout=60_000)
    unknown = " ".join(f"<lora:{LONG_NAME}_{number}:1>" for number in range(5))
    page.type(f"a <lora:style_x:-0.9> {unknown}", "b")
    page.wait_for_chip("style_x")
    more = page.strip().locator(".lora-neg-overflow")
    more.wait_for(state="visible")
    before, line = below.bounding_box(), page.strip().locator(".lora-neg-line").bounding_box()
    more.click()
    assert below.bounding_box() == before
    opened = page.strip().locator(".lora-neg-line").bounding_box()
    assert abs(opened["y"] - line["y"]) <= 2
    cut = """chips => [...chips].flatMap(chip => [...chip.querySelectorAll('bdi')])
        .filter(piece => piece.scrollWidth > piece.clientWidth).length"""
    chips = page.strip().locator(".lora-neg-chip")
    assert chips.evaluate_all(cut) == 0
    more.click()
    assert chips.evaluate_all(cut) > 0


def test_the_popover_says_the_name_that_its_chip_cuts(page):
    page.type(f"a <lora:{LONG_NAME}:1>")
    page.wait_for_chip(LONG_NAME).click()
    assert LONG_NAME in page.strip().locator(".lora-neg-popover").inner_text()
    page.type(STYLE)
    page.wait_for_chip("style_x").click()
    assert page.strip().locator(".lora-neg-whole").count() == 0


def choose(page, selector, option):
    box = page.page.locator(f"{selector} input").first
    box.click()
    box.fill(option)
    box.press("Enter")
    page.until(lambda: box.input_value() == option)


@pytest.mark.parametrize("width", [480, 1200])
def test_a_job_that_varies_weights_is_said_to_be_made_as_typed(page, width):
    page.page.set_viewport_size({"width": width, "height": 900})
    page.type(STYLE)
    page.wait_for_chip("style_x")
    choose(page, "#txt2img_script_container #script_list", "X/Y/Z plot")
    choose(page, "#script_txt2img_xyz_plot_y_type", "[LoRA Neg] Weight")
    values = "#script_txt2img_xyz_plot_y_values"
    page.page.locator(f"{values} textarea, {values} input").first.fill("-3, -1, 0")
    note = page.strip().locator(".lora-neg-sweep")
    note.wait_for(timeout=60_000)
    assert note.inner_text().startswith("As typed, without the guard: [LoRA Neg] Weight")
    assert note.get_attribute("title") == note.inner_text()
    assert said_within(note, page.strip().locator(".lora-neg-line"))
    assert page.chips() == []
    line, said = page.strip().locator(".lora-neg-line").bounding_box(), note.bounding_box()
    assert said["y"] + said["height"] <= line["y"] + line["height"]
    assert page.strip().locator(".lora-neg-all, .lora-neg-overflow:visible").count() == 0

    choose(page, "#txt2img_script_container #script_list", "None")

    page.wait_for_chip("style_x")
    assert note.count() == 0


def said_within(note, line):
    """Whether nothing of a note hangs out of its line at the end."""
    inner, outer = note.bounding_box(), line.bounding_box()
    return inner["x"] + inner["width"] <= outer["x"] + outer["width"] + 1


def test_an_axis_of_raw_weights_counts_only_in_a_plot_that_does_not_guard_itself(page):
    page.type(STYLE)
    page.wait_for_chip("style_x")
    choose(page, "#script_txt2img_xyz_plot_x_type", "[LoRA Neg] Weight")
    values = page.page.locator("#script_txt2img_xyz_plot_x_values").locator("textarea, input").first
    values.fill("-1, -0.5, 0")
    page.page.wait_for_timeout(1200)
    assert page.chips()[0].startswith("style_x −0.9")
    note = page.strip().locator(".lora-neg-sweep")
    choose(page, "#txt2img_script_container #script_list", "X/Y/Z plot")
    note.wait_for(timeout=60_000)
    choose(page, "#script_txt2img_xyz_plot_y_type", "[LoRA Neg] Guard mode")
    page.wait_for_chip("style_x")
    assert note.count() == 0


def test_a_search_and_replace_that_changes_words_is_guarded(page):
    page.type(STYLE)
    choose(page, "#txt2img_script_container #script_list", "X/Y/Z plot")
    choose(page, "#script_txt2img_xyz_plot_x_type", "Prompt S/R")
    values = page.page.locator("#script_txt2img_xyz_plot_x_values").locator("textarea, input").first
    values.fill("style_x:-0.9, style_x:-0.5")
    page.strip().locator(".lora-neg-sweep").wait_for(timeout=60_000)
    values.fill("cat, dog")
    page.wait_for_chip("style_x")


COMPLETION = """box => {
    const row = box.closest(".prompt-row");
    for (let at = box; at !== row; at = at.parentElement) at.style.overflow = "visible";
    const list = document.createElement("div");
    list.className = "autocompleteParent n";
    list.style.cssText = "display:flex; position:absolute; z-index:999; background:gray;";
    list.style.cssText += "width:20rem; height:12rem;";
    box.insertAdjacentElement("afterend", list);
}"""
"""What Tag Autocomplete puts below a box while it offers words; in hosts it may hang out of it."""

IS_ON_TOP = """list => {
    const { left, top, width, height } = list.getBoundingClientRect();
    return [0.1, 0.5, 0.9].every((part) => {
        const at = document.elementFromPoint(left + width / 2, top + height * part);
        return list.contains(at);
    });
}"""


def test_a_list_of_completions_lies_over_the_strip_and_goes_without_a_trace(page):
    page.type("a <lora:style_x:-0.9> <lora:hero:-0.5>, without a hat", "impasto_oil_style, rain")
    page.wait_for_chip("hero")
    before = page.strip().bounding_box()
    page.page.locator("#txt2img_neg_prompt textarea").evaluate(COMPLETION)
    offered = page.page.locator(".autocompleteParent")
    assert offered.evaluate(IS_ON_TOP)
    page.strip().evaluate("strip => strip.classList.add('lora-neg-open')")
    page.page.evaluate("document.querySelector('.lora-neg-chip').click()")
    page.strip().locator(".lora-neg-popover").wait_for(state="visible")
    assert offered.evaluate(IS_ON_TOP)
    page.strip().evaluate("strip => strip.classList.remove('lora-neg-open')")
    offered.evaluate("list => list.remove()")
    page.page.focus("#txt2img_neg_prompt textarea")
    page.until(lambda: page.strip().locator(".lora-neg-popover").is_hidden())
    assert page.strip().bounding_box() == before


def test_styles_count_but_are_not_written(page):
    page.type("<lora:style_x:1>", "")
    page.page.locator("#txt2img_styles input").click()
    page.page.keyboard.type("quality")
    page.page.keyboard.press("Enter")
    page.page.keyboard.press("Escape")
    chip = page.wait_for_chip("impasto_oil_style")
    chip.focus()
    chip.press("ArrowDown")
    labels = page.strip().locator(".lora-neg-action").all_inner_texts()
    assert "Apply to prompt" not in labels


def test_hires_prompts_are_looked_at(page):
    page.type("<lora:style_x:1>", "blurry")
    page.page.check("#txt2img_hr-checkbox input")
    page.page.fill("#hires_neg_prompt textarea", "impasto_oil_style, grainy")
    page.act("impasto_oil_style", "Apply to prompt")
    assert page.page.input_value("#hires_neg_prompt textarea") == "grainy"


def test_img2img(page):
    page.go_to("img2img")
    page.type(STYLE, "", tab="img2img")
    page.act("style_x", "Apply to prompt", tab="img2img")
    assert page.prompt("img2img") == "a cat <lora:style_x:-0.5>"


def test_keyboard(page):
    page.type("a <lora:style_x:-0.9> <lora:hero:-0.5>", "")
    first = page.wait_for_chip("hero")
    first.focus()
    page.page.keyboard.press("ArrowRight")
    popover = page.strip().locator(".lora-neg-popover")
    assert "style" in popover.inner_text()
    page.page.keyboard.press("ArrowDown")
    assert page.page.evaluate("document.activeElement.textContent") == "Apply to prompt"
    page.page.keyboard.press("Escape")
    assert not popover.is_visible()
    assert "style_x" in page.page.evaluate("document.activeElement.textContent")


def test_hover_explains(page):
    page.type(STYLE)
    page.wait_for_chip("style_x").hover()
    popover = page.strip().locator(".lora-neg-popover")
    popover.wait_for(state="visible", timeout=60_000)
    assert "floor −0.5" in popover.inner_text()
    page.page.mouse.move(5, 5)
    popover.wait_for(state="hidden", timeout=60_000)


def test_text_of_others_is_text(page):
    page.type("<lora:<img src=x onerror=alert(1)>:-0.9> <lora:&lt;b&gt;:1>", "<script>1</script>")
    page.wait_for_chip("unknown LoRA")
    assert page.strip().locator("img, script").count() == 0


def test_lone_surrogates_and_right_to_left(page):
    page.type("قط أسود <lora:style_x:-0.9> \U0001f431", "عربي")
    page.act("style_x", "Apply to prompt")
    assert page.prompt() == "قط أسود <lora:style_x:-0.5> \U0001f431"


def test_server_gone_is_said(page):
    page.page.route("**/lora-neg/page/check", lambda route: route.fulfill(status=500, body="no"))
    page.type(STYLE)
    page.strip().get_by_text("The preview is not available").first.wait_for(timeout=60_000)
    aloud = page.strip().get_by_role("status").filter(has_text="The preview is not available")
    aloud.wait_for(state="attached", timeout=60_000)
    page.page.unroute("**/lora-neg/page/check")
    page.wait_for_chip("style_x")
    # The browser itself writes failed requests to the console.
    page.complaints().clear()


def test_a_page_that_is_there_before_its_routes_asks_again_by_itself(page):
    """After a reload of the host's page; nothing is typed and nothing changes meanwhile."""
    refused = []

    def late(route):
        if len(refused) < 2:
            refused.append(route)
            route.fulfill(status=404, body="no")
        else:
            route.continue_()

    page.page.route("**/lora-neg/page/check", late)
    page.type(STYLE)
    page.strip().get_by_text("The preview is not available").first.wait_for(timeout=60_000)
    page.wait_for_chip("style_x")
    assert len(refused) == 2
    page.complaints().clear()
