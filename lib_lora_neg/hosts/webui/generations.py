"""What the guard knows of each running generation, and of the last one for the panel."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...policy import Finding, GuardSettings, Mode
from ..reporting import Report, Reports
from .late_texts import PlannedBatch
from .sweeps import Sweep, weights_in

ATTRIBUTE = "_lora_neg_generation"


@dataclass
class Generation:
    """State of the guard for one processing object.

    Attributes:
        owner: the processing object; a shallow copy of it is another generation.
        settings: in force for it.
        tab: ``txt2img`` or ``img2img``.
        job: mark of the host's job in which it began.
        nested: it runs inside another generation.
        raw: its weights are meant as typed, and so are those of generations inside it.
        sweep: the job that it is a cell of, if it is raw for that.
        n_iter: batches that were asked for when it began.
        switched: modes of single rules that the panel's quick switches ask for.
        findings: of all its batches, each once.
        failures: why batches were not guarded.
        batch: that is being made, as it was planned; ``None`` where it was not.
        planned: arguments of the LoRA tags that the plan of this batch left in the prompts.
        outside: what is out of range in a picture of a sweep, and which batch that is.
        late: LoRAs that other scripts have added after the plan, with the picture they were
            first added to and their weights in it.
        failed: the batch that is being made is not guarded, because the guard failed.
        asked_cfg: CFG scales as asked for, by attribute of ``p``, while lowered ones stand there.
        set_cfg: the lowered ones.
    """

    owner: weakref.ReferenceType[Any]
    settings: GuardSettings
    tab: str
    job: object
    nested: bool = False
    raw: bool = False
    sweep: Sweep | None = None
    n_iter: int = 1
    switched: Mapping[str, Mode] | None = None
    findings: list[Finding] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    batch: PlannedBatch | None = None
    planned: frozenset[tuple[str, ...]] = frozenset()
    outside: tuple[int, tuple[str, ...]] = (-1, ())
    late: dict[object, tuple[object, object]] = field(default_factory=dict)
    failed: bool = False
    asked_cfg: dict[str, float | None] = field(default_factory=dict)
    set_cfg: dict[str, float | None] = field(default_factory=dict)

    @property
    def mode(self) -> Mode:
        """How far the guard may go in it."""
        return self.settings.mode

    def changing(self, tags: Iterable[str], batch: int, hires: bool) -> tuple[str, ...]:
        """Remember tags that other scripts have added to a batch.

        Return the names of LoRAs that were added to an earlier batch at another weight.
        """
        names = []
        for tag in tags:
            for lora, (name, weights) in weights_in(tag).items():
                before, first = self.late.setdefault((lora, hires), (batch, weights))
                if before != batch and first != weights:
                    names.append(name)
        return tuple(dict.fromkeys(names))

    def add(self, findings: tuple[Finding, ...]) -> list[Finding]:
        """Remember findings; return those that are new, so that batches repeat nothing."""
        new = [finding for finding in findings if finding not in self.findings]
        self.findings.extend(new)
        return new


class Generations:
    """The generations that are running, innermost last, and the last report of each tab."""

    def __init__(self) -> None:
        self._running: list[Generation] = []
        self.last: dict[str, Report] = {}
        self.reports = Reports()

    def begin(self, p: Any, settings: GuardSettings, tab: str) -> Generation:
        """Start guarding ``p``."""
        job = current_job()
        self._drop_stale(job)
        generation = Generation(weakref.ref(p), settings, tab, job, nested=bool(self._running))
        generation.n_iter = int(getattr(p, "n_iter", 1) or 1)
        setattr(p, ATTRIBUTE, generation)
        self._running.append(generation)
        return generation

    def of(self, p: Any) -> Generation | None:
        """Return the generation of ``p``; a copy of a guarded ``p`` has none of its own."""
        generation = getattr(p, ATTRIBUTE, None)
        if isinstance(generation, Generation) and generation.owner() is p:
            return generation
        return None

    def outer(self) -> Generation | None:
        """Return the innermost generation that is running in the host's current job."""
        self._drop_stale(current_job())
        return self._running[-1] if self._running else None

    def outermost(self) -> Generation | None:
        """Return the generation of the host's current job that all others run in."""
        self._drop_stale(current_job())
        return self._running[0] if self._running else None

    def end(self, p: Any) -> Generation | None:
        """Stop guarding ``p`` and, if it was not nested, make its report the last one."""
        generation = self.of(p)
        if generation is None:
            return None
        self._running = [running for running in self._running if running is not generation]
        if not generation.nested:
            report = Report(generation.mode, tuple(generation.findings), tuple(generation.failures))
            self.last[generation.tab] = report
            self.reports.keep(generation.tab, current_task(), report)
        return generation

    def _drop_stale(self, job: object) -> None:
        """Forget generations that an error or an interrupt left behind."""
        self._running = [
            running
            for running in self._running
            if running.job == job and running.owner() is not None
        ]


def current_job() -> object:
    """Return a mark of the host's current job: nested generations share it."""
    from modules import shared

    return getattr(shared.state, "time_start", None)


def current_task() -> str:
    """Return the id that the browser gave to what the host is making; empty if none did."""
    try:
        from modules import progress
    except ImportError:
        return ""
    return str(getattr(progress, "current_task", None) or "")
