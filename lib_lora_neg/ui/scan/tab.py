"""The scan tab: an empty place that the page's own script fills."""

from __future__ import annotations

from typing import Any

import gradio as gr

TITLE = "LoRA Scan"
ELEM_ID = "lora_neg_scan"

SHELL = (
    '<section class="lora-neg-scan lora-neg-tab" aria-label="LoRA Scan">'
    '<p class="lora-neg-scan-empty">The scan needs JavaScript; it is loading …</p>'
    "</section>"
)


def scan_tab() -> list[tuple[Any, str, str]]:
    """Build the tab; returns what the host's ``on_ui_tabs`` wants: blocks, title, id."""
    with gr.Blocks(analytics_enabled=False) as blocks:
        gr.HTML(SHELL, elem_id=f"{ELEM_ID}_shell")
    return [(blocks, TITLE, ELEM_ID)]
