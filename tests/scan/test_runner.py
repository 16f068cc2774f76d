from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from lib_lora_neg.scan.past_scans import history
from lib_lora_neg.scan.plan import ScanCell, ScanPlan
from lib_lora_neg.scan.plan import ScannedLora as Lora
from lib_lora_neg.scan.plan import ScanPrompt as Prompt
from lib_lora_neg.scan.ports import ImageRequest, Picture, Sampling
from lib_lora_neg.scan.report import conclude, write_report
from lib_lora_neg.scan.runner import CellDone, ScanFailedError, run
from lib_lora_neg.scan.store import ScanStore, ScanStoreError
from tests.scan.worlds import World

ROOT = Path(__file__).parent.parent.parent

PLAN = ScanPlan(
    loras=(Lora("ink/../wash:1"),),
    prompts=(Prompt("a cat"), Prompt("a lake", subject=False)),
    seeds=(1, 2, 3),
    weights=(-1, -0.5, 0, 0.5),
    sampling=Sampling(width=64, height=64),
    checkpoint="abc",
)


class World64(World):
    def __init__(self, **fields: object) -> None:
        super().__init__(side=64, **fields)  # type: ignore[arg-type]


def finish(world: World, root: Path, plan: ScanPlan = PLAN) -> list[CellDone]:
    return list(run(plan, world, ScanStore(root, plan), threading.Event()))


def test_cells_come_in_order_with_progress_and_share_batches_of_one_weight(tmp_path: Path) -> None:
    world = World64(spoil="noise")
    done = finish(world, tmp_path)
    assert [event.cell for event in done] == list(PLAN.cells())
    assert [event.progress.done for event in done] == list(range(1, 25))
    assert all(event.picture and event.picture.exists() and event.measures for event in done)
    assert done[-1].progress.seconds_left == 0
    assert [len(batch.requests) for batch in world.batches] == [4, 2] * 4
    weights = [batch.loras[0].unet if batch.loras else 0 for batch in world.batches]
    assert weights == [0, 0, -0.5, -0.5, 0.5, 0.5, -1, -1]
    assert world.batches[0].sampling is PLAN.sampling
    assert len(list(tmp_path.iterdir())) == 1


def test_time_left_comes_from_whole_batches_after_the_first(tmp_path: Path) -> None:
    now = [0.0]

    def wait(weight: float, request: ImageRequest) -> None:
        # A host that hands out a batch of four at once; the first one also loads the model.
        now[0] += (100.0 if weight == 0 else 8.0) if request.seed == 1 else 0.0

    world = World64(before=wait, max_batch=3)
    plan = ScanPlan((Lora("x"),), PLAN.prompts, PLAN.seeds, (-1, 0))
    store = ScanStore(tmp_path, plan)
    done = list(run(plan, world, store, threading.Event(), clock=lambda: now[0]))
    assert done[2].progress.seconds_left == pytest.approx(100 / 3 * 9)
    assert done[8].progress.seconds_left == pytest.approx((100 + 0) / 3 * 3)
    assert done[9].progress.seconds_left == pytest.approx((100 + 8) / 6 * 2)


def test_a_second_run_makes_nothing(tmp_path: Path) -> None:
    first = finish(World64(), tmp_path)
    again = World64()
    second = finish(again, tmp_path)
    assert again.made == []
    assert all(event.kept for event in second)
    assert [event.measures for event in second] == [event.measures for event in first]


@pytest.mark.parametrize("stop_after", [1, 5, 7, 23])
def test_cancelled_at_any_cell_it_goes_on_where_it_was(tmp_path: Path, stop_after: int) -> None:
    cancel = threading.Event()
    world = World64()
    for count, _ in enumerate(run(PLAN, world, ScanStore(tmp_path, PLAN), cancel), 1):
        if count == stop_after:
            cancel.set()
    assert len(world.made) == stop_after
    done = finish(world, tmp_path)
    assert len(world.made) == len(set(world.made)) == 24
    assert done[-1].progress.kept == stop_after


def test_who_stops_listening_loses_nothing(tmp_path: Path) -> None:
    world = World64()
    cells = run(PLAN, world, ScanStore(tmp_path, PLAN), threading.Event())
    assert [next(cells).cell for _ in range(6)] == list(PLAN.cells())[:6]
    cells.close()  # type: ignore[attr-defined]
    finish(world, tmp_path)
    assert len(world.made) == len(set(world.made)) == 24


PROGRAM = """
import os, sys, threading
from pathlib import Path
from lib_lora_neg.scan.runner import run
from lib_lora_neg.scan.store import ScanStore
from tests.scan.test_runner import PLAN, World64

world = World64()
world.before = lambda weight, request: os._exit(9) if len(world.made) == 10 else None
for _ in run(PLAN, world, ScanStore(Path(sys.argv[1]), PLAN), threading.Event()):
    pass
"""


def test_killing_the_process_loses_at_most_the_cell_in_flight(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT, check=False)
    assert killed.returncode == 9
    world = World64()
    done = finish(world, tmp_path)
    assert [event.kept for event in done] == [True] * 10 + [False] * 14
    assert len(world.made) == 14


def test_damaged_and_half_written_files_are_made_again(tmp_path: Path) -> None:
    first = finish(World64(), tmp_path)
    store = ScanStore(tmp_path, PLAN)
    cells = [event.cell for event in first]
    store.path_of(cells[0]).write_bytes(store.path_of(cells[0]).read_bytes()[:-20])
    store.path_of(cells[7]).write_bytes(b"")
    store.path_of(cells[8], ".json").write_text("{")
    store.path_of(cells[9], ".json").unlink()
    store.path_of(cells[10], ".npy").unlink()
    store.path_of(cells[11]).unlink()
    store.path_of(cells[12], ".json").write_text("[1]")
    (store.path_of(cells[13]).parent / ".w0.png.1.partial").write_bytes(b"half")
    assert store.picture(cells[7]) is None
    assert store.find(cells[9]) is None
    world = World64()
    again = finish(world, tmp_path)
    redone = [event.cell for event in again if not event.kept]
    assert redone == [cells[0], *cells[7:13]]
    assert len(world.made) == 7
    assert {e.cell: e.measures for e in again} == {e.cell: e.measures for e in first}


def test_numbers_of_another_version_are_taken_again_without_new_pictures(tmp_path: Path) -> None:
    first = finish(World64(), tmp_path)
    store = ScanStore(tmp_path, PLAN)
    for event in first[3:9]:
        path = store.path_of(event.cell, ".json")
        path.write_text(json.dumps({**json.loads(path.read_text()), "version": 0}))
    assert len(store.measured()) == 18
    world = World64()
    again = finish(world, tmp_path)
    assert world.made == []
    assert len(store.measured()) == 24
    assert again[8].measures is not None
    assert again[8].measures.looks == first[8].measures.looks  # type: ignore[union-attr]


def test_a_failing_cell_is_recorded_and_the_others_are_made(tmp_path: Path) -> None:
    world = World64(failing=lambda weight, request: weight == -0.5 and request.seed == 2)
    done = finish(world, tmp_path)
    failed = [event for event in done if event.error]
    assert [event.cell for event in failed] == [ScanCell(-0.5, 0, 2), ScanCell(-0.5, 1, 2)]
    assert failed[0].error == "RuntimeError: no picture at -0.5"
    assert done[-1].progress.failed == 2
    assert len(world.made) == len(set(world.made)) == 22
    world.failing = lambda weight, request: False
    finish(world, tmp_path)
    assert len(world.made) == len(set(world.made)) == 24


def test_without_the_zero_picture_a_cell_has_no_effect_until_it_is_there(tmp_path: Path) -> None:
    world = World64(failing=lambda weight, request: weight == 0 and request.seed == 2)
    done = finish(world, tmp_path)
    lonely = [event for event in done if event.cell.seed == 2 and event.measures]
    assert all(event.measures and event.measures.effect is None for event in lonely)
    assert conclude(ScanStore(tmp_path, PLAN)).pairs == 4
    world.failing = lambda weight, request: False
    done = finish(world, tmp_path)
    assert all(event.measures and event.measures.effect for event in done)
    assert conclude(ScanStore(tmp_path, PLAN)).pairs == 6


def test_a_host_that_fails_all_the_time_is_given_up(tmp_path: Path) -> None:
    world = World64(failing=lambda weight, request: weight != 0)
    with pytest.raises(ScanFailedError, match=r"no picture at -0\.5"):
        finish(world, tmp_path)
    assert len(world.made) == 6
    assert len(world.batches) == 2 + 4


@pytest.mark.parametrize(
    ("pixels", "says"),
    [(np.zeros((4, 4, 3), np.uint8), "too small"), (np.zeros((64, 64), np.uint8), "not a height")],
)
def test_a_picture_that_is_none_is_a_failure(tmp_path: Path, pixels: np.ndarray, says: str) -> None:
    world = World64()
    right = world.picture
    world.picture = lambda w, p, s: Picture(pixels) if (w, s) == (0.5, 3) else right(w, p, s)  # type: ignore[method-assign]
    failed = [event for event in finish(world, tmp_path) if event.error]
    assert [event.cell for event in failed] == [ScanCell(0.5, 0, 3), ScanCell(0.5, 1, 3)]
    assert says in failed[0].error


def test_a_host_that_ends_early_is_asked_again_cell_by_cell(tmp_path: Path) -> None:
    class Short(World64):
        def generate(self, batch, cancel):  # type: ignore[no-untyped-def]
            pictures = list(super().generate(batch, cancel))
            yield from pictures[: 1 if len(pictures) == 1 else 2]

    done = finish(Short(), tmp_path)
    assert not any(event.error for event in done)
    assert [event.cell for event in done] == list(PLAN.cells())


def test_a_full_disk_ends_the_scan_and_nothing_is_half_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ScanStore(tmp_path, PLAN)

    def full(path: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        list(run(PLAN, World64(), store, threading.Event()))
    monkeypatch.undo()
    assert list((store.folder / "cells").iterdir()) == []


def test_a_folder_of_another_plan_or_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = ScanStore(tmp_path, PLAN).folder / "plan.json"
    whole = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**whole, "digest": "0"}))
    with pytest.raises(ScanStoreError, match="another scan"):
        ScanStore(tmp_path, PLAN)
    path.write_text(json.dumps({**whole, "schema": 99}))
    with pytest.raises(ScanStoreError, match="newer version"):
        ScanStore(tmp_path, PLAN)
    assert history(tmp_path) == []
    path.write_text("{")
    ScanStore(tmp_path, PLAN)
    assert len(history(tmp_path)) == 1


def test_history_lists_by_lora_and_checkpoint(tmp_path: Path) -> None:
    assert history(tmp_path / "none") == []
    for name, checkpoint in (("ink", "abc"), ("ink", "def"), ("wash", "abc")):
        plan = ScanPlan((Lora(name),), PLAN.prompts[:1], (1,), (-1, 0), checkpoint=checkpoint)
        finish(World64(), tmp_path, plan)
        write_report(ScanStore(tmp_path, plan))
    (tmp_path / "stranger").mkdir()
    (tmp_path / "stranger" / "plan.json").write_text('{"schema": 1, "plan": {}}')
    assert len(history(tmp_path)) == 3
    (only,) = history(tmp_path, lora="ink", checkpoint="def")
    assert (only.plan.name, only.plan.checkpoint, only.finished) == ("ink", "def", 2)
    assert only.verdict["bracket"]["checkpoint"] == "def"
    assert [scan.started for scan in history(tmp_path)] == sorted(
        (scan.started for scan in history(tmp_path)), reverse=True
    )


def test_the_picture_on_disk_is_the_picture(tmp_path: Path) -> None:
    world = World64()
    finish(world, tmp_path)
    store = ScanStore(tmp_path, PLAN)
    cell = ScanCell(-0.5, 1, 3)
    kept, made = store.picture(cell), world.picture(-0.5, "a lake", 3)
    assert kept is not None
    assert np.array_equal(kept.pixels, made.pixels)
    assert kept.latent is not None
    assert made.latent is not None
    np.testing.assert_allclose(kept.latent, made.latent, atol=2e-3)
    assert b"Seed: 3" in store.path_of(cell).read_bytes()


def test_the_record_is_json_and_says_the_sentence(tmp_path: Path) -> None:
    finish(World64(spoil="burn"), tmp_path)
    store = ScanStore(tmp_path, PLAN)
    outcome = write_report(store)
    saved = json.loads((store.folder / "verdict.json").read_text(encoding="utf-8"))
    assert saved == json.loads(json.dumps(outcome.to_record()))
    assert saved["schema"] == 2
    assert saved["bracket"]["bleeding_onset"] == outcome.damaged_to
    assert saved["weight_range"]["source"] == "measured"
    assert saved["sentence"].endswith(".")
