"""One generation as it is asked for, in A1111's words, and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...guidance.choice import Guidance
from ...policy import GuardPlan
from ..reporting import Report
from .errors import JobError

MAX_SIDE = 8192
MAX_BATCH = 64
MAX_COUNT = 1000
MAX_STEPS = 1000
MAX_SEED = 2**32 - 1


@dataclass(frozen=True)
class HiresFix:
    """A second pass on the enlarged picture.

    Attributes:
        scale: of width and height.
        steps: of the second pass; 0 takes the first pass's.
        denoising_strength: how much of the noise schedule is run again, 0–1.
        prompt: of the second pass; empty takes the first pass's.
        negative_prompt: likewise.
        cfg_scale: ``None`` takes the first pass's.
    """

    scale: float = 2.0
    steps: int = 0
    denoising_strength: float = 0.7
    prompt: str = ""
    negative_prompt: str = ""
    cfg_scale: float | None = None


@dataclass(frozen=True)
class GenerationJob:
    """A generation as it is asked for; names and defaults are A1111's.

    Attributes:
        prompt: with its ``<lora:name:weight>`` tags.
        negative_prompt: as typed.
        steps: sampling steps.
        sampler: A1111's name, such as ``Euler a``; a schedule may follow it
            (``DPM++ 2M Karras``). Empty leaves the choice to the model's family.
        scheduler: A1111's name of the noise schedule, such as ``Karras``.
        cfg_scale: 1 means that the negative prompt has no effect.
        distilled_cfg: guidance of models that take it as an input (Flux dev).
        width: in pixels; 0 takes the model's own size.
        height: likewise.
        seed: of the first picture, each following one has the next; −1 takes one at random.
        batch_size: pictures that are made together.
        batch_count: how many batches.
        clip_skip: 1 uses the last layer of the text encoder, 2 the one before, as in A1111.
        init_image: picture to start from (img2img); scaled to ``width`` × ``height``.
        denoising_strength: how much of the noise schedule img2img runs, 0–1.
        hires: a second pass on the enlarged picture, or ``None``.
        guidance: away from the negative prompt inside attention, in all passes; the way to a
            negative prompt at CFG 1. ``None`` is off.
    """

    prompt: str = ""
    negative_prompt: str = ""
    steps: int = 20
    sampler: str = ""
    scheduler: str = "Automatic"
    cfg_scale: float = 7.0
    distilled_cfg: float | None = None
    width: int = 0
    height: int = 0
    seed: int = -1
    batch_size: int = 1
    batch_count: int = 1
    clip_skip: int = 1
    init_image: Image.Image | None = field(default=None, compare=False)
    denoising_strength: float = 0.75
    hires: HiresFix | None = None
    guidance: Guidance | None = None

    def __post_init__(self) -> None:
        _within("steps", self.steps, 1, MAX_STEPS)
        _within("cfg_scale", self.cfg_scale, 0.0, 100.0)
        _within("width", self.width, 0, MAX_SIDE)
        _within("height", self.height, 0, MAX_SIDE)
        _within("seed", self.seed, -1, MAX_SEED)
        _within("batch_size", self.batch_size, 1, MAX_BATCH)
        _within("batch_count", self.batch_count, 1, MAX_COUNT)
        _within("clip_skip", self.clip_skip, 1, 12)
        _within("denoising_strength", self.denoising_strength, 0.0, 1.0)
        if self.hires is not None:
            _within("hires scale", self.hires.scale, 1.0, 8.0)
            _within("hires steps", self.hires.steps, 0, MAX_STEPS)
            _within("hires denoising_strength", self.hires.denoising_strength, 0.0, 1.0)


def _within(name: str, value: float, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise JobError(f"{name} must be {low:g} to {high:g}, not {value!r}")


@dataclass(frozen=True)
class GenerationStep:
    """How far a generation is; ``total`` counts the steps of all its batches and passes."""

    done: int
    total: int
    pictures: int

    @property
    def share(self) -> float:
        """Between 0 and 1."""
        return self.done / self.total if self.total else 1.0


OnStep: TypeAlias = Callable[[GenerationStep], None]
"""Called after each sampling step, in the thread that generates."""


@dataclass(frozen=True, eq=False)
class GeneratedPicture:
    """One finished picture.

    Attributes:
        image: RGB.
        seed: its own.
        infotext: as A1111 writes it; `save_png` puts it into the file.
        latent: channels × height × width, before decoding.
    """

    image: Image.Image
    seed: int
    infotext: str
    latent: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class GenerationResult:
    """A generation that is over.

    Attributes:
        job: with every default and the seed filled in, the texts as asked for.
        pictures: finished ones; fewer than asked for when it was interrupted.
        report: what the guard saw and did, as panels show it.
        plan: what was generated instead of the job's texts; ``None`` where the guard was off
            or failed.
        interrupted: somebody stopped it.
        problems: what could not be done and was left out, for people (an unknown LoRA …).
    """

    job: GenerationJob
    pictures: tuple[GeneratedPicture, ...]
    report: Report
    plan: GuardPlan | None
    interrupted: bool
    problems: tuple[str, ...] = ()

    @property
    def images(self) -> list[Image.Image]:
        """The pictures alone."""
        return [picture.image for picture in self.pictures]
