"""Examine a world: how often the judge finds what was asked. ``python -m lab.examine``."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from lab.captions import full_tags
from lab.judge import compare, read
from lab.palette import Floats
from lab.sampler import World, sample
from lab.scenes import Scene, random_scene


def examine(
    world: World, count: int, seed: int, cfg: float, steps: int
) -> tuple[dict[str, float], list[Scene], list[Floats]]:
    """Sample ``count`` scenes drawn by chance and judge them."""
    rng = np.random.default_rng(seed)
    scenes = [random_scene(rng) for _ in range(count)]
    prompts = [", ".join(full_tags(scene)) for scene in scenes]
    begun = time.time()
    pictures = sample(world, prompts, list(range(count)), cfg=cfg, steps=steps)
    took = (time.time() - begun) / count
    readings = [read(picture) for picture in pictures]
    verdicts = [compare(scene, seen) for scene, seen in zip(scenes, readings, strict=True)]
    parts = ("shape", "colour", "size", "place", "background")
    found = {part: float(np.mean([getattr(v, part) for v in verdicts])) for part in parts}
    found["shape and colour"] = float(np.mean([v.both for v in verdicts]))
    found["median damage"] = float(np.median([seen.damage for seen in readings]))
    found["seconds per picture"] = took
    return {name: round(value, 4) for name, value in found.items()}, scenes, pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", type=Path, default=Path("lab/world"))
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--cfg", type=float, default=3.0)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    world = World.load(args.world)
    found, _, _ = examine(world, args.count, args.seed, args.cfg, args.steps)
    text = json.dumps({"pictures": args.count, "cfg": args.cfg, "steps": args.steps, **found})
    print(text)
    if args.out:
        args.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
