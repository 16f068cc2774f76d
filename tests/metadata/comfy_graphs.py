"""Workflows of ComfyUI for tests, as the server and the page write them."""

from __future__ import annotations

import json
from typing import Any

from lib_lora_neg.metadata import Recipe, recipes_of_json

Graph = dict[str, dict[str, Any]]


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def workflow(**more: dict[str, Any]) -> Graph:
    """A plain text-to-image workflow; ``n4=…`` replaces or adds node 4."""
    graph = {
        "1": node("CheckpointLoaderSimple", ckpt_name="sdxl.safetensors"),
        "2": node("CLIPTextEncode", text="a lighthouse", clip=["1", 1]),
        "3": node("CLIPTextEncode", text="lowres", clip=["1", 1]),
        "4": node("EmptyLatentImage", width=512, height=512, batch_size=1),
        "5": node(
            "KSampler", model=["1", 0], positive=["2", 0], negative=["3", 0],
            latent_image=["4", 0], seed=1, steps=20, cfg=9.0, denoise=1.0,
        ),
        "6": node("VAEDecode", samples=["5", 0], vae=["1", 2]),
        "7": node("SaveImage", images=["6", 0], filename_prefix="x"),
    }  # fmt: skip
    graph.update({key[1:]: value for key, value in more.items()})
    return graph


def read(graph: Any) -> Recipe:
    [recipe] = recipes_of_json(json.loads(json.dumps(graph)))
    return recipe


def loaded(loader: dict[str, Any], **more: dict[str, Any]) -> Recipe:
    """A workflow with ``loader`` as node 10 between checkpoint and sampler."""
    graph = workflow(n10=loader, **more)
    graph["5"]["inputs"]["model"] = ["10", 0]
    graph["2"]["inputs"]["clip"] = graph["3"]["inputs"]["clip"] = ["10", 1]
    return read(graph)


IN = {"model": ["1", 0], "clip": ["1", 1]}


def page(nodes: list[dict[str, Any]], links: list[list[Any]]) -> dict[str, Any]:
    return {"nodes": nodes, "links": links, "version": 0.4}
