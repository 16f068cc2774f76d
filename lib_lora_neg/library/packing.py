"""Cards as plain tuples, for the index on disk: small, quick to read, tag tables apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..loras.card import (
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

Packed = tuple[Any, ...]
"""Strings, numbers, booleans, ``None`` and tuples of them."""

PACKING = 1
"""Version of the form below; another version on disk is not read."""

_FAMILIES = {family.value: family for family in ModelFamily}
_TYPES = {kind.value: kind for kind in LoraType}
_WIDTHS = {width.value: width for width in DataWidth}
_KINDS = {kind.value: kind for kind in TagTableKind}
_SOURCES = {source.value: source for source in RangeSource}


def pack_card(card: LoraCard) -> Packed:
    """Return the card without the shares of its tags."""
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
    )


def _pack_range(item: WeightRange) -> Packed:
    return (item.floor, item.ceiling, item.sweet_spot, item.source.value, item.reference)


def unpack_card(packed: Packed, shares: Mapping[str, float]) -> LoraCard:
    """Return the card that `pack_card` packed.

    Raises:
        ValueError, KeyError, TypeError: for a tuple that `pack_card` did not make.
    """
    (name, path, alias, title, family, candidates, key_format, algorithm, *rest) = packed
    (decomposed, rank, parts, inference, triggers, tags, images, width, *rest) = rest
    (weight, activation, negative, ranges, embeddings, guard_off, problems) = rest
    kind, confidence, reasons = inference
    return LoraCard(
        name,
        path,
        alias,
        title,
        _FAMILIES[family],
        tuple(_FAMILIES[value] for value in candidates),
        key_format,
        algorithm,
        decomposed,
        rank,
        LoraParts(*parts) if parts else None,
        TypeInference(_TYPES[kind], confidence, reasons),
        tuple(Trigger(*trigger) for trigger in triggers),
        TagTable(_KINDS[tags[0]], shares, tags[1]),
        images,
        _WIDTHS[width],
        weight,
        activation,
        negative,
        tuple(_unpack_range(item) for item in ranges),
        embeddings,
        guard_off,
        problems,
    )


def _unpack_range(packed: Packed) -> WeightRange:
    floor, ceiling, sweet_spot, source, reference = packed
    return WeightRange(floor, ceiling, sweet_spot, _SOURCES[source], reference)
