"""What a person does on the page, in words."""

from __future__ import annotations

import time
from typing import Any

# gradio's own page asks for these, and says so when there is no network.
FOREIGN = ("fonts.googleapis", "ERR_FAILED", "ERR_NAME_NOT_RESOLVED", "cdnjs", "manifest.json")
FOREIGN += ("Too many arguments provided for the endpoint",)
FOREIGN += ("non-interactive or hidden tab", "favicon", "preloaded using link preload")

PATIENCE = 60_000
"""Milliseconds until a test gives up; how long things may take is measured where it is said."""


class Page:
    """One page with the extension in it."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.page.set_default_timeout(PATIENCE)
        self.url = url
        self._complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._complaints.append(f"page error: {error}"))
        page.route("**/*", self._local_only)

    def _local_only(self, route: Any) -> None:
        if route.request.url.startswith((self.url, "data:", "blob:")):
            route.continue_()
        else:
            route.abort()

    def _heard(self, message: Any) -> None:
        text = f"{message.type}: {message.text} {message.location.get('url', '')}"
        if message.type in ("error", "warning") and not any(word in text for word in FOREIGN):
            self._complaints.append(text)

    def complaints(self) -> list[str]:
        return self._complaints

    def open(self) -> None:
        self.page.goto(self.url)
        self.page.wait_for_selector("#lora_neg_preview_txt2img .lora-neg-quiet", timeout=90_000)

    def go_to(self, tab: str) -> None:
        self.page.get_by_text(tab, exact=True).first.click()
        self.strip(tab).wait_for(state="visible", timeout=PATIENCE)

    def strip(self, tab: str = "txt2img") -> Any:
        return self.page.locator(f"#lora_neg_preview_{tab}")

    def type(
        self, prompt: str | None = None, negative: str | None = None, tab: str = "txt2img"
    ) -> None:
        if negative is not None:
            self.page.fill(f"#{tab}_neg_prompt textarea", negative)
        # Last, for a click on one of the host's cards goes to the box that had the focus.
        if prompt is not None:
            self.page.fill(f"#{tab}_prompt textarea", prompt)

    def prompt(self, tab: str = "txt2img") -> str:
        return str(self.page.input_value(f"#{tab}_prompt textarea"))

    def negative(self, tab: str = "txt2img") -> str:
        return str(self.page.input_value(f"#{tab}_neg_prompt textarea"))

    def cfg(self, tab: str = "txt2img") -> float:
        return float(self.page.input_value(f"#{tab}_cfg_scale input[type=number]"))

    def chips(self, tab: str = "txt2img") -> list[str]:
        """Return the chips' texts, once the answer to what stands in the boxes is there."""
        read = "chips => chips.map(chip => chip.innerText.replace(/\\s+/g, ' ').trim())"
        return list(self.strip(tab).locator(".lora-neg-chip").evaluate_all(read))

    def wait_for_chip(self, text: str, tab: str = "txt2img") -> Any:
        chip = self.strip(tab).locator(".lora-neg-chip", has_text=text).first
        chip.wait_for(state="attached", timeout=PATIENCE)
        return chip

    def wait_for_no_chip(self, text: str, tab: str = "txt2img") -> None:
        chip = self.strip(tab).locator(".lora-neg-chip", has_text=text).first
        chip.wait_for(state="detached", timeout=PATIENCE)

    def wait_for_no_notice(self, tab: str = "txt2img") -> None:
        self.strip(tab).and_(self.page.locator("[data-mode]")).wait_for(timeout=PATIENCE)
        self.strip(tab).locator(".lora-neg-notice").wait_for(state="hidden", timeout=PATIENCE)

    def act(self, chip: str, action: str, tab: str = "txt2img") -> None:
        """Open the popover of a chip by keyboard and press one of its buttons."""
        found = self.wait_for_chip(chip, tab)
        found.focus()
        found.press("ArrowDown")
        self.strip(tab).locator(".lora-neg-action", has_text=action).click()

    def undo(self, tab: str = "txt2img") -> None:
        self.strip(tab).locator(".lora-neg-undo").click()

    def panel(self, part: str, tab: str = "txt2img") -> Any:
        return self.page.locator(f'[id^="script_{tab}_"][id$="lora_negative_guard_{part}"]')

    def until(self, check: Any, seconds: float = PATIENCE / 1000) -> None:
        """Wait until ``check()`` is true."""
        deadline = time.monotonic() + seconds
        while not check():
            assert time.monotonic() < deadline, "waited in vain"
            self.page.wait_for_timeout(30)
