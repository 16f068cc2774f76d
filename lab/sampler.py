"""Sampling many pictures of the world at once, each with its own prompt and seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from lab.model import alphas_cumprod, load_world
from lab.palette import Floats
from lab.tokenizer import encode


@dataclass
class World:
    """The parts of the model that sampling needs, in single precision."""

    unet: torch.nn.Module
    text_encoder: torch.nn.Module
    vae: torch.nn.Module

    @classmethod
    def load(cls, folder: Path) -> World:
        pipe = load_world(folder)
        pipe.unet.to(memory_format=torch.channels_last)
        pipe.vae.to(memory_format=torch.channels_last)
        return cls(pipe.unet.eval(), pipe.text_encoder.eval(), pipe.vae.eval())

    @torch.no_grad()
    def states(self, texts: list[str]) -> torch.Tensor:
        """Hidden states of texts, (n, 77, 128)."""
        return self.text_encoder(torch.tensor([encode(text) for text in texts])).last_hidden_state


def first_noise(seeds: list[int]) -> torch.Tensor:
    """Latent noise, one per seed and the same in every batch."""
    rows = [
        torch.randn((4, 16, 16), generator=torch.Generator().manual_seed(seed)) for seed in seeds
    ]
    return torch.stack(rows)


@torch.no_grad()
def denoise(
    world: World,
    positive: torch.Tensor,
    negative: torch.Tensor,
    seeds: list[int],
    cfg: float,
    steps: int = 20,
) -> torch.Tensor:
    """DDIM from noise to latents (n, 4, 16, 16) with guidance; states as ``World.states`` gives."""
    alphas = alphas_cumprod()
    times = torch.arange(1000, 0, -1000 / steps).round().long() - 1
    latents = first_noise(seeds)
    both = torch.cat([negative, positive])
    for index, time in enumerate(times):
        signal, noise_share = alphas[time].sqrt(), (1 - alphas[time]).sqrt()
        if cfg == 1.0:
            velocity = world.unet(latents, time, positive, return_dict=False)[0]
        else:
            doubled = torch.cat([latents, latents]).contiguous(memory_format=torch.channels_last)
            without, with_prompt = world.unet(doubled, time, both, return_dict=False)[0].chunk(2)
            velocity = without + cfg * (with_prompt - without)
        picture = signal * latents - noise_share * velocity
        noise = signal * velocity + noise_share * latents
        following = alphas[times[index + 1]] if index + 1 < len(times) else alphas[0]
        latents = following.sqrt() * picture + (1 - following).sqrt() * noise
    return latents


@torch.no_grad()
def decode(world: World, latents: torch.Tensor) -> list[Floats]:
    """Pictures (64, 64, 3) from 0 to 1, rounded to the 8 bits of a file."""
    scaled = latents / world.vae.config.scaling_factor
    pictures = world.vae.decode(scaled).sample.clamp(-1, 1).permute(0, 2, 3, 1)
    bytes_ = ((pictures + 1) * 127.5).round().to(torch.uint8).numpy()
    return [np.asarray(picture, dtype=np.float64) / 255.0 for picture in bytes_]


def sample(
    world: World,
    prompts: list[str],
    seeds: list[int],
    *,
    negatives: list[str] | None = None,
    cfg: float = 3.0,
    steps: int = 20,
    batch: int = 24,
) -> list[Floats]:
    """Draw one picture per prompt and seed."""
    negatives = negatives if negatives is not None else [""] * len(prompts)
    pictures: list[Floats] = []
    for start in range(0, len(prompts), batch):
        part = slice(start, start + batch)
        latents = denoise(
            world,
            world.states(prompts[part]),
            world.states(negatives[part]),
            seeds[part],
            cfg,
            steps,
        )
        pictures += decode(world, latents)
    return pictures
