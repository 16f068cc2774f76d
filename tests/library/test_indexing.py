"""Reading the library in the background: once, again when asked, after generations."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

import pytest

from lib_lora_neg.library import indexing
from lib_lora_neg.library.indexing import BackgroundReader

SECONDS = 10.0


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "PAUSE_SECONDS", 0.01)


def test_it_begins_once_and_tells_how_far_it_is() -> None:
    runs: list[int] = []

    def read(after_file: Callable[[int, int], None]) -> None:
        runs.append(1)
        for done in range(1, 51):
            after_file(done, 50)

    reader = BackgroundReader(read, lambda: False)
    assert not reader.progress.running
    reader.begin()
    reader.begin()
    until(lambda: not reader.progress.running)
    reader.begin()
    assert runs == [1]
    assert (reader.progress.done, reader.progress.total) == (50, 50)


def test_a_generation_goes_first() -> None:
    busy = Event()
    busy.set()
    reader = BackgroundReader(lambda after_file: after_file(1, 2), busy.is_set)
    reader.begin()
    until(lambda: reader.progress.waiting)
    busy.clear()
    until(lambda: not reader.progress.running)
    assert not reader.progress.failure


def test_what_is_asked_for_meanwhile_is_done_afterwards() -> None:
    go, runs = Event(), []

    def read(after_file: Callable[[int, int], None]) -> None:
        runs.append(1)
        go.wait(SECONDS)

    reader = BackgroundReader(read, lambda: False)
    reader.again()
    until(lambda: len(runs) == 1)
    reader.again()
    reader.again()
    go.set()
    until(lambda: not reader.progress.running)
    assert len(runs) == 2


def test_a_failure_is_told_and_does_not_last(capsys: pytest.CaptureFixture[str]) -> None:
    faults = ["no such folder"]

    def read(after_file: Callable[[int, int], None]) -> None:
        if faults:
            raise OSError(faults.pop())

    reader = BackgroundReader(read, lambda: False)
    reader.begin()
    until(lambda: not reader.progress.running)
    assert reader.progress.failure == "OSError: no such folder"
    assert "no such folder" in capsys.readouterr().err
    reader.again()
    until(lambda: not reader.progress.running)
    assert not reader.progress.failure


def test_it_can_be_stopped_even_while_it_waits() -> None:
    reader = BackgroundReader(lambda after_file: after_file(1, 2), lambda: True)
    reader.begin()
    until(lambda: reader.progress.waiting)
    reader.stop()
    until(lambda: not reader.progress.running)


def test_many_changes_are_read_together_once_they_have_settled() -> None:
    runs: list[int] = []
    reader = BackgroundReader(lambda after_file: runs.append(1), lambda: False)
    for _ in range(5):
        reader.again(after=2.0)
        assert not reader.progress.running
        time.sleep(0.03)
    assert not runs
    until(lambda: bool(runs))
    time.sleep(0.2)
    assert runs == [1]


def test_whoever_looks_for_files_now_does_not_wait_for_changes_to_settle() -> None:
    runs: list[int] = []
    reader = BackgroundReader(lambda after_file: runs.append(1), lambda: False)
    reader.again(after=60.0)
    reader.again()
    until(lambda: bool(runs))
    reader.stop()
