"""ComfyUI: from the workflow in a picture to the prompt, the LoRAs and the CFG that made it.

A workflow is a graph. It is walked backwards: from what saved the picture to the sampler, from
there to the texts along the conditioning, and to the LoRA loaders along the model. What cannot be
followed is named. LoRA strengths stand in ComfyUI's order, model first, then CLIP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .comfy_graph import Graph, GraphNode, graph_of_prompt
from .comfy_hooks import HOOKS, loras_of_hooks, on_branches
from .comfy_loras import loras_in_texts, loras_of_node
from .comfy_page import graph_of_workflow
from .comfy_texts import TextFollower
from .recipe import MAX_NOTES, HiresRecipe, MetadataError, NamedLora, Recipe

_MODEL = (
    *("model", "unet", "MODEL", "model1", "model_positive", "diffusion_model", "opt_model"),
    *("model_opt", "optional_model"),
)
_CLIP = ("clip", "CLIP", "opt_clip", "clip_opt", "optional_clip")
_BUNDLES = ("pipe", "basic_pipe", "base_ctx", "ctx", "context", "sdxl_tuple", "model_pipe")
_LATENT = ("latent_image", "latent", "samples", "latents", "optional_latent", "LATENT")
_PICTURE = ("images", "image", "samples", "latent", "pixels", "IMAGE")
_MOST_SAMPLERS = 8


def of_record(record: Mapping[str, Any]) -> list[Recipe]:
    """Return the recipes of a workflow, one for each picture it makes; none if it is no workflow.

    Raises:
        MetadataError: it is a workflow, and no sampler or prompt in it can be found.
    """
    graph = _graph_of(record)
    return [] if graph is None else list(_Reading(graph).recipes())


def loras_before(
    record: Mapping[str, Any], node: str, passed_over: frozenset[str] = frozenset()
) -> tuple[tuple[NamedLora, ...], tuple[str, ...]]:
    """Return the LoRAs that are loaded before a node of a workflow, and what cannot be followed.

    Args:
        record: the workflow as the server runs it.
        node: number of the node; it is followed along its model, and its CLIP.
        passed_over: kinds of nodes whose LoRAs are not wanted.
    """
    graph = graph_of_prompt(record)
    start = graph.nodes.get(node)
    if start is None:
        return (), ()
    return _Reading(graph).loras_before(start, passed_over)


def _graph_of(record: Mapping[str, Any]) -> Graph | None:
    if isinstance(record.get("nodes"), list) and isinstance(record.get("links"), list | Mapping):
        return graph_of_workflow(record)
    inner = record.get("prompt")
    if isinstance(inner, Mapping):
        return _graph_of(inner)
    nodes = [value for value in record.values() if isinstance(value, Mapping)]
    if nodes and any(
        "class_type" in node and isinstance(node.get("inputs"), Mapping) for node in nodes
    ):
        return graph_of_prompt(record)
    return None


@dataclass(frozen=True)
class _Pass:
    """What one sampler says."""

    prompt: str
    negative: str
    cfg: float | None
    distilled: bool
    loras: tuple[NamedLora, ...]


class _Reading:
    """One workflow while it is read."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._everywhere = list(graph.notes)
        self._notes: list[str] = list(graph.notes)

    def recipes(self) -> Iterator[Recipe]:
        finals = self._final_samplers()
        if not finals:
            kinds = sorted({node.kind for node in self._graph.nodes.values()})
            raise MetadataError(
                f"a ComfyUI workflow without a sampler that is known; its nodes: "
                f"{', '.join(kinds[:12])}"
            )
        several = len(finals) > 1
        for final in finals:
            self._notes = list(self._everywhere)
            chain = self._chain(final)
            if several:
                self._note(f"one of {len(finals)} pictures of this workflow, by {final.label}")
            first = self._pass(chain[-1])
            hires = self._hires(chain, first)
            yield Recipe(
                source="ComfyUI",
                prompt=first.prompt,
                negative_prompt=first.negative,
                cfg_scale=first.cfg,
                hires=hires,
                distilled=first.distilled,
                loras=first.loras,
                notes=tuple(dict.fromkeys(self._notes))[:MAX_NOTES],
            )

    def loras_before(
        self, start: GraphNode, passed_over: frozenset[str]
    ) -> tuple[tuple[NamedLora, ...], tuple[str, ...]]:
        """Return what `loras_before` does."""
        found: list[NamedLora] = []
        known = {start.id}
        for names in ((*_MODEL, *_BUNDLES), _CLIP):
            on_model = "model" in names
            for node in self._loaders(start, names, tags=True):
                if node.id in known or node.kind in passed_over:
                    continue
                known.add(node.id)
                loads = loras_of_node if node.loads_loras else loras_in_texts
                for lora in loads(node, self._graph, self._note):
                    te = lora.unet if lora.te is None else lora.te
                    found.append(lora if on_model else replace(lora, unet=0.0, te=te))
        return tuple(found), tuple(dict.fromkeys(self._notes))[:MAX_NOTES]

    def _note(self, text: str) -> None:
        self._notes.append(text)

    def _final_samplers(self) -> list[GraphNode]:
        """Return the samplers whose pictures were saved; failing that those nobody follows."""
        found: dict[str, GraphNode] = {}
        savers = [n for n in self._graph.nodes.values() if _saves(n)]
        kept = [n for n in savers if not n.kind.lower().startswith("preview")] or savers
        for node in kept:
            sampler = self._back(node, _PICTURE)
            if sampler is not None:
                found.setdefault(sampler.id, sampler)
        if not found:
            samplers = [n for n in self._graph.nodes.values() if _samples(n)]
            earlier = {s.id for n in samplers if (s := self._back(n, _LATENT)) is not None}
            # In a circle each is another's; then none is the last.
            last = [n for n in samplers if n.id not in earlier] or samplers
            found = {n.id: n for n in last}
        if len(found) > _MOST_SAMPLERS:
            self._everywhere.append(
                f"{len(found)} pictures in this workflow: the first {_MOST_SAMPLERS} are checked"
            )
        return list(found.values())[:_MOST_SAMPLERS]

    def _back(self, start: GraphNode, names: tuple[str, ...]) -> GraphNode | None:
        """Return the nearest sampler behind a node along pictures and latents."""
        seen: set[str] = set()
        waiting = list(start.links(names) or start.all_links())
        while waiting:
            node = self._graph.get(waiting.pop(0))
            if node is None or node.id in seen:
                continue
            seen.add(node.id)
            if _samples(node):
                return node
            named = node.links((*_PICTURE, *_LATENT))
            waiting += named or node.all_links()
        return None

    def _chain(self, final: GraphNode) -> list[GraphNode]:
        """Return a sampler and those before it, whose latents it went on with."""
        chain = [final]
        while len(chain) < _MOST_SAMPLERS:
            before = None
            if chain[-1].links(_LATENT):
                before = self._back(replace_links(chain[-1], _LATENT), _LATENT)
            if before is None or before in chain:
                break
            chain.append(before)
        return chain

    def _hires(self, chain: list[GraphNode], first: _Pass) -> HiresRecipe | None:
        if len(chain) < 2:
            return None
        if len(chain) > 2:
            self._note(f"{len(chain)} samplers in a row: the first and the last are checked")
        last = self._pass(chain[0])
        if last == first:
            return None
        if last.loras != first.loras:
            self._note(f"{chain[0].label} uses other LoRAs than the first sampler")
        prompt = with_tags(last.prompt, last.loras)
        return HiresRecipe(prompt, last.negative, last.cfg)

    def _pass(self, sampler: GraphNode) -> _Pass:
        guider = self._graph.get(sampler.link("guider"))
        source = guider or sampler
        texts = TextFollower(self._graph, self._note)
        positive = texts.follow(source, "positive")
        negative = texts.follow(source, "negative")
        if positive is None:
            self._note(f"the prompt of {source.label} cannot be followed")
        if negative is None and source.wants("negative"):
            self._note(f"the negative prompt of {source.label} cannot be followed")
        cfg = self._cfg(source)
        loras = self._loras(source, texts)
        return _Pass(positive or "", negative or "", cfg, texts.distilled, tuple(loras))

    def _cfg(self, node: GraphNode, depth: int = 10) -> float | None:
        for name in ("cfg", "cfg_scale", "guidance_scale", "cfg_conds", "CFG"):
            if node.has(name):
                value = self._graph.number(node, name)
                if value is None:
                    self._note(f"the CFG of {node.label} cannot be followed")
                return value
        if node.kind.startswith("BasicGuider"):
            return 1.0
        bundle = next((self._graph.get(link) for link in node.links(_BUNDLES)), None)
        return self._cfg(bundle, depth - 1) if bundle is not None and depth else None

    def _loras(self, source: GraphNode, texts: TextFollower) -> list[NamedLora]:
        """Return the LoRAs between the checkpoint and the sampler, in the order of loading."""
        on_model = self._loaders(source, (*_MODEL, *_BUNDLES))
        if not source.links((*_MODEL, *_BUNDLES)):
            self._note(f"the model of {source.label} cannot be followed: LoRAs were not checked")
        clip = self._before_encoders(texts, "positive")
        negative = self._before_encoders(texts, "negative")
        found = []
        for node in on_model:
            found += loras_of_node(node, self._graph, self._note)
        known = {node.id for node in on_model}
        for node in clip.values():
            if node.id not in known:
                found += [replace(lora, unet=0.0, te=te) for lora, te in self._on_clip(node)]
        for node in negative.values():
            if node.id not in known and node.id not in clip:
                for lora, te in self._on_clip(node):
                    self._note(
                        f"LoRA {lora.name} at {te:g} acts on the negative prompt's text encoder "
                        "alone and was not checked"
                    )
        sides = (self._hooks(texts, role) for role in ("positive", "negative"))
        return [*found, *on_branches(*sides)]

    def _hooks(self, texts: TextFollower, role: str) -> list[NamedLora]:
        """Return the LoRAs that come with the conditioning of a role."""
        nodes = list(texts.conditionings.get(role, ()))
        for encoder in texts.encoders.get(role, ()):
            nodes += self._behind(encoder, _CLIP)
        unlike = {node.id: node for node in nodes if node.links(HOOKS)}
        return [
            lora
            for node in unlike.values()
            for lora in loras_of_hooks(node, self._graph, self._note)
        ]

    def _behind(self, start: GraphNode, names: tuple[str, ...]) -> Iterator[GraphNode]:
        """Yield a node and those behind it along the first of the named inputs."""
        node: GraphNode | None = start
        seen: set[str] = set()
        while node is not None and node.id not in seen:
            seen.add(node.id)
            yield node
            node = self._graph.get(next(iter(node.links(names)), None))

    def _before_encoders(self, texts: TextFollower, role: str) -> dict[str, GraphNode]:
        """Return the nodes that load LoRAs before the text encoders of a role, by their ids."""
        found: dict[str, GraphNode] = {}
        for encoder in texts.encoders.get(role, ()):
            found |= {node.id: node for node in self._loaders(encoder, (*_CLIP, *_BUNDLES))}
        return found

    def _on_clip(self, node: GraphNode) -> Iterator[tuple[NamedLora, float]]:
        """Yield what a node loads onto a text encoder alone, and at which strength."""
        for lora in loras_of_node(node, self._graph, self._note):
            yield lora, lora.unet if lora.te is None else lora.te

    def _loaders(
        self, start: GraphNode, names: tuple[str, ...], *, tags: bool = False
    ) -> list[GraphNode]:
        """Return the nodes that load LoRAs behind a node, the first loaded first.

        Args:
            start: the node.
            names: of the inputs that are followed.
            tags: nodes that load the tags of a text are wanted, too.
        """
        found: list[GraphNode] = []
        seen: set[str] = set()
        waiting = list(start.links(names)[:1])
        if start.loads_loras:
            found.append(start)
        what = "model" if "model" in names else "CLIP"
        before = start
        while waiting:
            link = waiting.pop()
            node = self._graph.get(link)
            if node is None or node.id in seen:
                why = "comes from nowhere" if node is None else "goes round in a circle"
                self._note(f"the {what} of {before.label} {why}: LoRAs before it were not checked")
                continue
            seen.add(node.id)
            before = node
            if node.loads_loras or (tags and node.has_tags):
                found.append(node)
            further = node.links(names)[:1]
            if not further and not node.loads_loras and not node.is_loader:
                links = node.all_links()
                further = links if len(links) == 1 else []
                if len(links) > 1:
                    self._note(f"the model behind {node.label} cannot be followed")
            waiting += further
        return found[::-1]


def replace_links(node: GraphNode, names: tuple[str, ...]) -> GraphNode:
    """Return a node that is linked by the named inputs alone."""
    return replace(node, inputs={k: v for k, v in node.inputs.items() if k in names})


def with_tags(prompt: str, loras: tuple[NamedLora, ...]) -> str:
    """Return a prompt with the tags of LoRAs behind it."""
    tags = " ".join(lora.tag() for lora in loras if lora.writable)
    return f"{prompt} {tags}".strip() if tags else prompt


def _saves(node: GraphNode) -> bool:
    kind = node.kind.lower().replace(" ", "")
    return ("save" in kind or "preview" in kind or "imagesaver" in kind) and bool(
        node.links(("images", "image"))
    )


def _samples(node: GraphNode) -> bool:
    kind = node.kind.lower()
    if any(word in kind for word in ("detailer", "upscale", "guider", "apply")):
        return False
    linked = bool(node.links(("positive", "guider", "text_embeds")))
    steers = node.has("cfg") or node.link("guider") is not None or "sampler" in kind
    bundled = "ksampler" in kind.replace(" ", "") and bool(node.links(_BUNDLES))
    return (linked and steers) or bundled
