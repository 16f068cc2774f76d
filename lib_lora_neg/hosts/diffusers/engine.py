"""A loaded checkpoint with its LoRAs: makes pictures exactly as told."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import Any

from ...library import Catalog
from ...library.conflicts import ConflictIndex
from ...library.hashes import Hashes
from ...library.saving import DecisionBook
from ...loras.card import LoraCard
from ...loras.families import ModelFamily
from ...scan.ports import Cancellation, ImageRequest
from ...scan.usual import usual_sampling
from ..reporting import HealthItem
from .errors import HostError, JobError
from .folders import PathLike, lora_folders_of
from .job import GenerationJob
from .latents import scale_of
from .loading import family_of_pipeline, load_pipeline
from .networks import Networks
from .passes import ImageResult, Passes, PassTexts
from .samplers import choose, sampler_names, schedule_names
from .sampling import steps_to_run
from .single_file import Sources
from .texts import text_encoding

RESCAN_SECONDS = 10.0
"""How long a name that was not found is not looked for on disk again."""

DISTILLED_CFG = 3.5
"""Flux dev's own default guidance."""

TOKENS_OF_A_WORD = 2
"""A rarer word in a full vocabulary has two; a word that is not in a small one, nearly as many
as letters."""

_LETTERS = re.compile(r"[^\W\d_]{3,}")


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
        passes: what makes the pictures.
        lock: held while pictures are made.
        busy: pictures are being made now.
    """

    def __init__(
        self,
        pipe: Any,
        family: ModelFamily,
        lora_folders: PathLike | Iterable[PathLike],
        *,
        path: Path | None = None,
        data_folder: Path | None = None,
    ) -> None:
        self.pipe = pipe
        self.family = family
        self.path = path
        self.name = path.stem if path is not None else _name_of(pipe)
        self.lora_folders = lora_folders_of(lora_folders)
        index = data_folder / "index" if data_folder is not None else None
        self.catalog = Catalog(self.lora_folders, index)
        self.conflicts = ConflictIndex(index)
        own = data_folder / "decisions.json" if data_folder is not None else None
        self.book = DecisionBook(own)
        self.hashes = Hashes(data_folder / "hashes.json" if data_folder is not None else None)
        self.networks = Networks(pipe, family, self)
        self.lock = RLock()
        self._texts = text_encoding(pipe, family)
        self.passes = Passes(pipe, family, self.networks, self._texts)
        self._looked = 0.0
        self.busy = False

    @classmethod
    def load(
        cls,
        model: str | os.PathLike[str],
        lora_folders: PathLike | Iterable[PathLike] = (),
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
        # Before the checkpoint is loaded, which takes a while.
        lora_folders = lora_folders_of(lora_folders)
        sources = Sources(
            path,
            Path(tokenizer) if tokenizer is not None else None,
            Path(vae) if vae is not None else None,
            tuple(Path(file) for file in text_encoders),
        )
        pipe, family = load_pipeline(sources, device, dtype)
        return cls(pipe, family, lora_folders, path=path, data_folder=data_folder)

    @classmethod
    def around(cls, pipe: Any, lora_folders: PathLike | Iterable[PathLike] = ()) -> Engine:
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
    def distilled(self) -> bool:
        """Whether guidance is an input of the model."""
        return self.family is ModelFamily.FLUX and bool(self.passes.model.config.guidance_embeds)

    def digest(self) -> str:
        """Return the SHA-256 of the checkpoint; empty for a pipeline from elsewhere."""
        if self.path is None:
            return ""
        try:
            return self.hashes.of_model(self.path)
        except OSError as error:
            raise HostError(f"{self.path}: cannot be read: {error}") from error

    def defaults(self) -> GenerationJob:
        """Return a job as people of this family begin with."""
        own = usual_sampling(self.family, side=self._side(), distilled=self.distilled)
        return GenerationJob(
            cfg_scale=own.cfg,
            distilled_cfg=own.distilled_cfg,
            width=own.width,
            height=own.height,
            steps=own.steps,
        )

    def _side(self) -> int | None:
        """Return the side in pixels that the model names as its own."""
        if self.family is ModelFamily.FLUX:
            return None
        latent = self.pipe.unet.config.sample_size
        return latent * scale_of(self.pipe.vae) if isinstance(latent, int) else None

    def knows(self, text: str) -> bool:
        """Whether the model reads every word of a text as a word, not letter by letter."""
        words = _LETTERS.findall(text)
        return all(self.count_tokens(word)[0] <= TOKENS_OF_A_WORD for word in words)

    def samplers(self) -> list[str]:
        """Return the samplers this checkpoint can use, the default first."""
        return sampler_names(self.family)

    def schedulers(self) -> list[str]:
        """Return the noise schedules this checkpoint can use, *Automatic* first."""
        return schedule_names(self.family)

    def count_tokens(self, text: str) -> tuple[int, int]:
        """Return the tokens of a text that is free of tags, and the size of their chunks."""
        return self._texts.count(text)

    def completed(self, job: GenerationJob, seed: int) -> GenerationJob:
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

    def steps_of(self, job: GenerationJob) -> int:
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
        job: GenerationJob,
        requests: Sequence[ImageRequest],
        first: PassTexts,
        hires: PassTexts | None = None,
        cancel: Cancellation | None = None,
        after_step: Callable[[], None] | None = None,
    ) -> list[ImageResult]:
        """Make one batch, alone; arguments and errors as of `passes.Passes.make`."""
        with self._working():
            return self.passes.make(job, requests, first, hires, cancel, after_step)

    @contextmanager
    def _working(self) -> Iterator[None]:
        with self.lock:
            self.busy = True
            try:
                yield
            finally:
                self.busy = False

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
        self.conflicts.close()


def _name_of(pipe: Any) -> str:
    config = getattr(pipe, "config", {})
    return Path(str(config.get("_name_or_path") or type(pipe).__name__)).name
