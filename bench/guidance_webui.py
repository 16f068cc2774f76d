"""What a negative prompt at CFG 1 costs in a running WebUI: this project's, and its neighbours'.

    WEBUI_URL=http://127.0.0.1:7860 python bench/guidance_webui.py [--rounds 5] [--steps 10]
    WEBUI_URL=http://127.0.0.1:7860 python bench/guidance_webui.py --pid 4711

Pictures of one prompt, model and seed are asked for by HTTP, each way in turn: without a negative,
with NAG, VSF and ONG, with CFG (two evaluations), and, where they are installed, NegPiP's words of
negative weight and neo-nag's box. The figure is the median, over the rounds, of a picture's time
over that of the plain picture of the same round: whole requests, encoding and decoding included.
With ``--pid`` of a WebUI that computes on the CPU (Linux) it is the CPU time of that process, which
other work on the machine hardly touches.
"""

from __future__ import annotations

import argparse
import base64
import os
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.clock import Clock  # noqa: E402
from tests.host.support.client import GUARD_TITLE, OFF, PICTURE, Picture, Webui  # noqa: E402

PROMPT, NEGATIVE = "a cat on a wall", "dull dog, blurry"
PLAIN = "no negative"
NEGPIP, NEO_NAG = "NegPiP", "Forge Neo NAG"
"""Titles of the neighbours' scripts."""


@dataclass(frozen=True)
class Way:
    """One way to keep something out of a picture.

    Attributes:
        prompt: as it is typed.
        negative: likewise.
        cfg: CFG scale.
        scripts: arguments of scripts by their titles.
    """

    prompt: str = PROMPT
    negative: str = ""
    cfg: float = 1.0
    scripts: dict[str, list[object]] = field(default_factory=dict)


def ours(method: str) -> Way:
    return Way(negative=NEGATIVE, scripts={GUARD_TITLE: [True, "Enforce", False, None, method]})


def ways(host: Webui) -> dict[str, Way]:
    """Return the ways that there are in this WebUI."""
    found = {PLAIN: Way(), **{method: ours(method) for method in ("NAG", "VSF", "ONG")}}
    found["CFG 5"] = Way(negative=NEGATIVE, cfg=5.0)
    if NEGPIP.lower() in host.scripts:
        words = ", ".join(f"({word}:-1)" for word in NEGATIVE.split(", "))
        found[NEGPIP] = Way(f"{PROMPT}, {words}", scripts={NEGPIP: [True]})
    if NEO_NAG.lower() in host.scripts:
        # phi, tau and alpha are those of our NAG on SDXL; then the noise levels: all.
        box = [True, NEGATIVE, 2.0, 2.5, 0.5, 1000.0, 0.0, "auto"]
        found["neo-nag"] = Way(scripts={NEO_NAG: box})
    return found


def made(host: Webui, way: Way, fields: dict[str, Any], clock: Clock) -> tuple[float, Picture]:
    """Return how many seconds a picture took, and the picture."""
    scripts = {GUARD_TITLE: list(OFF), **way.scripts}
    body = {
        **PICTURE,
        **fields,
        "prompt": way.prompt,
        "negative_prompt": way.negative,
        "cfg_scale": way.cfg,
        "alwayson_scripts": {title: {"args": args} for title, args in scripts.items()},
    }
    started = clock.read()
    answer = host.post("/sdapi/v1/txt2img", body)
    seconds = clock.read() - started
    return seconds, Picture(base64.b64decode(answer["images"][0]), "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--pid", type=int, help="of the WebUI, for its CPU time")
    parser.add_argument("--only", nargs="+", help="of the ways, beside the plain picture")
    options = parser.parse_args()
    url = os.environ.get("WEBUI_URL")
    if not url:
        sys.exit("set WEBUI_URL to a WebUI that runs with --api")
    host = Webui(url)
    fields = {"steps": options.steps, "width": options.side, "height": options.side}
    lanes = ways(host)
    if options.only:
        lanes = {name: lanes[name] for name in (PLAIN, *options.only)}
    seconds: dict[str, list[float]] = {name: [] for name in lanes}
    clock = Clock(options.pid)
    pictures = {name: made(host, way, fields, clock)[1] for name, way in lanes.items()}
    names = list(lanes)
    for number in range(options.rounds):
        # Whoever is first changes: a machine that slows down favours nobody.
        for name in names[number % len(names) :] + names[: number % len(names)]:
            seconds[name].append(made(host, lanes[name], fields, clock)[0])
        told = ", ".join(f"{name} {seconds[name][-1]:.2f} s" for name in names)
        print(f"round {number + 1}: {told}", flush=True)
    print(f"{options.side}², {options.steps} steps, {options.rounds} rounds, over the plain one")
    for name in names[1:]:
        ratios = [one / plain for one, plain in zip(seconds[name], seconds[PLAIN], strict=True)]
        acts = "" if (pictures[name].pixels != pictures[PLAIN].pixels).any() else ", WITHOUT EFFECT"
        spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
        print(f"{name}: {statistics.median(ratios):.3f} ({spread}){acts}")


if __name__ == "__main__":
    main()
