"""What happens when Generate is pressed, without gradio and without a browser."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image

from lib_lora_neg.page.generation import NOTHING_TO_COMPARE, GenerationProgress, TabRequest, make
from lib_lora_neg.page.running import BackgroundTask, JobRegistry, StoppedWaitingError
from lib_lora_neg.page.sheets import sheet
from lib_lora_neg.policy import Mode
from tests.page.standin import FIELDS, StandinHost, made

# ---- generating ----


def test_both_passes_of_a_comparison_share_everything_but_the_guard():
    host = StandinHost()
    outcome = made(TabRequest({**FIELDS, "batch_size": 2}, compare=True), host)
    first, second = host.asked
    assert (first["mode"], second["mode"]) == (Mode.ENFORCE, Mode.OFF)
    assert second["seed"] == 4711
    same = {**first, "mode": None, "seed": None, "rules": None}
    assert same == {**second, "mode": None, "seed": None, "rules": None}
    captions = [shown.caption for shown in outcome.shown]
    assert captions[1:] == ["Guarded", "Guarded", "As typed", "As typed"]
    assert [shown.keep for shown in outcome.shown] == [False, True, True, True, True]
    assert "LoRA Neg: Off" in outcome.shown[3].infotext
    assert outcome.shown[0].infotext == outcome.shown[1].infotext
    assert outcome.report.mode is Mode.ENFORCE


@pytest.mark.parametrize(
    ("asked", "passes"),
    [
        (TabRequest({**FIELDS, "prompt": "a lake"}, compare=True), 1),
        (TabRequest(FIELDS, mode="Advise", compare=True), 1),
        (TabRequest(FIELDS, enabled=False, compare=True), 1),
        (TabRequest(FIELDS), 1),
    ],
)
def test_nothing_is_made_twice_without_need(asked, passes):
    host = StandinHost()
    outcome = made(asked, host)
    assert len(host.asked) == passes
    assert (NOTHING_TO_COMPARE in outcome.notes) == (asked.compare and asked.enabled)


def test_a_reference_shows_what_the_model_draws_without_the_lora():
    host = StandinHost()
    fields = {**FIELDS, "negative_prompt": "blurry, <lora:glow:0.4>"}
    outcome = made(TabRequest(fields, compare=True, reference=True), host)
    assert [asked["prompt"] for asked in host.asked] == [FIELDS["prompt"]] * 2 + ["a lake"]
    assert host.asked[2]["negative_prompt"] == "blurry,"
    assert (host.asked[2]["mode"], host.asked[2]["seed"]) == (Mode.OFF, 4711)
    captions = [shown.caption for shown in outcome.shown]
    assert captions[0] == "As typed, Guarded, Without the LoRA: same seed"
    assert captions[1:] == ["Guarded", "As typed", "Without the LoRA"]
    as_typed, guarded, without = (outcome.shown[n].image.getpixel((0, 0)) for n in (2, 1, 3))
    columns = [outcome.shown[0].image.getpixel((9 + 200 * n, 40)) for n in range(3)]
    assert columns == [as_typed, guarded, without]


def test_without_a_tag_there_is_no_reference():
    host = StandinHost()
    made(TabRequest({**FIELDS, "prompt": "a lake"}, compare=True, reference=True), host)
    assert len(host.asked) == 1


def test_switches_reach_the_guard():
    host = StandinHost()
    made(TabRequest(FIELDS, rules=["CFG beside a negative weight"]), host)
    assert host.asked[0]["rules"]["R1"] is Mode.OFF
    assert "R3" not in host.asked[0]["rules"]


def test_progress_names_the_pass():
    told: list[GenerationProgress] = []
    make(StandinHost(), TabRequest(FIELDS, compare=True), threading.Event(), told.append)
    assert [(step.stage, step.share) for step in told] == [
        ("guarded", 0.5),
        ("guarded", 1.0),
        ("as typed", 0.5),
        ("as typed", 1.0),
    ]


def test_an_interrupted_comparison_is_not_begun():
    host, cancel = StandinHost(), threading.Event()
    cancel.set()
    outcome = make(host, TabRequest(FIELDS, compare=True), cancel, lambda progress: None)
    assert outcome.interrupted
    assert len(host.asked) == 1
    assert outcome.shown == []


def test_small_pictures_are_enlarged_side_by_side():
    left, right = Image.new("RGB", (64, 64), "red"), Image.new("RGB", (64, 64), "blue")
    both = sheet([(left, right)], ("a", "b"))
    assert both.size == (2 * 192 + 3 * 8, 34 + 192 + 8)
    assert both.getpixel((8, 34)) == (255, 0, 0)
    assert both.getpixel((8 + 192 + 8, 34)) == (0, 0, 255)
    large = Image.new("RGB", (300, 400))
    assert sheet([(large, large)], ("a", "b")).size == (2 * 300 + 3 * 8, 34 + 400 + 8)


# ---- running ----


def test_work_tells_its_progress_and_its_failure():
    def work(cancel: threading.Event, tell: Any) -> str:
        tell(GenerationProgress(0.5))
        assert cancel.wait(5)
        raise RuntimeError("broken")

    cancel = threading.Event()
    running = BackgroundTask(work, cancel)
    progress = running.progress()
    while next(progress).share != 0.5:
        pass
    cancel.set()
    assert list(progress)[-1:] in ([], [GenerationProgress(0.5)])
    with pytest.raises(RuntimeError, match="broken"):
        running.result()


def test_who_waits_for_a_turn_can_be_interrupted():
    registry, waiting = JobRegistry(), threading.Event()
    cancel = threading.Event()

    def other() -> None:
        with registry.turn(cancel, lambda progress: waiting.set()):
            raise AssertionError("it was not its turn")

    with ThreadPoolExecutor() as pool, registry.turn(threading.Event(), lambda progress: None):
        result = pool.submit(other)
        assert waiting.wait(5)
        cancel.set()
        with pytest.raises(StoppedWaitingError):
            result.result(5)
    with registry.turn(threading.Event(), lambda progress: None):
        pass


def test_only_ones_own_work_is_interrupted():
    registry = JobRegistry()
    mine, others = registry.begin(("me", "txt2img")), registry.begin(("you", "txt2img"))
    assert mine is not None
    assert others is not None
    assert not registry.interrupt(("me", "img2img"))
    assert registry.interrupt(("me", "txt2img"))
    assert (mine.is_set(), others.is_set()) == (True, False)
    registry.interrupt_all()
    assert others.is_set()


def test_a_second_click_begins_nothing():
    registry = JobRegistry()
    assert registry.begin(("me", "txt2img")) is not None
    assert registry.begin(("me", "txt2img")) is None
    assert registry.begin(("me", "img2img")) is not None
    registry.end(("me", "txt2img"))
    assert registry.begin(("me", "txt2img")) is not None
