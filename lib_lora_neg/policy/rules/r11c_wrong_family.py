"""R11c: LoRAs that were made for another model family."""

from __future__ import annotations

from ...loras.card import LoraCard
from ...loras.families import ModelFamily
from ...sentences import say
from ..draft import Context, Draft, LoraUse, TextDraft, each_prompt, guarded_uses, tag_text
from ..options import Mode
from ..rule import ChipText, Rule

_WITH_CLIP_L = frozenset({ModelFamily.SD1, ModelFamily.SDXL, ModelFamily.SD3, ModelFamily.FLUX})
"""Families that share a text encoder (CLIP-L): a LoRA's part for it fits all of them."""

FOREIGN = (
    "made for {made_for}, but the checkpoint is {family}: it matches few layers, and what it does "
    "to them is chance"
)
FOREIGN_WITH_TEXT = (
    "made for {made_for}, but the checkpoint is {family}: few or no other layers match, but its "
    "text-encoder part acts all the same, because both families have that encoder (CLIP-L)"
)

SHARED_TEXT = say("SD1, SDXL, SD3 and Flux share the text encoder CLIP-L")


def wrong_family(draft: Draft, context: Context) -> Draft:
    """Say when a LoRA was made for another model family."""
    family = context.request.family
    if context.mode("R11c") is Mode.OFF or family is ModelFamily.UNKNOWN:
        return draft

    def check(text: TextDraft) -> TextDraft:
        for _, use, card in guarded_uses(text, "R11c"):
            if _inactive(use) or card.family in (ModelFamily.UNKNOWN, family):
                continue
            tag = tag_text(text, use)
            through_text = _acts_through_text(card, family)
            context.report(
                "R11c",
                text,
                enforced=False,
                lora=use.name,
                before=tag,
                after=tag,
                reason=say(
                    FOREIGN_WITH_TEXT if through_text else FOREIGN,
                    made_for=card.family.value,
                    family=family.value,
                ),
                evidence=(SHARED_TEXT,) if through_text else (),
                source="A1111 1.10.1 and Forge Neo, observed",
            )
        return text

    return each_prompt(draft, check)


def _acts_through_text(card: LoraCard, family: ModelFamily) -> bool:
    """Whether a LoRA of another family has a part for a text encoder that this one has too."""
    has_text = card.parts is not None and card.parts.text_encoder
    return has_text and {card.family, family} <= _WITH_CLIP_L


def _inactive(use: LoraUse) -> bool:
    return use.te == 0.0 and use.unet == 0.0


RULE = Rule(
    id="R11c",
    apply=wrong_family,
    title="LoRA of another model family",
    setting="LoRAs of another model family",
    help="says so",
    default=Mode.ADVISE,
    switch="Tags that misfire",
    group="R11",
    chip=ChipText("other model family"),
    advise_only=True,
    on_loading=True,
)
