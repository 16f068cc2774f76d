"""A page with the scan tab over drawings, for browser tests and for looking at it.

    python tests/browser/scan_page.py --port 7891 --folder scans [--seconds 0.1] [--auth u:p]

Runs on gradio 3.41.2 and 4.40.0. ``POST /own/world`` sets what the drawn host does next: fails,
is busy, has no checkpoint, takes its time.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import gradio as gr  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import Response  # noqa: E402

from lib_lora_neg.api.scan_routes import add_scan_routes  # noqa: E402
from lib_lora_neg.loras.families import ModelFamily  # noqa: E402
from lib_lora_neg.scan.jobs import ScanJobs  # noqa: E402
from lib_lora_neg.scan.ports import Abilities, ImageRequest  # noqa: E402
from lib_lora_neg.ui.scan.answers import scan_answers  # noqa: E402
from lib_lora_neg.ui.scan.files import scan_files  # noqa: E402
from lib_lora_neg.ui.scan.tab import scan_tab  # noqa: E402
from tests.browser.page import HEAD, inject, own_file  # noqa: E402
from tests.scan.worlds import Eye, World  # noqa: E402
from tests.support.cards import card  # noqa: E402
from tests.support.library import MemoryLibrary  # noqa: E402
from tests.support.scanning import CHECKPOINT, Lines, MemoryScanHost, Slow  # noqa: E402

LONG = "a very long name of a LoRA that somebody has found no shorter name for " * 3


class DrawnHost(MemoryScanHost):
    """A host whose faults a test switches on."""

    def __init__(self, folder: Path, seconds: float) -> None:
        library = MemoryLibrary(
            card("ink_style", "style", family=ModelFamily.SDXL, triggers=("inkwash",),
                 shares={"mountain": 0.6, "river": 0.5, "monochrome": 0.8}),
            card("aria", "character", family=ModelFamily.SDXL, triggers=("ariavale",)),
            card("wrong", "trigger_negative", family=ModelFamily.SDXL, triggers=("wrong",)),
            card("bad_pictures", "dedicated_negative", family=ModelFamily.SDXL),
            card("for_sd1", "style", family=ModelFamily.SD1),
            card(LONG.strip(), "concept", confidence=0.6, family=ModelFamily.SDXL),
            *(card(f"style_{n:03d}", "style", family=ModelFamily.SDXL) for n in range(80)),
        )  # fmt: skip
        self.world = World("noise", onset=0.55, side=256, max_batch=2)
        super().__init__(library, folder, Slow(self.world, seconds))
        self.sampling = replace(self.sampling, width=256, height=256, steps=4)

    def set(self, wanted: dict[str, Any]) -> None:
        if "seconds" in wanted:
            self.maker = Slow(self.world, float(wanted["seconds"]))
        if "fails" in wanted:
            fails = bool(wanted["fails"])
            self.world.failing = lambda weight, shot: fails and weight < 0
        if "fails_at" in wanted:
            self.world.failing = lambda weight, shot: fails_at(wanted["fails_at"], weight, shot)
        if "busy" in wanted:
            if wanted["busy"] and not self.queue.locked():
                self.queue.acquire()
            elif not wanted["busy"] and self.queue.locked():
                self.queue.release()
        if "checkpoint" in wanted:
            self.chosen = CHECKPOINT if wanted["checkpoint"] else None
        if "quick" in wanted:
            self.lines = Lines() if wanted["quick"] else None
        if "critic" in wanted:
            self.model = Eye() if wanted["critic"] else None


def fails_at(where: dict[str, Any], weight: float, shot: ImageRequest) -> bool:
    return weight == where["weight"] and shot.seed == where["seed"]


def build() -> gr.Blocks:
    (tab,) = scan_tab()
    blocks, title, elem_id = tab
    with gr.Blocks(title="LoRA Scan test page") as demo, gr.Tabs(elem_id="tabs"):
        with gr.Tab("txt2img", elem_id="tab_txt2img"):
            prompt = gr.Textbox(label="Prompt", lines=3, elem_id="txt2img_prompt")
            paste = gr.Button("Paste", elem_id="txt2img_paste")
            gr.Dropdown(["None", "X/Y/Z plot"], value="None", label="Script", elem_id="script_list")
            pasted = gr.Textbox(label="Pasted", elem_id="pasted")
            paste.click(lambda text: text, [prompt], [pasted])
        with gr.Tab(title, elem_id=f"tab_{elem_id}"):
            blocks.render()
    return demo


def serve_own_files(app: Any, host: DrawnHost) -> None:
    async def world(request: Request) -> Response:
        host.set(await request.json())
        return Response("{}", media_type="application/json")

    app.add_api_route("/own/world", world, methods=["POST"])
    app.add_api_route("/own/{name}", own_file, methods=["GET"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=7891)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=0.05)
    parser.add_argument("--auth", help="user:password of the page")
    options = parser.parse_args()
    host = DrawnHost(options.folder, options.seconds)
    assert host.maker.abilities() == Abilities(max_batch=2, latents=True)
    jobs = ScanJobs(host, host.scans_folder)
    inject(HEAD)
    account = tuple(options.auth.split(":", 1)) if options.auth else None
    app, _, _ = build().launch(
        server_name="127.0.0.1",
        server_port=options.port,
        auth=account,
        prevent_thread_lock=True,
        quiet=True,
        show_api=False,
    )
    serve_own_files(app, host)
    add_scan_routes(app, scan_answers(host, jobs), scan_files(host))
    print(f"ready http://127.0.0.1:{options.port}", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
