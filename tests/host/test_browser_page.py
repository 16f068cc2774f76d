"""The live preview and its surroundings in a browser, on a running WebUI.

The test page of tests/browser has the same components; here is what only a host can show: its
cards, its settings, its paste button, its reloads, its language, its queue.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.host.support.client import Webui
from tests.host.support.lora_files import CHARACTER, STYLE

from .test_browser import SECONDS, Page, browser, expect, open_page

__all__ = ["browser", "open_page"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ASKED = f"a cat <lora:{STYLE}:-0.9>"


class Strip:
    """The strip under the prompt boxes of txt2img."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.raw.locator("#lora_neg_preview_txt2img")

    def type(self, prompt: str, negative: str = "") -> None:
        self.page.raw.locator("#txt2img_neg_prompt textarea").fill(negative)
        # Last, for a click on one of the host's cards goes to the box that had the focus.
        self.page.raw.locator("#txt2img_prompt textarea").fill(prompt)

    def says(self, prompt: str) -> None:
        """Wait until the prompt is this one."""
        expect(self.page.raw.locator("#txt2img_prompt textarea")).to_have_value(prompt)

    def chip(self, text: str) -> Any:
        return self.root.locator(".lora-neg-chip", has_text=text).first

    def act(self, chip: str, action: str) -> None:
        expect(self.chip(chip)).to_be_visible()
        self.chip(chip).press("ArrowDown")
        self.root.locator(".lora-neg-action", has_text=action).click()

    def undo(self) -> None:
        self.root.locator(".lora-neg-undo").click()


@pytest.fixture
def strip(open_page: Callable[[str], Page], webui: Webui) -> Iterator[Strip]:
    with webui.settings(lora_neg_notice_seen=True, lora_neg_mode="Enforce"):
        yield Strip(opened(open_page, webui))


def opened(open_page: Callable[[str], Page], webui: Webui) -> Page:
    page = open_page(webui.url)
    quiet = page.raw.locator("#lora_neg_preview_txt2img .lora-neg-quiet")
    expect(quiet).to_be_visible(timeout=90 * SECONDS)
    return page


def test_an_action_and_its_undo(strip: Strip) -> None:
    strip.type(ASKED)
    strip.act(STYLE, "Apply to prompt")
    strip.says(f"a cat <lora:{STYLE}:-0.5>")
    strip.undo()
    strip.says(ASKED)


def test_always_allow_is_kept_and_taken_back(strip: Strip, webui: Webui) -> None:
    strip.type(f"a <lora:{CHARACTER}:-0.5>")
    strip.act(CHARACTER, "Always allow")
    expect(strip.chip(CHARACTER)).to_have_count(0)
    picture = webui.txt2img(f"a <lora:{CHARACTER}:-0.5>")
    assert f"<lora:{CHARACTER}:-0.5>" in picture.prompt

    strip.undo()

    expect(strip.chip(CHARACTER)).to_be_visible()
    picture = webui.txt2img(f"a <lora:{CHARACTER}:-0.5>")
    assert CHARACTER not in picture.prompt


def test_a_card_removes_a_tag_at_a_negative_weight(strip: Strip) -> None:
    strip.type(f"a cat <lora:{STYLE}:-0.4>")
    raw = strip.page.raw
    raw.locator("#txt2img_extra_tabs > .tab-nav > button", has_text="Lora").click()
    card = raw.locator(f'#txt2img_lora_cards .card[data-name="{STYLE}"]')
    expect(card).to_be_visible()

    card.click(position={"x": 20, "y": 60})
    expect(raw.locator("#txt2img_prompt textarea")).to_have_value("a cat")
    card.click(position={"x": 20, "y": 60}, modifiers=["Alt"])

    written = re.compile(rf"^a cat <lora:{STYLE}[^:]*:(0\.5:)?-0\.3>$")
    expect(raw.locator("#txt2img_prompt textarea")).to_have_value(written)


def test_the_preview_answers_while_the_server_generates(strip: Strip, webui: Webui) -> None:
    strip.type("a long picture")
    raw = strip.page.raw
    for name, value in {"steps": 150, "width": 256, "height": 256}.items():
        field = raw.locator(f"#txt2img_{name} input[type=number]").first
        field.fill(str(value))
        field.blur()
    raw.locator("#txt2img_generate").click()
    expect(raw.locator("#txt2img_interrupt")).to_be_visible()
    for _ in range(300):
        if jobs(webui):
            break
        raw.wait_for_timeout(200)

    waits = [milliseconds_to_chip(strip, number) for number in range(7)]

    still = jobs(webui)
    raw.locator("#txt2img_interrupt").click()
    expect(raw.locator("#txt2img_interrupt")).to_be_hidden(timeout=120 * SECONDS)
    print(f"chips {statistics.median(waits):.0f} ms after the key, while a picture is made")
    assert still, "no answer before the picture was done"


def jobs(webui: Webui) -> int:
    """Return how many jobs are being made."""
    state = webui.get("/sdapi/v1/progress?skip_current_image=true")["state"]
    return int(state["job_count"])


def milliseconds_to_chip(strip: Strip, number: int) -> float:
    strip.type(f"{number} cats")
    expect(strip.chip(STYLE)).to_have_count(0)
    return float(
        strip.page.raw.evaluate(
            """([text, name]) => new Promise((done) => {
                const strip = document.querySelector("#lora_neg_preview_txt2img");
                const box = document.querySelector("#txt2img_prompt textarea");
                const start = performance.now();
                new MutationObserver((_, observer) => {
                    if (!strip.textContent.includes(name)) return;
                    observer.disconnect();
                    done(performance.now() - start);
                }).observe(strip, { childList: true, subtree: true });
                box.value = text;
                updateInput(box);
            })""",
            [f"{number} cats <lora:{STYLE}:-0.9>", STYLE],
        )
    )


PASTED = (
    "a cat <lora:{style}:-0.9>\nNegative prompt: blurry\nSteps: 2, Sampler: Euler, {own}Seed: 1"
)


@pytest.mark.parametrize(("own", "mode"), [("", "Enforce"), ("LoRA Neg: Advise, ", "Advise")])
def test_a_pasted_infotext_sets_the_guard_visibly(strip: Strip, own: str, mode: str) -> None:
    page = strip.page
    page.open_panel("txt2img")
    page.part("txt2img", "mode").get_by_label("Off").check()
    expect(strip.root).to_have_attribute("data-mode", "off")

    strip.type(PASTED.format(style=STYLE, own=own))
    page.raw.locator("#paste").first.click()

    expect(page.part("txt2img", "mode").get_by_label(mode)).to_be_checked()
    expect(page.toggle("txt2img")).to_be_checked()
    expect(strip.root).to_have_attribute("data-mode", mode.lower())
    expect(strip.root).to_have_class(re.compile("lora-neg-flash"))
    expect(strip.chip(STYLE)).to_be_visible()


def test_settings_are_shown_and_reset(open_page: Callable[[str], Page], webui: Webui) -> None:
    with webui.settings(lora_neg_budget=5.5, lora_neg_full_stops=True):
        raw = opened(open_page, webui).raw
        raw.locator("#tabs > .tab-nav > button", has_text="Settings").click()
        raw.locator("#settings button", has_text="LoRA Negative Guard").first.click()
        expect(raw.get_by_text("R3: CFG beside a negative weight").first).to_be_visible()
        expect(raw.get_by_text("(lowers CFG to the ceiling below)").first).to_be_visible()
        raw.once("dialog", lambda dialog: dialog.accept())

        raw.locator("#lora_neg_reset").click()

        note = raw.locator("#lora_neg_reset_note")
        expect(note).to_contain_text("Done")
        assert webui.options["lora_neg_budget"] == 2.5
        assert webui.options["lora_neg_full_stops"] is False


def test_the_reload_button_three_times(strip: Strip, webui: Webui) -> None:
    raw = strip.page.raw
    for _ in range(3):
        strip.page.settle()
        with raw.expect_navigation(timeout=180 * SECONDS, wait_until="domcontentloaded"):
            raw.get_by_text("Reload UI", exact=True).last.click()
        quiet = raw.locator("#lora_neg_preview_txt2img .lora-neg-quiet")
        expect(quiet).to_be_visible(timeout=120 * SECONDS)
        expect(raw.locator(".lora-neg-preview")).to_have_count(2)
        strip.type(ASKED)
        strip.act(STYLE, "Apply to prompt")
        strip.says(f"a cat <lora:{STYLE}:-0.5>")
    picture = webui.txt2img(ASKED)
    assert f"<lora:{STYLE}:-0.5>" in picture.prompt


def test_sentences_are_in_the_language_of_the_page(
    open_page: Callable[[str], Page], probed: Webui
) -> None:
    with probed.settings(localization="ja_JP", lora_neg_notice_seen=True):
        probed.reload_ui()
        strip = Strip(opened(open_page, probed))
        field = strip.page.raw.locator("#txt2img_cfg_scale input[type=number]").first
        field.fill("9")  # Neo begins at 6, where R3 has nothing to say
        field.blur()
        strip.type(ASKED)
        expect(strip.chip(STYLE)).to_be_visible()
        strip.chip(STYLE).click()
        popover = strip.root.locator(".lora-neg-popover")
        expect(popover).to_contain_text("下限 −0.5")
        expect(popover).to_contain_text("プロンプトに適用")
        if not watched(strip):
            expect(strip.chip("CFG")).to_contain_text("負の重み")
        strip.page.shot("japanese", whole=True)
        strip.page.settle()
        strip.page.raw.close()
    probed.reload_ui()


def watched(strip: Strip) -> list[dict[str, Any]]:
    """Return the other tools of txt2img that the page knows of."""
    found: list[dict[str, Any]] = strip.page.raw.evaluate("loraNeg.cfgToolsOf('txt2img')")
    return found


def test_another_tool_on_the_page_is_seen(strip: Strip, webui: Webui) -> None:
    if not watched(strip):
        pytest.skip("this WebUI has no CFG tool of its own on the page")
    strip.type(ASKED)
    expect(strip.chip("CFG")).to_have_class(re.compile("lora-neg-change"))
    tool = next(tool for tool in watched(strip) if tool["name"] == "Dynamic Thresholding")
    strip.page.raw.evaluate(
        "id => document.getElementById(id).querySelector('input').click()", tool["id"]
    )
    expect(strip.chip("CFG")).to_have_class(re.compile("lora-neg-advice"))
