"""What a LoRA with two strengths is worth in the small world: removal and damage over a grid.

``python -m lab.branches --cells FOLDER`` samples what is missing in ``FOLDER``, then judges all of
it and writes ``lab/branches.json``. Prompts and seeds are those of `lab.type_matrix`, so every
number is compared pair by pair with the picture of the same prompt and seed without a LoRA at the
same CFG.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import nn

from lab.lora import targets
from lab.matrix_report import SHOWS, interval, measure
from lab.palette import Floats
from lab.sampler import World, decode, denoise
from lab.type_matrix import CFGS, STEPS, prompts
from lib_lora_neg.branches import Branch, Strengths
from lib_lora_neg.branches.attachment import Attachment
from lib_lora_neg.branches.deltas import LowRankDelta
from lib_lora_neg.branches.layers import LayerDelta

PAIRS = 24
LORAS = {
    "mira_character": "character",
    "ink_style": "style",
    "spoilt_negative": "dedicated negative",
    "wrong": "trigger negative",
}
NEGATIVES = {"wrong": "wrong"}
"""What a LoRA wants to have in the negative prompt."""

STRONG = 0.5
"""Of the pairs that are chosen by what reaches the picture: minus this weight."""


@dataclass(frozen=True)
class Cell:
    """One LoRA at one pair of strengths and one CFG scale."""

    lora: str
    cond: float
    uncond: float
    cfg: float

    @property
    def name(self) -> str:
        lora = self.lora or "base"
        return f"{lora}_w{self.cond:+.3f}_n{self.uncond:+.3f}_cfg{self.cfg:g}"

    @property
    def reaches(self) -> float:
        """The weight that reaches the picture, to first order."""
        return Strengths(self.cond, self.uncond).reaching_picture(self.cfg)


def grid(cfg: float) -> list[tuple[float, float]]:
    """The pairs of strengths at one CFG scale."""
    return [
        (0.8, 0.8),
        (0.8, 0.0),
        (-0.5, -0.5),
        (0.0, round(STRONG / (cfg - 1), 3)),
        (-1.0, -1.0),
        (0.0, round(1.0 / (cfg - 1), 3)),
        (0.0, 1.0),
    ]


def cells() -> list[Cell]:
    """Everything that is sampled, the pictures without a LoRA first."""
    found = [Cell("", 0.0, 0.0, cfg) for cfg in CFGS]
    for lora in LORAS:
        for cfg in CFGS:
            found += [Cell(lora, cond, uncond, cfg) for cond, uncond in grid(cfg)]
    return list(dict.fromkeys(found))


def deltas_of(path: Path) -> dict[str, LowRankDelta]:
    """Return a file's deltas by kohya name."""
    found = {}
    with safe_open(path, framework="pt") as file:
        names = {key.rsplit(".lora_", 1)[0] for key in file.keys() if ".lora_" in key}  # noqa: SIM118
        for name in sorted(names):
            down = file.get_tensor(f"{name}.lora_down.weight").float()
            up = file.get_tensor(f"{name}.lora_up.weight").float()
            alpha = float(file.get_tensor(f"{name}.alpha"))
            found[name] = LowRankDelta(down, up, alpha / down.shape[0])
    return found


@contextmanager
def attached(
    model: nn.Module, prefix: str, deltas: dict[str, LowRankDelta], strengths: Strengths
) -> Iterator[Attachment]:
    """Take a model's layers over, with nothing merged."""
    layers = targets(model, prefix)
    own = {
        layers[name]: [LayerDelta(delta, strengths)]
        for name, delta in deltas.items()
        if name.startswith(prefix)
    }
    attachment = Attachment(own)
    try:
        yield attachment
    finally:
        attachment.detach()


def pictures(world: World, loras: Path, cell: Cell, pairs: int) -> list[Floats]:
    """Sample the pictures of a cell."""
    texts, seeds = prompts()[:pairs], list(range(1000, 1000 + pairs))
    negatives = [NEGATIVES.get(cell.lora, "")] * pairs
    deltas = deltas_of(loras / f"{cell.lora}.safetensors") if cell.lora else {}
    strengths = Strengths(cell.cond, cell.uncond)
    with attached(world.text_encoder, "lora_te", deltas, strengths) as text:
        with text.encoding(Branch.COND):
            positive = world.states(texts)
        with text.encoding(Branch.UNCOND):
            negative = world.states(negatives)
    rows = [Branch.UNCOND] * pairs + [Branch.COND] * pairs
    with attached(world.unet, "lora_unet", deltas, strengths) as unet, unet.calling(rows):
        latents = denoise(world, positive, negative, seeds, cell.cfg, STEPS)
    if unet.failure:
        raise RuntimeError(unet.failure)
    return decode(world, latents)


def report(folder: Path) -> list[dict[str, object]]:
    """Judge all cells: one row of numbers with intervals each."""
    base = {cfg: np.load(folder / f"{Cell('', 0.0, 0.0, cfg).name}.npy") / 255.0 for cfg in CFGS}
    plain = {cfg: measure(found, found) for cfg, found in base.items()}
    rows: list[dict[str, object]] = []
    for cell in cells():
        found = measure(np.load(folder / f"{cell.name}.npy") / 255.0, base[cell.cfg])
        zero = plain[cell.cfg]
        shown = SHOWS.get(cell.lora, "damage")
        rows.append(
            {
                "lora": cell.lora,
                "cond": cell.cond,
                "uncond": cell.uncond,
                "cfg": cell.cfg,
                "reaches": round(cell.reaches, 3),
                "shows": shown,
                "shown": interval(found[shown] - zero[shown]),
                "damage": interval(found["damage"] - zero["damage"]),
                "kept": interval(found["kept"]),
                "drift": interval(found["drift"]),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", type=Path, default=Path("lab/world"))
    parser.add_argument("--loras", type=Path, default=Path("lab/loras"))
    parser.add_argument("--cells", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("lab/branches.json"))
    parser.add_argument("--pairs", type=int, default=PAIRS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.cells.mkdir(parents=True, exist_ok=True)
    world = World.load(args.world)
    wanted = cells()
    for index, cell in enumerate(wanted):
        path = args.cells / f"{cell.name}.npy"
        if path.exists():
            continue
        begun = time.time()
        found = np.stack(pictures(world, args.loras, cell, args.pairs))
        np.save(path, np.rint(found * 255).astype(np.uint8))
        print(f"{index + 1}/{len(wanted)} {cell.name} {time.time() - begun:.0f} s", flush=True)
    rows = report(args.cells)
    args.out.write_text(json.dumps({"pairs": args.pairs, "rows": rows}, indent=1) + "\n", "utf-8")
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
