"""A workplace for jobs, whose queue the test holds in its hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lib_lora_neg.scan.jobs import JobView, ScanJobs
from lib_lora_neg.scan.plan import ScanCell, ScanPlan
from lib_lora_neg.scan.plan import ScannedLora as Lora
from lib_lora_neg.scan.plan import ScanPrompt as Prompt
from lib_lora_neg.scan.ports import Cancellation, Critic, Sampling, ScanDenoiser
from lib_lora_neg.scan.workplace import Checkpoint, TurnCancelledError
from tests.scan.worlds import World

SECONDS = 60
CHECKPOINT = Checkpoint("tiny.safetensors", "abc", facts=(("VAE", "none"),))
PLAN = ScanPlan(
    loras=(Lora("ink"),),
    prompts=(Prompt("a cat"), Prompt("a lake", subject=False)),
    seeds=(1,),
    weights=(-1, -0.5, 0),
    sampling=Sampling(width=64, height=64),
    checkpoint="abc",
    facts=(("VAE", "none"),),
)


class Place:
    """A workplace whose queue the test holds in its hand."""

    def __init__(self, world: World | None = None, denoiser: ScanDenoiser | None = None) -> None:
        self.world = world or World(side=64, max_batch=2)
        self.chosen: Checkpoint | None = CHECKPOINT
        self.fields = denoiser
        self.model: Critic | None = None
        self.free = threading.Event()
        self.free.set()
        self.turns = 0
        self.inside = 0

    def checkpoint(self) -> Checkpoint | None:
        return self.chosen

    def generator(self) -> World:
        assert self.inside == 1
        return self.world

    def denoiser(self) -> ScanDenoiser | None:
        return self.fields

    def critic(self) -> Critic | None:
        return self.model

    @contextmanager
    def turn(self, cancel: Cancellation) -> Iterator[None]:
        while not self.free.wait(0.01):
            if cancel.is_set():
                raise TurnCancelledError
        self.turns += 1
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1


def over(jobs: ScanJobs) -> JobView:
    view = jobs.wait(SECONDS)
    assert view is not None
    assert view.state.is_over
    return view


def cells(jobs: ScanJobs, view: JobView, after: int = 0) -> list[tuple[ScanCell, str]]:
    return [(news.cell, news.error) for news in jobs.news(view.scan, after)]
