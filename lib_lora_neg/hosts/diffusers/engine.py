"""A loaded checkpoint with its LoRAs: makes pictures exactly as told."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import RLock
from typing import Any

import torch
from PIL import Image

from ...library import Catalog
from ...library.saving import DecisionBook
from ...loras.card import LoraCard
from ...loras.families import ModelFamily
from ...scan.ports import Cancellation, LoraSetting
from ..reporting import HealthItem
from .conditioning import Conditioner, Conditioning
from .denoisers import Denoiser, FluxDenoiser, Told, UnetDenoiser
from .errors import HostError, JobError
from .hashes import Hashes
from .job import Job
from .latents import Noise, decode, encode_picture, scale_of
from .loading import family_of_pipeline, load_pipeline
from .networks import Networks
from .samplers import choose, sampler_names, schedule_names
from .sampling import CancelledError, Pass, Sampling, sample, steps_to_run
from .single_file import Sources
from .texts import text_encoding

RESCAN_SECONDS = 10.0
"""How long a name that was not found is not looked for on disk again."""

DISTILLED_CFG = 3.5
"""Flux dev's own default guidance."""


@dataclass(frozen=True)
class Texts:
    """What one pass is made of: the texts, the raw weights of the LoRAs, CFG."""

    prompt: str
    negative_prompt: str
    cfg: float
    loras: tuple[LoraSetting, ...] = ()


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture of a batch: its texts' encoding aside, its seed and prompts."""

    prompt: str
    negative_prompt: str
    seed: int


@dataclass(frozen=True, eq=False)
class Developed:
    """One finished picture with its latent: channels × h × w, float32, on the CPU."""

    image: Image.Image
    latent: torch.Tensor


class Engine:
    """A pipeline, its LoRAs, and one generation at a time.

    Attributes:
        pipe: the diffusers pipeline.
        family: of its checkpoint.
        name: of the checkpoint, as infotexts name it.
        path: where it came from; ``None`` for a pipeline that was loaded elsewhere.
        catalog: the LoRAs of the folders.
        book: the user's decisions about them.
        networks: the LoRAs on the pipeline.
        lock: held while pictures are made.
        busy: pictures are being made now.
        denoiser: of the model.
    """

    def __init__(
        self,
        pipe: Any,
        family: ModelFamily,
        lora_folders: Iterable[str | os.PathLike[str]],
        *,
        path: Path | None = None,
        data_folder: Path | None = None,
    ) -> None:
        self.pipe = pipe
        self.family = family
        self.path = path
        self.name = path.stem if path is not None else _name_of(pipe)
        self.lora_folders = tuple(Path(folder) for folder in lora_folders)
        self.catalog = Catalog(
            self.lora_folders, data_folder / "index" if data_folder is not None else None
        )
        own = data_folder / "decisions.json" if data_folder is not None else None
        self.book = DecisionBook(own)
        self.hashes = Hashes(data_folder / "hashes.json" if data_folder is not None else None)
        self.networks = Networks(pipe, family, self)
        self.lock = RLock()
        self._texts = text_encoding(pipe, family)
        self._conditioner = Conditioner(self._texts)
        self._looked = 0.0
        self.busy = False
        self.denoiser: Denoiser = (
            FluxDenoiser(pipe) if family is ModelFamily.FLUX else UnetDenoiser(pipe)
        )

    @classmethod
    def load(
        cls,
        model: str | os.PathLike[str],
        lora_folders: Iterable[str | os.PathLike[str]] = (),
        *,
        device: str = "auto",
        dtype: str = "auto",
        tokenizer: str | os.PathLike[str] | None = None,
        vae: str | os.PathLike[str] | None = None,
        text_encoders: Sequence[str | os.PathLike[str]] = (),
        data_folder: Path | None = None,
    ) -> Engine:
        """Return an engine on a checkpoint; arguments and errors as of `host.open_host`."""
        path = Path(model)
        sources = Sources(
            path,
            Path(tokenizer) if tokenizer is not None else None,
            Path(vae) if vae is not None else None,
            tuple(Path(file) for file in text_encoders),
        )
        pipe, family = load_pipeline(sources, device, dtype)
        return cls(pipe, family, lora_folders, path=path, data_folder=data_folder)

    @classmethod
    def around(cls, pipe: Any, lora_folders: Iterable[str | os.PathLike[str]] = ()) -> Engine:
        """Return an engine on a pipeline that is loaded already.

        Raises:
            ModelError: this host cannot run it.
        """
        return cls(pipe, family_of_pipeline(pipe), lora_folders)

    def get(self, name: str, /) -> LoraCard | None:
        """Return a LoRA's card, with what the user decided about it.

        A name that is not known is looked for on disk again, now and then.
        """
        card = self.catalog.get(name)
        if card is None and time.monotonic() - self._looked > RESCAN_SECONDS:
            self._looked = time.monotonic()
            self.catalog.refresh()
            card = self.catalog.get(name)
        return self.book.apply(card) if card is not None else None

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        device: torch.device = self._model.device
        return device

    @property
    def _model(self) -> Any:
        return self.pipe.transformer if self.family is ModelFamily.FLUX else self.pipe.unet

    @property
    def distilled(self) -> bool:
        """Whether guidance is an input of the model."""
        return self.family is ModelFamily.FLUX and bool(self._model.config.guidance_embeds)

    def digest(self) -> str:
        """Return the SHA-256 of the checkpoint; empty for a pipeline from elsewhere."""
        if self.path is None:
            return ""
        try:
            return self.hashes.of_model(self.path)
        except OSError as error:
            raise HostError(f"{self.path}: cannot be read: {error}") from error

    def defaults(self) -> Job:
        """Return a job as people of this family begin with."""
        side = self._side()
        if self.family is ModelFamily.FLUX:
            return Job(
                cfg_scale=1.0,
                distilled_cfg=DISTILLED_CFG if self.distilled else None,
                width=side,
                height=side,
                steps=20 if self.distilled else 4,
            )
        return Job(width=side, height=side)

    def _side(self) -> int:
        if self.family is ModelFamily.FLUX:
            return 1024
        latent = self.pipe.unet.config.sample_size
        side = latent if isinstance(latent, int) else 64
        return side * scale_of(self.pipe.vae)

    def samplers(self) -> list[str]:
        """Return the samplers this checkpoint can use, the default first."""
        return sampler_names(self.family)

    def schedulers(self) -> list[str]:
        """Return the noise schedules this checkpoint can use, *Automatic* first."""
        return schedule_names(self.family)

    def count_tokens(self, text: str) -> tuple[int, int]:
        """Return the tokens of a text that is free of tags, and the size of their chunks."""
        return self._texts.count(text)

    def completed(self, job: Job, seed: int) -> Job:
        """Return the job with every default filled in.

        Raises:
            JobError: it cannot be made as asked.
        """
        own = self.defaults()
        step = scale_of(self.pipe.vae) * (2 if self.family is ModelFamily.FLUX else 1)
        width, height = job.width or own.width, job.height or own.height
        if job.init_image is not None and not job.width and not job.height:
            width, height = job.init_image.size
        width, height = width // step * step, height // step * step
        if not width or not height:
            raise JobError(f"width and height must be at least {step}")
        choice = choose(self.family, job.sampler, job.scheduler)
        return replace(
            job,
            sampler=choice.sampler.name,
            scheduler=choice.schedule,
            width=width,
            height=height,
            seed=seed,
            distilled_cfg=(job.distilled_cfg or DISTILLED_CFG) if self.distilled else None,
        )

    def steps_of(self, job: Job) -> int:
        """Return how many sampling steps a job takes altogether."""
        first = steps_to_run(
            job.steps, job.denoising_strength if job.init_image is not None else None
        )
        second = 0
        if job.hires is not None:
            second = steps_to_run(job.hires.steps or job.steps, job.hires.denoising_strength)
        return (first + second) * job.batch_count

    def make(
        self,
        job: Job,
        shots: Sequence[Shot],
        first: Texts,
        hires: Texts | None = None,
        cancel: Cancellation | None = None,
        after_step: Callable[[], None] | None = None,
    ) -> list[Developed]:
        """Make one batch, with raw weights.

        Args:
            job: with its defaults filled in (`completed`).
            shots: the pictures; their prompts carry no tags that count.
            first: LoRAs and CFG of the first pass.
            hires: of the second pass, with its prompts; ``None`` without one.
            cancel: stops within a sampling step.
            after_step: called after each step.

        Raises:
            CancelledError: somebody stopped it.
            JobError, LoraError: it cannot be made as asked.
        """
        with self._working(), torch.inference_mode():
            host = Sampling(self.denoiser, self.pipe.scheduler, self.device, cancel, after_step)
            x = self._first_pass(host, job, shots, first)
            if hires is not None and job.hires is not None:
                x = self._second_pass(host, job, shots, hires, x)
            if cancel is not None and cancel.is_set():
                raise CancelledError
            images = decode(self.pipe.vae, x)
        return [
            Developed(image, latent.float().cpu()) for image, latent in zip(images, x, strict=True)
        ]

    @contextmanager
    def _working(self) -> Iterator[None]:
        with self.lock:
            self.busy = True
            try:
                yield
            finally:
                self.busy = False

    def _first_pass(
        self, host: Sampling, job: Job, shots: Sequence[Shot], texts: Texts
    ) -> torch.Tensor:
        self.networks.apply(texts.loras)
        conds = [self.encode(shot.prompt, shot.negative_prompt, job, texts.loras) for shot in shots]
        wanted = Pass(
            choose(self.family, job.sampler, job.scheduler),
            job.steps,
            texts.cfg,
            conds,
            Told(job.width, job.height, job.distilled_cfg or 0.0),
        )
        noise = Noise([shot.seed for shot in shots], self.device)
        shape = self.latent_shape(job.width, job.height)
        if job.init_image is None:
            return sample(host, wanted, noise, shape)
        start = encode_picture(self.pipe.vae, job.init_image, job.width, job.height)
        start = start.expand(len(shots), -1, -1, -1)
        return sample(host, wanted, noise, shape, start, job.denoising_strength)

    def _second_pass(
        self,
        host: Sampling,
        job: Job,
        shots: Sequence[Shot],
        texts: Texts,
        x: torch.Tensor,
    ) -> torch.Tensor:
        hires = job.hires
        assert hires is not None
        self.networks.apply(texts.loras)
        width, height = self.hires_size(job)
        steps = hires.steps or job.steps
        cond = self.encode(texts.prompt, texts.negative_prompt, job, texts.loras, steps)
        wanted = Pass(
            choose(self.family, job.sampler, job.scheduler),
            steps,
            texts.cfg,
            [cond] * len(shots),
            Told(width, height, job.distilled_cfg or 0.0),
        )
        shape = self.latent_shape(width, height)
        # A1111's upscaler "Latent".
        start = torch.nn.functional.interpolate(x, size=shape[1:], mode="bilinear")
        noise = Noise([shot.seed for shot in shots], self.device)
        return sample(host, wanted, noise, shape, start, hires.denoising_strength)

    def hires_size(self, job: Job) -> tuple[int, int]:
        """Return width and height of a job's second pass, in pixels."""
        scale = job.hires.scale if job.hires is not None else 1.0
        step = scale_of(self.pipe.vae) * (2 if self.family is ModelFamily.FLUX else 1)
        return int(job.width * scale) // step * step, int(job.height * scale) // step * step

    def encode(
        self,
        prompt: str,
        negative_prompt: str,
        job: Job,
        loras: Sequence[LoraSetting],
        hires_steps: int | None = None,
    ) -> Conditioning:
        """Return what the denoiser is told; the LoRAs must be applied already."""
        return self._conditioner.encode(
            prompt,
            negative_prompt,
            job.steps,
            job.clip_skip,
            self.networks.conditioning_key(loras),
            hires_steps,
        )

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int]:
        """Return the shape of one latent for a picture of this size in pixels."""
        scale = scale_of(self.pipe.vae)
        channels = int(self.pipe.vae.config.latent_channels)
        return channels, height // scale, width // scale

    def health(self) -> list[HealthItem]:
        """Return what the guard needs here, and whether it is there."""
        folders = [folder for folder in self.lora_folders if folder.is_dir()]
        loras = len(self.catalog.names())
        return [
            HealthItem("Checkpoint", True, f"{self.name}, {self.family.value}"),
            HealthItem(
                "LoRA folders",
                bool(folders),
                f"{loras} LoRAs" if folders else "none given: every LoRA tag is unknown",
            ),
        ]

    def close(self) -> None:
        """Close the index on disk."""
        self.catalog.close()


def _name_of(pipe: Any) -> str:
    config = getattr(pipe, "config", {})
    return Path(str(config.get("_name_or_path") or type(pipe).__name__)).name
