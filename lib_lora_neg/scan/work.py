"""What the thread of one scan does: with pictures, or quickly without."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence

from ..sentences import say
from ..telling import in_one_line
from .job import CellNews, JobState, ScanJob, ScanJobError
from .ports import (
    Abilities,
    Critic,
    Generator,
    LatentArray,
    LoraSetting,
    Picture,
    Probe,
    Question,
    Sampling,
    ScanBatch,
)
from .quick import judge_quick, take_samples
from .report import write_quick, write_verdict
from .runner import CellDone, ScanFailedError, run
from .store import ScanStore
from .workplace import TurnCancelledError, Workplace

log = logging.getLogger(__name__)


class PictureJob(ScanJob):
    """Makes the pictures of a plan.

    Args:
        place: where.
        store: keeps them.
        critic: the model is asked about them, too, where the place can do that.
    """

    def __init__(self, place: Workplace, store: ScanStore, *, critic: bool = False) -> None:
        super().__init__(place, store)
        self._critic = critic

    def work(self) -> None:
        turns = _Turns(self)
        critic = _CriticTurns(self) if self._critic else None
        self.store.note_asking(self._critic)
        failure: Exception | None = None
        try:
            turns.open()
            events = run(
                self.plan, turns, self.store, turns, critic=critic, on_complaint=self._complain
            )
            for event in events:
                self._take(event)
        except TurnCancelledError:
            pass
        except ScanFailedError as problem:
            failure = problem
        failure = turns.failure or failure
        if self._view.done > self._view.failed:
            self.show(state=JobState.CONCLUDING, seconds_left=None)
            write_verdict(self.store)
        if failure is not None:
            raise failure

    def _complain(self, text: str) -> None:
        name, why = in_one_line(self.plan.name), in_one_line(text)
        log.warning("scan of %s: the model could not be asked about its pictures: %s", name, why)
        self.show(note=say("The model could not be asked about the pictures: {why}", why=text))

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

    def __init__(self, job: ScanJob) -> None:
        self._job = job
        self._abilities = Abilities()
        self.failure: ScanJobError | None = None

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

    def generate(self, batch: ScanBatch, cancel: object) -> Iterator[Picture]:
        del cancel
        self._job.show(state=JobState.WAITING)
        try:
            with self._job.place.turn(self._job):
                self._job.checked_turn()
                for picture in self._generator.generate(batch, self):
                    # A model that was chosen meanwhile may have made it already (Forge).
                    self._job.checked_turn()
                    yield picture
        except TurnCancelledError:
            return
        except ScanJobError as problem:
            self.failure = problem


class _CriticTurns(Critic):
    """The host's critic, a turn per call."""

    def __init__(self, job: ScanJob) -> None:
        self._job = job

    def residuals(
        self, loras: tuple[LoraSetting, ...], questions: Sequence[Question], sampling: Sampling
    ) -> Sequence[LatentArray]:
        """Ask in a turn.

        Raises:
            ScanJobError: it cannot be asked here.
            TurnCancelledError: somebody stopped the job.
        """
        self._job.show(state=JobState.WAITING)
        with self._job.place.turn(self._job):
            self._job.checked_turn()
            critic = self._job.place.critic()
            if critic is None:
                raise ScanJobError("this host cannot do that")
            found = critic.residuals(loras, questions, sampling)
            self._job.checked_turn()  # as after a picture
            return found


class QuickJob(ScanJob):
    """Asks the denoiser instead of making pictures."""

    quick = True

    def __init__(self, place: Workplace, store: ScanStore, levels: Sequence[float]) -> None:
        super().__init__(place, store)
        self._levels = tuple(levels)
        self.show(total=len(self.plan.weights))

    def work(self) -> None:
        samples = take_samples(self.plan, self, self._levels)
        self.show(state=JobState.CONCLUDING, seconds_left=None)
        write_quick(self.store, judge_quick(samples, checkpoint=self.plan.checkpoint))

    def predict(
        self, loras: tuple[LoraSetting, ...], probes: Sequence[Probe], sampling: Sampling
    ) -> Sequence[LatentArray]:
        """Ask the host in a turn; called once per weight."""
        if self.is_set():
            raise TurnCancelledError
        self.show(state=JobState.WAITING)
        with self.place.turn(self):
            self.checked_turn()
            denoiser = self.place.denoiser()
            if denoiser is None:
                raise ScanJobError("this host offers no quick scan; make a weight scan instead")
            started = time.monotonic()
            fields = denoiser.predict(loras, probes, sampling)
            self.checked_turn()  # as after a picture
        done = self._view.done + 1
        left = (time.monotonic() - started) * (self._view.total - done)
        self.show(done=done, seconds_left=left)
        return fields
