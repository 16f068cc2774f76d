"""R11: tags that do not do what they look like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ...loras.card import LoraCard
from ...loras.families import ModelFamily
from ...prompts import NetworkTag
from ...sentences import say
from ..draft import (
    Context,
    Draft,
    LoraUse,
    TextDraft,
    each_prompt,
    edited_tag,
    guarded_uses,
    renamed_tag,
    tag_text,
)
from ..settings import Mode

TWICE = say("A1111 applies the last weight of a LoRA that stands in the prompt twice, twice")
SUMMED = say("{twice}; the weights are summed into the first tag", twice=TWICE)
LEFT = say(
    "{twice}; their arguments cannot be put into one tag, so they are left as they are",
    twice=TWICE,
)
UNKNOWN = say("no LoRA of this name is known")
DROPS_ALL = say(
    "no LoRA of this name is known; on this host one unknown LoRA name switches all LoRAs of "
    "the prompt off"
)
MEANT = "{reason}; did you mean {names}?"


def unknown_name(draft: Draft, context: Context) -> Draft:
    """R11b: take a LoRA that does not exist out of the prompt where it would drop the others."""
    if context.mode("R11b") is Mode.OFF:
        return draft
    drops_all = context.request.unknown_lora_drops_all
    enforces = context.enforces("R11b")

    def check(text: TextDraft) -> TextDraft:
        stays = False
        for position, use in enumerate(text.uses):
            if use.card is not None or use.tag is None or use.dropped:
                continue
            if use.exempt_from("R11b") or (use.tag.swallowed_name and not drops_all):
                stays = True
                continue
            enforced = drops_all and enforces and context.may_remove(text, use.tag)
            _report_unknown(text, use, use.tag, enforced, context)
            if enforced:
                text = text.with_use(position, replace(use, removed=True))
            else:
                stays = True
        return text.all_dropped() if drops_all and stays else text

    return each_prompt(draft, check)


def _report_unknown(
    text: TextDraft, use: LoraUse, tag: NetworkTag, enforced: bool, context: Context
) -> None:
    drops_all = context.request.unknown_lora_drops_all
    near = context.near(use.name)
    reason = DROPS_ALL if drops_all else UNKNOWN
    if near:
        reason = say(MEANT, reason=reason, names=", ".join(map(repr, near)))
    context.report(
        "R11b",
        text,
        enforced=enforced,
        lora=use.name,
        before=tag_text(text, use),
        after="",
        reason=reason,
        source="Forge and reForge, observed" if drops_all else "",
        fix=renamed_tag(tag, near[0]) if near else "",
    )


def duplicates(draft: Draft, context: Context) -> Draft:
    """R11a: sum the weights of a LoRA that stands in the prompt several times."""
    if context.mode("R11a") is Mode.OFF:
        return draft

    def merge(text: TextDraft) -> TextDraft:
        places: dict[str, list[int]] = {}
        for position, use, _ in guarded_uses(text, "R11a"):
            if use.tag is not None:
                places.setdefault(use.identity, []).append(position)
        for positions in places.values():
            if len(positions) > 1:
                text = _merge(text, positions, context)
        return text

    return each_prompt(draft, merge)


def _merge(text: TextDraft, positions: Sequence[int], context: Context) -> TextDraft:
    uses = [text.uses[position] for position in positions]
    first = uses[0]
    foreign = {(use.tag.foreign, use.tag.exempt) for use in uses if use.tag is not None}
    tes = [use.te for use in uses if use.te is not None]
    unets = [use.unet for use in uses if use.unet is not None]
    plain = len(tes) == len(unets) == len(uses)
    removable = all(use.tag is not None and context.may_remove(text, use.tag) for use in uses[1:])
    plain = plain and max(sum(tes), sum(unets)) < math.inf
    can_merge = plain and removable and len(foreign) == 1
    merged = replace(first, te=round(sum(tes), 6), unet=round(sum(unets), 6)) if plain else first
    enforced = can_merge and context.enforces("R11a")
    before = " ".join(tag_text(text, use) for use in uses)
    context.report(
        "R11a",
        text,
        enforced=enforced,
        lora=first.name,
        before=before,
        after=edited_tag(text, merged) if can_merge else before,
        reason=SUMMED if can_merge else LEFT,
        source="A1111 1.10.1, observed",
    )
    if not enforced:
        return text
    text = text.with_use(positions[0], merged)
    for position in positions[1:]:
        text = text.with_use(position, replace(text.uses[position], removed=True))
    return text


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
    """R11c: say when a LoRA was made for another model family."""
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
