"""R12: the blocks that a LoRA acts in: its own mask, and on Flux no face's beside a character.

A mask that the user has saved with a LoRA is the user's own word: it is written into the tag
wherever the rule is on. The mode decides about the mask that the rule thinks of itself.
"""

from __future__ import annotations

from dataclasses import replace

from ...loras.card import LoraCard, LoraType
from ...loras.families import ModelFamily
from ...prompts.blocks import read_blocks
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


SAVED = "the mask of blocks that you saved with this LoRA"


def blocks(draft: Draft, context: Context) -> Draft:
    """Write saved masks; give LoRAs beside a character's one on Flux, or say which."""
    if context.mode("R12") is Mode.OFF:
        return draft
    draft = each_prompt(draft, lambda text: _with_saved(text, context))
    return _face_blocks(draft, context) if context.request.family is ModelFamily.FLUX else draft


def saved_mask(card: LoraCard) -> str:
    """Return the mask that is written into a LoRA's tags; empty where none is."""
    exempt = card.guard_off or read_blocks(card.block_mask) is None
    return "" if exempt else card.block_mask


def _with_saved(text: TextDraft, context: Context) -> TextDraft:
    """Write saved masks into the tags that have none."""
    for position, use, card in guarded_uses(text, "R12"):
        mask = saved_mask(card)
        if not mask or not use.written or use.te is None:
            continue
        if not (use.unet or use.neg) or _is_masked(use):
            continue
        masked = replace(use, blocks=mask)
        context.report(
            "R12",
            text,
            enforced=True,
            lora=use.name,
            before=edited_tag(text, use),
            after=edited_tag(text, masked),
            reason=say("kept to the blocks that you saved with it: {mask}", mask=mask),
            source=SAVED,
        )
        text = text.with_use(position, masked)
    return text


def _face_blocks(draft: Draft, context: Context) -> Draft:
    """Give LoRAs beside a character's a mask of blocks, or say which."""

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
    """Whether it has a tag without a mask of blocks, this tool's or another one's."""
    card = use.card
    if card is None or card.inference.type is LoraType.CHARACTER or not use.unet:
        return False
    return use.written and not _is_masked(use)


def _is_masked(use: LoraUse) -> bool:
    tag = use.tag
    if tag is None:
        return bool(use.blocks)
    others = any(item.strip().lower().startswith("lbw") for item in tag.foreign)
    return bool(tag.blocks or use.blocks or others)


RULE = Rule(
    id="R12",
    apply=blocks,
    title="Blocks of the model",
    setting="blocks of the model",
    help="keeps a LoRA to the blocks that were saved with it; Enforce also keeps LoRAs beside a "
    "character's out of its face blocks on Flux, with blocks=-S7-S20",
    default=Mode.ADVISE,
    chip=ChipText("blocks"),
    changes_numbers=True,
    on_loading=True,
    late=True,
)
