"""The panel in a browser, on both tabs of a running WebUI.

Needs Playwright for Python and a Chromium: ``CHROMIUM`` names its program, where it is not
Playwright's own.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.host.support.client import Webui
from tests.host.support.lora_files import STYLE

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TABS = ("txt2img", "img2img")
SHOTS = os.environ.get("BROWSER_SHOTS")
"""A folder for screenshots, for people who want to look."""
SECONDS = 1000
# Hosts on a busy machine answer late; what is there is seen at once all the same.
expect.set_options(timeout=60 * SECONDS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
    with sync_api.sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(
                executable_path=program, args=["--no-sandbox", "--disable-gpu"]
            )
        except sync_api.Error as problem:
            pytest.skip(f"no Chromium: {problem.message.splitlines()[0]}")
        yield started
        started.close()


class Page:
    """The WebUI's page, with what its console said."""

    def __init__(self, page: Any, url: str) -> None:
        self.raw = page
        self.complaints: list[str] = []
        self._sockets: set[Any] = set()
        page.set_default_timeout(60 * SECONDS)
        page.on("websocket", self._count)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)
        page.goto(url, wait_until="domcontentloaded")
        page.wait_for_selector("#txt2img_generate", timeout=90 * SECONDS)
        expect(self.part("txt2img", "enabled")).to_be_attached()

    def _listen(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def _count(self, socket: Any) -> None:
        self._sockets.add(socket)
        socket.on("close", lambda closed: self._sockets.discard(closed))

    def settle(self) -> None:
        """Wait until the page has asked for nothing for a while.

        The page's own token counter waits for whatever is generated. Gradio 3 never ends an event
        whose page is gone before its turn, and a reload of the UI then waits for it for ever.
        """
        quiet, patience = 0, 60
        while quiet < 3 and patience:
            self.raw.wait_for_timeout(500)
            quiet = 0 if self._sockets else quiet + 1
            patience -= 1

    def part(self, tab: str, name: str) -> Any:
        """Return a component of the panel."""
        # Gradio 3 gives the id of an HTML component to a box and to its content.
        return self.raw.locator(f"#script_{tab}_lora_negative_guard_{name}").first

    def notice(self, tab: str) -> Any:
        """Return the notice of the first run."""
        return self.raw.locator(f"#lora_neg_preview_{tab} .lora-neg-notice")

    @property
    def infotext(self) -> Any:
        """Return the infotext under the txt2img gallery."""
        return self.raw.locator("#html_info_txt2img").first

    def toggle(self, tab: str) -> Any:
        """Return the checkbox that switches the guard of a tab."""
        return self.raw.locator(f"#script_{tab}_lora_negative_guard_enabled-checkbox input").first

    def go_to(self, tab: str) -> None:
        self.raw.locator("#tabs > .tab-nav button", has_text=re.compile(tab, re.I)).first.click()

    def open_panel(self, tab: str) -> None:
        self.go_to(tab)
        label = self.part(tab, "enabled").locator(".label-wrap").first
        label.scroll_into_view_if_needed()
        if "open" not in (label.get_attribute("class") or ""):
            label.click(position={"x": 120, "y": 8})
        expect(self.part(tab, "mode")).to_be_visible()

    def generate(self, prompt: str, cfg_scale: float = 5) -> None:
        """Generate a small picture with the txt2img tab's button."""
        self.go_to("txt2img")
        numbers = {"steps": 2, "width": 64, "height": 64, "cfg_scale": cfg_scale}
        for name, value in numbers.items():
            field = self.raw.locator(f"#txt2img_{name} input[type=number]").first
            field.fill(str(value))
            field.blur()
        self.raw.locator("#txt2img_prompt textarea").fill(prompt)
        self.raw.wait_for_timeout(500)
        self.raw.locator("#txt2img_generate").click()

    def shot(self, name: str, tab: str = "txt2img", whole: bool = False) -> None:
        """Keep a screenshot if somebody asked for them."""
        if SHOTS:
            path = str(Path(SHOTS) / f"{name}.png")
            if whole:
                self.raw.screenshot(path=path)
            else:
                self.part(tab, "enabled").screenshot(path=path)


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[[str], Page]]:
    """Opens pages, and closes them at the end."""
    opened: list[Page] = []

    def open_one(url: str) -> Page:
        opened.append(Page(browser.new_page(viewport={"width": 1400, "height": 1100}), url))
        return opened[-1]

    yield open_one
    for page in opened:
        if not page.raw.is_closed():
            page.settle()
            page.raw.close()


@pytest.fixture
def page(open_page: Callable[[str], Page], webui: Webui) -> Iterator[Page]:
    with webui.settings(lora_neg_notice_seen=True, lora_neg_mode="Enforce"):
        yield open_page(webui.url)


@pytest.mark.parametrize(
    ("button", "mode"), [("Keep guarding", "Enforce"), ("Only advise me", "Advise")]
)
def test_the_notice_of_the_first_run_is_answered(
    open_page: Callable[[str], Page], probed: Webui, button: str, mode: str
) -> None:
    with probed.settings(lora_neg_notice_seen=False, lora_neg_mode="Enforce"):
        probed.reload_ui()
        page = open_page(probed.url)
        page.open_panel("txt2img")
        expect(page.notice("txt2img")).to_be_visible()
        page.shot("notice")

        page.notice("txt2img").get_by_role("button", name=button).click()

        expect(page.notice("txt2img")).to_be_hidden()
        expect(page.part("txt2img", "mode").get_by_label(mode)).to_be_checked()
        page.open_panel("img2img")
        expect(page.notice("img2img")).to_be_hidden()
        expect(page.part("img2img", "mode").get_by_label(mode)).to_be_checked()
        page.settle()
        page.raw.reload(wait_until="domcontentloaded")
        page.open_panel("txt2img")
        expect(page.notice("txt2img")).to_be_hidden()
        expect(page.part("txt2img", "mode").get_by_label(mode)).to_be_checked()
        page.settle()
        page.raw.close()
        probed.reload_ui()
        page = open_page(probed.url)
        page.open_panel("txt2img")
        expect(page.notice("txt2img")).to_be_hidden()
        expect(page.part("txt2img", "mode").get_by_label(mode)).to_be_checked()
    # What API requests leave out is as the page was built, so it is built with the default again.
    probed.reload_ui()


def test_the_page_loads_without_complaints_of_ours(page: Page) -> None:
    page.open_panel("txt2img")
    page.open_panel("img2img")

    assert [c for c in page.complaints if "lora" in c.lower() and "neg" in c.lower()] == []


@pytest.mark.parametrize("tab", TABS)
def test_the_panel_is_there(page: Page, tab: str) -> None:
    page.go_to(tab)
    page.shot(f"closed-{tab}", tab)

    page.open_panel(tab)

    page.shot(f"open-{tab}", tab)
    for name in ("mode", "findings", "refresh", "health"):
        expect(page.part(tab, name)).to_be_visible()
    expect(page.part(tab, "health")).to_contain_text("live")


def test_findings_appear_after_a_generation(page: Page) -> None:
    page.open_panel("txt2img")

    page.generate(f"a cat <lora:{STYLE}:-0.9>", cfg_scale=9)

    findings = page.part("txt2img", "findings")
    expect(findings).to_contain_text(f"<lora:{STYLE}:-0.5>")
    expect(findings).to_contain_text("R1")
    expect(findings).to_contain_text("R3")
    page.raw.wait_for_timeout(500)
    page.shot("findings")
    page.shot("findings-page", whole=True)


def test_findings_of_the_next_generation_replace_them(page: Page) -> None:
    page.open_panel("txt2img")
    page.generate(f"a cat <lora:{STYLE}:-0.9>")
    findings = page.part("txt2img", "findings")
    expect(findings).to_contain_text(f"<lora:{STYLE}:-0.5>")

    page.generate("a dog")

    expect(findings).to_contain_text("Nothing to change")


def test_the_toggle_switches_the_guard_off(page: Page) -> None:
    page.open_panel("txt2img")
    page.toggle("txt2img").uncheck()

    page.generate(f"a cat <lora:{STYLE}:-0.9>")

    infotext = page.infotext
    expect(infotext).to_contain_text(f"<lora:{STYLE}:-0.9>")
    expect(infotext).not_to_contain_text("LoRA Neg")


def test_advise_is_chosen_in_the_panel(page: Page) -> None:
    page.open_panel("txt2img")
    # The page was built with an earlier setting; once it has loaded, the panel follows the new one.
    mode = page.part("txt2img", "mode")
    expect(mode.get_by_label("Enforce")).to_be_checked()
    mode.get_by_label("Advise").check()

    page.generate(f"a cat <lora:{STYLE}:-0.9>")

    infotext = page.infotext
    expect(infotext).to_contain_text("LoRA Neg: Advise")
    expect(infotext).to_contain_text(f"<lora:{STYLE}:-0.9>")
    findings = page.part("txt2img", "findings")
    expect(findings).to_contain_text("Advice")
    page.shot("advice")


def open_part(page: Page, name: str) -> None:
    """Open an accordion of the panel."""
    label = page.part("txt2img", name).locator(".label-wrap").first
    if "open" not in (label.get_attribute("class") or ""):
        label.click(position={"x": 60, "y": 8})


def test_negative_guidance_is_chosen_in_the_panel_and_comes_back_by_pasting(page: Page) -> None:
    page.open_panel("txt2img")
    open_part(page, "guidance_box")
    page.part("txt2img", "guidance").get_by_label("NAG").check()
    open_part(page, "guidance_more")
    numbers = page.part("txt2img", "guidance_numbers").locator("textarea, input").first
    numbers.fill("scale 4, tau 2")
    numbers.blur()
    said = page.part("txt2img", "guidance_said")
    expect(said).to_contain_text("NAG: phi 3, tau 2", timeout=60 * SECONDS)
    page.part("txt2img", "guidance_several").locator("input").check()
    page.raw.locator("#txt2img_neg_prompt textarea").fill("dog AND red")
    page.shot("guidance")

    page.generate("a cat", cfg_scale=1)

    expect(page.infotext).to_contain_text("LoRA Neg guidance: NAG", timeout=60 * SECONDS)
    expect(page.infotext).to_contain_text("LoRA Neg guidance concepts: AND")
    expect(page.raw.locator("#txt2img_neg_prompt textarea")).to_be_enabled()
    text = page.infotext.inner_text()

    page.settle()
    page.raw.reload(wait_until="domcontentloaded")
    page.raw.wait_for_selector("#txt2img_generate", timeout=90 * SECONDS)
    page.open_panel("txt2img")
    open_part(page, "guidance_box")
    method = page.part("txt2img", "guidance")
    expect(method.get_by_label("Off")).to_be_checked(timeout=30 * SECONDS)
    page.raw.locator("#txt2img_prompt textarea").fill(text)
    page.raw.wait_for_timeout(1000)
    page.raw.locator("#paste").first.click()

    expect(method.get_by_label("NAG")).to_be_checked(timeout=60 * SECONDS)
    open_part(page, "guidance_more")
    expect(numbers).to_have_value("phi 3, tau 2")
    expect(page.part("txt2img", "guidance_several").locator("input")).to_be_checked()


def test_the_panel_in_the_dark_theme(page: Page, webui: Webui) -> None:
    page.raw.goto(f"{webui.url}/?__theme=dark", wait_until="domcontentloaded")
    expect(page.part("txt2img", "enabled")).to_be_attached(timeout=90 * SECONDS)
    page.open_panel("txt2img")

    page.generate(f"a cat <lora:{STYLE}:-0.9>", cfg_scale=9)

    findings = page.part("txt2img", "findings")
    expect(findings).to_contain_text("R3")
    page.raw.wait_for_timeout(500)
    page.shot("dark")
