"""The host as pages and programs see it: engine, guard, preview, library, scans."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...policy import GuardSettings, Mode
from ...scan.ports import Cancellation, Critic, Generator, ScanDenoiser
from ...telling import printable
from ..reporting import HealthItem, Report
from .calls import adapters_of
from .critic import EngineCritic
from .engine import Engine
from .errors import UnguardedAdapterWarning
from .folders import PathLike
from .guard import make_guarded
from .job import GenerationJob, GenerationResult, OnStep
from .library import DiffusersLibrary
from .preview import DiffusersPreview
from .scanning import EngineDenoiser, EngineGenerator


class DiffusersHost:
    """One checkpoint, some LoRA folders, and the guard between them and the user.

    Attributes:
        engine: makes pictures as told; it knows nothing of the guard.
        settings: of the guard; a page may put another object here at any time.
        preview: the host as the live preview sees it (`preview.PreviewHost`).
        library: the host as the library tab sees it (`library.LibraryTabHost`).
        last: report of the last generation, for the panel; ``None`` before the first one.
        unguarded: adapters that the pipeline came with, which act on every picture.
    """

    def __init__(self, engine: Engine, settings: GuardSettings | None = None) -> None:
        self.engine = engine
        self.settings = settings if settings is not None else GuardSettings()
        self.library = DiffusersLibrary(engine, lambda: self.settings)
        self.preview = DiffusersPreview(engine, lambda: self.settings)
        self.last: Report | None = None
        self.unguarded: tuple[str, ...] = ()

    def generate(
        self,
        job: GenerationJob | None = None,
        *,
        mode: Mode | None = None,
        rules: Mapping[str, Mode] | None = None,
        cancel: Cancellation | None = None,
        on_step: OnStep | None = None,
        **fields: Any,
    ) -> GenerationResult:
        """Make pictures, guarded; one generation runs at a time, others wait.

        Args:
            job: what to make; or its fields as keywords, the others as people of this family
                begin with.
            mode: of the guard for this generation; ``None`` takes that of the settings.
            rules: single rules that have another mode here.
            cancel: when set, the generation ends within a sampling step.
            on_step: called after each step.
            fields: of `GenerationJob`, instead of ``job``.

        Raises:
            JobError: the job cannot be made as asked (sizes, sampler, steps).
            HostError: anything else that keeps the pictures from being made. A failure of the
                guard alone does not: then the report says that it was not guarded.
        """
        wanted = job if job is not None else replace(self.engine.defaults(), **fields)
        made = make_guarded(self.engine, self.settings, wanted, mode, rules, cancel, on_step)
        self.last = made.report
        return made

    def generator(self) -> Generator:
        """Return the scan's way to pictures: raw weights, the guard aside."""
        return EngineGenerator(self.engine)

    def denoiser(self) -> ScanDenoiser:
        """Return the quick scan's way to single predictions."""
        return EngineDenoiser(self.engine)

    def critic(self) -> Critic:
        """Return the scan's way to the model's own judgement of pictures."""
        return EngineCritic(self.engine)

    def samplers(self) -> list[str]:
        """Return A1111's names of the samplers that this checkpoint can use."""
        return self.engine.samplers()

    def schedulers(self) -> list[str]:
        """Return A1111's names of the noise schedules that this checkpoint can use."""
        return self.engine.schedulers()

    def health(self) -> list[HealthItem]:
        """Return what the guard needs and whether it is there, for the panel's health line."""
        return self.engine.health()

    def close(self) -> None:
        """Stop reading in the background and close the index."""
        self.library.stop()
        self.engine.close()


def open_host(
    model: str | os.PathLike[str],
    lora_folders: PathLike | Iterable[PathLike] = (),
    *,
    settings: GuardSettings | None = None,
    device: str = "auto",
    dtype: str = "auto",
    tokenizer: str | os.PathLike[str] | None = None,
    vae: str | os.PathLike[str] | None = None,
    text_encoders: Iterable[str | os.PathLike[str]] = (),
    data_folder: str | os.PathLike[str] | None = None,
) -> DiffusersHost:
    """Load a checkpoint and return a host on it. Nothing is ever fetched from a network.

    Args:
        model: a checkpoint file (``.safetensors``) or a folder in the diffusers layout.
        lora_folders: searched with their sub-folders.
        settings: of the guard.
        device: ``cpu``, ``cuda``, ``cuda:1``, ``mps``; ``auto`` takes the best there is.
        dtype: ``float32``, ``float16``, ``bfloat16``; ``auto`` takes what fits the device.
        tokenizer: folder with the tokenizer's files, where neither the model's folder nor the
            local Hugging Face cache has them.
        vae: a file with the VAE, where the checkpoint has none, or instead of its own.
        text_encoders: files with the text encoders, where the checkpoint has none (Flux).
        data_folder: where the index of LoRAs and hashes are kept between two starts;
            ``None`` keeps them in memory.

    Raises:
        LoraFolderError: a folder does not exist.
        ModelError: the checkpoint cannot be used; the text says why and what to do.
    """
    engine = Engine.load(
        model,
        lora_folders,
        device=device,
        dtype=dtype,
        tokenizer=tokenizer,
        vae=vae,
        text_encoders=tuple(text_encoders),
        data_folder=Path(data_folder) if data_folder is not None else None,
    )
    return DiffusersHost(engine, settings)


def guarded(
    pipe: Any,
    lora_folders: PathLike | Iterable[PathLike] = (),
    *,
    settings: GuardSettings | None = None,
) -> DiffusersHost:
    """Return a host on a diffusers pipeline that is loaded already.

    Adapters that the pipeline has in use already act on every picture, beside the LoRAs of the
    prompt, at the weights they have: they are named in the host's ``unguarded`` and in an
    `UnguardedAdapterWarning`.

    Raises:
        LoraFolderError: a folder does not exist.
        ModelError: the pipeline is of a family that this host does not know.
    """
    host = DiffusersHost(Engine.around(pipe, lora_folders), settings)
    host.unguarded = tuple(adapters_of(pipe))
    if host.unguarded:
        named = printable(", ".join(host.unguarded))
        warnings.warn(
            f"the pipeline's own adapters ({named}) act on every picture at the weights "
            "they have, and are not guarded; after pipe.unload_lora_weights() name the "
            "LoRAs in the prompt, as <lora:name:-0.5>",
            UnguardedAdapterWarning,
            stacklevel=2,
        )
    return host
