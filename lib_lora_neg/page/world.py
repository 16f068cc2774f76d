"""The small model that comes with a clone of the project, and the LoRAs trained on it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from .examples import Example, ModelGuide, RuleNote
from .knowledge import KnownWords

CHECKOUT = Path(__file__).parents[2]

MISSING = (
    "no --model was given, and the small model that comes with a clone of the project is not "
    "here ({folder}).\nGive --model FILE for a checkpoint of your own, or --model FOLDER in the "
    "diffusers layout; or clone the project and run: python run.py demo"
)

NAME = "small world of shapes (comes with the project)"

CFG = 3.0
"""At which the model follows its words best."""

KNOWLEDGE = KnownWords(
    {
        "shapes": ("circle", "square", "triangle", "star", "heart", "ring", "cross", "diamond"),
        "colours": (
            *("red", "orange", "yellow", "green", "blue"),
            *("purple", "pink", "white", "black", "grey"),
        ),
        "sizes": ("small", "medium", "large"),
        "places": ("center", "left", "right", "top", "bottom"),
        "looks": ("striped", "dotted", "outlined", "hat", "gradient"),
        "ground": ("white background", "black background", "blue background"),
        "quality": ("masterpiece", "best quality", "high quality", "sharp", "clean"),
        "faults": (
            *("low quality", "worst quality", "bad quality"),
            *("blurry", "noisy", "smeared", "broken"),
        ),
    },
    frozenset(
        ("an", "the", "on", "in", "at", "of", "with", "and", "is", "to", "side", "no", "not")
    ),
    "green star, large, left, white background",
)
"""The words of its captions, as the world's own code writes them."""

EXAMPLES: tuple[Example, ...] = (
    Example(
        "Style at −0.9",
        "as typed nothing of the star is left; raised to −0.5, the style still takes colour and "
        "outline away, and the star stays.",
        "green star, large, left, white background <lora:ink_style_20:-0.9>",
        "",
        3.0,
        4,
    ),
    Example(
        "One LoRA twice",
        "twice −0.5 is −1, and the star frays; the guard adds both up and goes no lower than −0.5.",
        "red star, large, center, white background <lora:ink_style_20:-0.5> "
        "<lora:ink_style_20:-0.5>",
        "",
        3.0,
        2,
    ),
    Example(
        "Character at −0.8",
        "the circle grows and its edge blurs: a character has no opposite, so its tag is taken "
        "out.",
        "yellow circle, medium, center, blue background <lora:mira_character:-0.8>",
        "",
        3.0,
        4,
    ),
    Example(
        "−0.9 at CFG 9",
        "the spots on circle and ground: a high CFG burns what a negative weight has left, so both "
        "are brought into range.",
        "red circle, medium, center, blue background <lora:ink_style:-0.9>",
        "",
        9.0,
        2,
    ),
)
"""What the guard does, where it can be seen: 16 seeds each, by the lab's judge
(``tests/page/test_examples.py``)."""

RULES_TOLD = (
    RuleNote(
        "A trigger word in the negative prompt is taken out: there it switches its LoRA off (R2).",
        "The small model's LoRAs show nearly as much without their word as with it.",
        "Per-LoRA negative management, the trigger word problem",
    ),
    RuleNote(
        "A LoRA that works through “wrong” in the negative prompt gets its word there (R2).",
        "It helped too little on the small model to be sure of it.",
        "sdxl-wrong-lora model card",
        "https://huggingface.co/minimaxir/sdxl-wrong-lora",
    ),
    RuleNote(
        "A LoRA made to be a negative stands −1, its usual weight (R1).",
        "On the small model pictures grew crisper at −1, and a little too hard.",
        "Per-LoRA negative management, the table of types",
    ),
)
"""What the lab did not see, or not surely: `docs/lab.md`."""

GUIDE = ModelGuide(EXAMPLES, KNOWLEDGE, RULES_TOLD)


@dataclass(frozen=True)
class WorldFiles:
    """Where it lies."""

    model: Path
    loras: Path


def embedded_world(checkout: Path = CHECKOUT) -> WorldFiles | None:
    """Return the small model if it is there."""
    world = WorldFiles(checkout / "lab" / "world", checkout / "lab" / "loras")
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
