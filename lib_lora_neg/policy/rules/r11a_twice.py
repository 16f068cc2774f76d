"""R11a: the same LoRA several times in one prompt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ...sentences import say
from ..draft import (
    Context,
    Draft,
    TextDraft,
    each_prompt,
    edited_tag,
    guarded_uses,
    tag_text,
    weight_numbers,
)
from ..options import Mode
from ..rule import ChipText, Rule

TWICE = say("A1111 applies the last weight of a LoRA that stands in the prompt twice, twice")
SUMMED = say("{twice}; the weights are summed into the first tag", twice=TWICE)
LEFT = say(
    "{twice}; their arguments cannot be put into one tag, so they are left as they are",
    twice=TWICE,
)


def duplicates(draft: Draft, context: Context) -> Draft:
    """Sum the weights of a LoRA that stands in the prompt several times."""
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
    if plain and any(use.branched for use in uses):
        neg = sum((use.unet if use.neg is None else use.neg) or 0.0 for use in uses)
        negte = sum((use.te if use.negte is None else use.negte) or 0.0 for use in uses)
        plain = max(neg, negte) < math.inf
        can_merge = can_merge and plain
        merged = replace(merged, neg=round(neg, 6), negte=round(negte, 6)) if plain else first
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
        loras=tuple(dict.fromkeys(use.name for use in uses)),
        numbers=weight_numbers(None, merged.unet if can_merge else None),
    )
    if not enforced:
        return text
    text = text.with_use(positions[0], merged)
    for position in positions[1:]:
        text = text.with_use(position, replace(text.uses[position], removed=True))
    return text


RULE = Rule(
    id="R11a",
    apply=duplicates,
    title="The same LoRA twice",
    setting="the same LoRA twice",
    help="sums the weights into the first tag",
    default=Mode.ENFORCE,
    switch="Tags that misfire",
    group="R11",
    chip=ChipText("twice", early=True),
    on_loading=True,
)
