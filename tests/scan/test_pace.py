from __future__ import annotations

import threading
from pathlib import Path

import pytest

from lib_lora_neg.scan.pace import known_pace, megapixels
from lib_lora_neg.scan.past_scans import history
from lib_lora_neg.scan.plan import ScannedLora, ScanPlan, ScanPrompt
from lib_lora_neg.scan.ports import ImageRequest, Sampling
from lib_lora_neg.scan.runner import run
from lib_lora_neg.scan.store import ScanStore
from tests.scan.worlds import World

PLAN = ScanPlan(
    loras=(ScannedLora("ink"),),
    prompts=(ScanPrompt("a cat"), ScanPrompt("a lake", subject=False)),
    seeds=(1, 2),
    weights=(-1, -0.5, 0, 0.5),
    sampling=Sampling(width=64, height=64),
    checkpoint="abc",
)


@pytest.mark.parametrize("loading", [0.0, 60.0])
def test_a_batch_handed_out_at_once_is_shared_among_its_pictures(
    tmp_path: Path, loading: float
) -> None:
    """Four pictures in two seconds; the very first batch may have loaded the model, too."""
    now = [0.0]
    made = [0]

    def wait(weight: float, request: ImageRequest) -> None:
        if made[0] % 4 == 0:
            now[0] += 2.0 + (loading if made[0] == 0 else 0.0)
        made[0] += 1

    world = World("noise", side=64, max_batch=4, before=wait)
    list(run(PLAN, world, ScanStore(tmp_path, PLAN), threading.Event(), clock=lambda: now[0]))
    pace = known_pace(history(tmp_path), "abc")
    assert pace is not None
    per_picture = pace * PLAN.sampling.evaluations * megapixels(PLAN)
    assert per_picture == pytest.approx(0.5)
    assert known_pace(history(tmp_path), "another") is None
