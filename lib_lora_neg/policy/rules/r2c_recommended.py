"""R2c: the negative prompt that a LoRA's own author recommends."""

from __future__ import annotations

from dataclasses import replace

from ...sentences import say
from ..draft import Context, Draft, LoraUse, TextDraft, each_negative
from ..matrix import FRAMEWORK
from ..options import Mode
from ..rule import ChipText, Rule
from .negative_terms import kept_terms, recommended_terms

SOURCE = f"{FRAMEWORK}, the practical rule: check the page's recommended negative prompt"


def recommended_negative(draft: Draft, context: Context) -> Draft:
    """Append what is missing of the recommended negatives of LoRAs at positive weight."""
    if context.mode("R2c") is Mode.OFF:
        return draft
    uses = [
        use
        for use in draft.active
        if use.guarded_by("R2c")
        and use.positive
        and use.card is not None
        and use.card.negative_text
    ]
    if not uses:
        return draft

    def complete(text: TextDraft) -> TextDraft:
        for use in uses:
            text = _complete(text, use, context)
        return text

    return each_negative(draft, complete)


def _complete(text: TextDraft, use: LoraUse, context: Context) -> TextDraft:
    recommended = recommended_terms(use.card.negative_text) if use.card is not None else {}
    kept = kept_terms(text)
    missing = tuple(spelling for key, spelling in recommended.items() if key not in kept)
    if not missing:
        return text
    enforced = context.enforces("R2c")
    context.report(
        "R2c",
        text,
        enforced=enforced,
        lora=use.name,
        before="",
        after=", ".join(missing),
        reason=say("recommended for the negative prompt with {lora}", lora=use.name),
        source=SOURCE,
    )
    return replace(text, appended=(*text.appended, *missing)) if enforced else text


RULE = Rule(
    id="R2c",
    apply=recommended_negative,
    title="Recommended negative prompt",
    setting="recommended negative prompt",
    help="what a LoRA's page or side file recommends; Enforce adds what is missing",
    default=Mode.ADVISE,
    chip=ChipText("recommended by", names_lora=True),
    button="Insert recommended negative",
)
