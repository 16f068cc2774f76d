"""The scan's critic on this host: what the model gets wrong about finished pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image

from ...loras.families import ModelFamily
from ...scan.critic import Prediction, noised, residual
from ...scan.ports import LatentArray, LoraSetting, Picture, Question, Sampling
from .denoisers import AddedConditioning
from .engine import Engine
from .job import GenerationJob
from .latents import Noise, encode_picture
from .scanning import job_of, most_at_once
from .texts import Cond


@dataclass(frozen=True)
class _Level:
    """A noise level as the model has it: its timestep, and how much of what is mixed."""

    t: torch.Tensor
    signal: float
    spread: float


class EngineCritic:
    """A `Critic` on an engine. The LoRAs of a call are merged for it alone: every generation puts
    in its own, always computed from the checkpoint's own weights."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def residuals(
        self, loras: tuple[LoraSetting, ...], questions: Sequence[Question], sampling: Sampling
    ) -> Sequence[LatentArray]:
        """Return what the model gets wrong, for each question in order.

        Raises:
            LoraError: a LoRA cannot be used here.
        """
        engine = self._engine
        job = engine.completed(job_of(sampling, "", ""), 0)
        with engine.lock, torch.inference_mode():
            engine.networks.apply(loras)
            with engine.passes.kept_to_blocks(loras):
                return _Call(engine, job, loras).answers(questions)


class _Call:
    """One call: its texts and pictures are encoded once."""

    def __init__(self, engine: Engine, job: GenerationJob, loras: Sequence[LoraSetting]) -> None:
        self._engine, self._job, self._loras = engine, job, loras
        self._conds: dict[str, Cond] = {}
        self._clean: dict[int, torch.Tensor] = {}

    def answers(self, questions: Sequence[Question]) -> list[LatentArray]:
        groups: dict[tuple[float, tuple[int, ...], tuple[int, ...]], list[int]] = {}
        for index, question in enumerate(questions):
            cond, clean = self._cond(question.prompt), self._latent(question.picture)
            key = (question.level, tuple(cond.context.shape), tuple(clean.shape))
            groups.setdefault(key, []).append(index)
        found: dict[int, LatentArray] = {}
        largest = most_at_once(self._engine, self._job.width, self._job.height)
        for indexes in groups.values():
            for start in range(0, len(indexes), largest):
                part = indexes[start : start + largest]
                wrong = self._evaluate([questions[index] for index in part])
                found.update(zip(part, wrong.float().cpu().numpy(), strict=True))
        return [found[index] for index in range(len(questions))]

    def _evaluate(self, questions: Sequence[Question]) -> torch.Tensor:
        passes = self._engine.passes
        clean = torch.stack([self._latent(question.picture) for question in questions])
        noise = Noise([q.seed for q in questions], passes.device).draw(tuple(clean.shape[1:]))
        level, kind = self._level(questions[0].level), self._kind()
        added = AddedConditioning(self._job.width, self._job.height, self._job.distilled_cfg or 0.0)
        conds = [self._cond(question.prompt) for question in questions]
        x = noised(clean, noise, level.signal, level.spread)
        found = passes.denoiser.evaluate(x, level.t, conds, added).float()
        return residual(kind, found, clean, noise, level.signal, level.spread)

    def _kind(self) -> Prediction:
        if self._engine.family is ModelFamily.FLUX:
            return Prediction.FLOW
        kind = self._engine.pipe.scheduler.config.prediction_type
        return Prediction(kind)

    def _level(self, level: float) -> _Level:
        device, inside = self._engine.passes.device, min(max(level, 0.0), 1.0)
        if self._engine.family is ModelFamily.FLUX:
            return _Level(torch.tensor(inside * 1000, device=device), 1 - inside, inside)
        alphas = self._engine.pipe.scheduler.alphas_cumprod
        step = round(inside * (len(alphas) - 1))
        alpha = float(alphas[step])
        return _Level(torch.tensor(step, device=device), alpha**0.5, (1 - alpha) ** 0.5)

    def _cond(self, prompt: str) -> Cond:
        """Return the text as it stands at the end of sampling; of ``AND``, the first part."""
        if prompt not in self._conds:
            told = self._engine.passes.encode(prompt, "", self._job, self._loras)
            self._conds[prompt] = told.positive[0][1].at(self._job.steps - 1)
        return self._conds[prompt]

    def _latent(self, picture: Picture) -> torch.Tensor:
        key = id(picture)
        if key not in self._clean:
            device = self._engine.passes.device
            if picture.latent is not None:
                latent = torch.from_numpy(picture.latent).float()
            else:
                image = Image.fromarray(picture.pixels)
                latent = encode_picture(self._engine.pipe.vae, image, *image.size)[0]
            self._clean[key] = latent.to(device)
        return self._clean[key]
