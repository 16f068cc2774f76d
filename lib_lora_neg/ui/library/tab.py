"""The library tab: an empty place that the page's own script fills."""

from __future__ import annotations

from typing import Any

import gradio as gr

TITLE = "LoRA Library"
ELEM_ID = "lora_neg_library"

SHELL = (
    '<section class="lora-neg-library lora-neg-tab" aria-label="LoRA Library">'
    '<p class="lora-neg-library-empty">The library needs JavaScript; it is loading …</p>'
    "</section>"
)


def library_tab() -> list[tuple[Any, str, str]]:
    """Build the tab; returns what the host's ``on_ui_tabs`` wants: blocks, title, id."""
    with gr.Blocks(analytics_enabled=False) as blocks:
        gr.HTML(SHELL, elem_id=f"{ELEM_ID}_shell")
    return [(blocks, TITLE, ELEM_ID)]
