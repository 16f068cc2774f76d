"""The texts of a ComfyUI workflow, followed backwards along conditionings and strings."""

from __future__ import annotations

from collections.abc import Callable

from .comfy_graph import TOGGLES, Graph, GraphNode, Link
from .recipe import list_of, mapping_of, shortened, text_of
from .swarmui import model_first

_CONDITIONING = (
    *("conditioning", "conditioning_1", "conditioning_2", "conditioning_to", "conditioning_from"),
    *("cond", "cond1", "cond2", "cond_1", "cond_2", "conditioning1", "conditioning2"),
)
_ENCODED = ("text", "prompt", "text_g", "text_l", "t5xxl", "clip_l", "clip_g", "populated_text")
_STRINGS = (
    *("populated_text", "text", "string", "value", "prompt", "Text", "String", "STRING"),
    *("text_a", "text_b", "text_c", "text_d", "string_a", "string_b", "text1", "text2", "text3"),
    *("string1", "string2", "string_1", "string_2", "text_1", "text_2", "prefix", "suffix"),
    *("input", "any", "source", "anything", "text_0", "populated", "wildcard_text"),
)
_BUNDLES = ("pipe", "basic_pipe", "base_ctx", "ctx", "context", "sdxl_tuple")
# Nodes whose text loads LoRAs itself, in ComfyUI's order.
_LOADING = (
    *("impactwildcardencode", "promptcontrol", "loramanager", "swarm", "scheduletoc"),
    "powerprompt",
)
# The guard's own nodes: which input stands behind which output.
_OF_THE_GUARD = {
    ("NegGuardPrompts", 0): "positive",
    ("NegGuardPrompts", 1): "negative",
    ("NegGuardLoraLoader", 3): "negative",
    ("NegGuardLoraStack", 1): "negative",
}
_DEPTH = 60
_MOST_STEPS = 2_000


class TextFollower:
    """Follows the texts of one sampler.

    Attributes:
        encoders: the nodes that encoded text, by role.
        conditionings: the nodes that conditionings went through, by role.
        distilled: whether a node set guidance as an input of the model.
    """

    def __init__(self, graph: Graph, note: Callable[[str], None]) -> None:
        self._graph = graph
        self._note = note
        self.encoders: dict[str, list[GraphNode]] = {}
        self.conditionings: dict[str, list[GraphNode]] = {}
        self.distilled = False
        self._steps = 0

    def follow(self, sampler: GraphNode, role: str) -> str | None:
        """Return the text that reaches a sampler as ``positive`` or ``negative``.

        ``None`` where nothing is linked, or the text cannot be found.
        """
        names = [role, f"{role}_prompt", f"{role}_conditioning", "text_embeds"]
        if role == "positive":
            names += ["conditioning", "cond1"]
        for name in names:
            link = sampler.link(name)
            if link is not None:
                return self._conditioning(link, role, frozenset(), _DEPTH)
        for link in sampler.links(_BUNDLES):
            return self._conditioning(link, role, frozenset(), _DEPTH)
        return None

    def _next(self, link: Link, seen: frozenset[str], depth: int) -> GraphNode | None:
        """Return the node of a link, within what is worth following: joins may double each step."""
        node = self._graph.get(link)
        self._steps += 1
        if node is None:
            self._note(f"a text comes from node {shortened(link[0], 30)}, which is not there")
        elif node.id in seen:
            self._note(f"a text goes round in a circle at {node.label}")
        elif self._steps > _MOST_STEPS or depth <= 0:
            self._note("the texts are joined too often to be followed to their ends")
        else:
            return node
        return None

    def _conditioning(self, link: Link, role: str, seen: frozenset[str], depth: int) -> str | None:
        node = self._next(link, seen, depth)
        if node is None:
            return None
        seen |= {node.id}
        self.conditionings.setdefault(role, []).append(node)
        kind = node.kind.lower().replace(" ", "")
        if "zeroout" in kind:
            return ""
        if "fluxguidance" in kind or (node.has("guidance") and "flux" in kind):
            self.distilled = True
        for name in (role, f"{role}_prompt"):
            if node.wants(name):
                further = node.link(name)
                if further is not None and "encode" not in kind and "loader" not in kind:
                    return self._conditioning(further, role, seen, depth - 1)
                self._encoded(node, role)
                return self._string_input(node, name, seen, depth)
        return self._behind(node, role, kind, seen, depth)

    def _behind(
        self, node: GraphNode, role: str, kind: str, seen: frozenset[str], depth: int
    ) -> str | None:
        """Follow a node that has no input of the role's own name."""
        named = node.links(_CONDITIONING)
        if named:
            parts = [self._conditioning(link, role, seen, depth - 1) for link in named]
            if "average" in kind:
                self._note(f"{node.label} mixes prompts; both are checked in full")
            return _joined(parts)
        own = [name for name in _ENCODED if node.wants(name)]
        if own:
            self._encoded(node, role)
            # Lora-Manager puts the words of these inputs in front.
            own = [n for n in node.inputs if n.startswith("trigger_words")] + own
            parts = list(dict.fromkeys(self._string_input(node, n, seen, depth) for n in own))
            text = _joined(parts)
            return self._tags(text, node, kind)
        links = node.links(_BUNDLES) or node.all_links()
        if len(links) == 1:
            return self._conditioning(links[0], role, seen, depth - 1)
        self._note(f"the {role} prompt behind {node.label} cannot be followed")
        return None

    def _encoded(self, node: GraphNode, role: str) -> None:
        self.encoders.setdefault(role, []).append(node)

    def _tags(self, text: str | None, node: GraphNode, kind: str) -> str | None:
        if not text or "<lora:" not in text.lower():
            return text
        if any(word in kind for word in _LOADING):
            return model_first(text)
        self._note(
            f"{node.label} reads <lora:…> as words, unless a node before it loads them; they are "
            "checked as LoRAs"
        )
        return model_first(text)

    def _string_input(
        self, node: GraphNode, name: str, seen: frozenset[str], depth: int
    ) -> str | None:
        value = node.inputs.get(name)
        if isinstance(value, str):
            return value
        link = node.link(name)
        if link is not None:
            return self._string(link, seen, depth - 1)
        if name in node.inputs:
            self._note(f"what stands in {node.label} as {name} is no text")
        return ""

    def _string(self, link: Link, seen: frozenset[str], depth: int) -> str | None:
        node = self._next(link, seen, depth)
        if node is None:
            return None
        seen |= {node.id}
        own = _OF_THE_GUARD.get((node.kind, link[1]))
        if own is not None:
            # What it was given; what it made of that is planned anew.
            text = self._string_input(node, own, seen, depth)
            other = str(node.inputs.get("tag_order", "")).startswith("A1111")
            return model_first(text) if text and other else text
        if TOGGLES in node.inputs:
            return _switched_on(node.inputs[TOGGLES])
        kind = node.kind.lower()
        if "switch" in kind or "random" in kind:
            self._note(f"which text {node.label} chose cannot be followed")
            return None
        names = [name for name in _STRINGS if node.has(name)]
        if "concat" not in kind and "join" not in kind and "combine" not in kind:
            # The populated text of a wildcard node is what was used of it.
            names = names[:1] if names and not _is_empty(node, names[0]) else names
        if not names:
            links = node.all_links()
            if len(links) == 1:
                return self._string(links[0], seen, depth - 1)
            texts = [v for v in node.inputs.values() if isinstance(v, str)]
            if len(texts) == 1 and not links:
                return texts[0]
            self._note(f"the text behind {node.label} cannot be followed")
            return None
        between = node.inputs.get("delimiter", node.inputs.get("separator", ", "))
        parts = [self._string_input(node, name, seen, depth) for name in names]
        return _joined(parts, between if isinstance(between, str) else ", ")


def _switched_on(value: object) -> str:
    """Return the words of a list that are switched on; groups hold lists of their own."""
    entries = mapping_of(value).get("__value__", value)
    words = [mapping_of(item) for item in list_of(entries)]
    return ", ".join(text_of(word.get("text")) for word in words if word.get("active"))


def _is_empty(node: GraphNode, name: str) -> bool:
    value = node.inputs.get(name)
    return isinstance(value, str) and not value.strip()


def _joined(parts: list[str | None], between: str = ", ") -> str | None:
    known = [part for part in parts if part is not None]
    return between.join(part for part in known if part) if known else None
