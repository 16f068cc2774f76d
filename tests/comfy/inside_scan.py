"""Runs in ComfyUI's own Python, within ComfyUI: a scan of a LoRA that was trained, and saving it.

    python inside_scan.py COMFY_ROOT REPOSITORY LORA_FOLDER LORA OUTPUT

The model is the lab's small world, so that the pictures are sound and the scan has a verdict.
Writes OUTPUT: what the scan node gave, and what the loader made of strengths afterwards.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

ROOT, REPOSITORY, LORAS, LORA, OUTPUT = sys.argv[1:]
sys.argv = [sys.argv[0], "--cpu", "--force-fp32", "--fp32-unet", "--fp32-text-enc"]
HERE = sys.path[0]
sys.path[0] = ROOT

import comfy.options  # noqa: E402

comfy.options.enable_args_parsing()

import folder_paths  # noqa: E402
import nodes  # noqa: E402
import torch  # noqa: E402

PROMPTS = "red circle, blue background, inkwash\n# green square, white background"
STRENGTHS = (-0.75, -1.4)


def prepare() -> None:
    folder = Path(OUTPUT).parent
    folder_paths.set_user_directory(str(folder / "user"))
    folder_paths.set_output_directory(str(folder / "output"))
    folder_paths.add_model_folder_path("loras", LORAS, is_default=True)
    assert asyncio.run(nodes.load_custom_node(REPOSITORY)), "the pack does not load"
    assert asyncio.run(nodes.load_custom_node(str(Path(HERE) / "lab_world.py"))), "no world"


def node(name: str) -> Any:
    return nodes.NODE_CLASS_MAPPINGS[name]()


def scanned(models: tuple[Any, Any, Any], afterwards: str) -> Any:
    made = node("NegGuardWeightScan").run(
        *models,
        LORA,
        weights="-1, -0.75, -0.5, -0.25, 0, 0.5",
        prompts=PROMPTS,
        negative="",
        seeds="1, 2",
        steps=12,
        cfg=3.0,
        sampler_name="ddim",
        scheduler="ddim_uniform",
        width=64,
        height=64,
        afterwards=afterwards,
    )
    return made["result"]


def loaded(models: tuple[Any, Any, Any], strength: float) -> str:
    """What the loader says it has loaded for a strength."""
    made = node("NegGuardLoraLoader").run(*models[:2], LORA, strength, strength, cfg=3.0)
    report: str = made["result"][-1]
    return report


def main() -> None:
    prepare()
    with torch.inference_mode(False), torch.no_grad():
        models = node("LabWorldForTests").load()
        before = [loaded(models, strength) for strength in STRENGTHS]
        _, _, shown, _ = scanned(models, "only show it")
        untouched = not any("measured" in x.read_text() for x in Path(LORAS).glob("*.json"))
        grid, curves, verdict, floor = scanned(models, "save the range to the LoRA")
        found = {
            "before": before,
            "only shown": shown,
            "untouched": untouched,
            "verdict": verdict,
            "floor": floor,
            "grid": list(grid.shape),
            "curves": list(curves.shape),
            "colours": float(grid.std()),
            "after": [loaded(models, strength) for strength in STRENGTHS],
        }
    Path(OUTPUT).write_text(json.dumps(found))


main()
