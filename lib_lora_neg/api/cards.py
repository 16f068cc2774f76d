"""The library as the API tells it: LoRAs by name, never by path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..loras.card import LoraCard, WeightRange
from ..loras.families import ModelFamily
from ..policy.matrix import range_in_force
from .exchange import ApiError

PAGE, MAX_PAGE = 100, 500
"""LoRAs in one answer: as a rule, and at most. A card is read from its file the first time."""


class LibraryHost(Protocol):
    """A host that knows LoRAs by the names it accepts in a prompt."""

    def names(self) -> Sequence[str]:
        """Return the names of all LoRAs in the host's folders."""
        ...

    def card(self, name: str) -> LoraCard | None:
        """Return one card; ``None`` for a name that the host does not know."""
        ...


def library_page(host: LibraryHost, query: Mapping[str, str]) -> dict[str, Any]:
    """Return some of the LoRAs in short, in the order of their names."""
    names = sorted(host.names(), key=str.lower)
    offset = _count(query, "offset", 0, len(names))
    limit = _count(query, "limit", PAGE, MAX_PAGE)
    cards = (host.card(name) for name in names[offset : offset + limit])
    return {
        "total": len(names),
        "offset": offset,
        "loras": [short_json(card) for card in cards if card is not None],
    }


def one_card(
    host: LibraryHost, name: str, floors: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Return all that is known of one LoRA; ``floors`` are those that the user set for types.

    Raises:
        ApiError: the host knows none of that name.
    """
    card = host.card(name)
    if card is None:
        raise ApiError(404, "unknown_lora", "no LoRA of this name is known", "name")
    return card_json(card, floors)


def short_json(card: LoraCard) -> dict[str, Any]:
    """Return what a list needs."""
    return {
        "name": card.name,
        "alias": card.alias,
        "title": card.title,
        "family": card.family.value,
        "type": card.inference.type.value,
        "confidence": round(card.inference.confidence, 3),
        "guard_off": card.guard_off,
    }


def card_json(card: LoraCard, floors: Mapping[str, float] | None = None) -> dict[str, Any]:
    """Return the whole card, but for where the file lies."""
    allowed = range_in_force(card, card.family, floors)
    return {
        **short_json(card),
        "reasons": list(card.inference.reasons),
        "range": range_json(allowed) if allowed is not None else None,
        "triggers": [
            {"text": t.text, "source": t.source, "confidence": round(t.confidence, 3)}
            for t in card.triggers
        ],
        "algorithm": card.algorithm,
        "rank": card.rank,
        "text_encoder": card.parts.text_encoder if card.parts is not None else None,
        "images": card.image_count,
        "data_width": card.data_width.value,
        "preferred_weight": card.preferred_weight,
        "activation_text": card.activation_text,
        "negative_text": card.negative_text,
        "problems": len(card.problems),
        "families_possible": [f.value for f in card.family_candidates]
        if card.family is ModelFamily.UNKNOWN
        else [],
    }


def range_json(allowed: WeightRange) -> dict[str, Any]:
    """Return a range with who says so."""
    return {
        "floor": allowed.floor,
        "ceiling": allowed.ceiling,
        "sweet_spot": list(allowed.sweet_spot) if allowed.sweet_spot else None,
        "source": allowed.source.value,
        "reference": allowed.reference,
    }


def _count(query: Mapping[str, str], key: str, default: int, most: int) -> int:
    raw = query.get(key)
    if raw is None:
        return min(default, most)
    if not (raw.isascii() and raw.isdigit()) or len(raw) > 9:
        raise ApiError(422, "bad_request", f"{key}: must be a whole number from 0", key)
    return min(int(raw), most)
