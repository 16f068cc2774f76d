"""The model is asked about the pictures of a scan: about several of them at once."""

from __future__ import annotations

import time
from collections.abc import Callable

from .critic import read
from .plan import ScanPlan
from .ports import Cancellation, Critic
from .questions import question_set
from .store import ScanStore, StoredCell

ASKED_TOGETHER = 4
"""Pictures that are waited for, since every call makes a host take the LoRA off, encode the prompts
and put the LoRA on again. A scan that is stopped leaves so many unread, or those of one weight;
who goes on with it has them read."""


class Asking:
    """Gathers finished pictures, asks about them, and keeps what comes out.

    Args:
        plan: of the scan.
        store: has the pictures.
        critic: is asked; ``None`` asks nothing.
        cancel: an error after it was set is no complaint.
        on_complaint: told, once, why the critic could not answer; it is asked no more.
        clock: seconds.
    """

    def __init__(
        self,
        plan: ScanPlan,
        store: ScanStore,
        critic: Critic | None,
        cancel: Cancellation,
        on_complaint: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan, self._store, self._critic = plan, store, critic
        self._cancel, self._on_complaint, self._clock = cancel, on_complaint, clock
        self._unread: list[StoredCell] = []
        self._asked, self._seconds = 0, 0.0

    def add(self, stored: StoredCell) -> None:
        """Take a picture into account, unless it was read before."""
        if self._critic is not None and stored.reading is None:
            self._unread.append(stored)

    def ask(self, least: int = ASKED_TOGETHER) -> None:
        """Ask about all pictures that have gathered, if these are so many.

        Raises:
            OSError: when the disk does not take an answer.
        """
        if self._critic is None or len(self._unread) < max(least, 1):
            return
        shown = [
            (stored, picture)
            for stored in self._unread
            if (picture := self._store.picture(stored.cell)) is not None
        ]
        self._unread = []
        started = self._clock()
        try:
            found = read(
                self._critic,
                [
                    (picture, self._plan.prompts[stored.cell.prompt].text, stored.cell.seed)
                    for stored, picture in shown
                ],
                self._plan.sampling,
            )
        except Exception as problem:
            if not self._cancel.is_set():
                self._critic = None
                self._on_complaint(said(problem))
            return
        self._asked += len(shown)
        self._seconds += self._clock() - started
        for (stored, _), reading in zip(shown, found, strict=True):
            self._store.save_reading(stored, reading)

    def seconds_left(self, pictures: int, per_picture: float) -> float:
        """Return about how long will be asked.

        Args:
            pictures: that are still to come.
            per_picture: seconds of making one, from which that of asking follows as long as
                nothing was asked.
        """
        if self._critic is None:
            return 0.0
        sampling = self._plan.sampling
        each = (
            self._seconds / self._asked
            if self._asked
            else per_picture * question_set(sampling).cost / sampling.evaluations
        )
        return each * (pictures + len(self._unread))


def said(problem: Exception) -> str:
    """Return what went wrong in the host, in one line."""
    return f"{type(problem).__name__}: {problem}".rstrip(": ")
