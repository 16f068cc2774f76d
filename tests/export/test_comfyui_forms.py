"""Both forms of a workflow are what ComfyUI takes, whatever was asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_lora_neg.export.comfy_loras import WiringOption
from lib_lora_neg.export.comfy_nodes import KINDS
from lib_lora_neg.export.comfyui import ComfyWorkflow, to_comfyui
from lib_lora_neg.export.generation import Nag, SecondPass, from_infotext
from lib_lora_neg.infotext import parse_infotext
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.metadata import recipe_of_record
from tests.export.workflows import SD1, exported, of_kind, rules


def check_forms(made: ComfyWorkflow) -> None:
    """Both forms are whole, say the same, and fit ComfyUI's own description of its nodes."""
    nodes = {node["id"]: node for node in made.page["nodes"] if node["type"] != "Note"}
    assert {str(number) for number in nodes} == set(made.prompt)
    links = {link[0]: link for link in made.page["links"]}
    for number, node in made.prompt.items():
        shown, kind = nodes[int(number)], KINDS[node["class_type"]]
        assert shown["type"] == node["class_type"]
        for slot, entry in enumerate(shown["inputs"]):
            given_ = node["inputs"].get(entry["name"])
            if entry["link"] is None:
                assert given_ is None
                continue
            link = links[entry["link"]]
            assert [str(link[1]), link[2]] == given_
            assert (link[3], link[4], link[5]) == (int(number), slot, entry["type"])
            assert entry["link"] in nodes[link[1]]["outputs"][link[2]]["links"]
            assert nodes[link[1]]["outputs"][link[2]]["type"] == entry["type"]
            assert link[1] < int(number)
        values = list(shown["widgets_values"])
        if "seed" in kind.widgets:
            values.pop(kind.widgets.index("seed") + 1)
        named = dict(zip(kind.widgets, values, strict=False))
        assert named == {name: node["inputs"][name] for name in kind.widgets}
    assert len({tuple(node["pos"]) for node in nodes.values()}) == len(nodes)


TEXTS = st.text(alphabet="ab ()[]:|\\<>,BREAKND0.5\n#", max_size=40)


@settings(deadline=None)
@given(TEXTS, TEXTS, st.sampled_from(list(WiringOption)), st.sampled_from(list(ModelFamily)))
def test_any_texts_make_a_workflow(
    prompt: str, negative: str, option: WiringOption, family: ModelFamily
) -> None:
    hires = SecondPass(prompt=negative)
    wanted = replace(SD1, prompt=prompt, negative_prompt=negative, hires=hires, denoising=0.5)
    check_forms(to_comfyui(wanted, option=option, family=family))


KEYS = (
    *(
        "Steps",
        "Sampler",
        "Schedule type",
        "CFG scale",
        "Seed",
        "Size",
        "Model",
        "Clip skip",
        "RNG",
    ),
    *("Module 1", "Module 2", "Module 3", "Distilled CFG Scale", "Denoising strength"),
    *("Hires upscale", "Hires steps", "Hires upscaler", "Hires resize", "Hires CFG Scale"),
    *("LoRA Neg guidance", "LoRA Neg guidance share", "LoRA Neg guidance settings", "TI hashes"),
)


VALUES = st.sampled_from(
    [
        *("", "0", "-1", "0.5", "7", "1e309", "nan", "9" * 30, "Euler a", "NAG", "512x512", "0x0"),
        *("-5x7", "99999x99999", "phi 9999, tau 0, alpha 9", "Latent", "CPU", '"a, b"', "x" * 300),
    ]
)


@settings(deadline=None)
@given(TEXTS, st.dictionaries(st.sampled_from(KEYS), VALUES), st.sampled_from(list(ModelFamily)))
def test_any_infotext_makes_a_workflow_that_comfyui_takes(
    prompt: str, said: dict[str, str], family: ModelFamily
) -> None:
    last = ", ".join(f"{key}: {value}" for key, value in said.items())
    made = to_comfyui(
        from_infotext(parse_infotext(f"{prompt}\nNegative prompt: blurry\n{last}")), family=family
    )
    check_forms(made)
    json.dumps(made, allow_nan=False, default=str)
    for node in made.prompt.values():
        kind = KINDS[node["class_type"]]
        assert set(kind.links) - {"prev_hooks"} | set(kind.widgets) <= set(node["inputs"])
        for name, (low, high) in kind.bounds.items():
            assert low <= node["inputs"][name] <= high


@pytest.mark.parametrize("option", list(WiringOption))
def test_what_was_exported_can_be_imported(option: WiringOption) -> None:
    prompt = "a cat <lora:ink:0.5:-0.3> <lora:wet:0.8>"
    wanted = replace(SD1, prompt=prompt, hires=SecondPass(prompt="b"), denoising=0.5)
    made = to_comfyui(wanted, option=option)
    check_forms(made)
    for form in (made.prompt, made.page):
        recipe = recipe_of_record(form)
        assert (recipe.prompt.strip(), recipe.negative_prompt) == ("a cat", "blurry")
        assert recipe.cfg_scale == 6.0
        names = [(lora.name, lora.unet) for lora in recipe.loras]
        assert names == (
            [("wet", 0.8)] if option is WiringOption.B else [("ink", -0.3), ("wet", 0.8)]
        )


class TestBounds:
    """ComfyUI's server refuses a whole workflow for one number that a node does not take."""

    @pytest.mark.parametrize(
        ("change", "kind", "name", "value", "held"),
        [
            ({"cfg_scale": 100.0}, "KSampler", "cfg", 100.0, False),
            ({"cfg_scale": 100.1}, "KSampler", "cfg", 100, True),
            ({"cfg_scale": -1.0}, "KSampler", "cfg", 0, True),
            ({"steps": 10_001}, "KSampler", "steps", 10_000, True),
            ({"width": 15}, "EmptyLatentImage", "width", 16, True),
            ({"width": 16_384}, "EmptyLatentImage", "width", 16_384, False),
            ({"clip_skip": 25}, "CLIPSetLastLayer", "stop_at_clip_layer", -24, True),
            ({"prompt": "<lora:ink:-100>"}, "LoraLoader", "strength_model", -100, False),
            ({"prompt": "<lora:ink:-101>"}, "LoraLoader", "strength_model", -100, True),
            ({"prompt": "<lora:ink:20:neg=1>"}, "CreateHookLora", "strength_model", 20, False),
            ({"prompt": "<lora:ink:21:neg=1>"}, "CreateHookLora", "strength_model", 20, True),
            ({"distilled_cfg": 101.0}, "FluxGuidance", "guidance", 100, True),
            (
                {"distilled_cfg": 3.5, "guidance": "NAG", "nag": Nag(50.0, 0.5, 1.5)},
                "NAGuidance",
                "nag_scale",
                50,
                True,
            ),
            (
                {"distilled_cfg": 3.5, "guidance": "NAG", "nag": Nag(49.0, 0.9, 0.5)},
                "NAGuidance",
                "nag_tau",
                1,
                True,
            ),
            (
                {"distilled_cfg": 3.5, "guidance": "NAG", "nag": Nag(49.0, 1.0, 1.0)},
                "NAGuidance",
                "nag_alpha",
                1.0,
                False,
            ),
        ],
    )
    def test_a_number_beyond_them_is_held_and_named(
        self, change: dict[str, Any], kind: str, name: str, value: float, held: bool
    ) -> None:
        made = exported(replace(SD1, **change))
        assert of_kind(made, kind)[0][name] == value
        assert ("CF-bounds" in rules(made)) is held

    def test_a_hires_pass_denoises_no_more_than_all(self) -> None:
        made = exported(replace(SD1, denoising=7.0, hires=SecondPass()))
        assert of_kind(made, "KSampler")[1]["denoise"] == 1
        assert "CF-bounds" in rules(made)

    def test_both_forms_hold_the_same_number(self) -> None:
        made = exported(replace(SD1, cfg_scale=500.0))
        (shown,) = [n for n in made.page["nodes"] if n["type"] == "KSampler"]
        assert shown["widgets_values"][3] == 100
