"""A scan host in memory: drawings instead of a model, for the tab's tests and the test page."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import numpy as np

from lib_lora_neg.hosts.scanning import ScanForm
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.scan.plan import ScanPlan
from lib_lora_neg.scan.ports import (
    Abilities,
    Cancellation,
    Critic,
    Generator,
    LatentArray,
    LoraSetting,
    Picture,
    Probe,
    Sampling,
    ScanBatch,
    ScanDenoiser,
)
from lib_lora_neg.scan.weights import format_weights
from lib_lora_neg.scan.workplace import Checkpoint, TurnCancelledError
from tests.scan.worlds import World
from tests.support.library import MemoryLibrary

CHECKPOINT = Checkpoint("drawn.safetensors", "abcdef1234", ModelFamily.SDXL, (("VAE", "drawn"),))

SAMPLING = Sampling(width=512, height=512, sampler="Euler", scheduler="Automatic")


class Lines:
    """A denoiser that moves along a line, and beyond a weight away from it."""

    def __init__(self, onset: float = 0.6) -> None:
        self.onset = onset

    def predict(
        self, loras: tuple[LoraSetting, ...], probes: Sequence[Probe], sampling: Sampling
    ) -> Sequence[LatentArray]:
        weight = loras[0].unet if loras else 0.0
        return [self.field(weight, probe) for probe in probes]

    def field(self, weight: float, probe: Probe) -> LatentArray:
        random = np.random.default_rng([probe.seed, *probe.prompt.encode()])
        base, line, other = random.normal(size=(3, 4, 16, 16))
        beyond = max(0.0, abs(weight) - self.onset)
        moved: LatentArray = (base + 0.3 * (weight * line + 3 * beyond * other)).astype(np.float32)
        return moved


@dataclass
class Slow:
    """A generator that takes its time, so that a scan can be watched."""

    generator: Generator
    seconds: float = 0.0

    def abilities(self) -> Abilities:
        return self.generator.abilities()

    def generate(self, batch: ScanBatch, cancel: Cancellation) -> Iterator[Picture]:
        for picture in self.generator.generate(batch, cancel):
            until = time.monotonic() + self.seconds
            while time.monotonic() < until:
                if cancel.is_set():
                    return
                time.sleep(0.01)
            yield picture


@dataclass
class MemoryScanHost:
    """A `ScanTabHost` over a library in memory and a folder for its scans."""

    library: MemoryLibrary
    folder: Path
    maker: Generator = field(default_factory=lambda: World("noise", onset=0.55, side=64))
    chosen: Checkpoint | None = CHECKPOINT
    lines: ScanDenoiser | None = field(default_factory=Lines)
    model: Critic | None = None
    pastes: bool = True
    digests: dict[str, str] = field(default_factory=dict)
    queue: Lock = field(default_factory=Lock)
    sampling: Sampling = field(default_factory=lambda: SAMPLING)

    def checkpoint(self) -> Checkpoint | None:
        return self.chosen

    def generator(self) -> Generator:
        return self.maker

    def denoiser(self) -> ScanDenoiser | None:
        return self.lines

    def critic(self) -> Critic | None:
        return self.model

    @contextmanager
    def turn(self, cancel: Cancellation) -> Iterator[None]:
        while not self.queue.acquire(timeout=0.02):
            if cancel.is_set():
                raise TurnCancelledError
        try:
            yield
        finally:
            self.queue.release()

    def scans_folder(self) -> Path:
        return self.folder

    def form(self) -> ScanForm:
        names = ("Euler", "DPM++ 2M"), ("Automatic", "Karras")
        return ScanForm(self.sampling, "lowres", *names)

    def lora_digest(self, name: str) -> str:
        return self.digests.get(name, f"digest of {name}" if name in self.library.names() else "")

    def can_send(self) -> bool:
        return self.pastes

    def grid_text(self, plan: ScanPlan) -> str:
        return (
            f"{plan.prompts[0].text}\nScript: X/Y/Z plot, X Values: {format_weights(plan.weights)}"
        )

    def cell_text(self, plan: ScanPlan, infotext: str) -> str:
        return f"{infotext}, guard off"
