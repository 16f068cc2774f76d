"""R12: on Flux, LoRAs beside a character's are kept out of the blocks that hold most of a face."""

from __future__ import annotations

from dataclasses import replace

from ...loras.card import LoraType
from ...loras.families import ModelFamily
from ...sentences import say
from ..draft import (
    Context,
    Draft,
    LoraUse,
    TextDraft,
    each_prompt,
    edited_tag,
    guarded_uses,
)
from ..matrix import FRAMEWORK, UNCOUNTED
from ..options import Mode
from ..rule import ChipText, Rule

OUT_OF_FACE = "-S7-S20"
"""As a ``blocks`` argument. The article says 7 and 20; 20 can only be a single block (Flux has
double blocks 0–18 and single blocks 0–37), so both are taken for single ones."""

SOURCE = f"{FRAMEWORK}, Flux stack: face features concentrate in blocks 7 and 20"

ADVICE = say(
    "the article stacks a character at 0.95 to 1.0 and styles at about 0.4; plain LoRAs add up, so "
    "their order changes nothing (only DoRA, OFT and IA3 depend on it)"
)


def face_blocks(draft: Draft, context: Context) -> Draft:
    """Give LoRAs beside a character's a mask of blocks, or say which."""
    if context.mode("R12") is Mode.OFF or context.request.family is not ModelFamily.FLUX:
        return draft

    def mask(text: TextDraft) -> TextDraft:
        faces = [use.name for use in text.uses if _is_face(use, context)]
        if not faces:
            return text
        for position, use, card in guarded_uses(text, "R12"):
            if card.inference.type in UNCOUNTED or not _may_be_masked(use, context):
                continue
            enforced = context.enforces("R12")
            masked = replace(use, blocks=OUT_OF_FACE)
            context.report(
                "R12",
                text,
                enforced=enforced,
                lora=use.name,
                before=edited_tag(text, use),
                after=edited_tag(text, masked),
                reason=say(
                    "acts beside the character {character} in the blocks that hold most of a face: "
                    "kept out of them, it leaves the face to the character's LoRA",
                    character=faces[0],
                ),
                evidence=(ADVICE,),
                source=SOURCE,
                loras=(use.name, *faces),
            )
            if enforced:
                text = text.with_use(position, masked)
        return text

    return each_prompt(draft, mask)


def _is_face(use: LoraUse, context: Context) -> bool:
    """Whether it is surely a character's LoRA, and active."""
    card = use.card
    return (
        card is not None
        and use.positive
        and card.inference.type is LoraType.CHARACTER
        and card.inference.confidence >= context.settings.clamp_confidence
    )


def _may_be_masked(use: LoraUse, context: Context) -> bool:
    """Whether it stands in a tag without a mask of blocks, this tool's or another one's."""
    tag, card = use.tag, use.card
    if tag is None or card is None or card.inference.type is LoraType.CHARACTER or not use.unet:
        return False
    others = any(item.strip().lower().startswith("lbw") for item in tag.foreign)
    return not (tag.blocks or use.blocks or others)


RULE = Rule(
    id="R12",
    apply=face_blocks,
    title="Face blocks on Flux",
    setting="face blocks on Flux",
    help="Enforce keeps LoRAs beside a character's out of its face blocks, with blocks=-S7-S20",
    default=Mode.ADVISE,
    chip=ChipText("face blocks"),
    changes_numbers=True,
    on_loading=True,
)
