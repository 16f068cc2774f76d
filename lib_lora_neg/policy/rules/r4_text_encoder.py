"""R4: a text-encoder strength of its own beside a negative unet weight."""

from __future__ import annotations

from dataclasses import replace

from ...loras.families import UNET_WITH_CFG
from ...prompts import format_number
from ...sentences import say
from ..draft import (
    Context,
    Draft,
    LoraUse,
    TextDraft,
    each_prompt,
    edited_tag,
    guarded_uses,
    weight_numbers,
)
from ..matrix import FRAMEWORK
from ..model import Choice
from ..options import Mode
from ..rule import ChipText, Rule
from ..wording import minus

TE_BAND = (0.4, 0.6)
MEASURED_HERE = say(
    "this project's lab saw it otherwise, on one LoRA of a small model: 0 did better than +0.5 "
    "(docs/lab.md)"
)
"""Beside the number that the sources state, wherever it is offered."""

SOURCE = f"{FRAMEWORK}, SDXL: strength_clip 0.4–0.6 for negative applications"


def text_encoder(draft: Draft, context: Context) -> Draft:
    """Set te beside a negative unet weight, or say when the two pull apart outside the band."""
    if context.mode("R4") is Mode.OFF or context.request.family not in UNET_WITH_CFG:
        return draft

    def separate(text: TextDraft) -> TextDraft:
        for position, use, card in guarded_uses(text, "R4"):
            if use.te is None or not use.negative_unet:
                continue
            if card.parts is None or not card.parts.text_encoder:
                continue
            enforced = context.enforces("R4")
            low, high = TE_BAND
            if low <= use.te <= high or (not enforced and use.te <= 0.0):
                continue
            target = context.settings.text_encoder
            separated = _with_te(use, target)
            context.report(
                "R4",
                text,
                enforced=enforced,
                lora=use.name,
                before=edited_tag(text, use),
                after=edited_tag(text, separated),
                reason=say(
                    "text encoder {te} beside unet {unet}: {low} to {high} keeps the prompt's "
                    "meaning (a plain <lora:{lora}:-0.3> means text encoder −0.3 too)",
                    te=minus(use.te),
                    unet=minus(use.unet or 0.0),
                    low=low,
                    high=high,
                    lora=use.name,
                ),
                evidence=(MEASURED_HERE,),
                source=SOURCE,
                numbers=weight_numbers(use.te, target),
                choices=(
                    Choice(
                        say("Text encoder {te}: the article", te=format_number(target)),
                        edited_tag(text, separated),
                    ),
                    Choice(
                        say("Text encoder 0: this project's lab"),
                        edited_tag(text, _with_te(use, 0.0)),
                    ),
                ),
            )
            if enforced:
                text = text.with_use(position, separated)
        return text

    return each_prompt(draft, separate)


def _with_te(use: LoraUse, te: float) -> LoraUse:
    """Return the use with another text-encoder weight, and no more on the negative branch.

    More there would reach the picture as a negative weight, which this rule is to keep away.
    """
    negte = use.negte if use.negte is None else min(use.negte, te)
    return replace(use, te=te, negte=negte)


RULE = Rule(
    id="R4",
    apply=text_encoder,
    title="Text-encoder weight",
    setting="text-encoder weight beside a negative weight",
    help="Enforce gives the text encoder a positive weight of its own",
    default=Mode.ADVISE,
    chip=ChipText("text encoder"),
    changes_numbers=True,
    on_loading=True,
)
