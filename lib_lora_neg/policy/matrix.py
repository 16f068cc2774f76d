"""The type-safety matrix: how far each type may go below zero, as data with its sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from ..loras.card import DataWidth, LoraCard, LoraType, RangeSource, WeightRange
from ..loras.families import FLUX_FAMILIES, UNET_WITH_CFG, ModelFamily

FRAMEWORK = "Per-LoRA negative management (AI Image Prompt Tip, 2026-06-17)"
"""The article whose table the matrix follows."""

WRONG_LORA = "sdxl-wrong-lora model card (minimaxir)"

ACCELERATORS = "koboldcpp #2029: an accelerator at −1 undoes its merge"

UNCOUNTED = (LoraType.SLIDER, LoraType.ACCELERATOR)
"""Their weights are no share of a picture's style or subject: R3 and R5 do not count them."""

NEGATABLE_ON_FLUX = (LoraType.STYLE, LoraType.CONCEPT)


@dataclass(frozen=True)
class MatrixRow:
    """The negative range of one type in one group of families.

    ``floor`` is the lowest safe weight; 0 means that no negative weight is safe, ``None`` that
    the type sets no bound. ``sweet_spot`` is ``(nearest 0, farthest)``.
    """

    floor: float | None
    sweet_spot: tuple[float, float] | None
    source: str


_UNET_ROWS: dict[LoraType, MatrixRow] = {
    LoraType.STYLE: MatrixRow(-0.5, (-0.3, -0.5), f"{FRAMEWORK}, type table: style −0.3 to −0.5"),
    LoraType.CONCEPT: MatrixRow(
        -0.3, (-0.1, -0.3), f"{FRAMEWORK}, type table: concept −0.1 to −0.3"
    ),
    LoraType.CHARACTER: MatrixRow(0.0, None, f"{FRAMEWORK}, type table: character, do not use"),
    LoraType.DEDICATED_NEGATIVE: MatrixRow(
        -1.0, (-1.0, -1.0), f"{FRAMEWORK}, type table: dedicated negative, −1.0 standard"
    ),
    LoraType.SLIDER: MatrixRow(
        None, None, "Concept Sliders (ECCV 2024): trained in both directions"
    ),
    LoraType.ACCELERATOR: MatrixRow(None, None, ACCELERATORS),
    LoraType.TRIGGER_NEGATIVE: MatrixRow(None, None, WRONG_LORA),
    LoraType.UNKNOWN: MatrixRow(None, None, ""),
}

WIDE_STYLE = MatrixRow(
    -0.7, (-0.3, -0.5), f"{FRAMEWORK}, type table: up to −0.7 with wide-data style LoRAs"
)
"""A style trained on at least 500 real images."""

_FLUX_SOURCE = f"{FRAMEWORK}, Flux: −1.0 to −2.0; contradicted by ComfyUI-Inspire-Pack #167"

_FLUX_ROWS: dict[LoraType, MatrixRow] = {
    **_UNET_ROWS,
    **{kind: MatrixRow(-2.0, (-1.0, -2.0), _FLUX_SOURCE) for kind in NEGATABLE_ON_FLUX},
}


def matrix_row(card: LoraCard, family: ModelFamily) -> MatrixRow | None:
    """Return what the matrix says of this LoRA on ``family``; ``None`` where nothing is known."""
    kind = card.inference.type
    if family in FLUX_FAMILIES:
        return _FLUX_ROWS[kind]
    if family not in UNET_WITH_CFG:
        return None
    if kind is LoraType.STYLE and card.data_width is DataWidth.WIDE:
        return WIDE_STYLE
    return _UNET_ROWS[kind]


_STRENGTH = {RangeSource.USER: 3, RangeSource.MEASURED: 2, RangeSource.SIDECAR: 1}


def explicit_range(card: LoraCard) -> WeightRange | None:
    """Return the strongest range that somebody stated or measured for this very LoRA.

    User's over measured over sidecar's. A sidecar's range counts only if its minimum is
    below 0: a positive minimum says nothing about negative weights.
    """
    stated = [
        weight_range
        for weight_range in card.ranges
        if weight_range.source in _STRENGTH
        and (
            weight_range.source is not RangeSource.SIDECAR
            or (weight_range.floor is not None and weight_range.floor < 0)
        )
    ]
    return max(stated, key=lambda r: _STRENGTH[r.source], default=None)


DEFAULT_FLOORS: Mapping[str, float] = MappingProxyType(
    {
        "style": -0.5,
        "style_wide": -0.7,
        "concept": -0.3,
        "character": 0.0,
        "dedicated_negative": -1.0,
        "flux_style": -2.0,
        "flux_concept": -2.0,
        "flux_character": 0.0,
    }
)
"""The matrix's floors that a person may set otherwise; the rest of it has none to set."""

SET_BY_USER = "set by you for this type"


def floor_key(card: LoraCard, family: ModelFamily) -> str | None:
    """Return the key in `DEFAULT_FLOORS` that decides about ``card`` on ``family``, if one does."""
    key = card.inference.type.value
    if family in FLUX_FAMILIES:
        key = f"flux_{key}"
    elif family not in UNET_WITH_CFG:
        return None
    elif key == "style" and card.data_width is DataWidth.WIDE:
        key = "style_wide"
    return key if key in DEFAULT_FLOORS else None


def range_in_force(
    card: LoraCard, family: ModelFamily, floors: Mapping[str, float] | None = None
) -> WeightRange | None:
    """Return the range the guard holds this LoRA to on ``family``.

    ``None`` where nobody stated one and the matrix has no evidence for the family.
    ``floors`` are those that the user set for types, by the keys of `DEFAULT_FLOORS`. What a quick
    scan measured only narrows the range that would hold without it.
    """
    explicit = explicit_range(card)
    if explicit is not None:
        return _never_wider(explicit, card, family, floors)
    row = matrix_row(card, family)
    if row is None:
        return None
    typical = WeightRange(row.floor, sweet_spot=row.sweet_spot, reference=row.source)
    key = floor_key(card, family)
    own = (floors or {}).get(key) if key is not None else None
    if own is None or own == row.floor:
        return typical
    spot = row.sweet_spot
    inside = None if spot is None or spot[0] < own else (spot[0], max(spot[1], own))
    return replace(typical, floor=own, sweet_spot=inside, reference=SET_BY_USER)


def _never_wider(
    explicit: WeightRange,
    card: LoraCard,
    family: ModelFamily,
    floors: Mapping[str, float] | None,
) -> WeightRange:
    quick = card.bracket is not None and card.bracket.is_quick
    if explicit.source is not RangeSource.MEASURED or not quick:
        return explicit
    others = tuple(item for item in card.ranges if item.source is not RangeSource.MEASURED)
    without = range_in_force(replace(card, ranges=others), family, floors)
    if without is None or without.floor is None:
        return explicit
    wider = explicit.floor is None or explicit.floor < without.floor
    return without if wider else explicit
