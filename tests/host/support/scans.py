"""Scans as the tab's own page asks for them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .client import OFF, PICTURE, Picture, Webui

SECONDS = 300

FORM: dict[str, Any] = {
    "kind": "scan",
    "weights": "-1 - 1 [9]",
    "part": "both",
    "prompts": [
        {"text": "a cat on a wall", "subject": True},
        {"text": "a lake at night", "subject": False},
        {"text": "an old bicycle", "subject": False},
    ],
    "seeds": "1",
    "negative_prompt": "blurry",
    "cfg": PICTURE["cfg_scale"],
    "steps": PICTURE["steps"],
    "width": PICTURE["width"],
    "height": PICTURE["height"],
    "sampler": PICTURE["sampler_name"],
    "scheduler": PICTURE["scheduler"],
}

SMALL: dict[str, Any] = {"weights": "-1, -0.5", "prompts": FORM["prompts"][:1]}
"""What of a small scan differs from `FORM`."""


class ScanTab:
    """The scan tab of a WebUI."""

    def __init__(self, webui: Webui) -> None:
        self.webui = webui

    def ask(self, name: str, **body: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.webui.post(f"/lora-neg/page/scan-{name}", body)
        return answer

    def start(self, lora: str, **form: Any) -> str:
        """Start a scan and return its name."""
        started: str = self.ask("start", **{**FORM, "lora": lora, **form})["job"]["scan"]
        return started

    def job(self) -> dict[str, Any]:
        """Return the job; one that is over where there was none yet."""
        return self.ask("state")["job"] or {"over": True, "state": "none"}

    def wait(
        self, until: Callable[[dict[str, Any]], bool] | None = None, pause: float = 0.05
    ) -> dict[str, Any]:
        """Wait for the job to be over, or as it shall be before that; ask every ``pause`` s."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            job = self.job()
            if job["over"] or (until is not None and until(job)):
                return job
            time.sleep(pause)
        raise AssertionError(f"the scan did not come to it: {self.job()}")

    def open(self, scan: str) -> dict[str, Any]:
        return self.ask("open", scan=scan)

    def cell(self, scan: str, cell: str) -> Picture:
        """Return the picture of a cell with its infotext."""
        data = self.webui.fetch("/lora-neg/page/scan-picture", scan=scan, cell=cell)
        return Picture(data, self.ask("cell", scan=scan, cell=cell)["infotext"])

    def pictures(self, scan: str) -> dict[tuple[float, int, int], Picture]:
        """Return all pictures of a scan by weight, prompt and seed."""
        return {
            (cell["weight"], cell["prompt"], cell["seed"]): self.cell(scan, cell["id"])
            for cell in self.open(scan)["cells"]
        }


def as_typed(webui: Webui, lora: str, weight: float, prompt: int, seed: int = 1) -> Picture:
    """Return what txt2img makes of a cell with the guard off."""
    tag = f"<lora:{lora}:{weight:g}>" if weight else ""
    text = FORM["prompts"][prompt]["text"] + tag
    return webui.txt2img(text, FORM["negative_prompt"], guard=OFF, seed=seed)


def obeyed(tab: ScanTab, webui: Webui, scan: str, lora: str, before: str) -> None:
    """Save what a scan found: the guard obeys it at once, and no more once it is taken back."""
    asked = f"a cat <lora:{lora}:-3>"
    assert webui.txt2img(asked, cfg_scale=5).prompt == f"a cat <lora:{lora}:{before}>"

    assert tab.ask("save", scan=scan)["scan"]["save"]["saved"]
    try:
        floor = measured_floor(webui, lora)
        given = f"a cat <lora:{lora}:{floor:g}>" if floor else "a cat"
        assert webui.txt2img(asked, cfg_scale=5).prompt == given
        (finding,) = [f for f in webui.findings() if f["rule"] == "R1"]
        assert finding["effect"] == "enforced"
    finally:
        tab.ask("take-back", scan=scan)
    assert webui.txt2img(asked, cfg_scale=5).prompt == f"a cat <lora:{lora}:{before}>"


def measured_floor(webui: Webui, name: str) -> float:
    """Return the floor that now stands beside the LoRA."""
    (path,) = [lora["path"] for lora in webui.get("/sdapi/v1/loras") if lora["name"] == name]
    record = json.loads(Path(path).with_suffix(".json").read_text(encoding="utf-8"))
    floor: float = record["lora_neg"]["measured"]["floor"]
    return floor
