"""What R1 says where it has nothing to clamp to, or clamping is not what is needed."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ...loras.card import LoraCard, LoraType, WeightRange
from ...loras.families import FLUX_FAMILIES, UNET_WITH_CFG, ModelFamily
from ..draft import Context, LoraUse
from ..matrix import WRONG_LORA, matrix_row
from ..wording import TYPE_NAMES, minus, type_text


class Advice(NamedTuple):
    """A finding that changes nothing: the use as it would be better, the reason, its source."""

    use: LoraUse
    reason: str
    source: str = ""


def without_range(use: LoraUse, card: LoraCard, lowest: float, context: Context) -> Advice | None:
    """Return the advice on a negative weight that no range speaks about, if that is so."""
    family = context.request.family
    kind = card.inference.type
    if kind is LoraType.TRIGGER_NEGATIVE:
        return _trigger_negative(use, card)
    if kind is LoraType.SLIDER:
        return None
    if family not in UNET_WITH_CFG and family not in FLUX_FAMILIES:
        return _no_evidence(use, card, lowest)
    if kind is LoraType.UNKNOWN:
        reason = "type unknown, so no safe negative range is known: set its type or scan it"
        return Advice(use, reason)
    return None


def _trigger_negative(use: LoraUse, card: LoraCard) -> Advice:
    word = card.triggers[0].text if card.triggers else "its trigger"
    fixed = use
    if use.te is not None and use.unet is not None:
        fixed = replace(use, te=abs(use.te), unet=abs(use.unet))
    reason = f"made to be loaded at a positive weight with {word!r} in the negative prompt"
    return Advice(fixed, reason, WRONG_LORA)


def _no_evidence(use: LoraUse, card: LoraCard, lowest: float) -> Advice:
    usual = matrix_row(card, ModelFamily.SDXL)
    reason = "nothing is known about negative weights on this model family"
    if usual is None or usual.floor is None or lowest >= usual.floor:
        return Advice(use, f"{reason}: measure it with a weight scan")
    reason += f"; on SD models the floor of a {TYPE_NAMES[card.inference.type]} is "
    return Advice(use, f"{reason}{minus(usual.floor)}. Measure it with a weight scan", usual.source)


def scheduled(use: LoraUse, card: LoraCard, allowed: WeightRange, lowest: float) -> Advice:
    """Return the advice on a schedule that goes below the floor; schedules are never rewritten."""
    reason = (
        f"{type_text(card, allowed)}: the schedule goes down to {minus(lowest)}, "
        f"below the floor {minus(allowed.floor or 0.0)}; schedules are left as they are"
    )
    return Advice(use, reason, allowed.reference)


def flux_caution(context: Context) -> str:
    """Return what is said beside every negative range on Flux."""
    caution = "scan first: users report dim, static pictures at −1 on Flux"
    if context.request.family is ModelFamily.FLUX2:
        caution += "; on Flux.2 Klein a negative LoRA weight is the only negative control"
    return caution


def scan_first(
    use: LoraUse, allowed: WeightRange, lowest: float, context: Context
) -> Advice | None:
    """Return the caution on a weight that is in Flux's range."""
    if lowest > -1.0 and context.request.family is not ModelFamily.FLUX2:
        return None
    reason = f"{minus(lowest)} is in range on Flux, but {flux_caution(context)}"
    return Advice(use, reason, allowed.reference)


def no_negative_branch(use: LoraUse, card: LoraCard, context: Context) -> Advice | None:
    """Return the advice on a trigger negative where there is no negative branch."""
    if (
        context.request.family not in FLUX_FAMILIES
        or card.inference.type is not LoraType.TRIGGER_NEGATIVE
        or not use.positive
    ):
        return None
    reason = "works through the negative prompt, and Flux has no negative branch"
    return Advice(use, reason, WRONG_LORA)
