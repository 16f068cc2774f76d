"""Jobs: the thread, its turns, stopping, going on, and everything that can go wrong."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lib_lora_neg.scan import jobs as jobs_module
from lib_lora_neg.scan import locking
from lib_lora_neg.scan.jobs import JobBusyError, JobState, ScanJobs
from lib_lora_neg.scan.locking import FolderInUseError, is_locked, locked
from lib_lora_neg.scan.past_scans import history
from lib_lora_neg.scan.plan import ScanCell
from lib_lora_neg.scan.store import ScanStore
from lib_lora_neg.scan.workplace import Checkpoint
from tests.scan.place import CHECKPOINT, PLAN, SECONDS, Place, cells, over
from tests.scan.worlds import World


def test_a_scan_is_made_and_judged(tmp_path: Path) -> None:
    place = Place()
    jobs = ScanJobs(place, lambda: tmp_path)
    assert jobs.view() is None
    started = jobs.start(PLAN)
    assert (started.name, started.total, started.quick) == ("ink", 6, False)
    view = over(jobs)
    assert (view.state, view.done, view.kept, view.error) == (JobState.DONE, 6, 0, "")
    assert cells(jobs, view) == [(cell, "") for cell in PLAN.cells()]
    assert cells(jobs, view, 4) == [(cell, "") for cell in list(PLAN.cells())[4:]]
    assert jobs.news("another") == []
    (past,) = history(tmp_path)
    assert past.folder.name == view.scan
    assert past.verdict["sentence"]
    assert not is_locked(past.folder)


def test_others_get_their_turn_between_batches(tmp_path: Path) -> None:
    place = Place()
    jobs = ScanJobs(place, lambda: tmp_path)
    jobs.start(PLAN)
    over(jobs)
    assert place.turns == 1 + 3  # one to ask, one per weight with both prompts
    assert place.inside == 0


def test_it_says_that_it_waits_and_can_be_stopped_while_waiting(tmp_path: Path) -> None:
    place = Place()
    place.free.clear()
    jobs = ScanJobs(place, lambda: tmp_path)
    assert jobs.start(PLAN).state is JobState.WAITING
    jobs.stop()
    view = over(jobs)
    assert (view.state, view.stopping, view.done) == (JobState.STOPPED, True, 0)
    assert list(tmp_path.iterdir()) == []


def test_stopped_at_a_cell_and_gone_on_with(tmp_path: Path) -> None:
    place = Place()
    jobs = ScanJobs(place, lambda: tmp_path)
    place.world.before = lambda weight, request: jobs.stop() if weight == -0.5 else None
    jobs.start(PLAN)
    view = over(jobs)
    assert (view.state, view.done) == (JobState.STOPPED, 3)
    (past,) = history(tmp_path)
    assert (past.finished, past.total) == (3, 6)
    assert past.verdict["points"]
    place.world = World(side=64)
    jobs.start(PLAN)
    view = over(jobs)
    assert (view.state, view.done, view.kept) == (JobState.DONE, 6, 3)
    assert len(place.world.made) == 3


def test_only_one_at_a_time(tmp_path: Path) -> None:
    place = Place()
    place.free.clear()
    jobs = ScanJobs(place, lambda: tmp_path)
    jobs.start(PLAN)
    with pytest.raises(JobBusyError, match="ink"):
        jobs.start(replace(PLAN, seeds=(2,)))
    with pytest.raises(JobBusyError, match="ink"):
        jobs.start_quick(PLAN)
    place.free.set()
    assert over(jobs).state is JobState.DONE
    jobs.start(replace(PLAN, seeds=(2,)))
    assert over(jobs).state is JobState.DONE


def test_two_starts_at_once_make_one_job(tmp_path: Path) -> None:
    place = Place()
    place.free.clear()
    jobs = ScanJobs(place, lambda: tmp_path)
    barrier = threading.Barrier(8)
    outcomes: list[str] = []

    def start(seed: int) -> None:
        barrier.wait()
        try:
            jobs.start(replace(PLAN, seeds=(seed,)))
            outcomes.append("started")
        except JobBusyError:
            outcomes.append("busy")

    threads = [threading.Thread(target=start, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert sorted(outcomes) == ["busy"] * 7 + ["started"]
    jobs.close()


def test_a_cell_that_fails_is_told_and_the_rest_is_made(tmp_path: Path) -> None:
    place = Place(
        World(side=64, failing=lambda weight, request: weight == -1 and "cat" in request.prompt)
    )
    jobs = ScanJobs(place, lambda: tmp_path)
    jobs.start(PLAN)
    view = over(jobs)
    assert (view.state, view.done, view.failed) == (JobState.DONE, 6, 1)
    assert [error for _, error in cells(jobs, view) if error] == ["RuntimeError: no picture at -1"]


def test_a_broken_host_is_given_up_with_its_complaint(tmp_path: Path) -> None:
    place = Place(World(side=64, failing=lambda weight, request: weight < 0))
    jobs = ScanJobs(place, lambda: tmp_path)
    jobs.start(PLAN)
    view = over(jobs)
    assert (view.state, view.error) == (JobState.FAILED, "RuntimeError: no picture at -1")
    assert history(tmp_path)[0].finished == 2


def test_a_host_that_cannot_even_begin(tmp_path: Path) -> None:
    place = Place()

    def broken() -> World:
        raise RuntimeError("out of memory")

    place.generator = broken  # type: ignore[method-assign]
    jobs = ScanJobs(place, lambda: tmp_path)
    jobs.start(PLAN)
    view = over(jobs)
    assert (view.state, view.error) == (JobState.FAILED, "RuntimeError: out of memory")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (None, "no checkpoint is chosen"),
        (replace(CHECKPOINT, digest="def", title="other.safetensors"), "other.safetensors"),
        (replace(CHECKPOINT, facts=(("VAE", "anime"),)), "VAE"),
    ],
)
def test_another_model_stops_the_scan_before_it_spoils_it(
    tmp_path: Path, chosen: Checkpoint | None, words: str
) -> None:
    place = Place()

    def change(weight: float, request: object) -> None:
        if weight == -0.5:
            place.chosen = chosen

    place.world.before = change
    jobs = ScanJobs(place, lambda: tmp_path)
    jobs.start(PLAN)
    view = over(jobs)
    # What was in the making when it was changed is not kept: nobody knows which model made it.
    assert (view.state, view.done) == (JobState.FAILED, 2)
    assert words in view.error
    place.chosen = CHECKPOINT
    place.world.before = lambda weight, request: None
    jobs.start(PLAN)
    done = over(jobs)
    assert (done.state, done.kept, done.done) == (JobState.DONE, 2, 6)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (OSError(errno.EACCES, "Permission denied"), "Permission denied"),
    ],
)
def test_a_disk_that_does_not_take_a_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: OSError, words: str
) -> None:
    save: Callable[..., object] = ScanStore.save

    def refuse(store: ScanStore, cell: ScanCell, *rest: object) -> object:
        if cell.weight == -0.5:
            raise problem
        return save(store, cell, *rest)

    monkeypatch.setattr(ScanStore, "save", refuse)
    jobs = ScanJobs(Place(), lambda: tmp_path)
    jobs.start(PLAN)
    view = over(jobs)
    assert (view.state, view.done) == (JobState.FAILED, 2)
    assert words in view.error


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    jobs = ScanJobs(Place(), lambda: tmp_path / "file" / "scans")
    with pytest.raises(jobs_module.ScanJobError, match="cannot be used"):
        jobs.start(PLAN)
    assert jobs.view() is None


def test_a_scan_of_another_process_is_left_alone(tmp_path: Path) -> None:
    folder = ScanStore(tmp_path, PLAN).folder
    program = (
        "import sys; from pathlib import Path; from lib_lora_neg.scan.locking import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=root,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert is_locked(folder)
        jobs = ScanJobs(Place(), lambda: tmp_path)
        jobs.start(PLAN)
        view = over(jobs)
        assert view.state is JobState.FAILED
        assert "another process" in view.error
        assert folder.exists()
        process.kill()
    assert not is_locked(folder)
    jobs.start(PLAN)
    assert over(jobs).state is JobState.DONE


def test_a_lock_ends_with_its_block_even_when_that_fails(tmp_path: Path) -> None:
    def work() -> None:
        with locked(tmp_path):
            assert is_locked(tmp_path)
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        work()
    assert not is_locked(tmp_path)


def test_a_folder_can_be_taken_once_at_a_time_also_within_one_process(tmp_path: Path) -> None:
    with locked(tmp_path):
        with pytest.raises(FolderInUseError), locked(tmp_path):
            pass
        assert is_locked(tmp_path)
    with locked(tmp_path):
        assert is_locked(tmp_path)


def test_a_lock_that_is_a_pipe_is_no_lock(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / locking.NAME)
    with pytest.raises(OSError, match="pipe"), locked(tmp_path):
        pass
    assert not is_locked(tmp_path)


def test_a_job_that_is_over_can_be_forgotten(tmp_path: Path) -> None:
    place = Place()
    place.free.clear()
    jobs = ScanJobs(place, lambda: tmp_path)
    scan = jobs.start(PLAN).scan
    jobs.forget(scan)
    assert jobs.view() is not None
    place.free.set()
    over(jobs)
    jobs.forget("another")
    assert jobs.view() is not None
    jobs.forget(scan)
    assert jobs.view() is None
