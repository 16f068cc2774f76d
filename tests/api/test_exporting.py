"""``POST /export`` over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.test_routes import V1, client

INFOTEXT = """a cat <lora:style_x:-0.9>
Negative prompt: blurry
Steps: 8, Sampler: Euler a, CFG scale: 9, Seed: 3, Size: 640x512, Model: m, \
Denoising strength: 0.4, Hires upscale: 2, Hires prompt: a dog, RNG: CPU"""

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def asked(**body: Any) -> Any:
    return client().post(f"{V1}/export", json=body)


def test_an_infotext_becomes_a_guarded_workflow() -> None:
    body = asked(to="comfyui", infotext=INFOTEXT, family="sdxl").json()
    samplers = [n["inputs"] for n in body["prompt"].values() if n["class_type"] == "KSampler"]
    assert [(node["cfg"], node["denoise"]) for node in samplers] == [(6, 1), (6, 0.4)]
    assert samplers[0]["seed"] == 3
    loras = [n["inputs"] for n in body["prompt"].values() if n["class_type"] == "LoraLoader"]
    assert [(node["lora_name"], node["strength_model"]) for node in loras] == [
        ("style_x.safetensors", -0.5)
    ]
    assert body["changed"] is True
    assert {"R1", "R3"} <= {finding["rule"] for finding in body["findings"]}
    assert body["workflow"]["version"] == 0.4


def test_prompts_alone_and_option_b() -> None:
    body = asked(
        to="comfyui", prompt="a <lora:style_x:-0.4>", option="B", checkpoint="x.safetensors"
    ).json()
    (lora,) = [n["inputs"] for n in body["prompt"].values() if n["class_type"] == "LoraLoader"]
    assert (lora["strength_model"], lora["strength_clip"]) == (0, 0.4)
    assert body["prompt"]["1"]["inputs"] == {"ckpt_name": "x.safetensors"}


def test_to_midjourney_and_back() -> None:
    there = asked(to="midjourney", prompt="a street without cars", negative_prompt="fog").json()
    assert (there["text"], there["no"]) == ("a street --no cars, fog", ["cars", "fog"])
    assert there["findings"][0]["rule"] == "R9"
    back = asked(to="webui", prompt=there["text"]).json()
    assert (back["prompt"], back["negative_prompt"]) == ("a street", "cars, fog")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "to"),
        ({"to": "dalle"}, "to"),
        ({"to": ["comfyui"]}, "to"),
        ({"to": "comfyui", "option": "C"}, "option"),
        ({"to": "comfyui", "option": 1}, "option"),
        ({"to": "comfyui", "infotext": 5}, "infotext"),
        ({"to": "comfyui", "infotext": "a" * 200_001}, "infotext"),
        ({"to": "comfyui", "checkpoint": []}, "checkpoint"),
        ({"to": "midjourney", "prompt": 5}, "prompt"),
        ({"to": "webui", "prompt": 5}, "prompt"),
    ],
)
def test_bad_requests_name_the_field(body: dict[str, Any], field: str) -> None:
    answer = asked(**body)
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field
