"""Recommended negative weights: of a LoRA that is inserted, and the preset's for a whole prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ...loras.card import LoraCard, LoraType
from ...loras.families import FLUX_FAMILIES, UNET_WITH_CFG, ModelFamily
from ...policy import CardLookup
from ...policy.budget import UNBUDGETED
from ...policy.matrix import range_in_force
from ...policy.wording import minus, type_name
from ...prompts import Rewrite, apply_edits, format_tag, parse
from ...sentences import Sentence, say

UNET = {LoraType.STYLE: -0.3, LoraType.CONCEPT: -0.2}
TEXT_ENCODER = 0.5
NEGATIVE_BRANCH = 0.2
"""Of a dedicated negative on the negative branch alone: −1 reaches the picture at CFG 6, the
highest that R3 leaves, and less below."""


class Recommendation(NamedTuple):
    """A tag (``None`` where no negative weight is recommended) and a sentence about it."""

    tag: str | None
    reason: Sentence


def negative_tag(
    card: LoraCard, name: str, family: ModelFamily, floors: Mapping[str, float] | None = None
) -> Recommendation:
    """Return how to insert ``card`` under the host's ``name`` for it as a negative.

    ``floors`` are those that the user set for types (`range_in_force`).
    """
    kind = card.inference.type
    if kind is LoraType.TRIGGER_NEGATIVE:
        if card.triggers:
            word = repr(card.triggers[0].text)
            reason = say("works at a positive weight with {word} in the negative prompt", word=word)
        else:
            reason = say("works at a positive weight with its trigger in the negative prompt")
        return Recommendation(format_tag("lora", name, 1.0, 1.0), reason)
    if kind is LoraType.SLIDER:
        reason = say("slider: both ways are trained")
        return Recommendation(format_tag("lora", name, -1.0, -1.0), reason)
    if kind is LoraType.ACCELERATOR:
        reason = say(
            "{lora}: an accelerator has no negative range; −1 takes it out of a checkpoint it was "
            "merged into",
            lora=name,
        )
        return Recommendation(None, reason)
    own_family = family if family is not ModelFamily.UNKNOWN else card.family
    allowed = range_in_force(card, own_family, floors)
    if allowed is None or allowed.floor is None:
        template = "{lora}: {type}, so no negative weight is known to be safe"
        return Recommendation(None, say(template, lora=name, type=type_name(kind)))
    if allowed.floor >= 0.0:
        template = "{lora}: a {type} has no safe negative weight"
        return Recommendation(None, say(template, lora=name, type=type_name(kind)))
    nearest = allowed.sweet_spot[0] if allowed.sweet_spot else allowed.floor
    unet = max(UNET.get(kind, nearest), allowed.floor) if family in UNET_WITH_CFG else nearest
    te = TEXT_ENCODER if family is ModelFamily.SDXL and _has_text_encoder(card) else unet
    if kind is LoraType.DEDICATED_NEGATIVE:
        te = unet
    reason = say("{type}: recommended at {weight}", type=type_name(kind), weight=minus(unet))
    if kind is LoraType.DEDICATED_NEGATIVE and family in UNET_WITH_CFG:
        alone = format_tag("lora", name, 0.0, 0.0, NEGATIVE_BRANCH)
        reason = say(
            "{reason}; or on the negative branch alone, as {tag}: in this project's lab one helped "
            "only there (docs/lab.md)",
            reason=reason,
            tag=alone,
        )
    if family in FLUX_FAMILIES:
        caution = say("scan first: users report dim, static pictures at −1 on Flux")
        reason = say("{reason}; {caution}", reason=reason, caution=caution)
    return Recommendation(format_tag("lora", name, te, unet), reason)


def _has_text_encoder(card: LoraCard) -> bool:
    return card.parts is not None and card.parts.text_encoder


class Preset(NamedTuple):
    """The new prompt, and what to tell the person."""

    prompt: str
    note: Sentence
    applies: bool


def preset_prompt(prompt: str, cards: CardLookup) -> Preset:
    """Return ``prompt`` with the preset's weights on its negative style and concept LoRAs."""

    def weights(card: LoraCard) -> tuple[float, float] | None:
        unet = UNET.get(card.inference.type)
        if unet is None:
            return None
        return (TEXT_ENCODER if _has_text_encoder(card) else unet), unet

    note = say("No style or concept LoRA stands at a negative weight in the prompt.")
    return _rewritten(prompt, cards, lambda card, _: weights(card), note)


def text_encoder_prompt(prompt: str, cards: CardLookup, te: float) -> Preset:
    """Return ``prompt`` with a text-encoder weight of its own on its negative LoRAs.

    Their unet weights stay. LoRAs without a text-encoder part are left alone, and types that were
    trained for negative weights; so are those of families whose guidance knows no such weight.

    Args:
        prompt: as it stands.
        cards: by the names in it.
        te: weight of the text encoder.
    """

    def weights(card: LoraCard, unet: float) -> tuple[float, float] | None:
        family = card.family
        known = family in UNET_WITH_CFG or family is ModelFamily.UNKNOWN
        trained = card.inference.type in UNBUDGETED
        return (te, unet) if known and not trained and _has_text_encoder(card) else None

    note = say("No LoRA with a text-encoder part stands at a negative weight in the prompt.")
    return _rewritten(prompt, cards, weights, note)


def _rewritten(
    prompt: str,
    cards: CardLookup,
    weights: Callable[[LoraCard, float], tuple[float, float] | None],
    none: Sentence,
) -> Preset:
    """Give the negative LoRAs of a prompt the weights (te, unet) that ``weights`` has for them."""
    tree = parse(prompt)
    rewrite = Rewrite(tree)
    names = []
    for tag in tree.tags:
        card: LoraCard | None = cards.get(tag.name) if tag.is_lora and tag.editable else None
        if card is None or tag.unet.value is None or tag.unet.value >= 0.0 or tag.te.value is None:
            continue
        found = weights(card, tag.unet.value)
        if found is not None:
            rewrite.set_weights(tag, *found)
            names.append(tag.name)
    if not names:
        return Preset(prompt, none, False)
    note = say("Preset set for {loras}.", loras=", ".join(names))
    return Preset(apply_edits(prompt, rewrite.edits()), note, True)
