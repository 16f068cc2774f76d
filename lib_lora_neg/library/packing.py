"""Cards as plain tuples, for the index on disk: quick to read and write, tag tables left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, fields
from functools import lru_cache
from typing import Any, TypeVar

from ..loras.card import (
    DataWidth,
    LoraCard,
    LoraParts,
    LoraType,
    RangeSource,
    ScanBracket,
    TagTable,
    TagTableKind,
    Trigger,
    TypeInference,
    WeightRange,
)
from ..loras.families import ModelFamily
from ..sentences import pack_sentence, unpack_sentence

PackedCard = tuple[Any, ...]
"""The fields of a card in their order, each as plain values."""

_Frozen = TypeVar("_Frozen")

_CARD = tuple(item.name for item in fields(LoraCard))
ALIAS, PROBLEMS, MODEL_HASH = map(_CARD.index, ("alias", "problems", "model_hash"))
"""Where a packed card has what a catalog looks at in all of them."""

PACKING = 14
"""Version of the form below; another version on disk is not read."""

_FAMILIES = {family.value: family for family in ModelFamily}
_TYPES = {kind.value: kind for kind in LoraType}
_WIDTHS = {width.value: width for width in DataWidth}
_KINDS = {kind.value: kind for kind in TagTableKind}
_SOURCES = {source.value: source for source in RangeSource}


class Packer:
    """Packs cards; what is equal in two of them becomes one object, which is stored once.

    Files trained alike change the same blocks and are judged for the same reasons, so that most
    of a card is shared: a record of thousands is small and quickly read.
    """

    def __init__(self) -> None:
        self._shared: dict[Any, Any] = {}

    def pack(self, card: LoraCard) -> PackedCard:
        """Return the card without the shares of its tags."""
        # Numbers are left alone: 1, 1.0 and True are equal.
        shared = self._shared
        return tuple(
            shared.setdefault(item, item) if isinstance(item, (str, tuple)) else item
            for item in _plain(card)
        )


def _plain(card: LoraCard) -> PackedCard:
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
        (
            card.inference.type.value,
            card.inference.confidence,
            tuple(map(pack_sentence, card.inference.reasons)),
        ),
        tuple(
            (trigger.text, pack_sentence(trigger.source), trigger.confidence)
            for trigger in card.triggers
        ),
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
        card.block_mask,
    )


def _pack_range(item: WeightRange) -> PackedCard:
    return (item.floor, item.ceiling, item.sweet_spot, item.source.value, item.reference)


def unpack_card(packed: PackedCard, shares: Mapping[str, float]) -> LoraCard:
    """Return the card that `Packer.pack` packed.

    Raises:
        ValueError, KeyError, TypeError: for a tuple that `Packer.pack` did not make.
    """
    (
        name, path, alias, title, family, candidates, key_format, algorithm, weight_decomposed,
        rank, parts, inference, triggers, (kind, captions), image_count, data_width,
        preferred_weight, activation_text, negative_text, ranges, bundled_embeddings, guard_off,
        problems, model_hash, bracket, block_mask,
    ) = packed  # fmt: skip
    values = {
        "name": name,
        "path": path,
        "alias": alias,
        "title": title,
        "family": _FAMILIES[family],
        "family_candidates": tuple(map(_FAMILIES.__getitem__, candidates)) if candidates else (),
        "key_format": key_format,
        "algorithm": algorithm,
        "weight_decomposed": weight_decomposed,
        "rank": rank,
        "parts": _parts(parts) if parts is not None else None,
        "inference": _inference(inference),
        "triggers": tuple([_trigger(*item) for item in triggers]) if triggers else (),
        "tags": _tags(kind, captions, shares) if captions else _NO_TAGS,
        "image_count": image_count,
        "data_width": _WIDTHS[data_width],
        "preferred_weight": preferred_weight,
        "activation_text": activation_text,
        "negative_text": negative_text,
        "ranges": _ranges(ranges) if ranges else (),
        "bundled_embeddings": bundled_embeddings,
        "guard_off": guard_off,
        "problems": problems,
        "model_hash": model_hash,
        "bracket": ScanBracket(*bracket) if bracket is not None else None,
        "block_mask": block_mask,
    }
    return _frozen(LoraCard, values)


def _tags(kind: str, captions: int, shares: Mapping[str, float]) -> TagTable:
    return _frozen(TagTable, {"kind": _KINDS[kind], "shares": shares, "captions": captions})


def _trigger(text: str, source: Any, confidence: float) -> Trigger:
    said = unpack_sentence(source)
    return _frozen(Trigger, {"text": text, "source": said, "confidence": confidence})


def _frozen(kind: type[_Frozen], values: dict[str, Any]) -> _Frozen:
    """Return an instance of a frozen dataclass with all of its fields.

    Its own ``__init__`` takes three times as long, which is what a look-up of thousands of cards
    would then spend its time on.
    """
    made = object.__new__(kind)
    object.__setattr__(made, "__dict__", values)
    return made


_NO_TAGS = TagTable()


@lru_cache(maxsize=1024)
def _inference(plain: PackedCard) -> TypeInference:
    kind, confidence, reasons = plain
    return TypeInference(_TYPES[kind], confidence, tuple(map(unpack_sentence, reasons)))


@lru_cache(maxsize=1024)
def _parts(plain: PackedCard) -> LoraParts:
    """Files trained alike change the same parts, so there are few different ones."""
    return LoraParts(*plain)


@lru_cache(maxsize=1024)
def _ranges(plain: PackedCard) -> tuple[WeightRange, ...]:
    return tuple(
        WeightRange(floor, ceiling, sweet_spot, _SOURCES[source], reference)
        for floor, ceiling, sweet_spot, source, reference in plain
    )
