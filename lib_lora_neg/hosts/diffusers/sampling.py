"""The sampling loop: from noise, or a latent, to a latent."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ...branches.attachment import Attachment
from ...guidance.choice import Guidance
from ...scan.ports import Cancellation
from .conditioning import Conditioning
from .denoisers import AddedConditioning, Denoiser, predict
from .latents import Noise
from .samplers import SamplerChoice, make_scheduler


class CancelledError(Exception):
    """The user stopped it."""


@dataclass(frozen=True)
class Pass:
    """One sampling pass over a batch.

    Attributes:
        choice: sampler and schedule.
        steps: as asked for; an img2img pass runs a part of them.
        cfg: CFG scale.
        conditionings: one for each picture.
        added: the size and what else conditions the denoiser.
        guidance: negative guidance, or ``None``.
        branches: LoRAs with a strength of their own on the negative branch, or ``None``.
    """

    choice: SamplerChoice
    steps: int
    cfg: float
    conditionings: Sequence[Conditioning]
    added: AddedConditioning
    guidance: Guidance | None = None
    branches: Attachment | None = None


@dataclass(frozen=True)
class SamplingContext:
    """What a pass needs of the host.

    Attributes:
        denoiser: of the model.
        own: the scheduler that the model came with.
        device: where the model computes.
        cancel: asked before each evaluation; ``None`` never stops.
        after_step: called after each step.
    """

    denoiser: Denoiser
    own: Any
    device: torch.device
    cancel: Cancellation | None = None
    after_step: Callable[[], None] | None = None


def steps_to_run(steps: int, strength: float | None) -> int:
    """Return how many of the steps a pass runs (A1111 ``setup_img2img_steps``)."""
    return steps if strength is None else int(min(strength, 0.999) * steps) + 1


def sample(
    host: SamplingContext,
    wanted: Pass,
    noise: Noise,
    shape: tuple[int, int, int],
    start: torch.Tensor | None = None,
    strength: float = 1.0,
) -> torch.Tensor:
    """Return the final latents.

    Args:
        host: the model.
        wanted: the pass.
        noise: one stream for each picture.
        shape: of one latent.
        start: latents to begin from instead of pure noise (img2img, hires).
        strength: how much of the schedule is run again then.

    Raises:
        CancelledError: somebody stopped it.
    """
    scheduler = make_scheduler(wanted.choice, host.own)
    _set_timesteps(scheduler, wanted.steps, host.device, shape)
    timesteps = scheduler.timesteps
    order = int(getattr(scheduler, "order", 1))
    drawn = noise.draw(shape)
    if start is None:
        x = drawn * _first_sigma(scheduler)
    else:
        skipped = (wanted.steps - steps_to_run(wanted.steps, strength)) * order
        timesteps = timesteps[skipped:]
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(skipped)
        x = _with_noise(scheduler, start, drawn, timesteps[:1])
    options = _step_options(scheduler, noise)
    for index, t in enumerate(timesteps):
        if host.cancel is not None and host.cancel.is_set():
            raise CancelledError
        seen = scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x
        step = index // order
        guidance = wanted.guidance
        if guidance is not None and not guidance.acts_at(step, len(timesteps) // order):
            guidance = None
        found = predict(
            host.denoiser,
            seen,
            t,
            step,
            wanted.conditionings,
            wanted.cfg,
            wanted.added,
            guidance,
            wanted.branches,
        )
        x = scheduler.step(found, t, x, return_dict=False, **options)[0].float()
        if host.after_step is not None and index % order == 0:
            host.after_step()
    return x


def _first_sigma(scheduler: Any) -> float:
    return float(getattr(scheduler, "init_noise_sigma", 1.0))


def _with_noise(
    scheduler: Any, start: torch.Tensor, noise: torch.Tensor, t: torch.Tensor
) -> torch.Tensor:
    if hasattr(scheduler, "scale_noise"):
        noised: torch.Tensor = scheduler.scale_noise(start, t, noise)
    else:
        noised = scheduler.add_noise(start, noise, t)
    return noised


def _step_options(scheduler: Any, noise: Noise) -> dict[str, Any]:
    accepted = inspect.signature(scheduler.step).parameters
    return {"generator": noise.generators} if "generator" in accepted else {}


def _set_timesteps(
    scheduler: Any, steps: int, device: torch.device, shape: tuple[int, int, int]
) -> None:
    if "shift" not in scheduler.config:
        scheduler.set_timesteps(steps, device=device)
        return
    # Flow matching: the schedule depends on the number of patches (Flux ``get_schedule``).
    import numpy as np

    patches = shape[1] * shape[2] // 4
    config = scheduler.config
    slope = (config.max_shift - config.base_shift) / (
        config.max_image_seq_len - config.base_image_seq_len
    )
    shift = config.base_shift + (patches - config.base_image_seq_len) * slope
    sigmas = np.linspace(1.0, 1 / steps, steps)
    scheduler.set_timesteps(sigmas=sigmas, device=device, mu=shift)
