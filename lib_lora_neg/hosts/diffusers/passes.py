"""From texts and noise to pictures: the passes of one batch, with raw weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from ...branches import Branch
from ...branches.attachment import Attachment, attached
from ...branches.deltas import BranchError
from ...loras.families import ModelFamily
from ...scan.ports import Cancellation, ImageRequest, LoraSetting
from .conditioning import Conditioner, Conditioning, LoadedEncoders
from .denoisers import AddedConditioning, Denoiser, FluxDenoiser, UnetDenoiser
from .errors import JobError
from .job import GenerationJob
from .latents import Noise, decode, encode_picture, scale_of
from .networks import Networks
from .samplers import choose
from .sampling import CancelledError, Pass, SamplingContext, sample
from .texts import TextEncoding


@dataclass(frozen=True)
class PassTexts:
    """What one pass is made of: the texts, the raw weights of the LoRAs, CFG."""

    prompt: str
    negative_prompt: str
    cfg: float
    loras: tuple[LoraSetting, ...] = ()


@dataclass(frozen=True, eq=False)
class ImageResult:
    """One finished picture with its latent: channels × h × w, float32, on the CPU."""

    image: Image.Image
    latent: torch.Tensor


class Passes:
    """The passes on one pipeline; the caller sees to it that there is one batch at a time.

    Attributes:
        denoiser: of the model.
    """

    def __init__(
        self, pipe: Any, family: ModelFamily, networks: Networks, texts: TextEncoding
    ) -> None:
        self._pipe = pipe
        self._family = family
        self._networks = networks
        self._conditioner = Conditioner(texts)
        self.denoiser: Denoiser = (
            FluxDenoiser(pipe) if family is ModelFamily.FLUX else UnetDenoiser(pipe)
        )

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        device: torch.device = self.model.device
        return device

    @property
    def model(self) -> Any:
        """The network that denoises."""
        return self._pipe.transformer if self._family is ModelFamily.FLUX else self._pipe.unet

    def make(
        self,
        job: GenerationJob,
        requests: Sequence[ImageRequest],
        first: PassTexts,
        hires: PassTexts | None = None,
        cancel: Cancellation | None = None,
        after_step: Callable[[], None] | None = None,
    ) -> list[ImageResult]:
        """Make one batch, with raw weights.

        Args:
            job: with its defaults filled in (`engine.Engine.completed`).
            requests: the pictures; their prompts carry no tags that count.
            first: LoRAs and CFG of the first pass.
            hires: of the second pass, with its prompts; ``None`` without one.
            cancel: stops within a sampling step.
            after_step: called after each step.

        Raises:
            CancelledError: somebody stopped it.
            JobError, LoraError: it cannot be made as asked.
        """
        with torch.inference_mode():
            host = SamplingContext(
                self.denoiser, self._pipe.scheduler, self.device, cancel, after_step
            )
            x = self._first_pass(host, job, requests, first)
            if hires is not None and job.hires is not None:
                x = self._second_pass(host, job, requests, hires, x)
            if cancel is not None and cancel.is_set():
                raise CancelledError
            images = decode(self._pipe.vae, x)
        return [
            ImageResult(image, latent.float().cpu())
            for image, latent in zip(images, x, strict=True)
        ]

    def _first_pass(
        self,
        host: SamplingContext,
        job: GenerationJob,
        requests: Sequence[ImageRequest],
        texts: PassTexts,
    ) -> torch.Tensor:
        self._networks.apply(texts.loras)
        conds = [
            self.encode(request.prompt, request.negative_prompt, job, texts.loras)
            for request in requests
        ]
        noise = Noise([request.seed for request in requests], self.device)
        shape = self.latent_shape(job.width, job.height)
        start = None
        if job.init_image is not None:
            start = encode_picture(self._pipe.vae, job.init_image, job.width, job.height)
            start = start.expand(len(requests), -1, -1, -1)
        with self._branches(texts.loras) as branches:
            wanted = Pass(
                choose(self._family, job.sampler, job.scheduler),
                job.steps,
                texts.cfg,
                conds,
                AddedConditioning(job.width, job.height, job.distilled_cfg or 0.0),
                job.guidance,
                branches,
            )
            if start is None:
                return sample(host, wanted, noise, shape)
            return sample(host, wanted, noise, shape, start, job.denoising_strength)

    def _second_pass(
        self,
        host: SamplingContext,
        job: GenerationJob,
        requests: Sequence[ImageRequest],
        texts: PassTexts,
        x: torch.Tensor,
    ) -> torch.Tensor:
        hires = job.hires
        assert hires is not None
        self._networks.apply(texts.loras)
        width, height = self.hires_size(job)
        steps = hires.steps or job.steps
        cond = self.encode(texts.prompt, texts.negative_prompt, job, texts.loras, steps)
        shape = self.latent_shape(width, height)
        # A1111's upscaler "Latent".
        start = torch.nn.functional.interpolate(x, size=shape[1:], mode="bilinear")
        noise = Noise([request.seed for request in requests], self.device)
        with self._branches(texts.loras) as branches:
            wanted = Pass(
                choose(self._family, job.sampler, job.scheduler),
                steps,
                texts.cfg,
                [cond] * len(requests),
                AddedConditioning(width, height, job.distilled_cfg or 0.0),
                job.guidance,
                branches,
            )
            return sample(host, wanted, noise, shape, start, hires.denoising_strength)

    @contextmanager
    def _branches(
        self, loras: Sequence[LoraSetting], text_encoders: bool = False
    ) -> Iterator[Attachment | None]:
        """Give the negative branch its own strengths, as far as any LoRA has them.

        Raises:
            JobError: that went wrong, so that the pictures are not what was asked for.
        """
        layers = self._networks.branches(loras, text_encoders)
        if not layers:
            yield None
            return
        try:
            with attached(layers) as attachment:
                yield attachment
        except BranchError as error:
            raise JobError(f"a LoRA cannot act on one branch alone: {error}") from error
        if attachment.failure:
            raise JobError(f"a LoRA cannot act on one branch alone: {attachment.failure}")

    @contextmanager
    def kept_to_blocks(self, loras: Sequence[LoraSetting]) -> Iterator[None]:
        """Keep the applied LoRAs to their blocks in single evaluations that are made inside.

        Raises:
            JobError: that went wrong.
        """
        with self._branches([lora for lora in loras if lora.blocks]) as attachment:
            if attachment is None:
                yield
            else:
                with attachment.encoding(Branch.COND):
                    yield

    def hires_size(self, job: GenerationJob) -> tuple[int, int]:
        """Return width and height of a job's second pass, in pixels."""
        scale = job.hires.scale if job.hires is not None else 1.0
        step = scale_of(self._pipe.vae) * (2 if self._family is ModelFamily.FLUX else 1)
        return int(job.width * scale) // step * step, int(job.height * scale) // step * step

    def encode(
        self,
        prompt: str,
        negative_prompt: str,
        job: GenerationJob,
        loras: Sequence[LoraSetting],
        hires_steps: int | None = None,
    ) -> Conditioning:
        """Return what the denoiser is added; the LoRAs must be applied already."""
        return self._conditioner.encode(
            prompt,
            negative_prompt,
            job.steps,
            job.clip_skip,
            LoadedEncoders(
                self._networks.conditioning_key(loras),
                self._networks.conditioning_key(loras, negative=True),
                lambda: self._for_negative(loras),
            ),
            hires_steps,
            () if job.guidance is None else job.guidance.concepts(negative_prompt),
        )

    @contextmanager
    def _for_negative(self, loras: Sequence[LoraSetting]) -> Iterator[None]:
        """Give the text encoders what they have while a negative prompt is encoded."""
        with self._branches(loras, text_encoders=True) as attachment:
            if attachment is None:
                yield
            else:
                with attachment.encoding(Branch.UNCOND):
                    yield

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int]:
        """Return the shape of one latent for a picture of this size in pixels."""
        scale = scale_of(self._pipe.vae)
        channels = int(self._pipe.vae.config.latent_channels)
        return channels, height // scale, width // scale
