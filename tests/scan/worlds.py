"""Generators whose damage is known: drawings instead of a model.

A world draws the same scene for the same prompt and seed at weight 0. What a weight does to it is
the world's character: it bends the scene (effect), and from `onset` outwards it spoils it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from lib_lora_neg.scan.ports import (
    Abilities,
    Cancellation,
    ImageRequest,
    LatentArray,
    LoraSetting,
    Picture,
    Question,
    Sampling,
    ScanBatch,
)

Scene = np.ndarray
"""Height × width × 3, float, 0–255."""

Spoil = Callable[[Scene, float, np.random.Generator], Scene]
"""What damage of an amount (0 and up, 1 per unit of weight beyond the onset) does to a scene."""


@lru_cache(maxsize=64)
def scene(prompt: str, seed: int, side: int) -> Scene:
    """Draw discs and boxes on a shaded ground, with the grain of a decoder."""
    random = np.random.default_rng([seed, *prompt.encode()])
    rows, columns = np.mgrid[0:side, 0:side] / side
    low, high = random.uniform(40, 90), random.uniform(150, 210)
    shade = low + (high - low) * (rows * random.uniform() + columns * random.uniform()) / 1.4
    picture = shade[..., None] * random.uniform(0.8, 1.1, 3)
    for _ in range(14):
        colour = random.uniform(40, 215, 3)
        y, x, size = random.uniform([0.1, 0.1, 0.04], [0.9, 0.9, 0.2])
        if random.uniform() < 0.5:
            inside = (rows - y) ** 2 + (columns - x) ** 2 < size**2
        else:
            inside = (abs(rows - y) < size) & (abs(columns - x) < size * 0.6)
        stripes = 18 * np.sin(columns * random.uniform(40, 160) + rows * random.uniform(40, 160))
        picture[inside] = colour + stripes[inside][:, None]
    return picture + random.normal(0, 1.2, picture.shape)


def noisy(picture: Scene, amount: float, random: np.random.Generator) -> Scene:
    return picture + random.normal(0, 60 * amount, picture.shape)


def blurred(picture: Scene, amount: float, _random: np.random.Generator) -> Scene:
    for _ in range(round(40 * amount)):
        for axis in (0, 1):
            around = np.roll(picture, 1, axis) + np.roll(picture, -1, axis)
            picture = 0.5 * picture + 0.25 * around
    return picture


def burnt(picture: Scene, amount: float, _random: np.random.Generator) -> Scene:
    return (picture - 128) * (1 + 6 * amount) + 128


def faded(picture: Scene, amount: float, _random: np.random.Generator) -> Scene:
    return (picture - 128) / (1 + 8 * amount) + 128


SPOILS: dict[str, Spoil] = {"noise": noisy, "blur": blurred, "burn": burnt, "fade": faded}


@dataclass
class World:
    """A `Generator`.

    Attributes:
        spoil: what damage looks like; ``None`` for a LoRA that does none.
        onset: distance from 0 where damage begins, on both sides.
        strength: how far weight 1 bends the scene; 0 for an inert LoRA.
        side: of the pictures, whatever the plan asks for.
        failing: a request for which it raises.
        made: everything it was asked to make, as (weight, prompt, seed).
    """

    spoil: str | None = None
    onset: float = 0.5
    strength: float = 1.0
    side: int = 128
    max_batch: int = 4
    failing: Callable[[float, ImageRequest], bool] = lambda weight, request: False
    before: Callable[[float, ImageRequest], None] = lambda weight, request: None
    made: list[tuple[float, str, int]] = field(default_factory=list)
    batches: list[ScanBatch] = field(default_factory=list)

    def abilities(self) -> Abilities:
        return Abilities(max_batch=self.max_batch, latents=True)

    def generate(self, batch: ScanBatch, cancel: Cancellation) -> Iterator[Picture]:
        self.batches.append(batch)
        weight = batch.loras[0].unet if batch.loras else 0.0
        for request in batch.requests:
            if cancel.is_set():
                return
            self.before(weight, request)
            if self.failing(weight, request):
                raise RuntimeError(f"no picture at {weight:g}")
            self.made.append((weight, request.prompt, request.seed))
            yield self.picture(weight, request.prompt, request.seed)

    def picture(self, weight: float, prompt: str, seed: int) -> Picture:
        drawn = self.bend(scene(prompt, seed, self.side), weight)
        beyond = max(0.0, abs(weight) - self.onset)
        if self.spoil and beyond > 1e-9:
            random = np.random.default_rng([seed, 7, *prompt.encode()])
            drawn = SPOILS[self.spoil](drawn, beyond, random)
        pixels = np.clip(np.rint(drawn), 0, 255).astype(np.uint8)
        latent = drawn[::8, ::8].transpose(2, 0, 1).astype(np.float32) / 255
        return Picture(pixels, latent, f"{prompt}\nSeed: {seed}")

    def bend(self, drawn: Scene, weight: float) -> Scene:
        """Move the scene and tint it, as a working style LoRA does, without harm."""
        amount = self.strength * weight
        rows = np.arange(self.side)
        shift = np.rint(6 * amount * np.sin(rows / self.side * 7)).astype(int)
        moved = np.stack([np.roll(drawn[row], shift[row], axis=0) for row in rows])
        return moved * (1 + 0.10 * amount * np.array([1.0, 0.2, -1.0]))


class Eye:
    """A `Critic` to which everything is unlikely that its neighbours do not foretell.

    Attributes:
        asked: every call's LoRAs and questions.
        blind: raises at every question.
    """

    def __init__(self, blind: bool = False) -> None:
        self.asked: list[tuple[tuple[LoraSetting, ...], Sequence[Question]]] = []
        self.blind = blind

    def residuals(
        self, loras: tuple[LoraSetting, ...], questions: Sequence[Question], sampling: Sampling
    ) -> Sequence[LatentArray]:
        if self.blind:
            raise RuntimeError("out of memory")
        self.asked.append((loras, questions))
        return [self._residual(question) for question in questions]

    def _residual(self, question: Question) -> LatentArray:
        latent = question.picture.latent
        assert latent is not None
        around = sum(np.roll(latent, step, axis) for step in (-1, 1) for axis in (1, 2)) / 4
        wrong = (latent - around) * (1.0 if question.prompt else 1.5)
        return np.asarray(wrong, np.float32) + np.float32(0.01)
