"""Reading all LoRA files of the host in a background thread that lets generations go first."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock, Thread

from ..telling import complain_of

PAUSE_SECONDS = 0.25
"""How long to wait before looking again whether a generation still runs."""

YIELD_EVERY = 20
"""Files after which the reader sleeps a moment, so that other threads run."""

ReadFiles = Callable[[Callable[[int, int], None]], None]


@dataclass(frozen=True)
class ReadingProgress:
    """How far reading the LoRA files has come.

    Attributes:
        running: a thread reads files now.
        done: files read in this run.
        total: files to read in this run.
        waiting: it lets a generation finish first.
        failure: why the last run ended early; empty if it did not.
    """

    running: bool = False
    done: int = 0
    total: int = 0
    waiting: bool = False
    failure: str = ""


class BackgroundReader:
    """Runs one reading of all files at a time, and says how far it is.

    Args:
        read: reads what is new; is given a function to call after each file.
        is_busy: whether the host makes pictures, which go first.
    """

    def __init__(self, read: ReadFiles, is_busy: Callable[[], bool]) -> None:
        self._read = read
        self._is_busy = is_busy
        self._lock = Lock()
        self._progress = ReadingProgress()
        self._begun = False
        self._alive = False
        self._again = False
        self._stopped = False
        self._not_before = 0.0

    @property
    def progress(self) -> ReadingProgress:
        """How far the reading is."""
        return self._progress

    def begin(self) -> None:
        """Start reading if that never happened."""
        with self._lock:
            if self._begun:
                return
            self._begun = True
        self.again()

    def again(self, after: float = 0.0) -> None:
        """Read once more; a reading that is under way is followed by another one.

        Args:
            after: seconds to wait first. Asked for again meanwhile, it waits as long once more,
                so that many changes one after the other are read together.
        """
        with self._lock:
            self._begun = True
            self._not_before = time.monotonic() + after
            if self._alive:
                self._again = True
                return
            self._alive = True
            self._progress = ReadingProgress(running=not after)
        Thread(target=self._run, name="lora-neg-library", daemon=True).start()

    def stop(self) -> None:
        """End a reading that is under way at its next file."""
        self._stopped = True

    def _run(self) -> None:
        failure = ""
        while True:
            try:
                self._settle()
                self._read(self._after_file)
            except _StoppedError:
                failure = "stopped"
            except Exception as error:
                complain_of(error)
                failure = f"{type(error).__name__}: {error}"
            with self._lock:
                if not self._again or self._stopped:
                    done, total = self._progress.done, self._progress.total
                    self._progress = ReadingProgress(False, done, total, failure=failure)
                    self._alive = False
                    return
                self._again, failure = False, ""

    def _settle(self) -> None:
        while (left := self._not_before - time.monotonic()) > 0:
            self._progress = replace(self._progress, running=False)
            if self._stopped:
                raise _StoppedError
            time.sleep(min(left, PAUSE_SECONDS))
        with self._lock:
            # What was asked for until now is what is read now.
            self._again = False
            self._progress = ReadingProgress(running=True)

    def _after_file(self, done: int, total: int) -> None:
        if self._stopped:
            raise _StoppedError
        self._progress = ReadingProgress(True, done, total)
        while self._is_busy():
            self._progress = ReadingProgress(True, done, total, waiting=True)
            time.sleep(PAUSE_SECONDS)
            if self._stopped:
                raise _StoppedError
        if done % YIELD_EVERY == 0:
            time.sleep(0.001)


class _StoppedError(Exception):
    """The extension is being unloaded."""
