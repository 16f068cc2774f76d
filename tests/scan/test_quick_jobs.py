"""Jobs of quick scans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lib_lora_neg.scan.jobs import JobState, ScanJobs
from lib_lora_neg.scan.past_scans import history
from lib_lora_neg.scan.plan import ScanPrompt as Prompt
from lib_lora_neg.scan.ports import LatentArray, LoraSetting, Probe, Sampling
from tests.scan.place import CHECKPOINT, PLAN, Place, over
from tests.scan.test_quick import Fields


def test_a_quick_scan_makes_no_picture_and_leaves_its_verdict(tmp_path: Path) -> None:
    place = Place(denoiser=Fields())
    plan = replace(PLAN, prompts=(Prompt("inkwash"), Prompt("a lake", subject=False)))
    jobs = ScanJobs(place, lambda: tmp_path)
    started = jobs.start_quick(plan, (0.5,))
    assert (started.quick, started.total) == (True, 3)
    view = over(jobs)
    assert (view.state, view.done, view.error) == (JobState.DONE, 3, "")
    assert place.world.made == []
    (past,) = history(tmp_path)
    assert past.finished == 0
    assert past.quick["sentence"] == "No damage is to be expected down to −1."
    assert [point["weight"] for point in past.quick["points"]] == [-1, -0.5, 0]


def test_a_quick_scan_is_one_while_it_runs_too(tmp_path: Path) -> None:
    seen: list[bool] = []

    class Looking(Fields):
        def predict(
            self, loras: tuple[LoraSetting, ...], probes: Sequence[Probe], sampling: Sampling
        ) -> Sequence[LatentArray]:
            seen.extend(past.is_quick for past in history(tmp_path))
            return super().predict(loras, probes, sampling)

    jobs = ScanJobs(Place(denoiser=Looking()), lambda: tmp_path)
    jobs.start_quick(PLAN)
    assert over(jobs).state is JobState.DONE
    assert seen
    assert all(seen)


def test_a_model_that_is_changed_meanwhile_ends_a_quick_scan(tmp_path: Path) -> None:
    place = Place()

    class Changing(Fields):
        def predict(
            self, loras: tuple[LoraSetting, ...], probes: Sequence[Probe], sampling: Sampling
        ) -> Sequence[LatentArray]:
            place.chosen = replace(CHECKPOINT, digest="def", title="other.safetensors")
            return super().predict(loras, probes, sampling)

    place.fields = Changing()
    jobs = ScanJobs(place, lambda: tmp_path)
    jobs.start_quick(PLAN)
    view = over(jobs)
    assert (view.state, view.done) == (JobState.FAILED, 0)
    assert "other.safetensors" in view.error


def test_a_quick_scan_can_be_stopped(tmp_path: Path) -> None:
    jobs: ScanJobs

    class Stopping(Fields):
        def predict(
            self, loras: tuple[LoraSetting, ...], probes: Sequence[Probe], sampling: Sampling
        ) -> Sequence[LatentArray]:
            jobs.stop()
            return super().predict(loras, probes, sampling)

    jobs = ScanJobs(Place(denoiser=Stopping()), lambda: tmp_path)
    jobs.start_quick(PLAN)
    view = over(jobs)
    assert (view.state, view.done) == (JobState.STOPPED, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_host_without_a_denoiser_says_so(tmp_path: Path) -> None:
    jobs = ScanJobs(Place(), lambda: tmp_path)
    jobs.start_quick(PLAN)
    view = over(jobs)
    assert view.state is JobState.FAILED
    assert "no quick scan" in view.error
