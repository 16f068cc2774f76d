"""A scan against the host's own XYZ plot of the same grid, in a running WebUI.

    WEBUI_ROOT=… python bench/scan_xyz.py [--runs 5] [--weights "-1 - 1 [9]"] [--prompts 3]
    WEBUI_ROOT=… python bench/scan_xyz.py --ask-model --steps 20
    WEBUI_URL=http://127.0.0.1:7860 python bench/scan_xyz.py --lora NAME

Both run by HTTP, in turn, with the LoRA axis of this extension, which passes raw weights. The
scan also measures each picture, keeps it on disk and judges. Its report is drawn when somebody asks
for it, and not counted. With ``--ask-model`` each run also has a scan in which the loaded model
judges the pictures, too: four evaluations more for each, so the steps of a real scan are needed to
say what that costs.

With ``WEBUI_ROOT`` the WebUI is started with LoRA files of our own (see
tests/host/support/server.py) and one OpenMP thread, with ``--core 0`` on one core. The scan runs in
a thread of its own: as soon as two threads of a process have computed on a CPU, OpenMP waits by
sleeping, which makes small operations a third slower; and two threads land on two cores, of which
one may be slower. Neither says anything of a WebUI on its graphics card. glibc's memory makes some
threads a tenth slower than others; A1111's own start script therefore loads TCMalloc, and so should
who runs this: ``LD_PRELOAD=libtcmalloc_minimal.so.4``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.clock import Clock  # noqa: E402
from tests.host.conftest import prepared_server  # noqa: E402
from tests.host.support.client import GUARD_TITLE, OFF, PICTURE, Webui  # noqa: E402
from tests.host.support.lora_files import STYLE  # noqa: E402
from tests.host.support.scans import FORM, ScanTab  # noqa: E402
from tests.host.support.server import GUARD_FOLDER, REPOSITORY  # noqa: E402

BAR = 1.05
BAR_ASKED = 1.15
"""Where the model judges, too."""
PAGE_SECONDS = 0.7
"""How often the tab's page asks how far a scan is."""
ASKING = {"critic": True}
"""What a form says beside the rest where the model judges, too."""
PROMPTS = ("a cat on a wall", "a lake at night", "an old bicycle", "a red apple", "a house")


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Let processes that are started here run on one core only, where the system can do that."""
    if core is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def webui(core: int | None) -> Iterator[Webui]:
    """Yield the WebUI of the environment, started if need be."""
    url, root = os.environ.get("WEBUI_URL"), os.environ.get("WEBUI_ROOT")
    if url:
        yield Webui(url)
        return
    if not root:
        sys.exit("set WEBUI_ROOT to a WebUI's folder, or WEBUI_URL to one that runs")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        server = prepared_server(Path(root).resolve(), Path(folder), {GUARD_FOLDER: REPOSITORY})
        try:
            with on_core(core):
                server.start()
            yield Webui(server.url)
        finally:
            server.stop()


def scan(tab: ScanTab, lora: str, form: dict[str, Any], clock: Clock) -> float:
    """Return the seconds that a scan takes, from its start to its verdict."""
    started = clock.read()
    name = tab.start(lora, **form)
    job = tab.wait(pause=PAGE_SECONDS)
    seconds = clock.read() - started
    if job["state"] != "done" or job["failed"] or job["kept"]:
        sys.exit(f"the scan went wrong: {job}")
    tab.ask("delete", scan=name)
    return seconds


def plot(host: Webui, lora: str, form: dict[str, Any], clock: Clock) -> float:
    """Return the seconds that the plot takes."""
    texts = [prompt["text"] for prompt in form["prompts"]]
    axes = [("[LoRA Neg] Weight", f"{lora}: {form['weights']}"), ("Prompt S/R", ", ".join(texts))]
    body = {
        **PICTURE,
        **{key: form[key] for key in ("steps", "width", "height")},
        "prompt": f"{texts[0]}<lora:{lora}:1>",
        "negative_prompt": FORM["negative_prompt"],
        "script_name": "X/Y/Z plot",
        "script_args": host.xyz_args(axes),
    }
    started = clock.read()
    # Not by `many`: without sub images the host returns more texts than pictures.
    host.post("/sdapi/v1/txt2img", {**body, "alwayson_scripts": {GUARD_TITLE: {"args": list(OFF)}}})
    return clock.read() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--weights", default="-1 - 1 [9]")
    parser.add_argument("--prompts", type=int, default=3, choices=range(1, len(PROMPTS) + 1))
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--lora", default=STYLE)
    parser.add_argument(
        "--ask-model", action="store_true", help="a scan that the model judges, too"
    )
    parser.add_argument("--pid", type=int, help="of a WebUI that runs, for its CPU time (Linux)")
    parser.add_argument("--core", type=int, help="the core of a WebUI that is started here")
    options = parser.parse_args()
    form = {
        "weights": options.weights,
        "prompts": [{"text": text, "subject": True} for text in PROMPTS[: options.prompts]],
        "steps": options.steps,
        "width": options.side,
        "height": options.side,
    }
    ways = {
        "scan": (BAR, {}),
        **({"scan that asks": (BAR_ASKED, ASKING)} if options.ask_model else {}),
    }
    ratios: dict[str, list[float]] = {way: [] for way in ways}
    with webui(options.core) as host:
        tab, clock = ScanTab(host), Clock(options.pid)
        # Loads the model, and whatever else the first of a kind takes.
        little = {**form, "weights": "0.5", "prompts": form["prompts"][:1]}
        for _, more in ways.values():
            scan(tab, options.lora, {**little, **more}, clock)
        plot(host, options.lora, little, clock)
        for run in range(options.runs):
            seconds = {}
            # Whoever is first changes: a machine that slows down or speeds up favours neither.
            lanes = ["plot", *ways]
            for lane in lanes[run % len(lanes) :] + lanes[: run % len(lanes)]:
                if lane == "plot":
                    seconds[lane] = plot(host, options.lora, form, clock)
                else:
                    seconds[lane] = scan(tab, options.lora, {**form, **ways[lane][1]}, clock)
            for way in ways:
                ratios[way].append(seconds[way] / seconds["plot"])
            told = ", ".join(f"{lane} {took:.2f} s" for lane, took in seconds.items())
            print(f"run {run + 1}: {told}", flush=True)
    print(f"{options.weights} × {options.prompts} prompts, {options.side}², {options.steps} steps")
    for way, (bar, _) in ways.items():
        told = ", ".join(f"{ratio:.3f}" for ratio in ratios[way])
        median = statistics.median(ratios[way])
        print(f"{way} to plot {told}: median of {options.runs} {median:.3f} (bar {bar})")


if __name__ == "__main__":
    main()
