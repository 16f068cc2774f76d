"""Generations in threads of their own, so that the page can show progress and interrupt them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

from .generation import GenerationProgress

T = TypeVar("T")

POLL_SECONDS = 0.15
WAITING = "waiting for another generation:"


class StoppedWaitingError(Exception):
    """Interrupted before its turn came."""


class BackgroundTask(Generic[T]):
    """One piece of work in a thread.

    Args:
        work: is given the event that ends it and a function that takes its progress.
        cancel: that event.
    """

    def __init__(
        self, work: Callable[[Event, Callable[[GenerationProgress], None]], T], cancel: Event
    ) -> None:
        self._cancel = cancel
        self._done = Event()
        self._progress = GenerationProgress(0.0)
        self._result: T | None = None
        self._error: BaseException | None = None
        self._work = work
        Thread(target=self._run, name="lora-neg-generation", daemon=True).start()

    def progress(self) -> Iterator[GenerationProgress]:
        """Yield how far the work is, several times a second, until it is over."""
        while not self._done.wait(POLL_SECONDS):
            yield self._progress

    def result(self) -> T:
        """Return what the work returned, waiting for it, or raise what it raised."""
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]

    def _run(self) -> None:
        try:
            self._result = self._work(self._cancel, self._tell)
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()

    def _tell(self, progress: GenerationProgress) -> None:
        self._progress = progress


class JobRegistry:
    """What runs now, by who asked for it, so that Interrupt ends one's own work only."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, str], Event] = {}
        self._lock = Lock()
        self._turn = Lock()

    @contextmanager
    def turn(self, cancel: Event, tell: Callable[[GenerationProgress], None]) -> Iterator[None]:
        """Wait until nobody else generates; the model makes one thing at a time.

        Raises:
            StoppedWaitingError: ``cancel`` was set meanwhile.
        """
        while not self._turn.acquire(timeout=POLL_SECONDS):
            if cancel.is_set():
                raise StoppedWaitingError
            tell(GenerationProgress(0.0, WAITING))
        try:
            yield
        finally:
            self._turn.release()

    def begin(self, key: tuple[str, str]) -> Event | None:
        """Return what ends the work of ``key`` from now on; ``None`` while there is such work."""
        with self._lock:
            if key in self._events:
                return None
            event = self._events[key] = Event()
            return event

    def end(self, key: tuple[str, str]) -> None:
        """Forget the work of ``key``: it is over."""
        with self._lock:
            self._events.pop(key, None)

    def interrupt(self, key: tuple[str, str]) -> bool:
        """End the work of ``key``; return whether there was any."""
        with self._lock:
            event = self._events.get(key)
        if event is not None:
            event.set()
        return event is not None

    def interrupt_all(self) -> None:
        """End everything: the page is closing."""
        with self._lock:
            events = list(self._events.values())
        for event in events:
            event.set()
