"""What ComfyUI's page shows and saves as a graph: values by their places, subgraphs opened out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .comfy_graph import TOGGLES, Graph, GraphNode
from .comfy_subgraphs import BYPASSED, MUTED, NOTHING_COMES_IN, FlatPage, LinkOrigin, flattened
from .recipe import list_of, mapping_of, text_of

# Names of the widgets of ComfyUI's own nodes, in their order; ``_`` is what the page adds.
_WIDGETS = {
    "KSampler": ("seed", "_", "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": ("add_noise", "noise_seed", "_", "steps", "cfg", "sampler_name"),
    "SamplerCustom": ("add_noise", "noise_seed", "_", "cfg"),
    "CFGGuider": ("cfg",),
    "CLIPTextEncode": ("text",),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl", "guidance"),
    "FluxGuidance": ("guidance",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "CreateHookLora": ("lora_name", "strength_model", "strength_clip"),
    "CreateHookLoraModelOnly": ("lora_name", "strength_model"),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "PrimitiveNode": ("value",),
    "PrimitiveFloat": ("value",),
    "PrimitiveString": ("value",),
    "PrimitiveStringMultiline": ("value",),
}
_TEXTS = frozenset(("text", "prompt", "string", "positive", "negative", "populated_text"))


def graph_of_workflow(record: Mapping[str, Any]) -> Graph:
    """Return the graph of what the page shows (``workflow``): values have places, not names.

    Muted nodes are left out; a link goes through a bypassed node by the kind of what it carries.
    """
    page = flattened(record)
    passed = {item["id"]: item for item in page.items if item.get("mode") == BYPASSED}
    nodes = {}
    for item in page.items:
        kind = text_of(item.get("type"))
        if item.get("mode") in (MUTED, BYPASSED) or not kind:
            continue
        inputs = _inputs(item, page, passed)
        inputs.update((k, v) for k, v in _values(item, kind).items() if k not in inputs)
        nodes[item["id"]] = GraphNode(item["id"], kind, inputs, text_of(item.get("title")))
    return Graph(nodes, tuple(page.notes))


def _inputs(
    item: Mapping[str, Any], page: FlatPage, passed: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in item["inputs"]:
        number = entry.get("link")
        name = text_of(entry.get("name"))
        source = page.links.get(number) if number is not None else None
        for _ in range(len(passed) + 1):
            if source is None or source.node not in passed:
                break
            source = _through(passed[source.node], source.kind, page.links)
        if source is None:
            continue
        outside = source.node, source.slot
        if outside in page.values:
            found[name] = page.values[outside]
        elif not source.node.endswith(NOTHING_COMES_IN):
            found[name] = outside
    return found


def _through(
    item: Mapping[str, Any], kind: str, links: Mapping[str, LinkOrigin]
) -> LinkOrigin | None:
    for entry in item["inputs"]:
        if entry.get("type") == kind and entry.get("link") is not None:
            return links.get(entry["link"])
    return None


def _values(item: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the values of a node's widgets by their names."""
    values = item.get("widgets_values")
    if isinstance(values, Mapping):
        return dict(values)
    values = list_of(values)
    names = _WIDGETS.get(kind)
    found = dict(zip(names, values, strict=False)) if names is not None else _named(item, values)
    # Widgets that the page makes as they are needed hold their own names.
    for number, value in enumerate(values):
        if isinstance(value, Mapping) and "lora" in value:
            found[f"lora_{number}"] = value
        elif isinstance(value, list) and any("strength" in mapping_of(v) for v in value):
            found["loras"] = value
        elif isinstance(value, list) and any("active" in mapping_of(v) for v in value):
            found.setdefault(TOGGLES, value)
    if not found and len(values) == 1 and isinstance(values[0], str):
        found["text"] = values[0]
    found.pop("_", None)
    return found


def _named(item: Mapping[str, Any], values: list[Any]) -> dict[str, Any]:
    """Return the values of a pack's node by the names of the widgets among its inputs.

    Some nodes keep values of their own among those of their widgets. Where the numbers differ, the
    only text belongs to the only widget of text; which value the others have nobody can say.
    """
    widgets = [
        text_of(mapping_of(entry.get("widget")).get("name"))
        for entry in map(mapping_of, list_of(item.get("inputs")))
        if entry.get("widget")
    ]
    values = [v for v in values if not (isinstance(v, Mapping) and "textWidgetName" in v)]
    for names in (_with_seeds(widgets), widgets):
        if len(names) == len(values):
            return dict(zip(names, values, strict=True))
    texts = [value for value in values if isinstance(value, str)]
    wanted = [name for name in widgets if name in _TEXTS]
    return {wanted[0]: texts[0]} if len(wanted) == len(texts) == 1 else {}


def _with_seeds(names: list[str]) -> list[str]:
    """Return names of widgets with the one that the page adds behind every seed."""
    found = []
    for name in names:
        found.append(name)
        if name in ("seed", "noise_seed"):
            found.append("_")
    return found
