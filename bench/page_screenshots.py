"""Makes the README's pictures of the page without a WebUI, from a running one.

    python run.py demo --port 7860 --no-browser
    python bench/page_screenshots.py --url http://127.0.0.1:7860/

playwright and Chromium are needed. Every example is made at one seed, in both themes.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SAID = "#html_info_txt2img .lora-neg-page-said"
NAMES = ("style", "character", "trigger", "wrong", "slider", "moved")
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


def shoot(page: Any, url: str, theme: str, folder: Path, seed: int) -> None:
    suffix = "" if theme == "light" else f"_{theme}"
    page.goto(f"{url}?__theme={theme}")
    page.locator("#lora_neg_preview_txt2img .lora-neg-quiet").wait_for()
    take(page, folder, f"empty{suffix}")
    keep = page.locator("[id$=lora_negative_guard_notice_keep]").first
    if keep.is_visible():
        keep.click()
    tries = page.locator("#txt2img_tries button")
    for number in range(tries.count()):
        tries.nth(number).click()
        page.fill("#txt2img_seed input", str(seed))
        page.locator("#txt2img_seed input").press("Tab")
        page.locator("#lora_neg_preview_txt2img .lora-neg-chip").first.wait_for()
        generate(page)
        take(page, folder, f"{NAMES[number]}{suffix}")


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:7860/")
    parser.add_argument("--theme", choices=["light", "dark"], action="append")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=IMAGES)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        page.set_default_timeout(SLOW_MS)
        for theme in options.theme or ["light"]:
            shoot(page, options.url, theme, options.folder, options.seed)
        browser.close()


if __name__ == "__main__":
    main()
