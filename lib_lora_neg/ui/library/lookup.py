"""What the library's look-up buttons ask the server for: model pages, and measured weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

from ...hosts.answers import Answer
from ...hosts.form_reading import FormValueError
from ...library.lookups import PageLookups
from ...loras.card import LoraCard, LoraType
from ...loras.reading.header import LoraFileError
from ...loras.reading.weights import measure_weights, type_from_weights
from ...sentences import as_sentence, say
from .edit import MAX_NAME, read_names
from .words import type_name

SWITCHED_OFF = say(
    "Look-ups are switched off. Allow them in the settings: they send the SHA-256 of the file to "
    "civitai.com, and nothing else."
)
MOST_BLOCKS = 12


class LookupHost(Protocol):
    """A host whose LoRAs can be looked up and measured."""

    @property
    def lookups(self) -> PageLookups:
        """What looks pages up."""
        ...

    def may_look_up(self) -> bool:
        """Whether the user allowed look-ups."""
        ...

    def known(self, name: str) -> LoraCard | None:
        """Return a card that was read already."""
        ...

    def card(self, name: str) -> LoraCard | None:
        """Return a card, reading its file if need be."""
        ...


def lookup_answers(host: LookupHost) -> dict[str, Answer]:
    """Return the answers of the routes by the last part of their address."""
    return {**_page_answers(host), "library-weights": lambda body: measured(_card(host, body))}


def _page_answers(host: LookupHost) -> dict[str, Answer]:
    def state(_: Mapping[str, Any]) -> dict[str, Any]:
        found = asdict(host.lookups.state)
        found["stopped"] = say(found["stopped"])
        for result in found["results"]:
            result["note"] = say(result["note"])
            for key in ("before", "after"):
                kind, sure = result[key]
                result[key] = {"type": type_name(LoraType(kind)), "confidence": sure}
        return {**found, "allowed": host.may_look_up()}

    def start(body: Mapping[str, Any]) -> dict[str, Any]:
        if not host.may_look_up():
            raise FormValueError("lookup", SWITCHED_OFF)
        if not host.lookups.start(read_names(body)):
            raise FormValueError(
                "lookup", say("other LoRAs are being looked up; cancel that first")
            )
        return state({})

    def cancel(_: Mapping[str, Any]) -> dict[str, Any]:
        host.lookups.cancel()
        return state({})

    return {
        "library-lookup": start,
        "library-lookup-state": state,
        "library-lookup-cancel": cancel,
    }


def _card(host: LookupHost, body: Mapping[str, Any]) -> LoraCard:
    name = body.get("name")
    if not isinstance(name, str) or len(name) > MAX_NAME:
        raise FormValueError("name", "must be the name of a LoRA")
    card = host.card(name)
    if card is None:
        raise FormValueError("name", say("no LoRA of this name is known"))
    return card


def measured(card: LoraCard) -> dict[str, Any]:
    """Return what the weights of a LoRA show; it takes a second or more.

    Raises:
        FormValueError: its file cannot be measured; the message says why.
    """
    try:
        facts = measure_weights(card.path)
    except LoraFileError as error:
        raise FormValueError("weights", error.fault) from error
    leaning = type_from_weights(facts, card.family)
    blocks = list(facts.energy.items())
    return {
        "layers": facts.layers,
        "passed_over": facts.passed_over,
        "rank": facts.rank,
        "effective_rank": round(facts.effective_rank, 1),
        "energy": [[block, round(share, 4)] for block, share in blocks[:MOST_BLOCKS]],
        "more_blocks": max(0, len(blocks) - MOST_BLOCKS),
        "leans_to": type_name(leaning.type) if leaning.confidence else "",
        "confidence": leaning.confidence,
        "reason": as_sentence(leaning.reasons[0]) if leaning.reasons else "",
    }
