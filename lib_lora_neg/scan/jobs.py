"""One scan at a time in a thread of its own: started, watched, stopped, gone on with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from ..sentences import say
from .job import CellNews, JobState, JobView, ScanJob, ScanJobError, said_of_disk
from .plan import ScanPlan
from .quick_report import LEVELS
from .store import ScanStore, ScanStoreError
from .work import PictureJob, QuickJob
from .workplace import Workplace

__all__ = ["CellNews", "JobBusyError", "JobState", "JobView", "ScanJobError", "ScanJobs"]


class JobBusyError(ScanJobError):
    """Another job is running."""


class ScanJobs:
    """Runs plans, one at a time.

    Args:
        place: where pictures are made.
        root: returns the folder of all scans.
    """

    def __init__(self, place: Workplace, root: Callable[[], Path]) -> None:
        self._place, self._root = place, root
        self._lock = threading.Lock()
        self._job: ScanJob | None = None

    def start(self, plan: ScanPlan, *, critic: bool = False) -> JobView:
        """Carry out a plan, or go on with it where it was stopped.

        Args:
            plan: what to make.
            critic: ask the model itself about the pictures, also those that are there already.

        Raises:
            JobBusyError: another job is running.
            ScanJobError: its folder cannot be used.
        """
        return self._begin(PictureJob(self._place, self._open(plan), critic=critic))

    def start_quick(self, plan: ScanPlan, levels: Sequence[float] = LEVELS) -> JobView:
        """Carry out a plan without making pictures; raises as `start`."""
        return self._begin(QuickJob(self._place, self._open(plan, quick=True), levels))

    def _open(self, plan: ScanPlan, *, quick: bool = False) -> ScanStore:
        self._refuse_second()
        try:
            return ScanStore(self._root(), plan, quick=quick)
        except ScanStoreError as problem:
            raise ScanJobError(str(problem)) from problem
        except OSError as problem:
            raise ScanJobError(said_of_disk(problem)) from problem

    def _begin(self, job: ScanJob) -> JobView:
        with self._lock:
            self._refuse_second()
            self._job = job
            job.begin()
        return job.view()

    def _refuse_second(self) -> None:
        running = self.view()
        if running is not None and not running.state.is_over:
            raise JobBusyError(
                say("the scan of {name} is running; stop it or let it end", name=running.name)
            )

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
