"""Makes the pictures of the page without a WebUI for README and user guide, from a running one.

    python run.py demo --port 7860 --no-browser
    python bench/page_screenshots.py --url http://127.0.0.1:7860/

playwright and Chromium are needed. Every example is made at its own seed, in the themes asked for.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SAID = "#html_info_txt2img .lora-neg-page-said"
NAMES = ("style", "twice", "character", "cfg")
SCANNED = "ink_style"
ASKED = (
    "ink, blue diamond, large, center, white background",
    "red square, large, center, yellow background",
    "green circle, large, left, hat, white background",
)
"""In the small world's own words."""
SLOW_MS = 300_000


def take(page: Any, folder: Path, name: str) -> None:
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(800)
    page.screenshot(path=folder / f"page_{name}.png")
    print(folder / f"page_{name}.png")


def generate(page: Any) -> None:
    page.locator(SAID).evaluate("element => element.classList.add('old')")
    page.locator("#txt2img_generate").click()
    page.locator(f"{SAID}:not(.old):not(:empty)").wait_for()
    page.wait_for_timeout(2500)


def shoot(page: Any, url: str, theme: str, folder: Path) -> None:
    suffix = "" if theme == "light" else f"_{theme}"
    page.goto(f"{url}?__theme={theme}")
    page.locator("#lora_neg_preview_txt2img .lora-neg-quiet").wait_for()
    take(page, folder, f"empty{suffix}")
    keep = page.locator("#lora_neg_preview_txt2img .lora-neg-notice button").first
    if keep.is_visible():
        keep.click()
    tries = page.locator("#txt2img_tries button")
    for number in range(tries.count()):
        tries.nth(number).click()
        page.locator("#lora_neg_preview_txt2img .lora-neg-chip").first.wait_for()
        generate(page)
        take(page, folder, f"{NAMES[number]}{suffix}")


def scan(page: Any, url: str, theme: str, folder: Path) -> None:
    """A whole scan of the demo's style: five weights, three prompts, two seeds."""
    page.goto(f"{url}?__theme={theme}")
    page.get_by_role("tab", name="LoRA Scan").click()
    picker = page.get_by_role("combobox", name="LoRA", exact=True)
    picker.click()
    picker.fill(SCANNED)
    page.locator(".lora-neg-picker-item", has_text=SCANNED).first.click()
    page.locator(".lora-neg-scan-about .lora-neg-type-line").wait_for()
    boxes = page.locator(".lora-neg-prompt textarea")
    for number, prompt in enumerate(ASKED):
        boxes.nth(number).fill(prompt)
    page.locator(".lora-neg-scan-footer button:not(:disabled)").click()
    page.wait_for_timeout(3000)  # a scan that ended before is still shown as finished
    page.locator(".lora-neg-scan-progress-text", has_text="Finished").wait_for()
    page.wait_for_function("document.querySelector('.lora-neg-scan-curves')?.naturalWidth > 0")
    page.evaluate(
        "for (const part of document.querySelectorAll('.lora-neg-scan *')) part.scrollTop = 0"
    )
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(500)
    suffix = "" if theme == "light" else f"_{theme}"
    page.screenshot(path=folder / f"page_scan{suffix}.png", full_page=True)
    print(folder / f"page_scan{suffix}.png")


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:7860/")
    parser.add_argument("--theme", choices=["light", "dark"], action="append")
    parser.add_argument("--folder", type=Path, default=IMAGES)
    parser.add_argument("--only", choices=["examples", "scan"])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        page.set_default_timeout(SLOW_MS)
        for theme in options.theme or ["light"]:
            if options.only in (None, "examples"):
                shoot(page, options.url, theme, options.folder)
            if options.only in (None, "scan"):
                scan(page, options.url, theme, options.folder)
        browser.close()


if __name__ == "__main__":
    main()
