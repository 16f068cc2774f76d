"""LoRAs that come with a conditioning: ComfyUI's hooks give each branch of the sampler its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .comfy_graph import Graph, GraphNode
from .comfy_loras import OnNote, loras_of_node
from .recipe import NamedLora

HOOKS = ("hooks", "prev_hooks", *(f"hooks_{letter}" for letter in "ABCDEFGH"))
"""Inputs that hooks come in by."""


def loras_of_hooks(node: GraphNode, graph: Graph, note: OnNote) -> list[NamedLora]:
    """Return the LoRAs of the hooks that are linked to a node, in the order of the chain."""
    found: list[NamedLora] = []
    seen: set[str] = set()
    waiting = node.links(HOOKS)
    while waiting:
        source = graph.get(waiting.pop())
        if source is None or source.id in seen:
            note(f"the hooks of {node.label} cannot be followed: their LoRAs were not checked")
            continue
        seen.add(source.id)
        if source.links(("hook_kf",)):
            note(f"{source.label} changes strengths on the way: they are checked in full")
        if source.loads_loras:
            found = loras_of_node(source, graph, note) + found
        waiting += source.links(HOOKS)
    return found


def on_branches(
    positive: Sequence[NamedLora], negative: Sequence[NamedLora]
) -> Iterator[NamedLora]:
    """Yield the LoRAs of both branches' hooks; a branch without a LoRA has strength 0 of it."""
    left = list(negative)
    for lora in positive:
        other = next((item for item in left if item.name == lora.name), None)
        if other is not None:
            left.remove(other)
        yield _joined(lora, other)
    for lora in left:
        yield _joined(None, lora)


def _joined(positive: NamedLora | None, negative: NamedLora | None) -> NamedLora:
    name = (positive or negative or NamedLora("")).name
    unet, te = _strengths(positive)
    neg, negte = _strengths(negative)
    if (unet, te) == (neg, negte):
        return NamedLora(name, unet, te)
    return NamedLora(name, unet, te, neg=neg, negte=negte)


def _strengths(lora: NamedLora | None) -> tuple[float, float]:
    if lora is None:
        return 0.0, 0.0
    return lora.unet, lora.unet if lora.te is None else lora.te
