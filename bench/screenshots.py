"""Makes the pictures of the user guide from a running WebUI.

    python bench/screenshots.py --url http://127.0.0.1:7860 --style poster_style --character aria

The two names are LoRAs of that host; playwright and Chromium are needed, and a checkpoint, with
which one picture of 128 × 128 is made. The notice of the first start is shown once per data folder.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).parents[1] / "docs" / "images"
STRIP = "#lora_neg_preview_txt2img"
TABS = "#tabs > .tab-nav > button"
PANEL = '[id^="script_txt2img_"][id$="lora_negative_guard_{}"]'


class Camera:
    """A page of the host, and where its pictures go."""

    def __init__(self, page: Any, folder: Path) -> None:
        self.page = page
        self.folder = folder

    def type(self, prompt: str, negative: str) -> None:
        self.page.fill("#txt2img_prompt textarea", prompt)
        self.page.fill("#txt2img_neg_prompt textarea", negative)
        self.page.locator(f"{STRIP} .lora-neg-chip").first.wait_for(timeout=15_000)
        self.page.wait_for_timeout(700)

    def take(self, name: str, top: str, bottom: str, margin: int = 12) -> None:
        """Save what lies between two elements, over the width of the first."""
        # Where an element lies is told from the window's corner, what is clipped from the page's.
        self.page.evaluate("window.scrollTo(0, 0)")
        self.page.wait_for_timeout(200)
        first = self.page.locator(top).first.bounding_box()
        last = self.page.locator(bottom).first.bounding_box()
        x, y = max(0, first["x"] - margin), max(0, first["y"] - margin)
        clip = {
            "x": x,
            "y": y,
            "width": first["width"] + 2 * margin,
            "height": last["y"] + last["height"] - y + margin,
        }
        self.page.screenshot(path=self.folder / f"{name}.png", clip=clip, full_page=True)
        print(self.folder / f"{name}.png")

    def panel(self, part: str) -> Any:
        return self.page.locator(PANEL.format(part)).first


def preview(camera: Camera, style: str, character: str) -> None:
    camera.type(
        f"a lighthouse at dusk <lora:{style}:-0.9> <lora:{character}:-0.5>, without people",
        f"lowres, blurry, <lora:{style}:0.6>",
    )
    camera.take("preview", "#txt2img_prompt_container", STRIP)
    camera.page.locator(f"{STRIP} .lora-neg-chip").first.click()
    camera.page.wait_for_timeout(300)
    camera.take("popover", "#txt2img_prompt_container", f"{STRIP} .lora-neg-popover")
    camera.page.keyboard.press("Escape")


def notice(camera: Camera, style: str, character: str) -> None:
    """The first start; it is answered, so that the other pictures are of a panel in use."""
    del style, character
    camera.page.locator(f"{STRIP} .lora-neg-to-panel").click()
    camera.page.wait_for_timeout(800)
    if camera.panel("notice").is_visible():
        camera.take("notice", PANEL.format("enabled"), PANEL.format("mode"))
        camera.panel("notice_keep").click()
        camera.panel("notice").wait_for(state="hidden", timeout=15_000)


def panel(camera: Camera, style: str, character: str) -> None:
    if not camera.panel("mode").is_visible():
        camera.page.locator(f"{STRIP} .lora-neg-to-panel").click()
    camera.type(f"a lighthouse at dusk <lora:{style}:-0.9> <lora:{character}:-0.5>", "blurry")
    for name, value in (("width", "128"), ("height", "128"), ("steps", "4")):
        camera.page.fill(f"#txt2img_{name} input[type=number]", value)
    camera.page.locator("#txt2img_generate").click()
    camera.page.locator("#html_info_txt2img", has_text="Steps: 4").first.wait_for(timeout=300_000)
    camera.panel("findings").locator(".lora-neg-effect").first.wait_for(timeout=30_000)
    camera.panel("more").get_by_text("More", exact=True).click()
    camera.page.wait_for_timeout(600)
    camera.take("panel", PANEL.format("enabled"), PANEL.format("health"))


def library(camera: Camera, style: str, character: str) -> None:
    """The list with the details of the style beside it."""
    del character
    page = camera.page
    page.locator(TABS, has_text="LoRA Library").first.click()
    page.locator(".lora-neg-library-progress").wait_for(state="hidden", timeout=300_000)
    page.locator(".lora-neg-grid-row[data-index]", has_text=style).first.click()
    page.locator(".lora-neg-grid").focus()
    page.keyboard.press("Enter")
    page.locator(".lora-neg-details h4").first.wait_for()
    page.wait_for_timeout(600)
    camera.take("library", ".lora-neg-library", ".lora-neg-library")


def cards(camera: Camera, style: str, character: str) -> None:
    """The row of the host's own cards with the character's; its badge is explained."""
    del style
    page = camera.page
    page.locator(TABS, has_text="txt2img").first.click()
    page.locator("#txt2img_extra_tabs > .tab-nav > button", has_text="Lora").click()
    card = f'#txt2img_lora_cards .card[data-name="{character}"]'
    page.locator(card).scroll_into_view_if_needed()
    badge = page.locator(f"{card} .lora-neg-badge")
    badge.wait_for(timeout=30_000)
    badge.hover()
    page.wait_for_timeout(800)
    camera.take("cards", "#txt2img_extra_tabs", ".lora-neg-tooltip")
    page.mouse.move(0, 0)


def settings(camera: Camera, style: str, character: str) -> None:
    del style, character
    camera.page.locator(TABS, has_text="Settings").click()
    camera.page.locator("#settings > .tab-nav > button", has_text="LoRA Negative Guard").click()
    camera.page.wait_for_timeout(500)
    camera.take("settings", "#settings_lora_neg", "#settings_lora_neg", 0)


SHOTS: tuple[Callable[[Camera, str, str], None], ...] = (
    notice,
    preview,
    panel,
    library,
    cards,
    settings,
)


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:7860")
    parser.add_argument("--style", required=True)
    parser.add_argument("--character", required=True)
    parser.add_argument("--theme", choices=["light", "dark"], default="light")
    parser.add_argument("--folder", type=Path, default=IMAGES)
    parser.add_argument("--only", choices=[request.__name__ for request in SHOTS])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        page.goto(f"{options.url}/?__theme={options.theme}")
        page.locator(f"{STRIP} .lora-neg-quiet").wait_for(timeout=180_000)
        for request in SHOTS:
            if options.only in (None, request.__name__):
                request(Camera(page, options.folder), options.style, options.character)
        browser.close()


if __name__ == "__main__":
    main()
