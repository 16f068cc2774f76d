"""The model asked about a scan's pictures: when, and what is kept."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from lib_lora_neg.scan.critic import (
    COST,
    LEVELS,
    VERSION,
)
from lib_lora_neg.scan.jobs import JobState, ScanJobs
from lib_lora_neg.scan.past_scans import history
from lib_lora_neg.scan.report import conclude
from lib_lora_neg.scan.runner import run
from lib_lora_neg.scan.store import ScanStore
from tests.scan.place import PLAN, Place, over
from tests.scan.worlds import Eye, World


def finish(root: Path, critic: Eye | None = None, world: World | None = None) -> list[str]:
    complaints: list[str] = []
    store = ScanStore(root, PLAN)
    world = world or World(side=64, max_batch=2)
    for event in run(
        PLAN, world, store, threading.Event(), critic=critic, on_complaint=complaints.append
    ):
        assert not event.error
    return complaints


def test_every_picture_is_read_once_without_the_lora(tmp_path: Path) -> None:
    eye = Eye()
    assert finish(tmp_path, eye) == []
    assert [loras for loras, _ in eye.asked] == [(), (), ()]  # a call per weight
    assert [len(questions) for _, questions in eye.asked] == [2 * COST] * 3
    store = ScanStore(tmp_path, PLAN)
    for cell in PLAN.cells():
        reading = store.reading(cell)
        assert reading is not None
        assert reading.maps is not None
        assert np.allclose(reading.maps.mean(axis=(1, 2)), reading.errors, rtol=0.01)
        stored = store.find(cell)
        assert stored is not None
        assert stored.reading == reading
    finish(tmp_path, eye)
    assert len(eye.asked) == 3


def test_a_scan_made_without_it_is_read_later_and_makes_no_picture_anew(tmp_path: Path) -> None:
    world = World(side=64, max_batch=2)
    finish(tmp_path, None, world)
    store = ScanStore(tmp_path, PLAN)
    assert all(item.reading is None for item in store.measured())
    assert not list(store.folder.glob("cells/*.map.npy"))
    before, made = conclude(store), len(world.made)
    finish(tmp_path, Eye(), world)
    assert len(world.made) == made
    assert all(item.reading is not None for item in store.measured())
    finish(tmp_path, None, world)
    assert all(item.reading is not None for item in store.measured())
    for cell in PLAN.cells():
        path = store.path_of(cell, ".json")
        record = json.loads(path.read_text())
        del record["critic"]
        path.write_text(json.dumps(record))
    assert conclude(store) == before


def test_numbers_measured_anew_leave_the_reading(tmp_path: Path) -> None:
    finish(tmp_path, Eye())
    store = ScanStore(tmp_path, PLAN)
    (stored, *_) = store.finished()
    reading = store.reading(stored.cell)
    assert stored.measures is not None
    store.save_measures(stored, stored.measures)
    again = store.reading(stored.cell)
    assert again == reading
    assert again is not None
    assert again.maps is not None


def test_a_model_that_cannot_be_asked_costs_the_scan_nothing(tmp_path: Path) -> None:
    assert finish(tmp_path, Eye(blind=True)) == ["RuntimeError: out of memory"]
    store = ScanStore(tmp_path, PLAN)
    assert len(store.measured()) == PLAN.cost.pictures
    assert all(item.reading is None for item in store.measured())


@pytest.mark.parametrize(
    "damage",
    [
        {"version": VERSION + 1},
        {"errors": [0.1] * (len(LEVELS) - 1)},
        {"errors": ["x"] * len(LEVELS)},
        {"errors": None},
        {"blank": -1.0},
        {"prompted": float("inf")},
    ],
)
def test_a_reading_that_is_none_is_asked_for_again(tmp_path: Path, damage: dict[str, object]):
    finish(tmp_path, Eye())
    store = ScanStore(tmp_path, PLAN)
    cell = next(PLAN.cells())
    path = store.path_of(cell, ".json")
    record = json.loads(path.read_text())
    record["critic"].update(damage)
    path.write_text(json.dumps(record))
    assert store.reading(cell) is None
    eye = Eye()
    finish(tmp_path, eye)
    assert [len(questions) for _, questions in eye.asked] == [COST]
    assert store.reading(cell) is not None


def test_a_damaged_map_is_missing_and_the_numbers_stay(tmp_path: Path) -> None:
    finish(tmp_path, Eye())
    store = ScanStore(tmp_path, PLAN)
    cell = next(PLAN.cells())
    store.path_of(cell, ".map.npy").write_bytes(b"nothing")
    reading = store.reading(cell)
    assert reading is not None
    assert reading.maps is None


def test_a_job_asks_in_turns_of_its_own_and_only_when_told(tmp_path: Path) -> None:
    place = Place()
    place.model = eye = Eye()
    jobs = ScanJobs(place, lambda: tmp_path)
    jobs.start(PLAN)
    assert over(jobs).state is JobState.DONE
    assert (eye.asked, place.turns) == ([], 4)
    jobs.start(PLAN, critic=True)
    view = over(jobs)
    assert (view.state, view.kept, view.note) == (JobState.DONE, 6, "")
    assert len(eye.asked) == 3
    assert place.turns == 4 + 1 + 3
    (past,) = history(tmp_path)
    assert past.finished == 6


@pytest.mark.parametrize("model", [None, Eye(blind=True)])
def test_a_job_says_that_the_model_could_not_be_asked(tmp_path: Path, model: Eye | None) -> None:
    place = Place()
    place.model = model
    jobs = ScanJobs(place, lambda: tmp_path)
    jobs.start(PLAN, critic=True)
    view = over(jobs)
    assert (view.state, view.done, view.failed, view.error) == (JobState.DONE, 6, 0, "")
    assert view.note


def test_stopped_while_it_is_asked_the_scan_goes_on_later(tmp_path: Path) -> None:
    place = Place()
    jobs = ScanJobs(place, lambda: tmp_path)

    class Stopping(Eye):
        def residuals(self, *given: object) -> object:  # type: ignore[override]
            jobs.stop()
            raise RuntimeError("interrupted")

    place.model = Stopping()
    jobs.start(PLAN, critic=True)
    view = over(jobs)
    assert (view.state, view.done, view.note) == (JobState.STOPPED, 2, "")
    place.model = eye = Eye()
    jobs.start(PLAN, critic=True)
    assert over(jobs).state is JobState.DONE
    assert sum(len(questions) for _, questions in eye.asked) == 6 * COST
