"""What the page keeps on disk and reads back: pictures with their infotexts, the user's answer."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from lib_lora_neg.page.memory import Memory
from lib_lora_neg.page.outputs import Outputs
from lib_lora_neg.page.restore import RestoreError, restored, text_of_picture
from lib_lora_neg.png import read_text
from lib_lora_neg.policy import Mode

SAMPLERS, SCHEDULERS = ["Euler", "DPM++ 2M"], ["Automatic", "Karras"]

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
        "guidance": "Off",
        "strength": 1.0,
        "share": 1.0,
    }


def test_an_infotext_tells_of_negative_guidance():
    text = f"{TEXT}, LoRA Neg guidance: NAG, LoRA Neg guidance strength: 0.5"
    values = restored(text, SAMPLERS, SCHEDULERS, Mode.ENFORCE)
    assert (values["guidance"], values["strength"], values["share"]) == ("NAG", 0.5, 1.0)


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
