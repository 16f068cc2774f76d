"""A workflow of ComfyUI as a graph, and its form for the server, which ran it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..loras.reading.lenient import as_number
from .recipe import mapping_of, text_of

MAX_NODES = 20_000
"""Nodes of one graph; the largest workflows that people share have some hundreds."""

STACKS = (
    *("lora_stack", "optional_lora_stack", "loras_stack", "LORA_STACK", "lora_params"),
    *("lora", "prev_lora"),
)
"""Inputs that other nodes give LoRAs to."""

TOGGLES = "toggle_trigger_words"
"""Where words stand that are switched on and off one by one (Lora-Manager)."""

Link = tuple[str, int]
"""A node and the number of its output."""


@dataclass(frozen=True)
class GraphNode:
    """A node: its kind, and its inputs, each a value or a `Link`."""

    id: str
    kind: str
    inputs: Mapping[str, Any]
    title: str = ""

    @property
    def label(self) -> str:
        """Kind and number of the node, by which people find it."""
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
        """Whether the node has an input of this name, even an empty one."""
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
    """Nodes by their ids, and notes on what could not be read."""

    nodes: Mapping[str, GraphNode]
    notes: tuple[str, ...] = ()

    def get(self, link: Link | None) -> GraphNode | None:
        """Return the node a link comes from."""
        return self.nodes.get(link[0]) if link is not None else None

    def number(self, node: GraphNode, name: str) -> float | None:
        """Return a number that an input has, or that a node of one number gives it."""
        for _ in range(20):
            value = node.inputs.get(name)
            source = self.get(as_link(value))
            if source is None:
                return as_number(value)
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
            nodes[str(key)] = GraphNode(str(key), kind, inputs, title)
    return Graph(nodes, too_many(len(record)))


def too_many(number: int) -> tuple[str, ...]:
    """Return a note where there are more nodes than are looked at."""
    if number <= MAX_NODES:
        return ()
    return (f"of {number} nodes the first {MAX_NODES} were looked at",)
