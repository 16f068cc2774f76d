"""What the page is made of, without gradio and without a browser."""

from __future__ import annotations

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lib_lora_neg.page import serving
from lib_lora_neg.page.cards import cards_html, inserted
from lib_lora_neg.page.examples import Setting, examples
from lib_lora_neg.page.generation import NOTHING_TO_COMPARE, Asked, Progress, make
from lib_lora_neg.page.memory import Memory
from lib_lora_neg.page.outputs import Outputs
from lib_lora_neg.page.restore import RestoreError, restored, text_of_picture
from lib_lora_neg.page.running import Board, Running, StoppedWaitingError
from lib_lora_neg.page.serving import ServeError, choose_port, read_accounts
from lib_lora_neg.page.sheets import sheet
from lib_lora_neg.page.world import embedded_world
from lib_lora_neg.png import read_text
from lib_lora_neg.policy import Mode
from tests.page.standin import StandinHost, library

FIELDS = {
    "prompt": "a lake <lora:ink:-0.9>",
    "negative_prompt": "blurry",
    "sampler": "Euler",
    "scheduler": "Karras",
    "steps": 2,
    "cfg_scale": 9.0,
    "width": 64,
    "height": 64,
    "batch_count": 1,
    "batch_size": 1,
    "seed": -1,
}
SAMPLERS, SCHEDULERS = ["Euler", "DPM++ 2M"], ["Automatic", "Karras"]


def made(asked: Asked, host: StandinHost | None = None) -> Any:
    return make(host or StandinHost(), asked, threading.Event(), lambda progress: None)


# ---- generating ----


def test_both_passes_of_a_comparison_share_everything_but_the_guard():
    host = StandinHost()
    outcome = made(Asked({**FIELDS, "batch_size": 2}, compare=True), host)
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
        (Asked({**FIELDS, "prompt": "a lake"}, compare=True), 1),
        (Asked(FIELDS, mode="Advise", compare=True), 1),
        (Asked(FIELDS, enabled=False, compare=True), 1),
        (Asked(FIELDS), 1),
    ],
)
def test_nothing_is_made_twice_without_need(asked, passes):
    host = StandinHost()
    outcome = made(asked, host)
    assert len(host.asked) == passes
    assert (NOTHING_TO_COMPARE in outcome.notes) == (asked.compare and asked.enabled)


def test_switches_reach_the_guard():
    host = StandinHost()
    made(Asked(FIELDS, rules=["CFG beside a negative weight"]), host)
    assert host.asked[0]["rules"]["R1"] is Mode.OFF
    assert "R3" not in host.asked[0]["rules"]


def test_progress_names_the_pass():
    told: list[Progress] = []
    make(StandinHost(), Asked(FIELDS, compare=True), threading.Event(), told.append)
    assert [(step.stage, step.share) for step in told] == [
        ("guarded", 0.5),
        ("guarded", 1.0),
        ("as typed", 0.5),
        ("as typed", 1.0),
    ]


def test_an_interrupted_comparison_is_not_begun():
    host, cancel = StandinHost(), threading.Event()
    cancel.set()
    outcome = make(host, Asked(FIELDS, compare=True), cancel, lambda progress: None)
    assert outcome.interrupted
    assert len(host.asked) == 1
    assert outcome.shown == []


def test_small_pictures_are_enlarged_side_by_side():
    left, right = Image.new("RGB", (64, 64), "red"), Image.new("RGB", (64, 64), "blue")
    both = sheet([(left, right)], ("a", "b"))
    assert both.size == (2 * 256 + 3 * 8, 34 + 256 + 8)
    assert both.getpixel((8, 34)) == (255, 0, 0)
    assert both.getpixel((8 + 256 + 8, 34)) == (0, 0, 255)
    large = Image.new("RGB", (300, 400))
    assert sheet([(large, large)], ("a", "b")).size == (2 * 300 + 3 * 8, 34 + 400 + 8)


# ---- running ----


def test_work_tells_its_progress_and_its_failure():
    def work(cancel: threading.Event, tell: Any) -> str:
        tell(Progress(0.5))
        assert cancel.wait(5)
        raise RuntimeError("broken")

    cancel = threading.Event()
    running = Running(work, cancel)
    progress = running.progress()
    while next(progress).share != 0.5:
        pass
    cancel.set()
    assert list(progress)[-1:] in ([], [Progress(0.5)])
    with pytest.raises(RuntimeError, match="broken"):
        running.result()


def test_who_waits_for_a_turn_can_be_interrupted():
    board, waiting = Board(), threading.Event()
    cancel = threading.Event()

    def other() -> None:
        with board.turn(cancel, lambda progress: waiting.set()):
            raise AssertionError("it was not its turn")

    with ThreadPoolExecutor() as pool, board.turn(threading.Event(), lambda progress: None):
        result = pool.submit(other)
        assert waiting.wait(5)
        cancel.set()
        with pytest.raises(StoppedWaitingError):
            result.result(5)
    with board.turn(threading.Event(), lambda progress: None):
        pass


def test_only_ones_own_work_is_interrupted():
    board = Board()
    mine, others = board.begin(("me", "txt2img")), board.begin(("you", "txt2img"))
    assert mine is not None
    assert others is not None
    assert not board.interrupt(("me", "img2img"))
    assert board.interrupt(("me", "txt2img"))
    assert (mine.is_set(), others.is_set()) == (True, False)
    board.interrupt_all()
    assert others.is_set()


def test_a_second_click_begins_nothing():
    board = Board()
    assert board.begin(("me", "txt2img")) is not None
    assert board.begin(("me", "txt2img")) is None
    assert board.begin(("me", "img2img")) is not None
    board.end(("me", "txt2img"))
    assert board.begin(("me", "txt2img")) is not None


# ---- pictures on disk ----


def test_pictures_are_numbered_and_carry_their_infotext(tmp_path):
    outputs, image = Outputs(tmp_path), Image.new("RGB", (8, 8))
    text = "a lake, Ä 漢\nSteps: 2, Sampler: Euler, Seed: 7"
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: outputs.save("txt2img", image, text, 7), range(24)))
    assert sorted(path.name for path in paths) == [f"{n:05d}-7.png" for n in range(24)]
    assert {read_text(path, "parameters") for path in paths} == {text}


# ---- restoring ----

TEXT = (
    "a hill <lora:ink:-0.4>\nNegative prompt: fog\nSteps: 7, Sampler: Euler, "
    "Schedule type: Karras, CFG scale: 4.5, Seed: 99, Size: 128x192, "
    "Denoising strength: 0.4, LoRA Neg: Advise"
)


def test_an_infotext_is_understood():
    assert restored(TEXT, SAMPLERS, SCHEDULERS, Mode.ENFORCE) == {
        "prompt": "a hill <lora:ink:-0.4>",
        "negative_prompt": "fog",
        "steps": 7,
        "sampler": "Euler",
        "scheduler": "Karras",
        "cfg_scale": 4.5,
        "seed": 99,
        "width": 128,
        "height": 192,
        "denoising_strength": 0.4,
        "enabled": True,
        "mode": "Advise",
    }


@pytest.mark.parametrize(
    ("sampler", "expected"),
    [
        ("DPM++ 2M Karras", {"sampler": "DPM++ 2M", "scheduler": "Karras"}),
        ("DPM++ 2M", {"sampler": "DPM++ 2M", "scheduler": "Automatic"}),
        ("Heun", {}),
    ],
)
def test_samplers_of_older_texts(sampler, expected):
    text = f"a hill\nSteps: 7, Sampler: {sampler}, Seed: 9"
    values = restored(text, SAMPLERS, SCHEDULERS, Mode.ENFORCE)
    assert {key: values[key] for key in ("sampler", "scheduler") if key in values} == expected


@pytest.mark.parametrize(
    ("said", "default", "enabled", "mode"),
    [
        ("", Mode.ENFORCE, True, "Enforce"),
        ("", Mode.ADVISE, True, "Advise"),
        ("", Mode.OFF, False, "Off"),
        (", LoRA Neg: Off", Mode.ENFORCE, True, "Off"),
        (", LoRA Neg: not guarded (the guard failed)", Mode.ENFORCE, False, "Enforce"),
    ],
)
def test_toggle_and_mode_of_a_text(said, default, enabled, mode):
    text = f"a hill\nSteps: 7, Sampler: Euler, Seed: 9{said}"
    values = restored(text, SAMPLERS, SCHEDULERS, default)
    assert (values["enabled"], values["mode"]) == (enabled, mode)


def test_broken_numbers_are_left_out():
    text = "a hill\nSteps: many, Sampler: Euler, Seed: 9, Size: 64, CFG scale: inf"
    values = restored(text, SAMPLERS, SCHEDULERS, Mode.ENFORCE)
    assert values["seed"] == 9
    assert not {"steps", "width", "height", "cfg_scale"} & values.keys()


def test_what_is_no_infotext_is_refused(tmp_path):
    with pytest.raises(RestoreError, match="no infotext"):
        restored("a lake", SAMPLERS, SCHEDULERS, Mode.ENFORCE)
    with pytest.raises(RestoreError, match="PNG"):
        text_of_picture(__file__)
    with pytest.raises(RestoreError) as caught:
        text_of_picture(str(tmp_path / "gone.png"))
    assert str(tmp_path) not in str(caught.value)


# ---- what is remembered ----


def test_the_answer_to_the_notice_is_remembered(tmp_path):
    file = tmp_path / "new" / "page.json"
    assert Memory(file).mode is None
    Memory(file).answer(Mode.ADVISE)
    assert Memory(file).mode is Mode.ADVISE
    for broken in ("", "[]", '{"schema": 2, "mode": "Off"}', '{"schema": 1, "mode": "?"}'):
        file.write_text(broken)
        assert Memory(file).mode is None


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions mean nothing here")
def test_a_read_only_folder_is_no_error(tmp_path):
    tmp_path.chmod(0o500)
    Memory(tmp_path / "page.json").answer(Mode.ADVISE)


# ---- cards and examples ----


def test_cards_write_what_switches_the_lora_on():
    cards = {name: inserted(name, library().card(name)) for name in library().names()}
    assert cards == {
        "ink": "<lora:ink:1> ink style",
        "hero": "<lora:hero:1> heroname",
        "glow": "<lora:glow:1>",
        "spoilt": "<lora:spoilt:-1>",
        "wrongish": "<lora:wrongish:1>",
        "age": "<lora:age:1>",
        "mystery": "<lora:mystery:1>",
    }


def test_a_name_cannot_leave_its_attribute():
    host = StandinHost()
    hostile = 'x" onclick="alert(1)"><script>'
    host.library.inferred[hostile] = host.library.inferred["ink"]
    html = cards_html(host.library, "txt2img")
    assert "<script>" not in html
    assert 'onclick="' not in html


def test_without_loras_the_way_out_is_said():
    host = StandinHost()
    host.library.inferred.clear()
    assert "--lora-dir" in cards_html(host.library, "txt2img")


def test_each_example_gives_the_guard_something_to_do():
    host = StandinHost()
    cards = [card for name in host.library.names() if (card := host.library.card(name))]
    shown = examples(cards, Setting("a lake", "", 5.0))
    assert len(shown) == 6
    for example in shown:
        fields = {
            **FIELDS,
            "prompt": example.prompt,
            "negative_prompt": example.negative_prompt,
            "cfg_scale": example.cfg_scale,
        }
        outcome = made(Asked(fields))
        assert outcome.report.enforced, example.title


def test_examples_need_their_loras():
    assert examples([]) == []
    hero = library().card("hero")
    assert hero is not None
    assert [e.title for e in examples([hero])] == ["Character at −0.5", "Trigger in the negative"]


# ---- starting ----


def test_accounts():
    assert read_accounts("me:a:b, you:c") == {"me": "a:b", "you": "c"}
    for wrong in ("", "me", "me:", ":x", "me:x,you"):
        with pytest.raises(ServeError, match="USER:PASSWORD"):
            read_accounts(wrong)


def test_a_port_in_use_is_said_and_the_next_is_taken(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=f"port {port} cannot be used"):
            choose_port("127.0.0.1", port)
        monkeypatch.setattr(serving, "FIRST_PORT", port)
        assert port < choose_port("127.0.0.1", None) < port + serving.PORTS
        monkeypatch.setattr(serving, "PORTS", 1)
        with pytest.raises(ServeError, match="--port"):
            choose_port("127.0.0.1", None)


@pytest.mark.parametrize(
    ("system", "display", "expected"),
    [("Linux", "", False), ("Linux", ":0", True), ("Windows", "", True), ("Darwin", "", True)],
)
def test_no_browser_is_opened_in_a_terminal(monkeypatch, system, display, expected):
    monkeypatch.setattr(serving.platform, "system", lambda: system)
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert serving.has_browser() is expected


def test_the_small_model_is_found_only_where_it_is(tmp_path):
    assert embedded_world(tmp_path) is None
    (tmp_path / "lab" / "world").mkdir(parents=True)
    (tmp_path / "lab" / "world" / "model_index.json").touch()
    found = embedded_world(tmp_path)
    assert found is not None
    assert found.loras == Path(tmp_path, "lab", "loras")
