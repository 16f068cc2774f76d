"""This host as the scan tab and its jobs see it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...library.hashes import SHORT
from ...policy.infotext import marked_off
from ...scan.plan import ScanPlan
from ...scan.ports import Cancellation, Critic, Generator, Sampling, ScanDenoiser
from ...scan.suggestions import scenes_of
from ...scan.workplace import Checkpoint, TurnCancelledError
from ..library import LibraryTabHost
from ..scanning import ScanForm
from .errors import HostError
from .host import DiffusersHost
from .samplers import AUTOMATIC

POLL_SECONDS = 0.2


class DiffusersScanHost:
    """A `ScanTabHost`.

    Args:
        host: makes the pictures.
        folder: of all scans.
        cfg_scale: at which this model is known to do best; ``None`` takes its family's.
    """

    def __init__(
        self,
        host: DiffusersHost,
        folder: str | os.PathLike[str],
        *,
        cfg_scale: float | None = None,
    ) -> None:
        self._cfg_scale = cfg_scale
        self._host = host
        self._folder = Path(folder)

    @property
    def library(self) -> LibraryTabHost:
        return self._host.library

    def checkpoint(self) -> Checkpoint | None:
        engine = self._host.engine
        try:
            digest = engine.digest()[:SHORT]
        except HostError:  # the file was moved away since it was loaded
            digest = ""
        return Checkpoint(engine.name, digest, engine.family)

    def form(self) -> ScanForm:
        own, samplers = self._host.engine.defaults(), self._host.samplers()
        sampling = Sampling(
            cfg=own.cfg_scale if self._cfg_scale is None else self._cfg_scale,
            steps=own.steps,
            width=own.width,
            height=own.height,
            sampler=samplers[0],
            scheduler=AUTOMATIC,
            distilled_cfg=own.distilled_cfg,
        )
        scenes = scenes_of(self._host.engine.knows)
        return ScanForm(sampling, "", samplers, self._host.schedulers(), scenes)

    def scans_folder(self) -> Path:
        return self._folder

    def generator(self) -> Generator:
        return self._host.generator()

    def denoiser(self) -> ScanDenoiser | None:
        return self._host.denoiser()

    def critic(self) -> Critic | None:
        return self._host.critic()

    @contextmanager
    def turn(self, cancel: Cancellation) -> Iterator[None]:
        """Hold the engine, which makes one thing at a time."""
        lock = self._host.engine.lock
        while not lock.acquire(timeout=POLL_SECONDS):
            if cancel.is_set():
                raise TurnCancelledError
        try:
            yield
        finally:
            lock.release()

    def lora_digest(self, name: str) -> str:
        card = self._host.library.card(name)
        return self._host.engine.hashes.of_lora(card) if card is not None else ""

    def can_send(self) -> bool:
        return True

    def grid_text(self, plan: ScanPlan) -> str:
        return ""

    def cell_text(self, plan: ScanPlan, infotext: str) -> str:
        return marked_off(infotext)
