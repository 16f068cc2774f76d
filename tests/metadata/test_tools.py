"""Records of other tools, as their pictures hold them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lib_lora_neg.metadata import NamedLora, recipes_of_json

SWARM = {
    "sui_image_params": {
        "prompt": "a lighthouse <lora:ink:0.8:0.5>",
        "negativeprompt": "lowres",
        "cfgscale": 9.0,
        "loras": ["styles/sty", "b.safetensors"],
        "loraweights": ["-0.9", "0.5"],
        "loratencweights": ["0.5"],
    },
    "sui_models": [
        {"name": "base.safetensors", "param": "model", "hash": "0x" + "ab" * 32},
        {"name": "styles/sty.safetensors", "param": "loras", "hash": "0x" + "CD" * 32},
    ],
}
FOOOCUS = {
    "base_model": "juggernaut",
    "full_prompt": ["a lighthouse", "cinematic"],
    "prompt": "a lighthouse",
    "full_negative_prompt": ["lowres", "blurry"],
    "negative_prompt": "lowres",
    "guidance_scale": 4.0,
    "lora_combined_1": "sty : -0.9",
    "loras": [["sty", -0.9, "0123456789"], ["None", 1.0, ""]],
    "metadata_scheme": "fooocus",
    "performance": "Quality",
    "sharpness": 2.0,
}
FOOOCUS_LOG = {
    "Prompt": "a lighthouse",
    "Negative Prompt": "lowres",
    "Guidance Scale": 4.0,
    "Base Model": "juggernaut",
    "Sharpness": 2.0,
    "LoRA 1": "sty.safetensors : -0.9",
}
INVOKE = {
    "app_version": "5.4.0",
    "generation_mode": "sdxl_txt2img",
    "positive_prompt": "a lighthouse",
    "negative_prompt": "lowres",
    "cfg_scale": 7.5,
    "loras": [
        {"model": {"key": "1", "name": "sty", "base": "sdxl"}, "weight": -0.9},
        {"lora": {"model_name": "old", "base_model": "sdxl"}, "weight": 0.5},
    ],
}
INVOKE_2 = {
    "model": "stable diffusion",
    "app_version": "2.3.0",
    "image": {"prompt": [{"prompt": "a lighthouse [lowres]", "weight": 1.0}], "cfg_scale": 7.5},
}
NOVELAI = {
    "prompt": "a lighthouse",
    "uc": "lowres",
    "scale": 5.0,
    "request_type": "PromptGenerateRequest",
    "v4_prompt": {
        "caption": {
            "base_caption": "a lighthouse",
            "char_captions": [{"char_caption": "girl", "centers": []}],
        }
    },
}


DRAW_THINGS = {
    "c": "a lighthouse",
    "uc": "lowres",
    "scale": 4.5,
    "sampler": "Euler A Trailing",
    "model": "sd_xl_base_1.0_f16.ckpt",
    "lora": [{"model": "sty_lora_f16.ckpt", "weight": 0.6}],
    "v2": {"guidanceScale": 4.5},
}
MFLUX = {
    "mflux_version": "0.9",
    "prompt": "a lighthouse",
    "guidance": 4.0,
    "lora_paths": ["/models/sty.safetensors", "b.safetensors"],
    "lora_scales": [-0.9, 0.5],
}
EASY = {
    "prompt": "a lighthouse",
    "negative_prompt": "lowres",
    "guidance_scale": 7.5,
    "use_lora_model": "sty",
    "lora_alpha": -0.9,
}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            SWARM,
            (
                "a lighthouse <lora:ink:0.5:0.8>",
                "lowres",
                9.0,
                (NamedLora("sty", -0.9, 0.5, "cd" * 32), NamedLora("b", 0.5)),
            ),
        ),
        (
            FOOOCUS,
            (
                "a lighthouse, cinematic",
                "lowres, blurry",
                4.0,
                (NamedLora("sty", -0.9, digest="0123456789"),),
            ),
        ),
        (FOOOCUS_LOG, ("a lighthouse", "lowres", 4.0, (NamedLora("sty", -0.9),))),
        (INVOKE, ("a lighthouse", "lowres", 7.5, (NamedLora("sty", -0.9), NamedLora("old", 0.5)))),
        (INVOKE_2, ("a lighthouse", "lowres", 7.5, ())),
        (NOVELAI, ("a lighthouse\ngirl", "lowres", 5.0, ())),
        (DRAW_THINGS, ("a lighthouse", "lowres", 4.5, (NamedLora("sty_lora_f16", 0.6),))),
        (MFLUX, ("a lighthouse", "", 4.0, (NamedLora("sty", -0.9), NamedLora("b", 0.5)))),
        (EASY, ("a lighthouse", "lowres", 7.5, (NamedLora("sty", -0.9),))),
    ],
    ids=[
        *("SwarmUI", "Fooocus", "Fooocus log", "InvokeAI", "InvokeAI 2", "NovelAI"),
        *("Draw Things", "mflux", "Easy Diffusion"),
    ],
)
def test_a_tool_is_read(record: dict[str, Any], expected: tuple[Any, ...]) -> None:
    [recipe] = recipes_of_json(json.loads(json.dumps(record)))
    got = (recipe.prompt, recipe.negative_prompt, recipe.cfg_scale, recipe.loras)
    assert got == expected


@pytest.mark.parametrize(
    "lora", [{"weight": 1}, {"model": {}, "weight": 1}, {"model": {"name": "x"}, "weight": "much"}]
)
def test_a_lora_that_is_not_understood_is_named(lora: object) -> None:
    [recipe] = recipes_of_json({**INVOKE, "loras": [lora]})
    assert recipe.loras == ()
    assert recipe.notes


@pytest.mark.parametrize("scales", [[0.5], ["much", 1], {"sty": 1}])
def test_lists_that_do_not_fit_are_named(scales: object) -> None:
    [recipe] = recipes_of_json({**MFLUX, "lora_scales": scales})
    assert recipe.loras == ()
    assert any("lora_paths" in note for note in recipe.notes)


def test_tags_in_other_parameters_are_named() -> None:
    text = 'a\nSteps: 2, Seed: 1, CFG scale: 5, ADetailer prompt: "face <lora:sty:-1>"'
    [recipe] = recipes_of_json([text])
    assert any("ADetailer prompt" in note for note in recipe.notes)


def test_a_tag_says_text_encoder_first() -> None:
    assert NamedLora("a", -0.9, 0.5).tag() == "<lora:a:0.5:-0.9>"
    assert NamedLora("a", -0.9, -0.9).tag() == NamedLora("a", -0.9).tag() == "<lora:a:-0.9>"
