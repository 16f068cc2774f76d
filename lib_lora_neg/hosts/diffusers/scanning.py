"""The scan's ways to this host: pictures with raw weights, and single predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from ...loras.families import ModelFamily
from ...scan.ports import (
    Abilities,
    Cancellation,
    LatentArray,
    LoraSetting,
    Picture,
    Probe,
    Sampling,
    ScanBatch,
)
from .denoisers import AddedConditioning
from .engine import Engine
from .infotext import write_infotext
from .job import GenerationJob
from .latents import Noise
from .passes import PassTexts
from .sampling import CancelledError
from .texts import Cond

PIXELS_AT_ONCE = {"cpu": 256 * 256, "other": 2 * 1024 * 1024}
"""Pixels of one batch; on a CPU more at once only helps where a picture is small."""

MOST_AT_ONCE = 8


class EngineGenerator:
    """Makes a scan's pictures; the guard has no part in it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def abilities(self) -> Abilities:
        own = self._engine.defaults()
        return Abilities(max_batch=most_at_once(self._engine, own.width, own.height), latents=True)

    def generate(self, batch: ScanBatch, cancel: Cancellation) -> Iterator[Picture]:
        """Yield the batch's pictures, which are made together.

        Raises:
            LoraError: a LoRA cannot be used here: a scan of it would show nothing.
            JobError: the sampling cannot be done as asked.
        """
        engine, first = self._engine, batch.requests[0]
        job = engine.completed(
            job_of(batch.sampling, first.prompt, first.negative_prompt), first.seed
        )
        texts = PassTexts(first.prompt, first.negative_prompt, job.cfg_scale, batch.loras)
        try:
            made = engine.make(job, batch.requests, texts, cancel=cancel)
        except CancelledError:
            return
        for request, developed in zip(batch.requests, made, strict=True):
            prompt = _tagged(request.prompt, batch.loras)
            tagged = replace(texts, prompt=prompt, negative_prompt=request.negative_prompt)
            yield Picture(
                np.asarray(developed.image),
                developed.latent.numpy(),
                write_infotext(engine, job, request.seed, tagged, None, {}),
            )


class EngineDenoiser:
    """Evaluates the denoiser on noise alone, at single noise levels.

    A prediction is what a sampler follows: (noisy − denoised) / noise level. For models that
    predict noise that is the noise, for flow models the velocity.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def predict(
        self, loras: tuple[LoraSetting, ...], probes: Sequence[Probe], sampling: Sampling
    ) -> Sequence[LatentArray]:
        """Return the prediction for each probe, in order.

        Raises:
            LoraError: a LoRA cannot be used here.
        """
        engine = self._engine
        job = engine.completed(job_of(sampling, "", ""), 0)
        added = AddedConditioning(job.width, job.height, job.distilled_cfg or 0.0)
        with engine.lock, torch.inference_mode():
            engine.networks.apply(loras)
            with engine.passes.kept_to_blocks(loras):
                return [self._predict(probe, job, added, loras) for probe in probes]

    def _predict(
        self,
        probe: Probe,
        job: GenerationJob,
        added: AddedConditioning,
        loras: Sequence[LoraSetting],
    ) -> LatentArray:
        passes = self._engine.passes
        cond = passes.encode(probe.prompt, "", job, loras).positive[0][1].at(0)
        noise = Noise([probe.seed], passes.device).draw(passes.latent_shape(job.width, job.height))
        level = min(max(probe.level, 0.0), 1.0)
        if self._engine.family is ModelFamily.FLUX:
            t = torch.tensor(level * 1000, device=passes.device)
            found = passes.denoiser.evaluate(noise * level, t, [cond], added)
        else:
            found = self._noise_in(noise, level, cond, added)
        prediction: LatentArray = found[0].float().cpu().numpy()
        return prediction

    def _noise_in(
        self, noise: torch.Tensor, level: float, cond: Cond, added: AddedConditioning
    ) -> torch.Tensor:
        """Return the noise that the model sees in pure noise of this level."""
        scheduler = self._engine.pipe.scheduler
        alphas = scheduler.alphas_cumprod
        step = round(level * (len(alphas) - 1))
        alpha = alphas[step].to(noise.device)
        x = noise * (1 - alpha).sqrt()
        t = torch.tensor(step, device=noise.device)
        found = self._engine.passes.denoiser.evaluate(x, t, [cond], added).float()
        if scheduler.config.prediction_type == "v_prediction":
            return alpha.sqrt() * found + (1 - alpha).sqrt() * x
        return found


def most_at_once(engine: Engine, width: int, height: int) -> int:
    """Return how many pictures of this size in pixels one batch should have."""
    budget = PIXELS_AT_ONCE["cpu" if engine.passes.device.type == "cpu" else "other"]
    return min(MOST_AT_ONCE, max(1, budget // max(1, width * height)))


def job_of(sampling: Sampling, prompt: str, negative_prompt: str) -> GenerationJob:
    """Return a scan's sampling as a job."""
    return GenerationJob(
        prompt=prompt,
        negative_prompt=negative_prompt,
        steps=sampling.steps,
        sampler=sampling.sampler,
        scheduler=sampling.scheduler,
        cfg_scale=sampling.cfg,
        distilled_cfg=sampling.distilled_cfg,
        width=sampling.width,
        height=sampling.height,
        seed=0,
    )


def _tagged(prompt: str, loras: Sequence[LoraSetting]) -> str:
    """Return the prompt with the tags that ask for these weights."""
    return " ".join([prompt, *(lora.tag for lora in loras)])
