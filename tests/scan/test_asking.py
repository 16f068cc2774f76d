"""The model asked about a scan's pictures: when, and what is kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lib_lora_neg.scan.asking import ASKED_TOGETHER
from lib_lora_neg.scan.critic import VERSION
from lib_lora_neg.scan.jobs import JobState, ScanJobs
from lib_lora_neg.scan.past_scans import history
from lib_lora_neg.scan.plan import ScanPrompt as Prompt
from lib_lora_neg.scan.ports import (
    Cancellation,
    LatentArray,
    LoraSetting,
    Picture,
    Question,
    Sampling,
    ScanBatch,
)
from lib_lora_neg.scan.questions import question_set
from lib_lora_neg.scan.report import conclude
from lib_lora_neg.scan.runner import ScanFailedError, run
from lib_lora_neg.scan.store import ScanStore
from tests.scan.place import PLAN, Place, over
from tests.scan.worlds import Eye, World

ASKED = question_set(PLAN.sampling)
LEVELS, COST = ASKED.levels, ASKED.cost


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
    assert [loras for loras, _ in eye.asked] == [(), ()]
    assert [len(questions) for _, questions in eye.asked] == [4 * COST, 2 * COST]
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
    assert len(eye.asked) == 2


@pytest.mark.parametrize(
    ("prompts", "weights", "calls"),
    [
        (1, 9, [4, 4, 1]),
        (1, 4, [4]),
        (1, 3, [3]),
        (3, 9, [6, 6, 6, 6, 3]),
        (4, 3, [4, 4, 4]),
        (6, 2, [6, 6]),
    ],
)
def test_the_pictures_of_several_weights_are_asked_about_at_once(
    tmp_path: Path, prompts: int, weights: int, calls: list[int]
) -> None:
    plan = replace(
        PLAN,
        prompts=tuple(Prompt(f"a cat of {number} years") for number in range(prompts)),
        weights=tuple(-number / 10 for number in range(weights)),
    )
    eye = Eye()
    store = ScanStore(tmp_path, plan)
    made: list[int] = []
    for event in run(plan, World(side=64, max_batch=2), store, threading.Event(), critic=eye):
        made.append(event.progress.done)
        # What is not read yet belongs to fewer pictures than are asked about together, and the
        # weight in hand.
        unread = sum(stored.reading is None for stored in store.finished())
        assert unread < ASKED_TOGETHER + prompts
    assert [len(questions) // COST for _, questions in eye.asked] == calls
    shown = [(q.prompt, q.picture) for _, asked in eye.asked for q in asked[::COST]]
    cells = list(plan.cells())
    assert [prompt for prompt, _ in shown] == [plan.prompts[cell.prompt].text for cell in cells]
    for cell, (_, picture) in zip(cells, shown, strict=True):
        kept = store.picture(cell)
        assert kept is not None
        assert np.array_equal(kept.pixels, picture.pixels)
    assert all(stored.reading is not None for stored in store.finished())


def test_who_stops_asking_for_cells_leaves_the_last_pictures_to_be_read_later(
    tmp_path: Path,
) -> None:
    plan = replace(PLAN, prompts=PLAN.prompts[:1], weights=tuple(-n / 10 for n in range(9)))
    store, stop, eye = ScanStore(tmp_path, plan), threading.Event(), Eye()
    for event in run(plan, World(side=64), store, stop, critic=eye):
        if event.progress.done == 7:
            stop.set()
    assert [len(questions) // COST for _, questions in eye.asked] == [4]
    assert sum(stored.reading is None for stored in store.finished()) == 3
    again = Eye()
    world = World(side=64)
    assert (
        sum(event.kept for event in run(plan, world, store, threading.Event(), critic=again)) == 7
    )
    assert [len(questions) // COST for _, questions in again.asked] == [4, 1]
    assert len(world.made) == 2
    assert all(stored.reading is not None for stored in store.finished())


def test_a_scan_that_is_given_up_keeps_what_was_read(tmp_path: Path) -> None:
    plan = replace(PLAN, prompts=PLAN.prompts[:1], weights=tuple(-n / 10 for n in range(9)))
    store, eye = ScanStore(tmp_path, plan), Eye()

    class Breaking(World):
        def generate(self, batch: ScanBatch, cancel: Cancellation) -> Iterator[Picture]:
            if len(self.made) >= 5:
                raise RuntimeError("the device is gone")
            return super().generate(batch, cancel)

    with pytest.raises(ScanFailedError):
        list(run(plan, Breaking(side=64), store, threading.Event(), critic=eye))
    assert [stored.reading is not None for stored in store.finished()] == [True] * 4 + [False]


def test_the_time_that_is_left_counts_what_asking_takes(tmp_path: Path) -> None:
    """Ten seconds per picture; asking takes its share of the evaluations, and then what it took."""
    now = [0.0]

    class Slow(World):
        def generate(self, batch: ScanBatch, cancel: Cancellation) -> Iterator[Picture]:
            for picture in super().generate(batch, cancel):
                now[0] += 10
                yield picture

    class Unhurried(Eye):
        def residuals(
            self, loras: tuple[LoraSetting, ...], questions: Sequence[Question], sampling: Sampling
        ) -> Sequence[LatentArray]:
            now[0] += len(questions) / COST * 3
            return super().residuals(loras, questions, sampling)

    plan = replace(PLAN, prompts=PLAN.prompts[:1], weights=tuple(-n / 10 for n in range(9)))
    left = [
        event.progress.seconds_left
        for event in run(
            plan,
            Slow(side=64),
            ScanStore(tmp_path, plan),
            threading.Event(),
            critic=Unhurried(),
            clock=lambda: now[0],
        )
    ]
    guess = 10 * COST / plan.sampling.evaluations
    assert left[:4] == [pytest.approx(made * 10 + 9 * guess) for made in (8, 7, 6, 5)]
    assert left[4:] == [
        pytest.approx(40 + 5 * 3),
        pytest.approx(30 + 5 * 3),
        pytest.approx(20 + 5 * 3),
        pytest.approx(10 + 5 * 3),
        pytest.approx(3),
    ]


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
        {"places": None},
        {"places": [[0.1, 0.2]]},
        {"places": [[], [], []]},
        {"places": [["a"], ["b"], ["c"]]},
        {"places": [[0.1], [0.1], [-0.1]]},
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
    assert len(eye.asked) == 2
    assert place.turns == 4 + 1 + 2
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
    assert (view.state, view.done, view.note) == (JobState.STOPPED, 4, "")
    place.model = eye = Eye()
    jobs.start(PLAN, critic=True)
    assert over(jobs).state is JobState.DONE
    assert sum(len(questions) for _, questions in eye.asked) == 6 * COST


def test_what_was_to_be_read_is_known_before_anything_was(tmp_path: Path) -> None:
    """Who goes on with a scan that was stopped early has the model asked, as it was meant."""
    store = ScanStore(tmp_path, PLAN)
    assert not store.asks_model
    store.note_asking(True)
    assert ScanStore(tmp_path, PLAN).asks_model
    (past,) = history(tmp_path)
    assert past.plan == PLAN
    assert past.store().asks_model
    store.note_asking(False)
    assert not store.asks_model
    finish(tmp_path, Eye())
    assert store.asks_model  # also a store of before, which has the readings alone
    path = store.path_of(store.present()[0], ".json")
    record = json.loads(path.read_text())
    record["critic"]["version"] -= 1
    path.write_text(json.dumps(record))
    assert not store.was_read
    assert store.asks_model  # also where they are of an older version


@pytest.mark.parametrize("asked", [True, False])
def test_a_job_notes_whether_it_asks(tmp_path: Path, asked: bool) -> None:
    place = Place()
    jobs = ScanJobs(place, lambda: tmp_path)
    jobs.start(PLAN, critic=asked)
    over(jobs)
    assert ScanStore(tmp_path, PLAN).asks_model is asked
