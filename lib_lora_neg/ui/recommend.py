"""The tag that inserts a LoRA as a negative: the recommended weight, or why there is none."""

from __future__ import annotations

from typing import NamedTuple

from ..loras.card import LoraCard, LoraType
from ..loras.families import FLUX_FAMILIES, UNET_WITH_CFG, ModelFamily
from ..policy.matrix import range_in_force
from ..policy.wording import TYPE_NAMES, minus
from ..prompts import format_tag
from .preset import TEXT_ENCODER, UNET


class Recommendation(NamedTuple):
    """A tag (``None`` where no negative weight is recommended) and a sentence about it."""

    tag: str | None
    reason: str


def negative_tag(card: LoraCard, name: str, family: ModelFamily) -> Recommendation:
    """Return how to insert ``card`` under the host's ``name`` for it as a negative."""
    kind = card.inference.type
    if kind is LoraType.TRIGGER_NEGATIVE:
        word = card.triggers[0].text if card.triggers else "its trigger"
        reason = f"works at a positive weight with {word!r} in the negative prompt"
        return Recommendation(format_tag("lora", name, 1.0, 1.0), reason)
    if kind is LoraType.SLIDER:
        return Recommendation(format_tag("lora", name, -1.0, -1.0), "slider: both ways are trained")
    allowed = range_in_force(card, family if family is not ModelFamily.UNKNOWN else card.family)
    if allowed is None or allowed.floor is None:
        return Recommendation(
            None, f"{name}: {TYPE_NAMES[kind]}, so no negative weight is known to be safe"
        )
    if allowed.floor >= 0.0:
        return Recommendation(None, f"{name}: a {TYPE_NAMES[kind]} has no safe negative weight")
    nearest = allowed.sweet_spot[0] if allowed.sweet_spot else allowed.floor
    unet = max(UNET.get(kind, nearest), allowed.floor) if family in UNET_WITH_CFG else nearest
    te = TEXT_ENCODER if family is ModelFamily.SDXL and _has_text_encoder(card) else unet
    if kind is LoraType.DEDICATED_NEGATIVE:
        te = unet
    reason = f"{TYPE_NAMES[kind]}: recommended at {minus(unet)}"
    if family in FLUX_FAMILIES:
        reason += "; scan first: users report dim, static pictures at −1 on Flux"
    return Recommendation(format_tag("lora", name, te, unet), reason)


def _has_text_encoder(card: LoraCard) -> bool:
    return card.parts is not None and card.parts.text_encoder
