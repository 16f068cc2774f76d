"""Subgraphs of ComfyUI's page, as its frontend 1.35 saves them."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lib_lora_neg.metadata import MetadataError, NamedLora, Recipe, recipes_of_json

Node = dict[str, Any]


def shown(number: int, kind: str, values: list[Any] | None = None, **links: int | None) -> Node:
    """A node; an input without a link is one of a widget."""
    entries = [
        {"name": name, "type": "*", "link": link, **({} if link else {"widget": {"name": name}})}
        for name, link in links.items()
    ]
    return {"id": number, "type": kind, "mode": 0, "inputs": entries, "widgets_values": values}


def inner(number: int, origin: int, slot: int, target: int, place: int) -> dict[str, Any]:
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    return dict(zip(names, (number, origin, slot, target, place, "*"), strict=True))


def subgraph(
    name: str, inputs: list[str], nodes: list[Node], links: list[dict[str, Any]]
) -> dict[str, Any]:
    entries = [{"name": item, "type": "*"} for item in inputs]
    return {"id": name, "name": name, "inputs": entries, "nodes": nodes, "links": links}


TEXTS = subgraph(
    "texts",
    ["clip", "text"],
    [
        shown(1, "CLIPTextEncode", ["inside"], clip=1, text=2),
        shown(2, "CLIPTextEncode", ["blurry"], clip=3, text=None),
    ],
    [
        inner(1, -10, 0, 1, 0),
        inner(2, -10, 1, 1, 1),
        inner(3, -10, 0, 2, 0),
        inner(4, 1, 0, -20, 0),
        inner(5, 2, 0, -20, 1),
    ],
)
MAKING = subgraph(
    "making",
    ["model", "clip"],
    [
        shown(1, "LoraLoader", ["ink.safetensors", -0.9, 0.5], model=1, clip=2),
        shown(2, "texts", ["a house"], clip=3, text=None),
        shown(3, "KSampler", [1, "fixed", 9, 8.0, "euler"], model=4, positive=5, negative=6),
    ],
    [
        inner(1, -10, 0, 1, 0),
        inner(2, -10, 1, 1, 1),
        inner(3, 1, 1, 2, 0),
        inner(4, 1, 0, 3, 0),
        inner(5, 2, 0, 3, 1),
        inner(6, 2, 1, 3, 2),
        inner(7, 3, 0, -20, 0),
    ],
)
PAGE: dict[str, Any] = {
    "nodes": [
        shown(1, "CheckpointLoaderSimple", ["m.safetensors"], ckpt_name=None),
        shown(2, "LoraLoader", ["wet.safetensors", 0.5, 0.5], model=1, clip=2),
        shown(3, "making", [], model=3, clip=4),
        shown(4, "VAEDecode", [], samples=5),
        shown(5, "SaveImage", [], images=6),
    ],
    "links": [
        [1, 1, 0, 2, 0, "MODEL"],
        [2, 1, 1, 2, 1, "CLIP"],
        [3, 2, 0, 3, 0, "MODEL"],
        [4, 2, 1, 3, 1, "CLIP"],
        [5, 3, 0, 4, 0, "LATENT"],
        [6, 4, 0, 5, 0, "IMAGE"],
    ],
    "definitions": {"subgraphs": [MAKING, TEXTS]},
}


def read(record: dict[str, Any]) -> Recipe:
    (recipe,) = recipes_of_json(record)
    return recipe


def test_what_is_inside_is_read_as_if_it_stood_outside() -> None:
    recipe = read(PAGE)
    assert (recipe.prompt, recipe.negative_prompt, recipe.cfg_scale) == ("a house", "blurry", 8.0)
    assert recipe.loras == (NamedLora("wet", 0.5, 0.5), NamedLora("ink", -0.9, 0.5))
    assert recipe.notes == ()


def changed(**more: Any) -> dict[str, Any]:
    made = copy.deepcopy(PAGE)
    made["definitions"]["subgraphs"][0]["nodes"][1] |= more
    return made


def test_a_value_is_the_outer_nodes_where_it_has_one_and_else_its_own() -> None:
    assert read(changed(widgets_values=["another"])).prompt == "another"
    # Shown on the outer node, and kept inside (proxyWidgets).
    proxied = changed(
        inputs=[{"name": "clip", "type": "CLIP", "link": 3}],
        widgets_values=[],
        properties={"proxyWidgets": [["1", "text"]]},
    )
    assert read(proxied).prompt == "inside"


def test_a_text_from_outside_goes_before_both() -> None:
    made = changed(inputs=[{"name": "clip", "link": 3}, {"name": "text", "link": 8}])
    making = made["definitions"]["subgraphs"][0]
    making["nodes"].append(shown(9, "PrimitiveString", ["from a node"], value=None))
    making["links"].append(inner(8, 9, 0, 2, 1))
    assert read(made).prompt == "from a node"


def test_a_subgraph_that_is_switched_off_or_bypassed_loads_nothing() -> None:
    loader = subgraph(
        "loader",
        ["model"],
        [shown(1, "LoraLoaderModelOnly", ["ink.safetensors", -0.9], model=1)],
        [inner(1, -10, 0, 1, 0), inner(2, 1, 0, -20, 0)],
    )
    page = {
        "nodes": [
            shown(1, "CheckpointLoaderSimple", ["m"], ckpt_name=None),
            {**shown(2, "loader", [], model=1), "outputs": []},
            shown(3, "CLIPTextEncode", ["a"], clip=4, text=None),
            shown(4, "KSampler", [1, "fixed", 9, 8.0], model=2, positive=3),
        ],
        "links": [
            [1, 1, 0, 2, 0, "*"],
            [2, 2, 0, 4, 0, "*"],
            [3, 3, 0, 4, 1, "*"],
            [4, 1, 1, 3, 0, "*"],
        ],
        "definitions": {"subgraphs": [loader]},
    }
    assert [lora.name for lora in read(page).loras] == ["ink"]
    page["nodes"][1]["mode"] = 4
    assert (read(page).loras, read(page).notes) == ((), ())
    page["nodes"][1]["mode"] = 2
    recipe = read(page)
    assert recipe.loras == ()
    assert recipe.notes  # nothing comes in as a model


def test_a_subgraph_within_itself_ends_and_is_told() -> None:
    made = copy.deepcopy(PAGE)
    made["definitions"]["subgraphs"][0]["nodes"].append(shown(8, "making", [], model=1, clip=2))
    recipes = recipes_of_json(made)
    assert any("subgraph" in note for recipe in recipes for note in recipe.notes)


def test_subgraphs_that_double_end_at_the_bound() -> None:
    """Twelve levels of twelve are more nodes than there are atoms."""
    levels = [
        subgraph(f"s{n}", [], [shown(k, f"s{n + 1}", []) for k in range(12)], []) for n in range(12)
    ]
    made = copy.deepcopy(PAGE)
    made["nodes"].append(shown(90, "s0", []))
    made["definitions"]["subgraphs"] += levels
    recipe = read(made)
    assert recipe.prompt == "a house"
    assert any("subgraph" in note for note in recipe.notes)


def test_inputs_without_names_are_those_of_their_places() -> None:
    nameless = {**MAKING, "inputs": [None, 5]}
    made = {**PAGE, "definitions": {"subgraphs": [nameless, TEXTS]}}
    assert read(made) == read(PAGE)


@pytest.mark.parametrize(
    "definitions",
    [
        None,
        [],
        {"subgraphs": None},
        {"subgraphs": {"making": MAKING}},
        {"subgraphs": [None, 3, {}, {"id": "making"}]},
        {"subgraphs": [{"id": "making", "nodes": [None, {}], "links": [[], None, [1, 2]]}]},
        {"subgraphs": [{**MAKING, "links": None}]},
        {"subgraphs": [{**MAKING, "nodes": "x"}]},
    ],
)
def test_broken_definitions_are_refused_or_named(definitions: Any) -> None:
    try:
        recipes = recipes_of_json({**PAGE, "definitions": definitions})
    except MetadataError:
        return
    assert all(recipe.notes for recipe in recipes)
