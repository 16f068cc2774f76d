"""The strip's menu: the prompts for Midjourney, or as a workflow for ComfyUI."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(os.environ.get("WEBUI_URL")), reason="needs our own page's LoRAs"),
]

INFOTEXT = """a dog <lora:style_x:-0.9>
Negative prompt: blurry
Steps: 9, Sampler: Euler a, CFG scale: 7, Seed: 77, Size: 640x512, Model: m"""


def choose(page, entry: str) -> None:
    menu = page.strip().locator(".lora-neg-export")
    menu.locator("summary").click()
    menu.get_by_text(entry).click()


def saved(page, entry: str) -> dict:
    with page.page.expect_download() as download:
        choose(page, entry)
    return json.loads(Path(download.value.path()).read_text(encoding="utf-8"))


def wait_for_text(page, text: str) -> None:
    page.page.wait_for_function(
        "t => document.querySelector('#lora_neg_preview_txt2img').textContent.includes(t)", arg=text
    )


def widgets(workflow: dict, kind: str) -> list:
    return next(node["widgets_values"] for node in workflow["nodes"] if node["type"] == kind)


def test_the_prompts_as_a_workflow(page):
    page.type("a cat <lora:style_x:-0.9>", "blurry")
    page.wait_for_chip("style_x")
    workflow = saved(page, "Workflow for ComfyUI")
    # Guarded, as it would be generated.
    assert widgets(workflow, "LoraLoader")[1:] == [-0.5, -0.5]
    assert "blurry" in json.dumps(workflow)
    wait_for_text(page, "lora-neg-workflow.json")


def test_the_shown_picture_as_a_workflow(page):
    page.type("something else", "")
    page.page.evaluate(
        """(text) => {
            const info = document.querySelector("#html_info_txt2img");
            info.replaceChildren();
            for (const line of text.split("\\n")) {
                info.append(line, document.createElement("br"));
            }
        }""",
        INFOTEXT,
    )
    workflow = saved(page, "Workflow for ComfyUI")
    assert widgets(workflow, "KSampler")[0] == 77
    assert widgets(workflow, "LoraLoader")[1:] == [-0.5, -0.5]


def test_the_prompts_for_midjourney(page):
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.type("a street without cars", "fog")
    page.wait_for_chip("cars")
    choose(page, "Prompt for Midjourney")
    wait_for_text(page, "--no")
    copied = page.page.evaluate("navigator.clipboard.readText()")
    assert copied == "a street --no cars, fog"


def test_the_menu_closes(page):
    page.type("a cat", "")
    menu = page.strip().locator(".lora-neg-export")
    menu.locator("summary").click()
    entry = menu.get_by_text("Workflow for ComfyUI")
    assert entry.is_visible()
    # Nothing lies over it, and it is not cut off by the strip, which is one line.
    assert entry.evaluate(
        """(e) => {
            const { left, top, width, height } = e.getBoundingClientRect();
            return document.elementFromPoint(left + width / 2, top + height / 2) === e;
        }"""
    )
    page.page.keyboard.press("Escape")
    assert not menu.get_by_text("Workflow for ComfyUI").is_visible()
