"""What the LoRA nodes of ComfyUI and its packs load: loaders, stacks, lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..loras.reading.lenient import as_number
from .comfy_graph import STACKS, Graph, GraphNode
from .recipe import NamedLora, mapping_of, stem_of, text_of

OnNote = Callable[[str], None]

_OFF = frozenset(("off", "false", "disable", "disabled", "0"))
_NONE = frozenset(("", "none", "null", "undefined"))
_NUMBERED = re.compile(r"lora(?:_name)?_?(\d{1,3})(?:_name)?$", re.IGNORECASE)
_TAG = re.compile(r"<lora:([^<>:\n]{1,200})(?::([^<>:\n]{1,20}))?(?::([^<>:\n]{1,20}))?>")
_MODEL = ("strength_model", "model_strength", "strength", "weight", "lora_model_strength")
_CLIP = ("strength_clip", "clip_strength", "lora_clip_strength")


def loras_of_node(node: GraphNode, graph: Graph, note: OnNote) -> list[NamedLora]:
    """Return what a node loads, that of the stacks linked to it included."""
    found: list[NamedLora] = []
    seen: set[str] = {node.id}
    waiting = [node]
    while waiting:
        current = waiting.pop()
        own = list(_own(current, graph, note))
        found = own + found
        for link in current.links(STACKS):
            stack = graph.get(link)
            if stack is not None and stack.id not in seen:
                seen.add(stack.id)
                waiting.append(stack)
    return found


def _own(node: GraphNode, graph: Graph, note: OnNote) -> Iterator[NamedLora]:
    inputs = node.inputs
    if str(inputs.get("toggle", inputs.get("switch", True))).lower() in _OFF:
        return
    understood = False
    for reader in (_listed, _single, _several):
        loras = reader(node, graph, note)
        if loras is not None:
            understood = True
            yield from loras
            break
    if not understood and not node.links(STACKS):
        note(f"what {node.label} loads cannot be read: its LoRAs were not checked")


def _listed(node: GraphNode, graph: Graph, note: OnNote) -> list[NamedLora] | None:
    """Read Lora-Manager's lists and rgthree's widgets, each LoRA an object of its own."""
    value = node.inputs.get("loras")
    entries = mapping_of(value).get("__value__", value)
    if isinstance(entries, list) and (entries or "text" in node.inputs):
        return [lora for item in entries if (lora := _object(mapping_of(item), node, note))]
    objects = [v for v in node.inputs.values() if isinstance(v, Mapping) and "lora" in v]
    if objects or node.kind.startswith("Power Lora Loader"):
        return [lora for item in objects if (lora := _object(item, node, note))]
    text = node.inputs.get("text", node.inputs.get("lora_syntax"))
    if isinstance(text, str) and "clip" not in node.kind.lower():
        return _tagged(text)
    return None


def loras_in_texts(node: GraphNode, graph: Graph, note: OnNote) -> list[NamedLora]:
    """Return what the tags in a node's text load, where the node is given a model for that.

    Of a wildcard node the populated text counts.
    """
    del graph, note
    text = node.inputs.get("populated_text")
    if isinstance(text, str) and text:
        return _tagged(text)
    return [
        lora for value in node.inputs.values() if isinstance(value, str) for lora in _tagged(value)
    ]


def _tagged(text: str) -> list[NamedLora]:
    return [
        NamedLora(stem_of(name), number, as_number(clip) if clip else None)
        for name, model, clip in _TAG.findall(text)
        if (number := as_number(model or "1")) is not None
    ]


def _object(item: Mapping[str, Any], node: GraphNode, note: OnNote) -> NamedLora | None:
    name = stem_of(text_of(item.get("lora")) or text_of(item.get("name")))
    on = item.get("on", item.get("active", True))
    if not on or name.lower() in _NONE:
        return None
    unet = as_number(item.get("strength", 1.0))
    te = item.get("strengthTwo", item.get("clipStrength"))
    if unet is None:
        note(f"the strength of {name} in {node.label} cannot be read; it was not checked")
        return None
    return NamedLora(name, unet, as_number(te))


def _single(node: GraphNode, graph: Graph, note: OnNote) -> list[NamedLora] | None:
    """Read a loader of one LoRA: a name, the model's strength, and CLIP's where it has one."""
    key = next((k for k in ("lora_name", "lora", "lora_file") if node.has(k)), None)
    source = graph.get(node.link(key)) if key is not None else None
    if key is None or (source is not None and source.loads_loras):
        return None
    name = stem_of(_text(node, key, graph))
    if name.lower() in _NONE:
        if not isinstance(node.inputs[key], str):
            note(f"the LoRA's name in {node.label} cannot be followed; it was not checked")
        return []
    if text_of(node.inputs.get("wiring")).startswith("B"):
        note(
            f"LoRA {name} acts on the negative prompt's text encoder alone (option B) and was not "
            "checked"
        )
        return []
    unet = _strength(node, _MODEL, graph)
    te = _strength(node, _CLIP, graph)
    if unet is None:
        note(f"the strength of {name} in {node.label} cannot be followed; it was not checked")
        return []
    if text_of(node.inputs.get("wiring")).startswith("neg"):
        return [NamedLora(name, unet, te, neg=graph.number(node, "neg") or 0.0)]
    # A loader for the model alone leaves the text encoder as it is.
    only_model = "modelonly" in node.kind.lower().replace(" ", "")
    return [NamedLora(name, unet, 0.0 if only_model else te)]


def _several(node: GraphNode, graph: Graph, note: OnNote) -> list[NamedLora] | None:
    """Read stacks with numbered inputs (Efficiency, Comfyroll, easy-use, rgthree)."""
    numbers: dict[int, tuple[str, str]] = {}
    for key in node.inputs:
        match = _NUMBERED.match(key)
        if match and isinstance(node.inputs[key], str):
            numbers.setdefault(int(match[1]), (key, match[1]))
    if not numbers:
        return None
    most = as_number(node.inputs.get("lora_count", node.inputs.get("num_loras")))
    simple = str(node.inputs.get("input_mode", node.inputs.get("mode", ""))).lower() == "simple"
    found = []
    for number, (key, written) in sorted(numbers.items()):
        name = stem_of(text_of(node.inputs[key]))
        if name.lower() in _NONE or (most is not None and number > most):
            continue
        if str(node.inputs.get(f"switch_{written}", True)).lower() in _OFF:
            continue
        if str(node.inputs.get(f"enabled_{written}", True)).lower() in _OFF:
            continue
        unet, te = _numbered(node, written, graph, simple)
        if unet is None:
            note(f"the strength of {name} in {node.label} cannot be read; it was not checked")
            continue
        found.append(NamedLora(name, unet, te))
    return found


def _numbered(
    node: GraphNode, number: str, graph: Graph, simple: bool
) -> tuple[float | None, float | None]:
    one = (f"lora_wt_{number}", f"lora_{number}_strength", f"strength_{number}", f"weight_{number}")
    model = (
        *(f"model_str_{number}", f"model_weight_{number}", f"lora_{number}_model_strength"),
        *(f"strength_model_{number}", f"model_strength_{number}", f"lora_{number}_strength_model"),
    )
    clip = (
        *(f"clip_str_{number}", f"clip_weight_{number}", f"lora_{number}_clip_strength"),
        *(f"strength_clip_{number}", f"clip_strength_{number}", f"lora_{number}_strength_clip"),
    )
    if simple:
        return _strength(node, one, graph), None
    unet = _strength(node, model, graph)
    if unet is None:
        return _strength(node, one, graph), None
    return unet, _strength(node, clip, graph)


def _strength(node: GraphNode, names: tuple[str, ...], graph: Graph) -> float | None:
    return next((graph.number(node, name) for name in names if node.has(name)), None)


def _text(node: GraphNode, key: str, graph: Graph) -> str:
    value = node.inputs.get(key)
    if isinstance(value, Mapping):
        return text_of(value.get("content"))
    source = graph.get(node.link(key))
    if source is not None:
        value = next(
            (source.inputs[k] for k in ("value", "text", "string", "lora_name") if source.has(k)),
            "",
        )
    return text_of(value)
