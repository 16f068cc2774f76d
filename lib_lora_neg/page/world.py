"""The small model that comes with a clone of the project, and the LoRAs trained on it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from .examples import Setting

CHECKOUT = Path(__file__).parents[2]

MISSING = (
    "no --model was given, and the small model that comes with a clone of the project is not "
    "here ({folder}).\nGive --model FILE for a checkpoint of your own, or --model FOLDER in the "
    "diffusers layout; or clone the project and run: python run.py demo"
)

NAME = "small world of shapes (comes with the project)"

SETTING = Setting("red circle, medium, center, blue background", "low quality", cfg_scale=3.0)
"""In the words of that model, at the CFG scale at which it follows them best."""


@dataclass(frozen=True)
class World:
    """Where it lies."""

    model: Path
    loras: Path


def embedded_world(checkout: Path = CHECKOUT) -> World | None:
    """Return the small model if it is there."""
    world = World(checkout / "lab" / "world", checkout / "lab" / "loras")
    return world if (world.model / "model_index.json").is_file() else None


def own_copy(loras: Path, folder: Path) -> Path:
    """Copy the small model's LoRAs into the page's own folder, and return that.

    What is decided about a LoRA is kept beside its file: the clone stays as it was fetched. Side
    files that are there already hold such decisions and are left alone.

    Raises:
        OSError: they cannot be read or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(loras.iterdir()):
        there = folder / file.name
        weights = file.suffix == ".safetensors"
        if file.is_file() and (weights or not there.exists()):
            if there.exists() and there.stat().st_size == file.stat().st_size:
                continue
            shutil.copyfile(file, there)
    return folder
