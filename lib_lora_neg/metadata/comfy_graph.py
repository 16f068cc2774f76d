"""ComfyUI's two forms of a workflow as one graph: what the server ran, and what the page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .recipe import list_of, mapping_of, number_of, text_of

MAX_NODES = 20_000
"""Nodes of one graph; the largest workflows that people share have some hundreds."""

STACKS = (
    *("lora_stack", "optional_lora_stack", "loras_stack", "LORA_STACK", "lora_params"),
    *("lora", "prev_lora"),
)
"""Inputs that other nodes give LoRAs to."""

Link = tuple[str, int]
"""A node and the number of its output."""


@dataclass(frozen=True)
class Node:
    """A node: its kind, and its inputs, each a value or a `Link`."""

    id: str
    kind: str
    inputs: Mapping[str, Any]
    title: str = ""

    @property
    def label(self) -> str:
        """What people find the node by."""
        kind = self.kind if len(self.kind) <= 60 else f"{self.kind[:60]}…"
        return f"{kind} (node {self.id})"

    @property
    def loads_loras(self) -> bool:
        """Whether the node is about LoRAs, going by its kind and inputs."""
        # In brackets stands the pack: Checkpoint Loader (LoraManager).
        kind = self.kind.partition("(")[0].lower().replace(" ", "")
        named = "lora" in kind and "save" not in kind
        return named or self.has("lora_name") or bool(self.links(STACKS))

    @property
    def has_tags(self) -> bool:
        """Whether LoRA tags stand in a text of the node."""
        return any("<lora:" in v for v in self.inputs.values() if isinstance(v, str))

    @property
    def is_loader(self) -> bool:
        """Whether a chain of models begins here."""
        kind = self.kind.lower().replace(" ", "")
        return any(word in kind for word in ("checkpoint", "unetloader", "ckpt", "modelloader"))

    def has(self, name: str) -> bool:
        """Whether the input is there, as a value or a link."""
        return self.inputs.get(name) is not None

    def wants(self, name: str) -> bool:
        """Whether the node has such an input, be it empty."""
        return name in self.inputs

    def link(self, name: str) -> Link | None:
        """Return the link of an input; ``None`` where it has a value or nothing."""
        return as_link(self.inputs.get(name))

    def links(self, names: tuple[str, ...]) -> list[Link]:
        """Return the links of the named inputs, in the order of the names."""
        return [link for name in names if (link := self.link(name)) is not None]

    def all_links(self) -> list[Link]:
        """Return the links of all inputs."""
        return [link for value in self.inputs.values() if (link := as_link(value)) is not None]


@dataclass(frozen=True)
class Graph:
    """Nodes by their ids, and what of them could not be read."""

    nodes: Mapping[str, Node]
    notes: tuple[str, ...] = ()

    def get(self, link: Link | None) -> Node | None:
        """Return the node a link comes from."""
        return self.nodes.get(link[0]) if link is not None else None

    def number(self, node: Node, name: str) -> float | None:
        """Return a number that an input has, or that a node of one number gives it."""
        for _ in range(20):
            value = node.inputs.get(name)
            source = self.get(as_link(value))
            if source is None:
                return number_of(value)
            named = [key for key in _NUMBERS if source.has(key)]
            if not named and len(source.inputs) == 1:
                named = list(source.inputs)
            if not named:
                return None
            node, name = source, named[0]
        return None


_NUMBERS = ("value", "float", "number", "Number", "cfg", "float_value", "int", "Value")


def as_link(value: Any) -> Link | None:
    """Return an input's value as a link, if it is one."""
    if isinstance(value, tuple | list) and len(value) == 2:
        source, slot = value
        if isinstance(source, str | int) and isinstance(slot, int) and not isinstance(slot, bool):
            return str(source), slot
    return None


def graph_of_prompt(record: Mapping[str, Any]) -> Graph:
    """Return the graph of what the server ran (``prompt``): inputs have names."""
    nodes = {}
    for key, value in list(record.items())[:MAX_NODES]:
        node = mapping_of(value)
        kind, inputs = text_of(node.get("class_type")), mapping_of(node.get("inputs"))
        if kind:
            title = text_of(mapping_of(node.get("_meta")).get("title"))
            nodes[str(key)] = Node(str(key), kind, inputs, title)
    return Graph(nodes, _too_many(len(record)))


def _too_many(number: int) -> tuple[str, ...]:
    if number <= MAX_NODES:
        return ()
    return (f"of {number} nodes the first {MAX_NODES} were looked at",)


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
    "CheckpointLoaderSimple": ("ckpt_name",),
    "PrimitiveNode": ("value",),
    "PrimitiveFloat": ("value",),
    "PrimitiveString": ("value",),
    "PrimitiveStringMultiline": ("value",),
}
_MUTED, _BYPASSED = 2, 4
_TEXTS = frozenset(("text", "prompt", "string", "positive", "negative", "populated_text"))
TOGGLES = "toggle_trigger_words"
"""Where words stand that are switched on and off one by one (Lora-Manager)."""


def graph_of_workflow(record: Mapping[str, Any]) -> Graph:
    """Return the graph of what the page shows (``workflow``): values have places, not names.

    Switched-off nodes are left out, bypassed ones passed through by the kind of the link.
    """
    listed = list_of(record.get("nodes"))
    notes = list(_too_many(len(listed)))
    items = [mapping_of(item) for item in listed[:MAX_NODES]]
    links = _links(record.get("links"))
    passed = {str(item.get("id")): item for item in items if item.get("mode") == _BYPASSED}
    nodes = {}
    for item in items:
        kind = text_of(item.get("type"))
        if item.get("mode") in (_MUTED, _BYPASSED) or not kind:
            continue
        key = str(item.get("id"))
        inputs = _inputs(item, links, passed)
        inputs.update((k, v) for k, v in _values(item, kind).items() if k not in inputs)
        nodes[key] = Node(key, kind, inputs, text_of(item.get("title")))
    if mapping_of(record.get("definitions")).get("subgraphs"):
        notes.append("the workflow has subgraphs, which were not looked into")
    return Graph(nodes, tuple(notes))


def _links(value: Any) -> dict[str, tuple[str, int, str]]:
    """Return source, its output and the kind by the number of the link."""
    found = {}
    for link in list_of(value):
        if isinstance(link, list) and len(link) >= 5:
            number, source, slot = link[:3]
            kind = text_of(link[5]) if len(link) > 5 else ""
        else:
            entry = mapping_of(link)
            number, source, slot = (entry.get(k) for k in ("id", "origin_id", "origin_slot"))
            kind = text_of(entry.get("type"))
        if isinstance(slot, int):
            found[str(number)] = (str(source), slot, kind)
    return found


def _inputs(
    item: Mapping[str, Any],
    links: Mapping[str, tuple[str, int, str]],
    passed: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in map(mapping_of, list_of(item.get("inputs"))):
        number = entry.get("link")
        name = text_of(entry.get("name"))
        source = links.get(str(number)) if number is not None else None
        for _ in range(len(passed) + 1):
            if source is None or source[0] not in passed:
                break
            source = _through(passed[source[0]], source[2], links)
        if source is not None:
            found[name] = (source[0], source[1])
    return found


def _through(
    item: Mapping[str, Any], kind: str, links: Mapping[str, tuple[str, int, str]]
) -> tuple[str, int, str] | None:
    for entry in map(mapping_of, list_of(item.get("inputs"))):
        if entry.get("type") == kind and entry.get("link") is not None:
            return links.get(str(entry["link"]))
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
