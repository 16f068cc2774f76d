"""Subgraphs of ComfyUI's page: nodes that stand for workflows of their own, opened out in place.

What is inside is called as ComfyUI calls it when it runs: node 3 of the subgraph in node 14 is
``14:3``. Inside, ``-10`` is where the inputs of the outer node come in, ``-20`` where its outputs
go out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .comfy_graph import MAX_NODES, too_many
from .recipe import MAX_NOTES, list_of, mapping_of, text_of

MUTED, BYPASSED = 2, 4
"""Modes of nodes on the page."""

_IN, _OUT = "-10", "-20"
NOTHING_COMES_IN = f":{_IN}"
"""End of a link's source where it comes from outside the subgraph and nothing is linked there."""

_DEEPEST = 12


class LinkOrigin(NamedTuple):
    """Where a link comes from, and the kind of what it brings."""

    node: str
    slot: int
    kind: str


@dataclass
class FlatPage:
    """A page's nodes without subgraphs.

    Attributes:
        items: the nodes; their ids and the numbers of their links are texts, unlike any other.
        links: by these numbers.
        values: what is typed at a subgraph's node for an input that has no link.
        notes: what could not be opened.
    """

    items: list[dict[str, Any]] = field(default_factory=list)
    links: dict[str, LinkOrigin] = field(default_factory=dict)
    values: dict[tuple[str, int], Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class _Level(NamedTuple):
    prefix: str
    nodes: list[Any]
    links: Any
    depth: int


def flattened(record: Mapping[str, Any]) -> FlatPage:
    """Return the nodes of a page with its subgraphs opened out."""
    listed = list_of(record.get("nodes"))
    found = FlatPage(notes=list(too_many(len(listed))))
    definitions = {
        text_of(entry.get("id")): entry
        for entry in map(
            mapping_of, list_of(mapping_of(record.get("definitions")).get("subgraphs"))
        )
    }
    ends: dict[tuple[str, int], tuple[str, int] | str] = {}
    waiting = deque([_Level("", listed[:MAX_NODES], record.get("links"), 0)])
    size = len(waiting[0].nodes)
    while waiting:
        level = waiting.popleft()
        for number, source, *_ in _links(level.links):
            found.links[level.prefix + number] = source._replace(node=level.prefix + source.node)
        for item in map(mapping_of, level.nodes):
            own = _renamed(item, level.prefix)
            definition = definitions.get(text_of(item.get("type")))
            if definition is None or item.get("mode") in (MUTED, BYPASSED):
                found.items.append(own)
                continue
            inside = list_of(definition.get("nodes"))
            if level.depth >= _DEEPEST or size + len(inside) > MAX_NODES:
                if len(found.notes) < MAX_NOTES:
                    found.notes.append(f"the subgraph in node {own['id'][:60]} was not looked into")
                continue
            size += len(inside)
            prefix = f"{own['id']}:"
            ends.update(_ends(own, definition, prefix, found.values))
            waiting.append(_Level(prefix, inside, definition.get("links"), level.depth + 1))
    for number, source in found.links.items():
        found.links[number] = _inner(source, ends, found.links)
    return found


def _links(value: Any) -> Iterator[tuple[str, LinkOrigin, str, Any]]:
    """Yield number, source, target and its slot of each link."""
    for link in list_of(value):
        if isinstance(link, list) and len(link) >= 5:
            number, node, slot, target, place, *kind = link
        else:
            entry = mapping_of(link)
            names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
            number, node, slot, target, place, *kind = (entry.get(name) for name in names)
        if isinstance(slot, int):
            source = LinkOrigin(str(node), slot, text_of(kind[0]) if kind else "")
            yield str(number), source, str(target), place


def _renamed(item: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    inputs = [
        {**entry, "link": f"{prefix}{entry['link']}" if entry.get("link") is not None else None}
        for entry in map(mapping_of, list_of(item.get("inputs")))
    ]
    return {**item, "id": f"{prefix}{item.get('id')}", "inputs": inputs}


def _ends(
    node: Mapping[str, Any],
    definition: Mapping[str, Any],
    prefix: str,
    values: dict[tuple[str, int], Any],
) -> Iterator[tuple[tuple[str, int], tuple[str, int] | str]]:
    """Yield what stands behind the outputs of a subgraph's node, and behind its inputs inside.

    Behind an input it is the number of a link, or a value, which goes into ``values``.
    """
    for _, source, target, place in _links(definition.get("links")):
        if target == _OUT and isinstance(place, int):
            yield (str(node["id"]), place), (prefix + source.node, source.slot)
    entries = node["inputs"]
    by_name = {text_of(entry.get("name")): entry for entry in entries}
    widgets = [text_of(entry.get("name")) for entry in entries if entry.get("widget")]
    typed = list_of(node.get("widgets_values"))
    shown = dict(zip(widgets, typed, strict=True)) if len(widgets) == len(typed) else {}
    for place, wanted in enumerate(map(mapping_of, list_of(definition.get("inputs")))):
        name = text_of(wanted.get("name"))
        entry = by_name.get(name, entries[place] if place < len(entries) else {})
        if entry.get("link") is not None:
            yield (prefix + _IN, place), str(entry["link"])
        elif name in shown:
            values[prefix + _IN, place] = shown[name]


def _inner(
    source: LinkOrigin,
    ends: Mapping[tuple[str, int], tuple[str, int] | str],
    links: Mapping[str, LinkOrigin],
) -> LinkOrigin:
    """Return the node that a link comes from in the end, in or out of subgraphs."""
    for _ in range(4 * _DEEPEST):
        behind = ends.get((source.node, source.slot))
        if behind is None:
            break
        if isinstance(behind, str):
            outer = links.get(behind)
            if outer is None:
                break
            source = outer
        else:
            source = LinkOrigin(*behind, source.kind)
    return source
