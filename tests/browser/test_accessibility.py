"""axe-core on what we add to the page, in both themes, left to right and right to left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci"),
    pytest.mark.skipif(bool(os.environ.get("WEBUI_URL")), reason="needs our own page's LoRAs"),
]

OURS = [".lora-neg-preview", ".lora-neg-findings", ".lora-neg-health", ".lora-neg-notice"]


NOTHING_FADES = """(ours) => ours.every((part) =>
    [...document.querySelectorAll(part)].every((element) => {
        for (let at = element; at; at = at.parentElement) {
            if (getComputedStyle(at).opacity !== "1") return false;
        }
        return true;
    }))"""


def violations(page, ours=OURS) -> list[str]:
    # Colours that are on their way from one theme to the other are neither's.
    page.page.add_style_tag(content="*, ::before, ::after { transition: none !important; }")
    # gradio fades what it is about to renew, and back.
    page.until(lambda: page.page.evaluate(NOTHING_FADES, ours))
    page.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.page.evaluate(
        """async (ours) => {
            const there = ours.filter((part) => document.querySelector(part));
            const result = await axe.run({ include: there.map((part) => [part]) },
                { preload: false });
            return result.violations
                .filter(({ impact }) => impact === "serious" || impact === "critical")
                .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
        }""",
        ours,
    )
    return list(found)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_no_serious_violation(page, theme, direction):
    page.page.evaluate(
        "([theme, direction]) => { document.body.classList.toggle('dark', theme === 'dark');"
        " document.documentElement.dir = direction; }",
        [theme, direction],
    )
    page.type("a <lora:style_x:-0.9> <lora:hero:-0.5>, without a hat", "lowres, <lora:mystery:1>")
    page.wait_for_chip("hero").click()
    assert violations(page) == []
    page.strip().locator(".lora-neg-overflow").click()
    page.page.locator("#txt2img_generate").click()
    page.panel("findings").get_by_text("Changed").first.wait_for(timeout=60_000)
    assert violations(page) == []


def test_right_to_left_popover_stays_inside(page):
    page.page.evaluate("document.documentElement.dir = 'rtl'")
    page.type("a <lora:style_x:-0.9> <lora:hero:-0.5>", "")
    page.wait_for_chip("hero").click()
    strip = page.strip().bounding_box()
    popover = page.strip().locator(".lora-neg-popover").bounding_box()
    assert popover["x"] >= strip["x"] - 1
    assert popover["x"] + popover["width"] <= strip["x"] + strip["width"] + 1


def test_the_summary_is_said(page):
    page.type("a <lora:style_x:-0.9>, without a hat", "")
    page.wait_for_chip("style_x")
    assert page.strip().get_by_role("status").inner_text() == (
        "LoRA Negative Guard: 2 to change, 1 to consider"
    )
