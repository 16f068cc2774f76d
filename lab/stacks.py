"""Does a reading of two files tell which stacks do damage, better than the sum of their weights?

``python -m lab.stacks --cells FOLDER`` samples stacks of two of the lab's LoRAs at several weights,
and prints rank correlations between the damage and what could foretell it: Σ|w| (R5's budget), how
straight the two deltas pull against each other, and the length of the summed delta.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

from lab.judge import read
from lab.lora import LoraFile, applied
from lab.palette import Floats
from lab.sampler import World, sample
from lab.type_matrix import CFG, LORAS, STEPS, prompts
from lib_lora_neg.loras.reading.conflict import Conflict, measure_conflict

PAIRS = 10
WEIGHTS = ((0.5, 0.5), (1.2, 0.4), (1.0, 1.0))
RESAMPLES = 2000


def stacks() -> list[tuple[str, str, float, float]]:
    """Every two LoRAs at each pair of weights."""
    return [
        (first, second, *weights)
        for first, second in itertools.combinations(LORAS, 2)
        for weights in WEIGHTS
    ]


def pictures(world: World, loras: Path, stack: tuple[str, str, float, float]) -> list[Floats]:
    """Sample a stack, both LoRAs merged."""
    texts, seeds = prompts()[:PAIRS], list(range(1000, 1000 + PAIRS))
    with ExitStack() as merged:
        for name, weight in zip(stack[:2], stack[2:], strict=True):
            file = LoraFile.read(loras / f"{name}.safetensors")
            merged.enter_context(
                applied(world.unet, world.text_encoder, file, float(weight), float(weight))
            )
        return sample(world, texts, seeds, negatives=[""] * PAIRS, cfg=CFG, steps=STEPS)


def foretold(conflict: Conflict, first: float, second: float) -> dict[str, float]:
    """What may foretell the damage of a stack."""
    return {
        "sum of weights": abs(first) + abs(second),
        "pulling apart": -conflict.cosine,
        "length of the summed delta": conflict.length(first, second),
    }


def interval(values: Floats, damage: Floats, rank: Callable[..., float]) -> list[float]:
    """Rank correlation with its 95 % bootstrap interval over the stacks."""
    rng = np.random.default_rng(1)
    draws = rng.integers(0, len(values), (RESAMPLES, len(values)))
    found = [rank(values[draw], damage[draw]) for draw in draws]
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return [round(float(number), 3) for number in (rank(values, damage), low, high)]


def rank(values: Floats, damage: Floats) -> float:
    """Spearman's rank correlation."""
    return float(spearmanr(values, damage).statistic)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", type=Path, default=Path("lab/world"))
    parser.add_argument("--loras", type=Path, default=Path("lab/loras"))
    parser.add_argument("--cells", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("lab/stacks.json"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.cells.mkdir(parents=True, exist_ok=True)
    world = World.load(args.world)
    rows = []
    for index, stack in enumerate(stacks()):
        first, second, one, two = stack
        path = args.cells / f"{first}_{one:g}_{second}_{two:g}.npy"
        if not path.exists():
            begun = time.time()
            found = np.stack(pictures(world, args.loras, stack))
            np.save(path, np.rint(found * 255).astype(np.uint8))
            took = time.time() - begun
            print(f"{index + 1}/{len(stacks())} {path.stem} {took:.0f} s", flush=True)
        damage = [read(picture).damage for picture in np.load(path) / 255.0]
        conflict = measure_conflict(
            args.loras / f"{first}.safetensors", args.loras / f"{second}.safetensors"
        )
        told = foretold(conflict, one, two)
        rows.append(
            {"stack": list(stack), "damage": round(float(np.mean(damage)), 4), "foretold": told}
        )
    hurt = np.array([row["damage"] for row in rows])
    ranks = {
        name: interval(np.array([row["foretold"][name] for row in rows]), hurt, rank)  # type: ignore[index]
        for name in rows[0]["foretold"]  # type: ignore[attr-defined]
    }
    args.out.write_text(json.dumps({"ranks": ranks, "rows": rows}, indent=1) + "\n", "utf-8")
    print(json.dumps(ranks, indent=1))


if __name__ == "__main__":
    main()
