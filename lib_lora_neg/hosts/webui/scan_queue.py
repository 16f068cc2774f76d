"""A turn at the model for the scan: in the host's own queue, like any other generation."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import ref

from ...scan.ports import Cancellation
from ...scan.workplace import TurnCancelledError

POLL_SECONDS = 0.05
"""How often a wish to stop is looked for; a sampling step of a real model takes longer."""

LET_IN_SECONDS = 0.005
"""Pause before each turn: the host's queue serves whoever asks first, not who has waited longest,
and the scan asks again at once after each batch."""

TITLE = "LoRA scan"

_T = TypeVar("_T")

_last_turn: tuple[ref[Cancellation], float] | None = None
"""Whose turn was the last one, and when it began, as the host notes it for the job begun last."""


@contextmanager
def turn(cancel: Cancellation) -> Iterator[None]:
    """Hold the model: wait in the host's queue, and show as a job in its page and API.

    The host's Interrupt and Skip buttons stop whoever runs this, at whatever it is; pressed
    between two of its turns, too.

    Raises:
        TurnCancelledError: ``cancel`` was set while waiting, or the host's buttons were pressed.
    """
    from modules.shared import state

    release = _acquired(cancel)
    try:
        # The host forgets its buttons when a job begins. What was pressed since our last turn is
        # meant for us, if no other job has begun in between.
        if _was_last(cancel, state.time_start) and _is_pressed(state):
            state.skipped = state.interrupted = state.stopping_generation = False
            _ask_to_stop(cancel)
            raise TurnCancelledError
        state.begin(job=_label(cancel))
        _remember(cancel, state.time_start)
        state.textinfo = _label(cancel)
        try:
            yield
        finally:
            if _is_pressed(state):
                _ask_to_stop(cancel)
            state.end()
            # As the host's own queue leaves it.
            state.skipped = state.interrupted = state.stopping_generation = False
            state.textinfo = None
    finally:
        release()


def _was_last(cancel: Cancellation, began: float) -> bool:
    return _last_turn is not None and _last_turn[0]() is cancel and _last_turn[1] == began


def _remember(cancel: Cancellation, began: float) -> None:
    global _last_turn
    _last_turn = ref(cancel), began


def _is_pressed(state: Any) -> bool:
    return bool(state.interrupted or state.skipped or state.stopping_generation)


def was_interrupted() -> bool:
    """Whether what was just sampled was broken off halfway."""
    from modules.shared import state

    return bool(state.interrupted or state.skipped)


@contextmanager
def heeding(cancel: Cancellation) -> Iterator[None]:
    """Let the host break off its sampling at the next step when ``cancel`` is set."""
    from modules.shared import state

    over = threading.Event()

    def watch() -> None:
        while not over.wait(POLL_SECONDS):
            if cancel.is_set():
                state.interrupt()
                return

    watcher = threading.Thread(target=watch, name="lora-neg-scan-stop", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def in_generation_thread(work: Callable[[], _T]) -> _T:
    """Run where the host makes its pictures, and return or raise what ``work`` does.

    Forge has one thread for that, because moving models is faster there.
    """
    try:
        from modules_forge.main_thread import run_and_wait_result
    except ImportError:
        return work()
    results: list[_T] = []
    failures: list[BaseException] = []

    def kept() -> None:
        try:
            results.append(work())
        except BaseException as error:  # that thread would only print it
            failures.append(error)

    run_and_wait_result(kept)
    if failures:
        raise failures[0]
    return results[0]


def _acquired(cancel: Cancellation) -> Callable[[], Any]:
    """Wait in the host's queue; return what leaves it.

    The queue has no waiting with an end, so another thread waits, and gives its place back if it
    comes too late.
    """
    from modules.call_queue import queue_lock

    time.sleep(LET_IN_SECONDS)
    changing, ours, given_up = threading.Lock(), threading.Event(), threading.Event()

    def wait() -> None:
        queue_lock.acquire()
        with changing:
            if not given_up.is_set():
                ours.set()
                return
        queue_lock.release()

    threading.Thread(target=wait, name="lora-neg-scan-queue", daemon=True).start()
    while not ours.wait(POLL_SECONDS):
        if not cancel.is_set():
            continue
        with changing:
            if not ours.is_set():
                given_up.set()
                raise TurnCancelledError
    if cancel.is_set():
        queue_lock.release()
        raise TurnCancelledError
    leave: Callable[[], Any] = queue_lock.release
    return leave


def _label(cancel: Cancellation) -> str:
    """Return what the host shows of this job: a job of the scan tab says how far it is."""
    view = getattr(cancel, "view", None)
    job = view() if callable(view) else None
    done, total = getattr(job, "done", None), getattr(job, "total", None)
    if not isinstance(done, int) or not isinstance(total, int):
        return TITLE
    return f"{TITLE} {min(done + 1, total)}/{total}"


def _ask_to_stop(cancel: Cancellation) -> None:
    """Tell the job that somebody has stopped it with the host's buttons."""
    for name in ("stop", "set"):
        ask = getattr(cancel, name, None)
        if callable(ask):
            ask()
            return
