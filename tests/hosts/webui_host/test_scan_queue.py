"""A scan's place in the WebUI's queue, on stand-ins: turns, jobs, interrupting."""

from __future__ import annotations

import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from lib_lora_neg.hosts.webui import scan_queue
from lib_lora_neg.hosts.webui.scan_pictures import WebuiGenerator
from lib_lora_neg.hosts.webui.scan_queue import in_generation_thread, turn
from lib_lora_neg.scan.ports import ScanBatch
from lib_lora_neg.scan.workplace import TurnCancelledError
from tests.hosts.scan_standins import SHOTS, SMALL, STYLE, Webui, make
from tests.hosts.standins import Params
from tests.support.cards import card

SECONDS = 5.0


@pytest.mark.parametrize("button", ["interrupted", "skipped"])
def test_a_picture_that_was_broken_off_is_not_handed_out(webui: Webui, button: str) -> None:
    webui.during = lambda: setattr(webui.state, button, True)
    cancel = threading.Event()
    assert make(WebuiGenerator(), (STYLE,), cancel=cancel) == []
    assert cancel.is_set()
    assert (webui.state.interrupted, webui.state.skipped) == (False, False)


def test_stop_after_this_picture_keeps_it(webui: Webui) -> None:
    webui.during = lambda: setattr(webui.state, "stopping_generation", True)
    cancel = threading.Event()
    assert len(make(WebuiGenerator(), (STYLE,), cancel=cancel)) == 2
    assert cancel.is_set()


@pytest.mark.parametrize("button", ["interrupted", "skipped", "stopping_generation"])
def test_a_button_that_is_pressed_between_two_turns_is_meant_for_the_scan(
    webui: Webui, button: str
) -> None:
    cancel = threading.Event()
    with turn(cancel):
        pass
    setattr(webui.state, button, True)
    with pytest.raises(TurnCancelledError), turn(cancel):
        pytest.fail("the turn began")
    assert cancel.is_set()
    assert not getattr(webui.state, button)
    with turn(threading.Event()):
        assert webui.state.job


def test_a_button_that_was_pressed_for_another_job_stops_no_scan(webui: Webui) -> None:
    webui.state.interrupted = True  # as an API job leaves it that ended before
    cancel = threading.Event()
    with turn(cancel):
        pass
    webui.state.begin(job="another one")
    webui.state.interrupted = True
    webui.state.end()
    with turn(cancel):
        assert webui.state.job
    assert not cancel.is_set()


def test_cancelling_breaks_the_sampling_off(webui: Webui) -> None:
    cancel = threading.Event()

    def stopped_meanwhile() -> None:
        cancel.set()
        until = time.monotonic() + SECONDS
        while not webui.state.interrupted and time.monotonic() < until:
            time.sleep(0.01)
        assert webui.state.interrupted

    webui.during = stopped_meanwhile
    assert make(WebuiGenerator(), (STYLE,), cancel=cancel) == []


def test_nothing_is_begun_once_cancelled(webui: Webui) -> None:
    cancel = threading.Event()
    generator = WebuiGenerator()
    with turn(cancel):
        cancel.set()
        assert list(generator.generate(ScanBatch((), SHOTS, SMALL), cancel)) == []
    assert not webui.made


def test_the_guard_lets_the_scans_tags_pass(webui: Webui) -> None:
    """The loader guards jobs without scripts when they run inside a guarded generation."""
    from lib_lora_neg.hosts.webui.guard import Guard
    from lib_lora_neg.hosts.webui.loader import guard_params
    from tests.hosts.standins import Processing

    guard = Guard()
    guard.cards = types.SimpleNamespace(get=lambda name: card(name, "style"))
    aborted = Processing()
    guard.before_process(aborted, True, "Enforce", "txt2img")
    late = [Params(["style", "-0.9"])]
    guard_params(guard, Processing(scripts=None, all_prompts=["x"]), late)
    assert late[0].items == ["style", "-0.5"]
    params = [Params(["style", "-0.9"])]
    with turn(threading.Event()):
        guard_params(guard, Processing(scripts=None, all_prompts=["x"]), params)
    assert params[0].items == ["style", "-0.9"]


@dataclass
class Job:
    """As the scan tab's: it can be stopped, and says how far it is."""

    done: int = 4
    total: int = 27
    stopped: bool = False

    def view(self) -> Job:
        return self

    def is_set(self) -> bool:
        return self.stopped

    def stop(self) -> None:
        self.stopped = True


def test_the_host_shows_how_far_the_scan_is(webui: Webui) -> None:
    with turn(Job()):
        assert webui.state.job == webui.state.textinfo == "LoRA scan 5/27"
    with turn(threading.Event()):
        assert webui.state.job == "LoRA scan"
    assert not webui.state.job
    assert webui.state.textinfo is None


def test_the_hosts_interrupt_stops_the_job(webui: Webui) -> None:
    job = Job()
    with turn(job):
        webui.state.interrupt()
    assert job.stopped


@contextmanager
def queue_taken(webui: Webui) -> Iterator[None]:
    import modules

    with modules.call_queue.queue_lock:
        yield


def test_a_turn_waits_for_the_generation_in_progress(webui: Webui) -> None:
    order: list[str] = []

    def scan() -> None:
        with turn(threading.Event()):
            order.append("scan")

    thread = threading.Thread(target=scan)
    with queue_taken(webui):
        thread.start()
        time.sleep(0.2)
        assert not webui.state.job
        order.append("generation")
    thread.join(SECONDS)
    assert order == ["generation", "scan"]


def test_stopping_while_waiting_gives_the_place_back(webui: Webui) -> None:
    cancel, failures = threading.Event(), []

    def scan() -> None:
        try:
            with turn(cancel):
                failures.append("ran")
        except TurnCancelledError:
            failures.append("cancelled")

    thread = threading.Thread(target=scan)
    with queue_taken(webui):
        thread.start()
        time.sleep(0.1)
        cancel.set()
        thread.join(SECONDS)
        assert failures == ["cancelled"]
    until = time.monotonic() + SECONDS
    import modules

    while modules.call_queue.queue_lock.locked() and time.monotonic() < until:
        time.sleep(0.01)
    with turn(threading.Event()):
        assert webui.state.jobs == ["LoRA scan"]


def test_a_turn_that_was_cancelled_before_it_began(webui: Webui) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(TurnCancelledError), turn(cancel):
        raise AssertionError("ran")
    import modules

    assert not modules.call_queue.queue_lock.locked()


def test_pictures_are_made_in_forges_own_thread(
    webui: Webui, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []

    def run_and_wait_result(work: Callable[[], Any]) -> Any:
        result: list[Any] = []

        def run() -> None:
            try:
                result.append(work())
            except Exception:  # that is what Forge's does
                return

        thread = threading.Thread(target=run, name="forge")
        thread.start()
        thread.join()
        return result[0] if result else None

    main = types.SimpleNamespace(run_and_wait_result=run_and_wait_result)
    monkeypatch.setitem(sys.modules, "modules_forge", types.ModuleType("modules_forge"))
    monkeypatch.setitem(sys.modules, "modules_forge.main_thread", main)
    webui.during = lambda: threads.append(threading.current_thread().name)
    assert len(make(WebuiGenerator())) == 2
    assert threads == ["forge"]

    def broken() -> None:
        raise RuntimeError("broken on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        in_generation_thread(broken)


def test_others_get_in_between_two_turns(webui: Webui, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's lock is first come, first served only for those that wait."""
    assert scan_queue.LET_IN_SECONDS < 0.05
    # Time enough for a thread to wake up, also on a machine that is busy.
    monkeypatch.setattr(scan_queue, "LET_IN_SECONDS", 1.0)
    order: list[str] = []
    asks = threading.Event()

    def generation() -> None:
        asks.set()
        with queue_taken(webui):
            order.append("generation")

    thread = threading.Thread(target=generation)
    with turn(threading.Event()):
        order.append("scan")
        thread.start()
        assert asks.wait(SECONDS)
        time.sleep(0.2)
    with turn(threading.Event()):
        order.append("scan")
    thread.join(SECONDS)
    assert order == ["scan", "generation", "scan"]
