"""Cards as bytes, for the index on disk: small, quick to read, tag tables left out."""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from dataclasses import astuple, fields
from functools import lru_cache
from typing import Any, NamedTuple

from ..loras.card import (
    Bracket,
    DataWidth,
    LoraCard,
    LoraParts,
    LoraType,
    RangeSource,
    TagTable,
    TagTableKind,
    Trigger,
    TypeInference,
    WeightRange,
)
from ..loras.families import ModelFamily

_Plain = tuple[Any, ...]


class Packed(NamedTuple):
    """One card on disk: what a catalog looks at in every card, and the rest as bytes."""

    alias: str
    problems: tuple[str, ...]
    model_hash: str
    body: bytes


PACKING = 4
"""Version of the form below; another version on disk is not read."""

_FAMILIES = {family.value: family for family in ModelFamily}
_TYPES = {kind.value: kind for kind in LoraType}
_WIDTHS = {width.value: width for width in DataWidth}
_KINDS = {kind.value: kind for kind in TagTableKind}
_SOURCES = {source.value: source for source in RangeSource}


def pack_card(card: LoraCard) -> Packed:
    """Return the card without the shares of its tags."""
    return Packed(card.alias, card.problems, card.model_hash, marshal.dumps(_plain(card)))


def _plain(card: LoraCard) -> _Plain:
    parts = card.parts
    return (
        card.name,
        card.path,
        card.alias,
        card.title,
        card.family.value,
        tuple(family.value for family in card.family_candidates),
        card.key_format,
        card.algorithm,
        card.weight_decomposed,
        card.rank,
        (parts.text_encoder, parts.unet, parts.blocks) if parts else None,
        (card.inference.type.value, card.inference.confidence, card.inference.reasons),
        tuple((trigger.text, trigger.source, trigger.confidence) for trigger in card.triggers),
        (card.tags.kind.value, card.tags.captions),
        card.image_count,
        card.data_width.value,
        card.preferred_weight,
        card.activation_text,
        card.negative_text,
        tuple(_pack_range(item) for item in card.ranges),
        card.bundled_embeddings,
        card.guard_off,
        card.problems,
        card.model_hash,
        None if card.bracket is None else astuple(card.bracket),
    )


def _pack_range(item: WeightRange) -> _Plain:
    return (item.floor, item.ceiling, item.sweet_spot, item.source.value, item.reference)


def unpack_card(packed: Packed, shares: Mapping[str, float]) -> LoraCard:
    """Return the card that `pack_card` packed.

    Raises:
        ValueError, KeyError, TypeError: for a tuple that `pack_card` did not make.
    """
    values = dict(zip(_CARD, marshal.loads(packed.body), strict=True))
    parts, tags = values["parts"], values["tags"]
    kind, confidence, reasons = values["inference"]
    values["family"] = _FAMILIES[values["family"]]
    if values["family_candidates"]:
        values["family_candidates"] = tuple(map(_FAMILIES.__getitem__, values["family_candidates"]))
    if parts is not None:
        values["parts"] = _parts(parts)
    values["inference"] = TypeInference(_TYPES[kind], confidence, reasons)
    values["triggers"] = tuple([Trigger(*item) for item in values["triggers"]])
    values["tags"] = TagTable(_KINDS[tags[0]], shares, tags[1]) if tags[1] else _NO_TAGS
    values["data_width"] = _WIDTHS[values["data_width"]]
    if values["ranges"]:
        values["ranges"] = tuple(map(_unpack_range, values["ranges"]))
    if values["bracket"] is not None:
        values["bracket"] = Bracket(*values["bracket"])
    # The frozen card's own __init__ takes three times as long, which is what a look-up of
    # thousands of cards would then spend its time on.
    card = object.__new__(LoraCard)
    card.__dict__.update(values)
    return card


_CARD = tuple(item.name for item in fields(LoraCard))
_NO_TAGS = TagTable()


@lru_cache(maxsize=1024)
def _parts(plain: _Plain) -> LoraParts:
    """Files trained alike change the same parts, so there are few different ones."""
    return LoraParts(*plain)


def _unpack_range(packed: _Plain) -> WeightRange:
    floor, ceiling, sweet_spot, source, reference = packed
    return WeightRange(floor, ceiling, sweet_spot, _SOURCES[source], reference)
