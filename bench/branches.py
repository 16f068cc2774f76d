"""What a LoRA with a strength of its own on the negative branch costs a sampling step.

A step is one evaluation of a U-Net of SD 1's size with random weights, prompt and negative prompt
in one batch. The plain tag is merged into the weights and costs nothing; the figure is the step
with ``neg=0`` over the step without, by CPU time on one thread, in pairs one after the other.
Beside it: the same strengths by swapping the weights between two calls, as hosts do that merge a
LoRA anew for each branch.

    python bench/branches.py [--side 64] [--pairs 5]

``--side`` is that of the latent: 64 is a picture of 512 × 512.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from lib_lora_neg.branches import Branch, Strengths
from lib_lora_neg.branches.attachment import attached
from lib_lora_neg.branches.deltas import LowRankDelta
from lib_lora_neg.branches.layers import LayerDelta

CASES = {
    "rank 32": (32,),
    "rank 128": (128,),
    "three of rank 32": (32, 32, 32),
}
LIMITS = {"rank 32": 1.05, "rank 128": 1.10, "three of rank 32": 1.15}

ROWS = (Branch.COND, Branch.UNCOND)
NEG_0 = Strengths(0.0, -0.8)
"""``<lora:x:0.8:neg=0>`` beside weights that hold the LoRA at 0.8."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--side", type=int, default=64)
    arguments.add_argument("--pairs", type=int, default=5)
    arguments.add_argument("--without-swapping", action="store_true")
    wanted = arguments.parse_args()
    torch.set_num_threads(1)
    with torch.inference_mode():
        measure(wanted.side, wanted.pairs, not wanted.without_swapping)


def measure(side: int, pairs: int, swapping: bool) -> None:
    """Print the ratio of each case."""
    unet = small_sd1()
    step = step_of(unet, side)
    step()
    print(f"U-Net of SD 1, latent {side} x {side}, {pairs} pairs, one thread")
    for name, ranks in CASES.items():
        layers = layers_of(unet, ranks)
        ratios = [pair(step, layers) for _ in range(pairs)]
        print(
            f"{name:>18}: {statistics.median(ratios):.3f} of the plain tag "
            f"({min(ratios):.3f} to {max(ratios):.3f}; limit {LIMITS[name]:.2f}, "
            f"{len(layers)} layers)",
            flush=True,
        )
    if swapping:
        layers = layers_of(unet, (32,))
        alone = step_of(unet, side, rows=1)
        plain = clock(step)
        swapped = clock(lambda: swap(layers, alone))
        print(f"{'swapped, rank 32':>18}: {swapped / plain:.3f} of the plain tag")


def pair(step: Callable[[], object], layers: dict[Any, list[LayerDelta]]) -> float:
    """Return the cost of a step with branches over that of one without."""
    plain = clock(step)
    with attached(layers) as attachment, attachment.calling(ROWS):
        step_with = clock(step)
    return step_with / plain


def swap(layers: dict[Any, list[LayerDelta]], alone: Callable[[], object]) -> None:
    """Evaluate the branches apart, the LoRA merged for one and taken out for the other."""
    alone()
    for module, parts in layers.items():
        for part in parts:
            module.weight -= 0.8 * part.delta.dense(module.weight)
    alone()
    for module, parts in layers.items():
        for part in parts:
            module.weight += 0.8 * part.delta.dense(module.weight)


def clock(call: Callable[[], object]) -> float:
    """Return seconds of CPU time."""
    start = time.process_time()
    call()
    return time.process_time() - start


def small_sd1() -> Any:
    """Return a U-Net of SD 1's shapes with random weights."""
    from diffusers import UNet2DConditionModel

    torch.manual_seed(0)
    unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
    return unet.eval().requires_grad_(False)


def step_of(unet: Any, side: int, rows: int = 2) -> Callable[[], object]:
    x = torch.randn(rows, 4, side, side)
    text = torch.randn(rows, 77, 768)
    return lambda: unet(x, 500, encoder_hidden_states=text, return_dict=False)


def layers_of(unet: Any, ranks: Sequence[int]) -> dict[Any, list[LayerDelta]]:
    """Return LoRAs of these ranks on all layers of the transformers, as trainers make them."""
    return {
        module: [LayerDelta(factors(module, rank), NEG_0) for rank in ranks]
        for name, module in unet.named_modules()
        if ".attentions." in name and isinstance(module, torch.nn.Linear | torch.nn.Conv2d)
    }


def factors(module: Any, rank: int) -> LowRankDelta:
    outputs, inputs, *kernel = module.weight.shape
    down = torch.randn(rank, inputs, *kernel) * 0.01
    return LowRankDelta(down, torch.randn(outputs, rank, *[1] * len(kernel)) * 0.01, 1.0)


if __name__ == "__main__":
    main()
