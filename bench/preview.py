"""What the live preview costs: the answer to ``POST /check``, and a keystroke in the page.

    python bench/preview.py [--loras 2000] [--requests 400] [--url http://127.0.0.1:7860]
    python bench/preview.py --browser

Without ``--url`` it measures the routes in this process, over a library of made-up LoRAs; needs
FastAPI (requirements/page-gradio4.txt). With node, it also times what a keystroke runs. With
``--browser`` it measures from the last key to the chips in Chromium instead (playwright is needed).
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

BUDGET_MS = 300
"""From the pause in typing to the chips."""

PROMPTS = [
    ("a cat", "blurry"),
    ("portrait, <lora:lora_0007:-0.9>, oil", "lowres, bad hands"),
    (
        "1girl, ((masterpiece)), <lora:lora_0100:0.8>, <lora:lora_0201:-0.4>, without a hat, "
        + ", ".join(f"word {number}" for number in range(60)),
        "lowres, (bad anatomy:1.2), " + ", ".join(f"bad thing {number}" for number in range(40)),
    ),
]

PAUSE_MS = 150
"""How long the strip waits for another key."""

LAST_KEY = """([key, name]) => new Promise((done) => {
    const strip = document.querySelector("#lora_neg_preview_txt2img");
    const box = document.querySelector("#txt2img_prompt textarea");
    const start = performance.now();
    new MutationObserver((_, observer) => {
        const chips = strip.querySelector(".lora-neg-chips");
        if (!chips.textContent.includes(name)) return;
        observer.disconnect();
        done(performance.now() - start);
    }).observe(strip, { childList: true, subtree: true });
    box.value += key;
    updateInput(box);
})"""

KEYSTROKE = """
import { readForm } from "%s/frontend/core/form.js";
const boxes = new Map();
const switches = Array.from({ length: 13 }, (_, place) => `lora-neg-switch-${place}`);
const box = (value) => ({
    value,
    offsetParent: {},
    checked: false,
    classList: switches,
    querySelectorAll: () => switches.map(() => ({ checked: true })),
});
const app = {
    querySelector: (selector) => {
        if (!boxes.has(selector)) boxes.set(selector, box("a ".repeat(300)));
        return boxes.get(selector);
    },
    querySelectorAll: () => [],
};
globalThis.gradioApp = () => app;
const times = [];
for (let round = 0; round < 2000; round += 1) {
    const start = performance.now();
    JSON.stringify(readForm("txt2img"));
    times.push(performance.now() - start);
}
times.sort((a, b) => a - b);
console.log(times[1000] * 1000);
"""


def in_process(loras: int) -> Callable[[bytes], None]:
    from fastapi import FastAPI
    from starlette.testclient import TestClient

    from lib_lora_neg.api.public import add_public_routes
    from tests.support.cards import SyntheticCards
    from tests.support.preview import PreviewFor

    made = SyntheticCards()
    host = PreviewFor(made.get(f"lora_{number:04d}") for number in range(loras))
    app = FastAPI()
    add_public_routes(app, host, host, {})
    client = TestClient(app)

    def ask(body: bytes) -> None:
        headers = {"content-type": "application/json"}
        answer = client.post("/lora-neg/v1/check", content=body, headers=headers)
        assert answer.status_code == 200, answer.text

    return ask


def over_http(url: str) -> Callable[[bytes], None]:
    def ask(body: bytes) -> None:
        request = urllib.request.Request(
            f"{url}/lora-neg/v1/check", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()

    return ask


def latencies(ask: Callable[[bytes], None], requests: int) -> list[float]:
    """Return milliseconds per request, over the prompts in turn; no two requests are equal."""
    times = []
    for number in range(requests):
        prompt, negative = PROMPTS[number % len(PROMPTS)]
        body = json.dumps({"prompt": f"{prompt}, {number}", "negative_prompt": negative}).encode()
        start = time.perf_counter()
        ask(body)
        times.append((time.perf_counter() - start) * 1000)
    return times


def names_with_chips(count: int) -> list[str]:
    """Return synthetic LoRAs, spread over the library, about whose weight there is a chip."""
    from lib_lora_neg.loras.card import LoraType
    from tests.support.cards import SyntheticCards

    cards = SyntheticCards()
    names = [f"lora_{number:04d}" for number in range(0, 2000, 61)]
    loud = [name for name in names if cards.get(name).inference.type is not LoraType.SLIDER]
    return loud[:count]


def chips_in_browser(prompts: int = 11) -> list[float]:
    """Return milliseconds from the last key to the chips, without the driver's own way."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import ARGUMENTS, find_chromium, free_port, wait_for
    from tests.browser.driver import Page

    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, str(ROOT / "tests/browser/page.py"), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    waits = []
    try:
        wait_for(url, process)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
            page = Page(browser.new_page(), url)
            page.open()
            for number, name in enumerate(names_with_chips(prompts)):
                page.type(f"{number} cats <lora:{name}:-3", "")
                page.page.focus("#txt2img_prompt textarea")
                page.page.keyboard.press("End")
                page.page.wait_for_timeout(3 * PAUSE_MS)
                waits.append(float(page.page.evaluate(LAST_KEY, [">", name])))
            browser.close()
    finally:
        process.terminate()
        process.wait(20)
    return waits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loras", type=int, default=2000)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--url")
    parser.add_argument("--browser", action="store_true")
    options = parser.parse_args()
    if options.browser:
        waits = chips_in_browser()
        median = statistics.median(waits) - PAUSE_MS
        print(f"chips {median:.0f} ms after the pause of {PAUSE_MS} ms, {len(waits)} prompts,")
        print(f"    {median / BUDGET_MS:.1%} of the {BUDGET_MS} ms")
        return
    ask = over_http(options.url) if options.url else in_process(options.loras)
    latencies(ask, 20)
    times = sorted(latencies(ask, options.requests))
    median, late = statistics.median(times), times[int(len(times) * 0.95)]
    where = options.url or f"in process, {options.loras} LoRAs"
    print(f"POST /check ({where}): median {median:.2f} ms, 95 % {late:.2f} ms,")
    print(f"    {median / BUDGET_MS:.1%} of the {BUDGET_MS} ms from the pause to the chips")
    node = shutil.which("node")
    if node:
        script = KEYSTROKE % ROOT.as_uri()
        command = [node, "--input-type=module", "--eval", script]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        print(f"reading all boxes after a pause: median {float(done.stdout):.0f} µs of JavaScript")


if __name__ == "__main__":
    main()
