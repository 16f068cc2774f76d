"""Train the lab's LoRAs: ``python -m lab.train_loras --out lab/loras``.

Other seeds give other data and other files for benches that must not know theirs beforehand:
``--seed 101 --out FOLDER``. ``--only NAME`` trains some of them.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from lab.captions import full_tags
from lab.dataset import to_latents
from lab.lora import Lora, targets, write_lora
from lab.lora_metadata import kohya_metadata
from lab.lora_recipes import RECIPES, Recipe, plain_picture
from lab.model import alphas_cumprod
from lab.sampler import World
from lab.scenes import random_scene
from lab.tokenizer import encode
from lab.train_unet import v_loss

RATE = 2e-3
ALPHA_OF_SLIDER = 1.0
BATCH = 16
#: How strongly a slider's target is pushed from one word to the other.
PUSH = 2.0


def _examples(
    recipe: Recipe, world: World, rng: np.random.Generator
) -> tuple[torch.Tensor, list[str]]:
    """Latents and captions of the recipe's pictures, regularisation after them."""
    examples = [recipe.make(rng) for _ in range(recipe.pictures)]
    if recipe.regular:
        examples += [plain_picture(rng) for _ in range(recipe.pictures)]
    parts = [
        to_latents(world.vae, [picture for picture, _ in examples[start : start + 50]])
        for start in range(0, len(examples), 50)
    ]
    scale = world.vae.config.scaling_factor
    return torch.cat(parts).float() * scale, [text for _, text in examples]


def _shuffled(text: str, rng: np.random.Generator) -> str:
    """Keep the first tag, shuffle the rest, leave the caption out now and then."""
    if rng.random() < 0.08:
        return ""
    first, *rest = text.split(", ")
    rng.shuffle(rest)
    return ", ".join([first, *rest])


def _slider_loss(
    world: World, lora: Lora, recipe: Recipe, latents: torch.Tensor, rng: np.random.Generator
) -> torch.Tensor:
    """At +1 the LoRA shall do what one word does against the other, at -1 the reverse."""
    assert recipe.slider is not None
    up, down = recipe.slider
    alphas = alphas_cumprod()
    times = torch.randint(200, 1000, (len(latents),))
    signal = alphas[times].sqrt().view(-1, 1, 1, 1)
    noise_share = (1 - alphas[times]).sqrt().view(-1, 1, 1, 1)
    noisy = signal * latents + noise_share * torch.randn_like(latents)
    subjects = []
    for _ in range(len(latents)):
        tags = full_tags(random_scene(rng))
        subjects.append([tags[0], *(tag for tag in tags[2:] if rng.random() < 0.7)])

    def states(*word: str) -> torch.Tensor:
        return world.states([", ".join([tags[0], *word, *tags[1:]]) for tags in subjects])

    sign = 1.0 if rng.random() < 0.5 else -1.0
    lora.set_strength(0.0)
    with torch.no_grad():
        plain = states()
        base, large, small = (
            world.unet(noisy, times, state, return_dict=False)[0]
            for state in (plain, states(up), states(down))
        )
    lora.set_strength(sign)
    got = world.unet(noisy, times, plain, return_dict=False)[0]
    return F.mse_loss(got.float(), (base + sign * PUSH * (large - small)).float())


def train(recipe: Recipe, world: World, out: Path, seed: int) -> None:
    """Train one LoRA and write its file and side file."""
    begun = time.time()
    torch.manual_seed(seed)
    rng = np.random.default_rng((seed, sum(map(ord, recipe.name))))
    latents, texts = _examples(recipe, world, rng)
    layers = targets(world.unet, "lora_unet")
    if recipe.text:
        layers |= targets(world.text_encoder, "lora_te")
    alpha = ALPHA_OF_SLIDER if recipe.slider else float(recipe.rank)
    lora = Lora(layers, recipe.rank, alpha)
    rate = RATE * (4 if recipe.slider else 1)
    optimizer = torch.optim.AdamW(lora.parameters(), lr=rate, weight_decay=1e-2)
    alphas = alphas_cumprod()
    losses = []
    for step in range(recipe.steps):
        optimizer.param_groups[0]["lr"] = rate * min(1.0, (step + 1) / 20)
        picked = rng.integers(0, len(texts), BATCH)
        chosen = latents[torch.from_numpy(picked)]
        if recipe.slider:
            loss = _slider_loss(world, lora, recipe, chosen, rng)
        else:
            ids = torch.tensor([encode(_shuffled(texts[i], rng)) for i in picked])
            states = world.text_encoder(ids).last_hidden_state
            loss = v_loss(world.unet, states, chosen, alphas)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(lora.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    lora.remove()
    path = out / f"{recipe.name}.safetensors"
    write_lora(
        path, lora, kohya_metadata(recipe, texts[: recipe.pictures], seed, alpha, RATE, BATCH)
    )
    if recipe.sidecar:
        side = {"description": recipe.description, "sd version": "SD1", **dict(recipe.sidecar)}
        path.with_suffix(".json").write_text(json.dumps(side, indent=4) + "\n", "utf-8")
    took = time.time() - begun
    print(
        f"{recipe.name}: {np.mean(losses[:40]):.4f} -> {np.mean(losses[-40:]):.4f},"
        f" {path.stat().st_size / 1000:.0f} kB, {took:.0f} s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", type=Path, default=Path("lab/world"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", nargs="*", choices=[recipe.name for recipe in RECIPES])
    parser.add_argument("--steps", type=int, help="instead of the recipe's own number")
    args = parser.parse_args()
    torch.set_num_threads(1)
    world = World.load(args.world)
    for part in (world.unet, world.text_encoder, world.vae):
        part.requires_grad_(False)
    for recipe in RECIPES:
        if not args.only or recipe.name in args.only:
            if args.steps:
                recipe = replace(recipe, steps=args.steps)
            train(recipe, world, args.out, args.seed)


if __name__ == "__main__":
    main()
