"""One scan's thread: where it is, how it ends, and its turns at the model."""

from __future__ import annotations

import errno
import logging
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum

from ..telling import in_one_line, traceback_of
from .locking import FolderInUseError, locked
from .past_scans import delete_scan, past_scan
from .plan import ScanCell
from .runner import ScanFailedError
from .store import ScanStore, ScanStoreError
from .workplace import TurnCancelledError, Workplace

log = logging.getLogger(__name__)


class ScanJobError(RuntimeError):
    """A job that cannot go on; the text says why and what to do, for people."""


class JobState(str, Enum):
    """Where a job is."""

    WAITING = "waiting"
    """For its turn at the model."""
    RUNNING = "running"
    CONCLUDING = "concluding"
    """All pictures are made, or it was stopped: judging."""
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Whether its thread has ended."""
        return self in (JobState.DONE, JobState.STOPPED, JobState.FAILED)


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
        note: what else went wrong, of which nothing of the scan is lost; empty if nothing.
    """

    scan: str
    name: str
    quick: bool = False
    state: JobState = JobState.WAITING
    stopping: bool = False
    done: int = 0
    total: int = 0
    kept: int = 0
    failed: int = 0
    seconds_left: float | None = None
    error: str = ""
    note: str = ""


@dataclass(frozen=True)
class CellNews:
    """A cell that is over in the running job; ``error`` is empty when it has its picture."""

    cell: ScanCell
    error: str


class ScanJob(ABC):
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

    @abstractmethod
    def work(self) -> None:
        """Do it.

        Raises:
            Exception: it failed; the text is shown.
        """

    def _run(self) -> None:
        error, mine = "", True
        try:
            with locked(self.store.folder):
                self.work()
        except TurnCancelledError:
            pass
        except (ScanJobError, ScanFailedError, ScanStoreError) as problem:
            error = str(problem)
        except FolderInUseError:
            mine = False
            error = "another process is working on this scan; stop it there first"
        except OSError as problem:
            error = said_of_disk(problem)
        except Exception as problem:
            log.error("scan of %s\n%s", in_one_line(self.plan.name), traceback_of(problem))
            error = f"{type(problem).__name__}: {problem}"
        if mine:
            with suppress(OSError):
                self._leave_nothing()
        stopped = self._stop.is_set() and not error and self._view.done < self._view.total
        over = JobState.FAILED if error else JobState.STOPPED if stopped else JobState.DONE
        self.show(state=over, error=error, seconds_left=None)

    def _leave_nothing(self) -> None:
        """Take away the folder that was made for a scan of which nothing has come."""
        found = past_scan(self.store.folder)
        if found is not None and not found.quick and not found.verdict and not found.finished:
            delete_scan(self.store.folder)

    def checked_turn(self) -> None:
        """Say that it is our turn, before and after the model is used in it.

        Raises:
            ScanJobError: the model is not the one that the scan is about.
        """
        chosen = self.place.checkpoint()
        if chosen is None:
            raise ScanJobError("no checkpoint is chosen; choose one and go on")
        if chosen.digest != self.plan.checkpoint:
            raise ScanJobError(
                f"the checkpoint was changed to {chosen.title}; this scan belongs to "
                f"{self.plan.checkpoint or 'another one'}: choose that again and go on"
            )
        if chosen.facts != self.plan.facts:
            changed = sorted({key for key, _ in {*chosen.facts} ^ {*self.plan.facts}})
            raise ScanJobError(
                f"settings were changed ({', '.join(changed)}): put them back and go on"
            )
        self.show(state=JobState.RUNNING)


def said_of_disk(problem: OSError) -> str:
    """Return what the disk's complaint means to the user."""
    if problem.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "the disk is full: free some space and go on; nothing that was finished is lost"
    return f"the scan's folder cannot be used: {problem.strerror or problem}"
