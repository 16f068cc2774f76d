"""One scan at a time in a thread of its own: started, watched, stopped, gone on with."""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from .locking import FolderInUseError, locked
from .plan import Cell, ScanPlan
from .ports import Abilities, Batch, Field, Generator, LoraSetting, Picture, Probe, Sampling
from .quick import judge_quick, take_samples
from .quick_report import LEVELS, write_quick
from .report import write_report
from .runner import CellDone, ScanFailedError, run
from .store import ScanStore, StoreError, delete_scan, past_scan
from .workplace import TurnCancelledError, Workplace

log = logging.getLogger(__name__)


class JobError(RuntimeError):
    """A job that cannot go on; the text says why and what to do, for people."""


class JobBusyError(JobError):
    """Another job is running."""


class State(str, Enum):
    """Where a job is."""

    WAITING = "waiting"
    """For its turn at the model."""
    RUNNING = "running"
    CONCLUDING = "concluding"
    """All pictures are made, or it was stopped: judging and drawing."""
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Whether its thread has ended."""
        return self in (State.DONE, State.STOPPED, State.FAILED)


@dataclass(frozen=True)
class JobView:
    """A job as it is at one moment.

    Attributes:
        scan: name of the scan's folder.
        name: of the LoRA.
        quick: it is a quick scan, whose progress counts weights.
        state: where it is.
        stopping: somebody asked it to stop.
        done: cells that are finished or failed.
        total: cells of the plan.
        kept: cells that were on disk already.
        failed: cells without a picture.
        seconds_left: ``None`` while that is not known.
        error: why it failed; empty if it did not.
    """

    scan: str
    name: str
    quick: bool = False
    state: State = State.WAITING
    stopping: bool = False
    done: int = 0
    total: int = 0
    kept: int = 0
    failed: int = 0
    seconds_left: float | None = None
    error: str = ""


@dataclass(frozen=True)
class CellNews:
    """A cell that is over in the running job; ``error`` is empty when it has its picture."""

    cell: Cell
    error: str


class ScanJobs:
    """Runs plans, one at a time.

    Args:
        place: where pictures are made.
        root: returns the folder of all scans.
    """

    def __init__(self, place: Workplace, root: Callable[[], Path]) -> None:
        self._place, self._root = place, root
        self._lock = threading.Lock()
        self._job: _Job | None = None

    def start(self, plan: ScanPlan) -> JobView:
        """Carry out a plan, or go on with it where it was stopped.

        Raises:
            JobBusyError: another job is running.
            JobError: its folder cannot be used.
        """
        return self._begin(_PictureJob(self._place, self._open(plan)))

    def start_quick(self, plan: ScanPlan, levels: Sequence[float] = LEVELS) -> JobView:
        """Carry out a plan without making pictures; raises as `start`."""
        return self._begin(_QuickJob(self._place, self._open(plan), levels))

    def _open(self, plan: ScanPlan) -> ScanStore:
        self._refuse_second()
        try:
            return ScanStore(self._root(), plan)
        except StoreError as problem:
            raise JobError(str(problem)) from problem
        except OSError as problem:
            raise JobError(_of_disk(problem)) from problem

    def _begin(self, job: _Job) -> JobView:
        with self._lock:
            self._refuse_second()
            self._job = job
            job.begin()
        return job.view()

    def _refuse_second(self) -> None:
        running = self.view()
        if running is not None and not running.state.is_over:
            raise JobBusyError(f"the scan of {running.name} is running; stop it or let it end")

    def stop(self) -> None:
        """Ask the running job to stop; nothing that is finished is lost."""
        if self._job is not None:
            self._job.stop()

    def close(self, seconds: float = 5.0) -> None:
        """Stop and wait for the thread: the host is going away."""
        self.stop()
        if self._job is not None:
            self._job.wait(seconds)

    def wait(self, seconds: float | None = None) -> JobView | None:
        """Wait until the job is over, for so long at most; returns it as it is then."""
        if self._job is not None:
            self._job.wait(seconds)
        return self.view()

    def view(self) -> JobView | None:
        """Return the running job, or the last one; ``None`` before the first."""
        return self._job.view() if self._job is not None else None

    def news(self, scan: str, after: int = 0) -> list[CellNews]:
        """Return what became of the cells of the running or last job, from the ``after``-th on."""
        job = self._job
        return job.news[after:] if job is not None and job.view().scan == scan else []

    def forget(self, scan: str) -> None:
        """Forget the last job if it is over and was this scan."""
        with self._lock:
            view = self.view()
            if view is not None and view.scan == scan and view.state.is_over:
                self._job = None


class _Job:
    """A thread that works on one store."""

    quick = False

    def __init__(self, place: Workplace, store: ScanStore) -> None:
        self.place, self.store, self.plan = place, store, store.plan
        self.news: list[CellNews] = []
        self._stop = threading.Event()
        self._view = JobView(
            store.folder.name, self.plan.name, self.quick, total=self.plan.cost.pictures
        )
        self._thread = threading.Thread(target=self._run, name="lora-neg-scan", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def wait(self, seconds: float | None) -> None:
        self._thread.join(seconds)

    def view(self) -> JobView:
        return replace(self._view, stopping=self._stop.is_set())

    def show(self, **fields: object) -> None:
        self._view = replace(self._view, **fields)  # type: ignore[arg-type]

    def is_set(self) -> bool:
        """Whether to stop: a job is its own `Cancellation`."""
        return self._stop.is_set()

    def work(self) -> None:
        """Do it.

        Raises:
            Exception: it failed; the text is shown.
        """
        raise NotImplementedError

    def _run(self) -> None:
        error, mine = "", True
        try:
            with locked(self.store.folder):
                self.work()
        except TurnCancelledError:
            pass
        except (JobError, ScanFailedError, StoreError) as problem:
            error = str(problem)
        except FolderInUseError:
            mine = False
            error = "another process is working on this scan; stop it there first"
        except OSError as problem:
            error = _of_disk(problem)
        except Exception as problem:
            log.exception("scan of %s", self.plan.name)
            error = f"{type(problem).__name__}: {problem}"
        if mine:
            with suppress(OSError):
                self._leave_nothing()
        stopped = self._stop.is_set() and not error and self._view.done < self._view.total
        over = State.FAILED if error else State.STOPPED if stopped else State.DONE
        self.show(state=over, error=error, seconds_left=None)

    def _leave_nothing(self) -> None:
        """Take away the folder that was made for a scan of which nothing has come."""
        found = past_scan(self.store.folder)
        if found is not None and not found.quick and not found.verdict and not found.finished:
            delete_scan(self.store.folder)

    def checked_turn(self) -> None:
        """Say that it is our turn; called within it.

        Raises:
            JobError: the model is not the one that the scan is about.
        """
        chosen = self.place.checkpoint()
        if chosen is None:
            raise JobError("no checkpoint is chosen; choose one and go on")
        if chosen.digest != self.plan.checkpoint:
            raise JobError(
                f"the checkpoint was changed to {chosen.title}; this scan belongs to "
                f"{self.plan.checkpoint or 'another one'}: choose that again and go on"
            )
        if chosen.facts != self.plan.facts:
            changed = sorted({key for key, _ in {*chosen.facts} ^ {*self.plan.facts}})
            raise JobError(f"settings were changed ({', '.join(changed)}): put them back and go on")
        self.show(state=State.RUNNING)


class _PictureJob(_Job):
    """Makes the pictures of a plan."""

    def work(self) -> None:
        turns = _Turns(self)
        failure: Exception | None = None
        try:
            turns.open()
            for event in run(self.plan, turns, self.store, turns):
                self._take(event)
        except TurnCancelledError:
            pass
        except ScanFailedError as problem:
            failure = problem
        failure = turns.failure or failure
        if self._view.done:
            self.show(state=State.CONCLUDING, seconds_left=None)
            write_report(self.store)
        if failure is not None:
            raise failure

    def _take(self, event: CellDone) -> None:
        progress = event.progress
        self.news.append(CellNews(event.cell, event.error))
        self.show(
            done=progress.done,
            total=progress.total,
            kept=progress.kept,
            failed=progress.failed,
            seconds_left=progress.seconds_left,
        )


class _Turns(Generator):
    """The host's generator, a turn per batch; stops the run when a turn cannot be used."""

    def __init__(self, job: _Job) -> None:
        self._job = job
        self._abilities = Abilities()
        self.failure: JobError | None = None

    def open(self) -> None:
        """Ask the host what it can do, in a turn of its own."""
        with self._job.place.turn(self._job):
            self._job.checked_turn()
            self._generator = self._job.place.generator()
            self._abilities = self._generator.abilities()

    def is_set(self) -> bool:
        return self._job.is_set() or self.failure is not None

    def abilities(self) -> Abilities:
        return self._abilities

    def generate(self, batch: Batch, cancel: object) -> Iterator[Picture]:
        del cancel
        self._job.show(state=State.WAITING)
        try:
            with self._job.place.turn(self._job):
                self._job.checked_turn()
                yield from self._generator.generate(batch, self)
        except TurnCancelledError:
            return
        except JobError as problem:
            self.failure = problem


class _QuickJob(_Job):
    """Asks the denoiser instead of making pictures."""

    quick = True

    def __init__(self, place: Workplace, store: ScanStore, levels: Sequence[float]) -> None:
        super().__init__(place, store)
        self._levels = tuple(levels)
        self.show(total=len(self.plan.weights))

    def work(self) -> None:
        samples = take_samples(self.plan, self, self._levels)
        self.show(state=State.CONCLUDING, seconds_left=None)
        write_quick(self.store, judge_quick(samples, checkpoint=self.plan.checkpoint))

    def predict(
        self, loras: tuple[LoraSetting, ...], probes: Sequence[Probe], sampling: Sampling
    ) -> Sequence[Field]:
        """Ask the host in a turn; called once per weight."""
        if self.is_set():
            raise TurnCancelledError
        self.show(state=State.WAITING)
        with self.place.turn(self):
            self.checked_turn()
            denoiser = self.place.denoiser()
            if denoiser is None:
                raise JobError("this host offers no quick scan; make a weight scan instead")
            started = time.monotonic()
            fields = denoiser.predict(loras, probes, sampling)
        done = self._view.done + 1
        left = (time.monotonic() - started) * (self._view.total - done)
        self.show(done=done, seconds_left=left)
        return fields


def _of_disk(problem: OSError) -> str:
    if problem.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "the disk is full: free some space and go on; nothing that was finished is lost"
    return f"the scan's folder cannot be used: {problem.strerror or problem}"
