"""A workflow of ComfyUI's own nodes, as its server runs it and as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class NodeOutput(NamedTuple):
    """An output of a node: the node's number and the output's place."""

    node: int
    output: int


class NodeKind(NamedTuple):
    """A kind of node as ComfyUI 0.8.0 has it (``/object_info``).

    Attributes:
        links: inputs that other nodes give, with their types.
        widgets: inputs that are typed in, in the order of the page.
        outputs: names of the outputs, which are also their types.
        bounds: of the numbers that are typed in; ComfyUI runs no workflow with one beyond them.
    """

    links: Mapping[str, str] = {}
    widgets: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    bounds: Mapping[str, tuple[float, float]] = {}


_MODEL, _CLIP, _VAE, _COND = "MODEL", "CLIP", "VAE", "CONDITIONING"
_STRENGTHS = ("strength_model", "strength_clip")
_LATENT_SIZE = {"width": (16, 16_384), "height": (16, 16_384)}

KINDS: Mapping[str, NodeKind] = {
    "CheckpointLoaderSimple": NodeKind({}, ("ckpt_name",), (_MODEL, _CLIP, _VAE)),
    "UNETLoader": NodeKind({}, ("unet_name", "weight_dtype"), (_MODEL,)),
    "DualCLIPLoader": NodeKind({}, ("clip_name1", "clip_name2", "type", "device"), (_CLIP,)),
    "VAELoader": NodeKind({}, ("vae_name",), (_VAE,)),
    "LoraLoader": NodeKind(
        {"model": _MODEL, "clip": _CLIP},
        ("lora_name", "strength_model", "strength_clip"),
        (_MODEL, _CLIP),
        dict.fromkeys(_STRENGTHS, (-100, 100)),
    ),
    "CreateHookLora": NodeKind(
        {"prev_hooks": "HOOKS"},
        ("lora_name", "strength_model", "strength_clip"),
        ("HOOKS",),
        dict.fromkeys(_STRENGTHS, (-20, 20)),
    ),
    "SetClipHooks": NodeKind(
        {"clip": _CLIP, "hooks": "HOOKS"}, ("apply_to_conds", "schedule_clip"), (_CLIP,)
    ),
    "CLIPSetLastLayer": NodeKind(
        {"clip": _CLIP}, ("stop_at_clip_layer",), (_CLIP,), {"stop_at_clip_layer": (-24, -1)}
    ),
    "CLIPTextEncode": NodeKind({"clip": _CLIP}, ("text",), (_COND,)),
    "ConditioningCombine": NodeKind(
        {"conditioning_1": _COND, "conditioning_2": _COND}, (), (_COND,)
    ),
    "ConditioningConcat": NodeKind(
        {"conditioning_to": _COND, "conditioning_from": _COND}, (), (_COND,)
    ),
    "ConditioningSetTimestepRange": NodeKind({"conditioning": _COND}, ("start", "end"), (_COND,)),
    "ConditioningZeroOut": NodeKind({"conditioning": _COND}, (), (_COND,)),
    "FluxGuidance": NodeKind(
        {"conditioning": _COND}, ("guidance",), (_COND,), {"guidance": (0, 100)}
    ),
    "NAGuidance": NodeKind(
        {"model": _MODEL},
        ("nag_scale", "nag_alpha", "nag_tau"),
        (_MODEL,),
        {"nag_scale": (0, 50), "nag_alpha": (0, 1), "nag_tau": (1, 10)},
    ),
    "EmptyLatentImage": NodeKind({}, ("width", "height", "batch_size"), ("LATENT",), _LATENT_SIZE),
    "EmptySD3LatentImage": NodeKind(
        {}, ("width", "height", "batch_size"), ("LATENT",), _LATENT_SIZE
    ),
    "LoadImage": NodeKind({}, ("image",), ("IMAGE", "MASK")),
    "ImageScale": NodeKind(
        {"image": "IMAGE"},
        ("upscale_method", "width", "height", "crop"),
        ("IMAGE",),
        _LATENT_SIZE,
    ),
    "LatentUpscale": NodeKind(
        {"samples": "LATENT"},
        ("upscale_method", "width", "height", "crop"),
        ("LATENT",),
        _LATENT_SIZE,
    ),
    "VAEEncode": NodeKind({"pixels": "IMAGE", "vae": _VAE}, (), ("LATENT",)),
    "VAEDecode": NodeKind({"samples": "LATENT", "vae": _VAE}, (), ("IMAGE",)),
    "KSampler": NodeKind(
        {"model": _MODEL, "positive": _COND, "negative": _COND, "latent_image": "LATENT"},
        ("seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"),
        ("LATENT",),
        {"seed": (0, 2**64 - 1), "steps": (1, 10_000), "cfg": (0, 100), "denoise": (0, 1)},
    ),
    "SaveImage": NodeKind({"images": "IMAGE"}, ("filename_prefix",), ()),
}

_AFTER_SEED = "fixed"
"""What the page's own widget behind every seed says: the seed stays."""

_COLUMN, _ROW = 360, 60
_LINE = 26
_WIDE = 320


@dataclass(frozen=True)
class WorkflowNode:
    """One node; ``values`` are links and what stands in its widgets."""

    kind: str
    values: Mapping[str, Any]
    title: str = ""


class ClampedInput(NamedTuple):
    """A number that a node does not take, and what stands there instead."""

    kind: str
    name: str
    asked: float
    held: float


@dataclass
class Workflow:
    """Nodes in the order in which they were added; each links to earlier ones only.

    Attributes:
        nodes: the nodes.
        held: the numbers that were beyond what a node takes.
    """

    nodes: list[WorkflowNode] = field(default_factory=list)
    held: list[ClampedInput] = field(default_factory=list)

    def add(self, kind: str, title: str = "", **values: Any) -> NodeOutput:
        """Add a node and return its first output; inputs that are ``None`` stay empty.

        A number beyond a node's bounds is held at the nearer one, and noted in `held`.
        """
        known = KINDS[kind]
        unknown = set(values) - set(known.links) - set(known.widgets)
        assert not unknown, f"{kind} has no {unknown}"
        given = {name: value for name, value in values.items() if value is not None}
        for name, (low, high) in known.bounds.items():
            asked = given.get(name, low)
            given_here = min(max(asked, low), high)
            if name in given and given_here != asked:
                given[name] = given_here
                self.held.append(ClampedInput(kind, name, asked, given_here))
        self.nodes.append(WorkflowNode(kind, given, title))
        return NodeOutput(len(self.nodes), 0)

    def as_prompt(self) -> dict[str, Any]:
        """Return the workflow as the server takes it (``POST /prompt``)."""
        return {
            str(number): {
                "class_type": node.kind,
                "inputs": {
                    name: [str(value.node), value.output]
                    if isinstance(value, NodeOutput)
                    else value
                    for name, value in node.values.items()
                },
                "_meta": {"title": node.title or node.kind},
            }
            for number, node in enumerate(self.nodes, 1)
        }

    def as_page(self, notes: str = "") -> dict[str, Any]:
        """Return the workflow as the page opens it, laid out from left to right.

        Args:
            notes: text of a note beside it; empty for none.
        """
        links: list[list[Any]] = []
        uses: dict[NodeOutput, list[int]] = {}
        for number, node in enumerate(self.nodes, 1):
            for slot, (name, kind) in enumerate(KINDS[node.kind].links.items()):
                source = node.values.get(name)
                if isinstance(source, NodeOutput):
                    links.append([len(links) + 1, source.node, source.output, number, slot, kind])
                    uses.setdefault(source, []).append(len(links))
        places = self._places()
        shown = [
            self._shown(number, node, places[number], links, uses)
            for number, node in enumerate(self.nodes, 1)
        ]
        if notes:
            shown.append(_note(len(shown) + 1, notes, len(shown)))
        return {
            "last_node_id": len(shown),
            "last_link_id": len(links),
            "nodes": shown,
            "links": links,
            "groups": [],
            "config": {},
            "extra": {},
            "version": 0.4,
        }

    def _places(self) -> dict[int, tuple[int, int]]:
        """Return where each node stands: a column behind all it depends on."""
        depths: dict[int, int] = {}
        tops: dict[int, int] = {}
        places = {}
        for number, node in enumerate(self.nodes, 1):
            before = [depths[v.node] for v in node.values.values() if isinstance(v, NodeOutput)]
            depth = depths[number] = max(before, default=-1) + 1
            top = tops.get(depth, 0)
            places[number] = (depth * _COLUMN, top)
            tops[depth] = top + _height(node) + _ROW
        return places

    def _shown(
        self,
        number: int,
        node: WorkflowNode,
        place: tuple[int, int],
        links: list[list[Any]],
        uses: Mapping[NodeOutput, list[int]],
    ) -> dict[str, Any]:
        kind = KINDS[node.kind]
        into = {link[4]: link[0] for link in links if link[3] == number}
        shown: dict[str, Any] = {
            "id": number,
            "type": node.kind,
            "pos": list(place),
            "size": [_WIDE, _height(node)],
            "flags": {},
            "order": number - 1,
            "mode": 0,
            "inputs": [
                {"name": name, "type": wanted, "link": into.get(slot)}
                for slot, (name, wanted) in enumerate(kind.links.items())
            ],
            "outputs": [
                {
                    "name": name,
                    "type": name,
                    "links": uses.get(NodeOutput(number, slot), []),
                    "slot_index": slot,
                }
                for slot, name in enumerate(kind.outputs)
            ],
            "properties": {"Node name for S&R": node.kind},
            "widgets_values": _widgets(node),
        }
        if node.title:
            shown["title"] = node.title
        return shown


def _widgets(node: WorkflowNode) -> list[Any]:
    values: list[Any] = []
    for name in KINDS[node.kind].widgets:
        values.append(node.values.get(name))
        if name == "seed":
            values.append(_AFTER_SEED)
        elif node.kind == "LoadImage":
            values.append("image")
    return values


def _height(node: WorkflowNode) -> int:
    kind = KINDS[node.kind]
    text = 110 if node.kind == "CLIPTextEncode" else 0
    return 60 + _LINE * (max(len(kind.links), len(kind.outputs)) + len(kind.widgets)) + text


def _note(number: int, text: str, order: int) -> dict[str, Any]:
    return {
        "id": number,
        "type": "Note",
        "pos": [0, -320],
        "size": [2 * _WIDE, 260],
        "flags": {},
        "order": order,
        "mode": 0,
        "inputs": [],
        "outputs": [],
        "properties": {},
        "widgets_values": [text],
        "title": "LoRA Negative Guard",
    }
