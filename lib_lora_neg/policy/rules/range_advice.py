"""What R1 says where it has nothing to clamp to, or clamping is not what is needed."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ...loras.card import LoraCard, LoraType, WeightRange
from ...loras.families import FLUX_FAMILIES, UNET_WITH_CFG, ModelFamily
from ...sentences import Sentence, say
from ..draft import Context, LoraUse
from ..matrix import ACCELERATORS, WRONG_LORA, matrix_row
from ..wording import minus, type_name, type_text


class RangeAdvice(NamedTuple):
    """A finding that changes nothing: the use as it would be better, the reason, its source."""

    use: LoraUse
    reason: str
    source: str = ""


def without_range(
    use: LoraUse, card: LoraCard, lowest: float, context: Context
) -> RangeAdvice | None:
    """Return the advice on a negative weight that no range speaks about, if that is so."""
    family = context.request.family
    kind = card.inference.type
    if kind is LoraType.TRIGGER_NEGATIVE:
        return _trigger_negative(use, card)
    if kind is LoraType.SLIDER:
        return None
    if kind is LoraType.ACCELERATOR:
        return _accelerator(use)
    if family not in UNET_WITH_CFG and family not in FLUX_FAMILIES:
        return _no_evidence(use, card, lowest)
    if kind is LoraType.UNKNOWN:
        reason = say("type unknown, so no safe negative range is known: set its type or scan it")
        return RangeAdvice(use, reason)
    return None


def _trigger_negative(use: LoraUse, card: LoraCard) -> RangeAdvice:
    fixed = use
    if use.te is not None and use.unet is not None:
        fixed = replace(use, te=abs(use.te), unet=abs(use.unet))
    if card.triggers:
        reason = say(
            "made to be loaded at a positive weight with {word} in the negative prompt",
            word=repr(card.triggers[0].text),
        )
    else:
        reason = say(
            "made to be loaded at a positive weight with its trigger in the negative prompt"
        )
    return RangeAdvice(fixed, reason, WRONG_LORA)


def _accelerator(use: LoraUse) -> RangeAdvice:
    reason = say(
        "accelerator: at −1 it takes the acceleration out of a checkpoint it was merged into, a "
        "known use; on any other checkpoint a negative weight only does harm"
    )
    return RangeAdvice(use, reason, ACCELERATORS)


def _no_evidence(use: LoraUse, card: LoraCard, lowest: float) -> RangeAdvice:
    usual = matrix_row(card, ModelFamily.SDXL)
    if usual is None or usual.floor is None or lowest >= usual.floor:
        reason = say(
            "nothing is known about negative weights on this model family: measure it with a "
            "weight scan"
        )
        return RangeAdvice(use, reason)
    reason = say(
        "nothing is known about negative weights on this model family; on SD models the floor of "
        "a {type} is {floor}. Measure it with a weight scan",
        type=type_name(card.inference.type),
        floor=minus(usual.floor),
    )
    return RangeAdvice(use, reason, usual.source)


def scheduled(use: LoraUse, card: LoraCard, allowed: WeightRange, lowest: float) -> RangeAdvice:
    """Return the advice on a schedule that goes below the floor; schedules are never rewritten."""
    reason = say(
        "{type}: the schedule goes down to {lowest}, below the floor {floor}; schedules are left "
        "as they are",
        type=type_text(card, allowed),
        lowest=minus(lowest),
        floor=minus(allowed.floor or 0.0),
    )
    return RangeAdvice(use, reason, allowed.reference)


SCAN_FIRST = say("scan first: users report dim, static pictures at −1 on Flux")


def flux_caution(context: Context) -> Sentence:
    """Return what is said beside every negative range on Flux."""
    if context.request.family is ModelFamily.FLUX2:
        klein = KLEIN[context.request.distilled]
        return say("{caution}; {klein}", caution=SCAN_FIRST, klein=klein)
    return SCAN_FIRST


KLEIN = {
    True: say("this distilled Klein has a negative prompt only through negative guidance (NAG)"),
    False: say("this base Klein has a real CFG and a negative prompt besides"),
    None: say(
        "base Klein has a real CFG and a negative prompt besides, distilled Klein has one only "
        "through negative guidance (NAG)"
    ),
}


def scan_first(
    use: LoraUse, allowed: WeightRange, lowest: float, context: Context
) -> RangeAdvice | None:
    """Return the caution on a weight that is in Flux's range."""
    if lowest > -1.0 and context.request.family is not ModelFamily.FLUX2:
        return None
    reason = say(
        "{weight} is in range on Flux, but {caution}",
        weight=minus(lowest),
        caution=flux_caution(context),
    )
    return RangeAdvice(use, reason, allowed.reference)


def no_negative_branch(use: LoraUse, card: LoraCard, context: Context) -> RangeAdvice | None:
    """Return the advice on a trigger negative where there is no negative branch."""
    if (
        context.request.has_negative_branch
        or card.inference.type is not LoraType.TRIGGER_NEGATIVE
        or not use.positive
    ):
        return None
    reason = say("works through the negative prompt, and Flux has no negative branch")
    return RangeAdvice(use, reason, WRONG_LORA)
