"""What a person does in the scan tab, in words."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from .driver import Page
from .test_accessibility import AXE

SECONDS = 1000
SLOW = 120 * SECONDS
"""The first cell imports what measures it."""


class ScanPage(Page):
    """The scan tab, in words."""

    def open(self) -> None:
        self.page.goto(self.url)
        self.page.wait_for_selector("#txt2img_prompt", timeout=90 * SECONDS)
        self.page.get_by_text("LoRA Scan", exact=True).first.click()
        self.page.wait_for_selector(".lora-neg-scan-footer button")

    def world(self, **wanted: object) -> None:
        """Set what the drawn host does next."""
        request = urllib.request.Request(
            f"{self.url}/own/world",
            json.dumps(wanted).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request).close()

    def until(self, check: Any, seconds: float = 60.0) -> None:
        super().until(check, seconds)

    @property
    def picker(self) -> Any:
        return self.page.get_by_role("combobox", name="LoRA", exact=True)

    def choose(self, name: str) -> None:
        self.picker.click()
        self.picker.fill(name)
        item = self.page.locator(".lora-neg-picker-item", has_text=name).first
        item.wait_for()
        item.click()
        self.page.locator(".lora-neg-scan-about .lora-neg-type-line").wait_for()

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).first.fill(text)

    def kind(self, name: str) -> None:
        self.page.locator(".lora-neg-choice", has_text=name).click()

    @property
    def cost(self) -> Any:
        return self.page.locator(".lora-neg-scan-cost")

    @property
    def progress(self) -> Any:
        return self.page.locator(".lora-neg-scan-progress-text")

    @property
    def starter(self) -> Any:
        return self.page.locator(".lora-neg-scan-footer button[type=submit]")

    def start(self) -> None:
        self.page.locator(".lora-neg-scan-footer button:not(:disabled)").click()

    def wait(self, text: str, name: str = "") -> None:
        shown = self.progress.filter(has_text=name).filter(has_text=text)
        shown.wait_for(timeout=SLOW)

    def cells(self) -> Any:
        return self.page.locator(".lora-neg-scan-cell[data-cell]")

    def cell(self, row: int, column: int) -> Any:
        return self.page.locator(f".lora-neg-scan-cell[data-row='{row}'][data-column='{column}']")

    def small(self, name: str = "ink_style", weights: str = "-1, -0.5, 0", seed: int = 1) -> None:
        """Fill the form for a scan of few pictures."""
        self.choose(name)
        self.fill("Weights", weights)
        self.fill("Seeds", str(seed))
        while self.page.locator(".lora-neg-prompt").count() > 2:
            self.page.get_by_label("Remove this prompt").last.click()

    def axe(self) -> list[str]:
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate(
            """async () => {
                const result = await axe.run({ include: [[".lora-neg-scan"]] }, { preload: false });
                return result.violations
                    .filter(({ impact }) => impact === "serious" || impact === "critical")
                    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
            }"""
        )
        return list(found)
