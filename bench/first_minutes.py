"""Records the first ten minutes in pictures, for docs/first-minutes.md.

    python run.py demo --no-browser --port 7860 --output EMPTY_FOLDER
    python bench/first_minutes.py --url http://127.0.0.1:7860/

    python bench/first_minutes.py --webui http://127.0.0.1:7860/ --style NAME --character NAME

The first form walks through the page without a WebUI, on the small model, from a fresh output
folder; the second through a running WebUI of gradio 4 with the extension, its notice unanswered.
playwright, Chromium and Pillow are needed. Look at each picture.
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path
from typing import Any

from PIL import Image

FOLDER = Path(__file__).parents[1] / "docs" / "images" / "first-minutes"
SCANNED = "ink_style_20"
ASKED = (
    "green star, large, left, white background",
    "red star, large, center, white background",
    "yellow triangle, medium, right, blue background",
)
OWN = "a lighthouse, blue star, large, center, white background <lora:ink_style_20:-0.8>"
STRIP = "#lora_neg_preview_txt2img"
SLOW_MS = 120_000


class Recorder:
    """Takes numbered pictures of a page."""

    def __init__(self, page: Any, folder: Path, prefix: str) -> None:
        self.page = page
        self._folder = folder
        self._prefix = prefix
        self._number = 0

    def take(self, name: str, *, whole: bool = False) -> None:
        size = self.page.viewport_size
        if whole:
            # What stays in view would lie over the middle of a picture taller than the window.
            height = self.page.evaluate("document.documentElement.scrollHeight")
            self.page.set_viewport_size({**size, "height": height})
        self.page.wait_for_timeout(700)
        data = self.page.screenshot()
        self.page.set_viewport_size(size)
        self._number += 1
        path = self._folder / f"{self._prefix}{self._number}-{name}.png"
        # 256 colours are enough for a page, at a third of the bytes.
        Image.open(io.BytesIO(data)).convert("RGB").quantize(256).save(path, optimize=True)
        print(path)

    def type(self, prompt: str) -> None:
        self.page.fill("#txt2img_prompt textarea", prompt)
        self.page.locator(f"{STRIP} .lora-neg-chip").first.wait_for()

    def generate(self) -> None:
        said = "#html_info_txt2img .lora-neg-page-said"
        self.page.locator(said).evaluate("element => element.classList.add('old')")
        self.page.locator("#txt2img_generate").click()
        self.page.locator(f"{said}:not(.old):not(:empty)").wait_for()
        self.page.wait_for_timeout(1500)

    def open_chip(self, text: str) -> None:
        self.page.locator(f"{STRIP} .lora-neg-chip", has_text=text).first.click()
        self.page.locator(f"{STRIP} .lora-neg-popover").first.wait_for()


def choose_lora(page: Any, name: str) -> None:
    picker = page.get_by_role("combobox", name="LoRA", exact=True)
    picker.click()
    picker.fill(name)
    exact = page.get_by_text(name, exact=True)
    page.locator(".lora-neg-picker-item").filter(has=exact).first.click()
    page.locator(".lora-neg-scan-about .lora-neg-type-line").wait_for()


def on_the_page(record: Recorder, url: str) -> None:
    page = record.page
    page.goto(url)
    page.locator(f"{STRIP} .lora-neg-quiet").wait_for()
    record.take("page")
    page.locator(f"{STRIP} .lora-neg-notice button", has_text="Keep guarding").click()
    page.locator("#txt2img_tries button").first.click()
    page.locator(f"{STRIP} .lora-neg-chip").first.wait_for()
    record.take("example")
    record.generate()
    record.take("made", whole=True)
    record.type(OWN)
    page.locator("#txt2img_unknown mark").first.wait_for()
    record.take("own-prompt")
    record.open_chip("−0.8")
    record.take("why")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="LoRA Scan").click()
    choose_lora(page, SCANNED)
    boxes = page.locator(".lora-neg-prompt textarea")
    for number in range(min(boxes.count(), len(ASKED))):
        boxes.nth(number).fill(ASKED[number])
    record.take("scan")
    page.locator(".lora-neg-scan-footer button:not(:disabled)").first.click()
    page.wait_for_timeout(3000)
    page.locator(".lora-neg-scan-progress-text", has_text="Finished").wait_for()
    page.wait_for_function("document.querySelector('.lora-neg-scan-curves')?.naturalWidth > 0")
    record.take("scanned", whole=True)
    page.get_by_role("button", name="Save to this LoRA").first.click()
    page.wait_for_timeout(1500)
    record.take("saved")
    page.get_by_role("tab", name="txt2img").click()
    record.type(ASKED[0] + f" <lora:{SCANNED}:-0.9>")
    record.open_chip("−0.9")
    record.take("obeyed")


def in_a_webui(record: Recorder, url: str, style: str, character: str) -> None:
    page = record.page
    page.goto(url)
    page.locator(f"{STRIP} .lora-neg-quiet").first.wait_for()
    tabs = page.locator("#tabs > .tab-nav > button")
    tabs.filter(has_text="Extensions").first.click()
    page.locator("#tab_extensions button", has_text="Install from URL").first.click()
    record.take("install")
    tabs.filter(has_text="txt2img").first.click()
    record.take("installed")
    page.locator(f"{STRIP} .lora-neg-notice button", has_text="Keep guarding").click()
    record.type(f"a lighthouse at dusk <lora:{style}:-0.9> <lora:{character}:-0.5>")
    record.take("first-finding")
    record.open_chip("−0.9")
    record.take("why")
    page.keyboard.press("Escape")
    for name, value in (("width", 128), ("height", 128), ("steps", 4)):
        box = page.locator(f"#txt2img_{name} input[type=number]")
        box.fill(str(value))
        box.press("Tab")
    page.locator("#txt2img_generate").click()
    findings = page.locator('[id^="script_txt2img_"][id$="lora_negative_guard_findings"]')
    findings.get_by_text("Changed").first.wait_for(state="attached")
    panel = page.locator('[id^="script_txt2img_"][id$="lora_negative_guard_enabled"]').first
    if not findings.first.is_visible():
        panel.locator(".label-wrap").first.click()
    panel.scroll_into_view_if_needed()
    record.take("generated")
    page.evaluate("scrollTo(0, 0)")
    tabs.filter(has_text="LoRA Scan").first.click()
    choose_lora(page, style)
    record.take("scan")


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--url", help="of the page without a WebUI")
    where.add_argument("--webui", help="of a running WebUI with the extension")
    parser.add_argument("--style", default="", help="a style LoRA of the WebUI")
    parser.add_argument("--character", default="", help="a character LoRA of the WebUI")
    parser.add_argument("--theme", choices=["light", "dark"], default="light")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(SLOW_MS)
        if options.url:
            record = Recorder(page, options.folder, "page-")
            on_the_page(record, f"{options.url}?__theme={options.theme}")
        else:
            record = Recorder(page, options.folder, "webui-")
            url = f"{options.webui}?__theme={options.theme}"
            in_a_webui(record, url, options.style, options.character)
        browser.close()


if __name__ == "__main__":
    main()
