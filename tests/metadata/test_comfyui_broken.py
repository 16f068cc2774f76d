"""Workflows of ComfyUI that cannot be followed: said, and never taken for clean ones."""

from __future__ import annotations

from typing import Any

import pytest

from lib_lora_neg.metadata import MetadataError, comfy_graph, recipes_of_json
from tests.metadata.comfy_graphs import Graph, node, read, workflow


@pytest.mark.parametrize(
    ("nodes", "named"),
    [
        ({"n2": node("Mystery", a=["1", 0], b=["4", 0])}, "Mystery"),
        ({"n30": node("Text Random Line", text="a\nb"),
          "n2": node("CLIPTextEncode", text=["30", 0], clip=["1", 1])}, "Random"),
        ({"n30": node("Mystery", a=1, b=2), "n5": node(
            "KSampler", model=["1", 0], positive=["2", 0], negative=["3", 0], cfg=["30", 0])},
         "CFG"),
        ({"n10": node("Odd LoRA Thing", knob=3, model=["1", 0]), "n5": node(
            "KSampler", model=["10", 0], positive=["2", 0], negative=["3", 0], cfg=9.0)},
         "Odd LoRA Thing"),
        ({"n10": node("LoraLoader", lora_name=["99", 0], strength_model=1.0, model=["1", 0]),
          "n5": node("KSampler", model=["10", 0], positive=["2", 0], negative=["3", 0], cfg=9.0)},
         "LoraLoader"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_named(nodes: dict[str, Any], named: str) -> None:
    assert any(named in note for note in read(workflow(**nodes)).notes)


SAMPLER = {"positive": ["2", 0], "negative": ["3", 0], "cfg": 9.0}


LOADER = {"lora_name": "sty.safetensors", "strength_model": -0.9}


STRINGS = "StringConcatenate"


def long_chain() -> Graph:
    """A text that is put together over more nodes than are followed."""
    return {
        f"n{n}": node(STRINGS, string_a=[str(n + 1), 0] if n < 299 else "end", string_b="x")
        for n in range(100, 300)
    }


@pytest.mark.parametrize(
    ("nodes", "named"),
    [
        ({"n2": node("CLIPTextEncode", text=["77", 0], clip=["1", 1])}, "77"),
        ({"n2": node("CLIPTextEncode", text=None, clip=["1", 1])}, "CLIPTextEncode"),
        ({"n3": node("CLIPTextEncode", text={"a": 1}, clip=["1", 1])}, "CLIPTextEncode"),
        ({"n3": node("CLIPTextEncode", text=["a", "b"], clip=["1", 1])}, "CLIPTextEncode"),
        ({"n2": node("CLIPTextEncode", text=["20", 0], clip=["1", 1]),
          "n20": node(STRINGS, string_a=["21", 0], string_b="x"),
          "n21": node(STRINGS, string_a=["20", 0], string_b="y")}, "circle"),
        ({"n2": node("CLIPTextEncode", text=["100", 0], clip=["1", 1]), **long_chain()},
         "too often"),
        ({"n5": node("KSampler", model=["55", 0], **SAMPLER)}, "LoRAs"),
        ({"n5": node("KSampler", model=None, **SAMPLER)}, "LoRAs"),
        ({"n5": node("KSampler", **SAMPLER)}, "LoRAs"),
        ({"n5": node("KSampler", model=["10", 0], **SAMPLER),
          "n10": node("LoraLoader", model=["55", 0], **LOADER)}, "LoRAs"),
        ({"n5": node("KSampler", model=["10", 0], **SAMPLER),
          "n10": node("LoraLoader", model=["10", 0], **LOADER)}, "circle"),
        ({"n5": node("KSampler", model=["10", 0], **SAMPLER),
          "n10": node("LoraLoader", model=["1", 0], **{**LOADER, "lora_name": 5})}, "LoraLoader"),
        ({"n5": node("KSampler", model=["10", 0], **SAMPLER),
          "n10": node("LoraLoader", model=["1", 0], **{**LOADER, "lora_name": ["x"]})},
         "LoraLoader"),
        ({"n5": node("KSampler", model=["10", 0], **SAMPLER),
          "n10": node("LoraLoader", model=["1", 0], **{**LOADER, "strength_model": [1]})},
         "LoraLoader"),
    ],
)  # fmt: skip
def test_a_broken_workflow_is_never_taken_for_a_clean_one(
    nodes: dict[str, Any], named: str
) -> None:
    assert any(named in note for note in read(workflow(**nodes)).notes)


def test_samplers_in_a_circle_are_all_read() -> None:
    graph = workflow(
        n5=node("KSampler", model=["1", 0], latent_image=["50", 0], **SAMPLER),
        n50=node("KSampler", model=["1", 0], latent_image=["5", 0], **SAMPLER),
    )
    del graph["6"], graph["7"]
    assert {recipe.prompt for recipe in recipes_of_json(graph)} == {"a lighthouse"}


def test_more_pictures_than_are_read_are_told() -> None:
    def graph(pictures: int) -> Graph:
        more = {
            f"n{50 + n}": node("KSampler", model=["1", 0], **SAMPLER) for n in range(pictures - 1)
        }
        made = workflow(**more)
        del made["6"], made["7"]
        return made

    for pictures, told in ((8, False), (9, True)):
        recipes = recipes_of_json(graph(pictures))
        assert len(recipes) == 8
        assert any("first 8" in note for note in recipes[0].notes) is told


def test_more_nodes_than_are_looked_at_are_told() -> None:
    many = {f"x{n}": node("Note") for n in range(comfy_graph.MAX_NODES)}
    assert any("nodes" in note for note in read({**workflow(), **many}).notes)


def test_circles_and_doubled_joins_end() -> None:
    circle = workflow(n2=node("ConditioningCombine", conditioning_1=["2", 0],
                              conditioning_2=["2", 0]))  # fmt: skip
    assert read(circle).prompt == ""
    joins = {
        str(100 + n): node(
            "ConditioningCombine", conditioning_1=[str(101 + n), 0],
            conditioning_2=[str(101 + n), 0],
        )
        for n in range(50)
    }  # fmt: skip
    graph = {**workflow(), **joins, "150": node("CLIPTextEncode", text="a", clip=["1", 1])}
    graph["5"]["inputs"]["positive"] = ["100", 0]
    assert read(graph).notes


@pytest.mark.parametrize(
    "graph",
    [
        {"1": node("SaveImage")},
        {"nodes": [{"id": 1, "type": "Note"}], "links": []},
        {"1": {"class_type": "KSampler", "inputs": {"positive": "x"}}},
        {"1": {"class_type": 3, "inputs": {}}, "2": {"class_type": "A", "inputs": {"a": [[], 1]}}},
    ],
)
def test_no_sampler_is_an_error(graph: dict[str, Any]) -> None:
    with pytest.raises(MetadataError, match="ComfyUI"):
        recipes_of_json(graph)
