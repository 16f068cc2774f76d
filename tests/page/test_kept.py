"""What the page keeps on disk and reads back: pictures with their infotexts, the user's answer."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lib_lora_neg.page.memory import Memory
from lib_lora_neg.page.outputs import Outputs
from lib_lora_neg.page.restore import RestoreError, of_picture, of_text, restored
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
        "numbers": "",
        "several": False,
    }


def test_an_infotext_tells_of_negative_guidance():
    text = f"{TEXT}, LoRA Neg guidance: NAG, LoRA Neg guidance strength: 0.5"
    values = restored(text, SAMPLERS, SCHEDULERS, Mode.ENFORCE)
    assert (values["guidance"], values["strength"], values["share"]) == ("NAG", 0.5, 1.0)
    more = 'LoRA Neg guidance numbers: "phi 3, tau 2", LoRA Neg guidance concepts: AND'
    values = restored(f"{text}, {more}", SAMPLERS, SCHEDULERS, Mode.ENFORCE)
    assert (values["numbers"], values["several"]) == ("phi 3, tau 2", True)


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
    for text in ("a lake", "a lake\na hill", "", '{"a": 1}', "{"):
        with pytest.raises(RestoreError, match="no infotext"):
            of_text(text, SAMPLERS, SCHEDULERS, Mode.ENFORCE)
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    for path in (__file__, tmp_path / "plain.png", tmp_path / "gone.png", tmp_path):
        with pytest.raises(RestoreError) as caught:
            of_picture(str(path), SAMPLERS, SCHEDULERS, Mode.ENFORCE)
        assert str(tmp_path) not in str(caught.value)


def _saved(tmp_path, name: str, key: str, text: str) -> str:
    path, image = tmp_path / name, Image.new("RGB", (8, 8))
    if name.endswith(".png"):
        info = PngInfo()
        info.add_text(key, text)
        image.save(path, pnginfo=info)
    else:
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + text.encode("utf-16-be")
        image.save(path, exif=exif)
    return str(path)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_an_infotext_in_any_picture_restores_all(tmp_path, name):
    path = _saved(tmp_path, name, "parameters", TEXT)
    found = of_picture(path, SAMPLERS, SCHEDULERS, Mode.ENFORCE)
    assert found.values == restored(TEXT, SAMPLERS, SCHEDULERS, Mode.ENFORCE)


SWARM = {
    "sui_image_params": {
        "prompt": "a lake",
        "negativeprompt": "fog",
        "cfgscale": 9.0,
        "loras": ["ink"],
        "loraweights": ["-0.4"],
    }
}
INVOKE = {
    "app_version": "5",
    "positive_prompt": "a lake",
    "negative_prompt": "fog",
    "cfg_scale": 9,
    "loras": [{"model": {"name": "ink"}, "weight": -0.4}],
}


@pytest.mark.parametrize(
    ("key", "record", "source"),
    [("parameters", SWARM, "SwarmUI"), ("invokeai_metadata", INVOKE, "InvokeAI")],
)
@pytest.mark.parametrize("pasted", [True, False])
def test_records_of_other_tools_restore_what_they_tell(tmp_path, key, record, source, pasted):
    text = json.dumps(record)
    given = text if pasted else _saved(tmp_path, "a.png", key, text)
    found = (of_text if pasted else of_picture)(given, SAMPLERS, SCHEDULERS, Mode.ENFORCE)
    assert found.values == {
        "prompt": "a lake <lora:ink:-0.4>",
        "negative_prompt": "fog",
        "cfg_scale": 9.0,
    }
    assert source in found.said


def test_loras_beside_the_prompt_are_restored_or_missed():
    resources = [
        {"type": "lora", "weight": 0.5, "modelName": "ink"},
        {"type": "lora", "weight": 0.5, "modelVersionId": 7},
    ]
    text = f"a hill\nSteps: 7, Sampler: Euler, Seed: 9, Civitai resources: {json.dumps(resources)}"
    found = of_text(text, SAMPLERS, SCHEDULERS, Mode.ENFORCE)
    assert found.values["prompt"] == "a hill <lora:ink:0.5>"
    assert "missing: 1" in found.said


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
