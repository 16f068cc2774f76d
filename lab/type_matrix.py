"""The experiment: what LoRAs of each type do at negative weights in the small world.

``python -m lab.type_matrix --cells FOLDER`` samples every condition into ``FOLDER``, each once;
``--share 0/2`` and ``--share 1/2`` split the work. ``python -m lab.matrix_report --cells FOLDER``
judges the pictures and writes numbers and figures.

All conditions use the same 48 prompts and seeds, so any two of them are compared pair by pair, and
the pictures at weight 0 serve all LoRAs.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from lab.captions import full_tags
from lab.lora import LoraFile, applied
from lab.palette import Floats
from lab.sampler import World, sample
from lab.scenes import Scene, random_scene

PAIRS = 48
STEPS = 20
CFG = 3.0
WEIGHTS = (-1.0, -0.7, -0.5, -0.4, -0.2, 0.0, 1.0)
CFGS = (2.0, 3.0, 6.0)
LORAS = {
    "ink_style": "style, wide data",
    "ink_style_20": "style, 20 pictures",
    "hat_concept": "concept",
    "mira_character": "character",
    "spoilt_negative": "dedicated negative",
    "wrong": "trigger negative",
    "size_slider": "slider",
    "inkwash_style": "style with text encoder",
}
TRIGGERS = {"hat_concept": "kilo", "mira_character": "mira", "inkwash_style": "inkwash"}


@dataclass(frozen=True)
class Condition:
    """One column of 48 pictures. ``te`` is ``None`` where the text encoder goes with the unet."""

    lora: str = ""
    weight: float = 0.0
    cfg: float = CFG
    te: float | None = None
    prefix: str = ""
    negative: str = ""

    @property
    def name(self) -> str:
        parts = [self.lora or "base", f"w{self.weight:+.2f}", f"cfg{self.cfg:g}"]
        if self.te is not None:
            parts.append(f"te{self.te:+.2f}")
        if self.prefix:
            parts.append(f"says-{self.prefix}")
        if self.negative:
            parts.append(f"neg-{self.negative.replace(', ', '-')}")
        return "_".join(parts)


def scenes() -> list[Scene]:
    """The 48 scenes that are asked for: half with an outline, half with a hat, eight like Mira."""
    rng = np.random.default_rng(2026)
    found = []
    for index in range(PAIRS):
        scene = random_scene(
            rng,
            outlined=index % 2 == 0,
            hat=index % 4 < 2,
            surface="plain",
            gradient=False,
            place=str(rng.choice(["center", "left", "right", "bottom"])),
            size=str(rng.choice(["medium", "large"])),
        )
        if index % 6 == 0:
            scene = replace(scene, shape="circle", colour="yellow", background="blue")
        if "black" in (scene.colour, scene.background):
            # A black object's outline cannot be seen; leave black out.
            scene = replace(scene, colour="blue", background="orange")
        found.append(scene)
    return found


def prompts(prefix: str = "") -> list[str]:
    """The prompts of the 48 scenes, with a trigger in front if asked."""
    lead = [prefix] if prefix else []
    return [", ".join([*lead, *full_tags(scene)]) for scene in scenes()]


def conditions() -> list[Condition]:
    """Everything that is sampled, the pictures without a LoRA first."""
    found = [Condition(cfg=cfg) for cfg in CFGS]
    found += [Condition(negative=text) for text in ("wrong", "blurry, noisy, smeared, broken")]
    for lora in LORAS:
        found += [Condition(lora, weight) for weight in WEIGHTS if weight]
        found += [Condition(lora, -0.5, cfg) for cfg in CFGS if cfg != CFG]
    for lora, word in TRIGGERS.items():
        found.append(Condition(lora, 1.0, prefix=word))
        found.append(Condition(lora, 1.0, prefix=word, negative=word))
        found.append(Condition(lora, 1.0, negative=word))
    found.append(Condition("wrong", 1.0, negative="wrong"))
    found.append(Condition("wrong", -1.0, negative="wrong"))
    found += [Condition("inkwash_style", -0.5, te=te) for te in (0.0, 0.5)]
    return found


def pictures(world: World, loras: Path, condition: Condition, pairs: int = PAIRS) -> list[Floats]:
    """Sample the first ``pairs`` pictures of a condition."""
    texts = prompts(condition.prefix)[:pairs]
    negatives = [condition.negative] * pairs
    seeds = list(range(1000, 1000 + pairs))
    deltas = LoraFile({})
    if condition.lora:
        deltas = LoraFile.read(loras / f"{condition.lora}.safetensors")
    te = condition.weight if condition.te is None else condition.te
    with applied(world.unet, world.text_encoder, deltas, condition.weight, te):
        return sample(world, texts, seeds, negatives=negatives, cfg=condition.cfg, steps=STEPS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", type=Path, default=Path("lab/world"))
    parser.add_argument("--loras", type=Path, default=Path("lab/loras"))
    parser.add_argument("--cells", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=PAIRS, help="fewer for a quick look")
    parser.add_argument("--share", default="0/1", help="part and parts, as in 0/2")
    args = parser.parse_args()
    torch.set_num_threads(1)
    part, parts = (int(piece) for piece in args.share.split("/"))
    args.cells.mkdir(parents=True, exist_ok=True)
    world = World.load(args.world)
    mine = conditions()[part::parts]
    for index, condition in enumerate(mine):
        path = args.cells / f"{condition.name}.npy"
        if path.exists():
            continue
        begun = time.time()
        found = np.stack(pictures(world, args.loras, condition, args.pairs))
        np.save(path, np.rint(found * 255).astype(np.uint8))
        print(f"{index + 1}/{len(mine)} {condition.name} {time.time() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
