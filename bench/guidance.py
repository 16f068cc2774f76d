"""Cost of negative guidance in one Flux block pair and in one cross attention, as ratios.

Usage: python bench/guidance.py [--heads 24] [--image 4096] [--text 512] [--rounds 3]

In one run and in turn, a double and a single block of FLUX.1's width with random weights:

    plain      no guidance
    ours       one image stream, two text streams, three partial attentions merged
    short      ours, with a negative of 32 tokens that is not padded
    two full   one image stream, two full attentions
    two lanes  as two full in the double block, the batch doubled in the single block: the
               published code

then a transformer block of SDXL (640 wide: self attention, cross attention, feed-forward) and its
cross attention alone, plain and guided.
Prints medians in seconds and ratios to *plain*. Needs torch and diffusers. The full size takes
minutes per round on a CPU; smaller numbers of heads keep the proportions of a block.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from diffusers import FluxTransformer2DModel
from diffusers.models.attention import BasicTransformerBlock

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib_lora_neg.guidance import NagSettings, cross, partials
from lib_lora_neg.guidance.cross import CrossCall
from lib_lora_neg.guidance.flux_diffusers import Call, guided
from lib_lora_neg.guidance.joint import TokenLayout

HEAD = 128
SHORT = 32


class Pair:
    """A double and a single block, and the tokens they work on."""

    def __init__(self, heads: int, image: int, text: int, dtype: torch.dtype) -> None:
        torch.manual_seed(1)
        self.width = heads * HEAD
        self.model = FluxTransformer2DModel(
            in_channels=64, num_layers=1, num_single_layers=1, num_attention_heads=heads,
            joint_attention_dim=64, pooled_projection_dim=64, axes_dims_rope=(16, 56, 56),
        ).to(dtype).eval()  # fmt: skip
        self.image = torch.randn(1, image, self.width, dtype=dtype)
        self.texts = torch.randn(1, 2 * text, self.width, dtype=dtype)
        self.vector = torch.randn(1, self.width, dtype=dtype)
        self.text = text

    def rotary(self, texts: int) -> tuple[torch.Tensor, torch.Tensor]:
        image = self.image.shape[1]
        side = int(image**0.5)
        ids = torch.zeros(texts + image, 3)
        ids[texts:, 1], ids[texts:, 2] = torch.arange(image) // side, torch.arange(image) % side
        found: tuple[torch.Tensor, torch.Tensor] = self.model.pos_embed(ids)
        return found

    def run(self, text: torch.Tensor, image: torch.Tensor, vector: torch.Tensor) -> None:
        rotary = self.rotary(text.shape[1])
        text, image = self.model.transformer_blocks[0](image, text, vector, rotary)
        self.model.single_transformer_blocks[0](image, text, vector, rotary)

    def plain(self) -> None:
        self.run(self.texts[:, : self.text], self.image, self.vector)

    def ours(self, negative: int, *, own: bool = True) -> None:
        layout = TokenLayout(self.text, (negative,))
        shifts = (self.vector * 0.1,) if own else ()
        with guided(self.model, Call(layout, NagSettings(), shifts)):
            self.run(self.texts[:, : layout.texts], self.image, self.vector)

    def two_lanes(self) -> None:
        layout = TokenLayout(self.text, (self.text,))
        rotary = self.rotary(2 * self.text)
        with without_lse(), guided(self.model, Call(layout, NagSettings(), (self.vector,))):
            texts, image = self.model.transformer_blocks[0](
                self.image, self.texts, self.vector, rotary
            )
        lanes = texts.view(2, self.text, self.width)
        self.model.single_transformer_blocks[0](
            image.expand(2, -1, -1), lanes, self.vector.expand(2, -1), self.rotary(self.text)
        )

    def two_full(self) -> None:
        with without_lse():
            self.ours(self.text)


@contextmanager
def without_lse() -> Iterator[None]:
    """Compute as on a device without kernels that tell the log-sum-exp."""
    kernels = dict(partials.KERNELS)
    partials.KERNELS.clear()
    partials.kernel_for.cache_clear()
    try:
        yield
    finally:
        partials.KERNELS.update(kernels)
        partials.kernel_for.cache_clear()


def unet_block(tokens: int, dtype: torch.dtype) -> dict[str, dict[str, Callable[[], object]]]:
    """Return ways to run a transformer block of SDXL, and its cross attention alone."""
    torch.manual_seed(1)
    block = BasicTransformerBlock(640, 10, 64, cross_attention_dim=2048).to(dtype).eval()
    whole = torch.nn.ModuleDict({"block": block})
    image = torch.randn(2, tokens, 640, dtype=dtype)
    prompt, negative = torch.randn(2, 2, 77, 2048, dtype=dtype)
    call = CrossCall((negative,), NagSettings(phi=2.0, alpha=0.5))

    def ways(run: Callable[[], object]) -> dict[str, Callable[[], object]]:
        def ours() -> None:
            with cross.guided(whole, call):
                run()

        return {"plain": run, "ours": ours}

    return {
        "transformer block": ways(lambda: block(image, encoder_hidden_states=prompt)),
        "cross attention alone": ways(lambda: block.attn2(image, prompt)),
    }


def timed(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return each way's median, all ways in turn in every round; the first round warms up."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if number:
                found[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in found.items()}


def show(title: str, medians: dict[str, float]) -> None:
    print(title)
    for name, seconds in medians.items():
        print(f"  {name:28} {seconds:9.3f} s   {seconds / medians['plain']:.3f}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--heads", type=int, default=24, help="of 128; 24 is FLUX.1")
    arguments.add_argument("--image", type=int, default=4096, help="image tokens")
    arguments.add_argument("--text", type=int, default=512, help="text tokens")
    arguments.add_argument("--rounds", type=int, default=3, help="median over this many")
    arguments.add_argument("--dtype", default="float32", help="of torch")
    options = arguments.parse_args()
    dtype = getattr(torch, options.dtype)
    pair = Pair(options.heads, options.image, options.text, dtype)
    ways: dict[str, Callable[[], object]] = {
        "plain": pair.plain,
        "ours": lambda: pair.ours(options.text),
        "ours, one modulation vector": lambda: pair.ours(options.text, own=False),
        f"ours, {SHORT}-token negative": lambda: pair.ours(SHORT),
        "two full attentions": pair.two_full,
        "two lanes": pair.two_lanes,
    }
    with torch.inference_mode():
        sizes = f"{options.image} + {options.text} tokens, {options.heads} heads, {options.dtype}"
        show(f"Flux double + single block, {sizes}", timed(ways, options.rounds))
        for name, of_unet in unet_block(options.image, dtype).items():
            title = f"SDXL {name}, {options.image} tokens, batch 2"
            show(title, timed(of_unet, options.rounds * 3))


if __name__ == "__main__":
    main()
