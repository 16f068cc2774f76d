"""Workflows of ComfyUI with anything in place of anything: never a crash, never taken for clean."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_lora_neg.metadata import MetadataError, Recipe, recipes_of_json
from tests.support.growth import assert_grows_linearly


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


SERVER: dict[str, Any] = {
    "1": node("CheckpointLoaderSimple", ckpt_name="m.safetensors"),
    "2": node("LoraLoader", model=["1", 0], clip=["1", 1], lora_name="ink.safetensors",
              strength_model=-0.9, strength_clip=-0.9),
    "3": node("Power Lora Loader (rgthree)", model=["2", 0], clip=["2", 1],
              lora_1={"on": True, "lora": "wet.safetensors", "strength": 0.5}),
    "4": node("StringConcatenate", string_a="a cat", string_b="on a sofa", delimiter=", "),
    "5": node("CLIPTextEncode", text=["4", 0], clip=["3", 1]),
    "6": node("ConditioningCombine", conditioning_1=["5", 0], conditioning_2=["5", 0]),
    "7": node("CLIPTextEncode", text="blurry", clip=["3", 1]),
    "8": node("KSampler", model=["3", 0], positive=["6", 0], negative=["7", 0], cfg=9.0,
              latent_image=["9", 0]),
    "9": node("EmptyLatentImage", width=512),
    "10": node("VAEDecode", samples=["8", 0], vae=["1", 2]),
    "11": node("SaveImage", images=["10", 0]),
}  # fmt: skip


def entry(name: str, link: int | None) -> dict[str, Any]:
    more = {} if isinstance(link, int) else {"widget": {"name": name}}
    return {"name": name, "type": "*", "link": link, **more}


PAGE: dict[str, Any] = {
    "nodes": [
        {"id": 1, "type": "CheckpointLoaderSimple", "mode": 0, "inputs": [],
         "widgets_values": ["m"]},
        {"id": 2, "type": "LoraLoader", "mode": 0,
         "inputs": [entry("model", 1), entry("clip", 2)], "widgets_values": ["ink", -0.9, -0.9]},
        {"id": 3, "type": "CLIPTextEncode", "mode": 0, "inputs": [entry("clip", 3)],
         "widgets_values": ["a cat"]},
        {"id": 4, "type": "Prompt (LoraManager)", "mode": 0,
         "inputs": [entry("clip", 4), entry("text", None)],
         "widgets_values": [{"textWidgetName": "text"}, "blurry"]},
        {"id": 5, "type": "KSampler", "mode": 0,
         "inputs": [entry("model", 5), entry("positive", 6), entry("negative", 7)],
         "widgets_values": [1, "fixed", 20, 9.0, "euler", "normal", 1]},
    ],
    "links": [
        [1, 1, 0, 2, 0, "MODEL"], [2, 1, 1, 2, 1, "CLIP"], [3, 2, 1, 3, 0, "CLIP"],
        [4, 2, 1, 4, 0, "CLIP"], [5, 2, 0, 5, 0, "MODEL"], [6, 3, 0, 5, 1, "CONDITIONING"],
        [7, 4, 0, 5, 2, "CONDITIONING"],
    ],
}  # fmt: skip

ODD = st.sampled_from(
    [
        *(None, True, 0, -1, 1.5, 1e308, float("nan"), float("inf"), 2**70, "", "x", "\ud800"),
        *([], {}, [[]], [None], {"a": None}, ["1", 0], ["8", 0], ["5", "0"], ["77", 0], [1, 0, 0]),
        *("<lora:x:nan>", {"lora": None, "on": True}, {"lora": ["1", 0], "on": 1, "strength": "y"}),
        *({"__value__": [None, 3]}, {"content": 5}, [[1, 1, 0, 2, 0, "MODEL"], [2]]),
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a document below its top."""
    inner = (
        value.items() if isinstance(value, dict)
        else enumerate(value) if isinstance(value, list) else ()
    )  # fmt: skip
    return [place for key, item in inner for place in ((*path, key), *places(item, (*path, key)))]


@st.composite
def broken(draw: st.DrawFn, whole: dict[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 5))):
        *path, last = draw(st.sampled_from(places(whole)))
        inside: Any = made
        # Another change may have taken the place away.
        with contextlib.suppress(AttributeError, KeyError, IndexError, TypeError):
            for key in path:
                inside = inside[key]
            if draw(st.booleans()) or isinstance(inside, list):
                inside[last] = copy.deepcopy(draw(ODD))
            else:
                inside.pop(last, None)
    return made


def is_silent(recipe: Recipe) -> bool:
    return not (recipe.prompt or recipe.negative_prompt or recipe.loras or recipe.notes)


@settings(deadline=None, max_examples=300)
@given(broken(SERVER) | broken(PAGE))
def test_whatever_is_broken_is_read_or_refused_or_named(record: dict[str, Any]) -> None:
    try:
        recipes = recipes_of_json(record)
    except MetadataError:
        return  # refused, with words
    assert recipes
    for recipe in recipes:
        # What was there was never nothing.
        assert not is_silent(recipe)
        for lora in recipe.loras:
            assert lora.unet == lora.unet
            assert isinstance(lora.name, str)
        assert recipe.cfg_scale is None or abs(recipe.cfg_scale) < float("inf")


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["2", "3", "5", "6", "7", "8"]), st.data())
def test_a_link_that_is_lost_is_named(key: str, data: st.DataObject) -> None:
    """Of one node, one link that leads to texts or LoRAs goes nowhere, in a circle or away."""
    record = copy.deepcopy(SERVER)
    inputs = record[key]["inputs"]
    wanted = {"model", "positive", "negative", "text", "conditioning_1", "clip"}
    name = data.draw(st.sampled_from(sorted(wanted & set(inputs))))
    if not isinstance(inputs[name], list) or (name == "clip" and key in ("2", "3")):
        return  # a text of its own; CLIP is followed from the encoders
    inputs[name] = data.draw(st.sampled_from([["77", 0], [key, 0]]))
    (recipe,) = recipes_of_json(record)
    assert recipe.notes


@pytest.mark.parametrize("kind", ["notes", "loras", "samplers"])
def test_growth(kind: str) -> None:
    def of_size(size: int) -> Callable[[], object]:
        graph = copy.deepcopy(SERVER)
        for n in range(size):
            if kind == "notes":
                graph[f"n{n}"] = node("Note", text="x" * 100)
            elif kind == "loras":
                before = [f"n{n - 1}", 0] if n else ["1", 0]
                graph[f"n{n}"] = node(
                    "LoraLoader", model=before, lora_name=f"l{n}", strength_model=0.1
                )
                graph["8"]["inputs"]["model"] = [f"n{n}", 0]
            else:
                graph[f"n{n}"] = node("SaveImage", images=["10", 0])
        return lambda: recipes_of_json(graph)

    assert_grows_linearly(of_size, 1500)


def test_a_document_of_ten_megabytes() -> None:
    graph = copy.deepcopy(SERVER)
    graph |= {f"n{n}": node("Note", text="x" * 700) for n in range(15_000)}
    assert len(json.dumps(graph)) > 10_000_000
    (recipe,) = recipes_of_json(graph)
    assert [lora.name for lora in recipe.loras] == ["ink", "wet"]
