"""A page with the library tab over cards in memory, for browser tests and for looking at it.

    python tests/browser/library_page.py --port 7892

Runs on gradio 3.41.2 and 4.40.0, and on the one of our own page.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import gradio as gr  # noqa: E402

from lib_lora_neg.api.page import add_page_routes  # noqa: E402
from lib_lora_neg.loras.card import (  # noqa: E402
    LoraCard,
    RangeSource,
    ScanBracket,
    WeightRange,
)
from lib_lora_neg.loras.families import ModelFamily  # noqa: E402
from lib_lora_neg.sentences import ENGLISH  # noqa: E402
from lib_lora_neg.ui.library.answers import library_answers  # noqa: E402
from lib_lora_neg.ui.library.tab import library_tab  # noqa: E402
from lib_lora_neg.ui.spoken import in_language  # noqa: E402
from tests.browser.page import HEAD, inject, own_file  # noqa: E402
from tests.support.cards import card  # noqa: E402
from tests.support.library import MemoryLibrary  # noqa: E402

CURVE = ((-1.0, 3.6), (-0.75, 2.1), (-0.5, 0.9), (-0.25, 0.2), (0.0, 0.0))


def cards() -> list[LoraCard]:
    bracket = ScanBracket(0.3, -0.6, (-0.5, -0.75), "abcdef1234", "0123", "2026-11-29", CURVE)
    measured = WeightRange(-0.5, None, (-0.2, -0.5), RangeSource.MEASURED, "measured by a scan")
    scanned = card("scanned", "style", family=ModelFamily.SDXL, ranges=(measured,))
    return [
        card("ink", "style", family=ModelFamily.SDXL, images=20),
        replace(scanned, bracket=bracket),
        card("mira", "character", family=ModelFamily.FLUX),
        card("slide", "slider", family=ModelFamily.SD1),
    ]


def build() -> gr.Blocks:
    (tab,) = library_tab()
    blocks, title, elem_id = tab
    at_once = {"render_children": True} if "render_children" in signature(gr.Tab).parameters else {}
    with gr.Blocks(title="LoRA Library test page") as demo, gr.Tabs(elem_id="tabs"):
        with gr.Tab("txt2img", elem_id="tab_txt2img", **at_once):
            gr.Textbox(label="Prompt", elem_id="txt2img_prompt")
        with gr.Tab(title, elem_id=f"tab_{elem_id}", **at_once):
            blocks.render()
    return demo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=7892)
    options = parser.parse_args()
    inject(HEAD)
    app: Any = build().launch(
        server_name="127.0.0.1",
        server_port=options.port,
        prevent_thread_lock=True,
        quiet=True,
        **({"show_api": False} if "show_api" in signature(gr.Blocks.launch).parameters else {}),
    )[0]
    app.add_api_route("/own/{name}", own_file, methods=["GET"])
    answers = library_answers(MemoryLibrary(*cards()))
    add_page_routes(app, in_language(answers, lambda: ENGLISH))
    print(f"ready http://127.0.0.1:{options.port}", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
