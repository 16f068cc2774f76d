"""R5: the sum of all LoRA weights stays in a budget."""

from __future__ import annotations

import math
from dataclasses import replace

from ...prompts import format_number
from ...sentences import say
from ..budget import budget_of
from ..draft import (
    Context,
    Draft,
    LoraUse,
    TextDraft,
    each_prompt,
    edited_tag,
    weight_numbers,
)
from ..matrix import FRAMEWORK
from ..options import Mode
from ..rule import ChipText, Rule, SharedChip

SOURCE = f"{FRAMEWORK}, stacking budget: below 2.5, degraded above 3.0"

IN_ALL = "LoRA weights add up to {total} in all ({state}): keep the sum at or below {budget}"
OF_PREFERRED = (
    "LoRA weights add up to {total} times the preferred weights ({state}): keep the sum at or "
    "below {budget}"
)


def budget(draft: Draft, context: Context) -> Draft:
    """Scale all unet weights (and te with them) to the budget, or say that it is exceeded."""
    if context.mode("R5") is Mode.OFF:
        return draft
    return each_prompt(draft, lambda text: _fit(text, context))


_NO_PLACES = 1e12
"""From here on a number has no thousandths that matter, and their arithmetic overflows."""


def _fit(text: TextDraft, context: Context) -> TextDraft:
    stack = budget_of(text, context.settings, "R5")
    total = stack.total
    if not stack.exceeded or not math.isfinite(total):
        return text
    counted = [
        (position, use)
        for position, (use, share) in enumerate(zip(text.uses, stack.shares, strict=True))
        if not share.left_out
    ]
    enforced = context.enforces("R5")
    reason = say(
        OF_PREFERRED if stack.relative else IN_ALL,
        total=format_number(total),
        state=stack.state,
        budget=format_number(stack.limit),
    )
    factor = stack.limit / total
    together = tuple(dict.fromkeys(use.name for _, use in counted))
    for position, use in counted:
        te = use.te if _separate_te(use) else _scaled(use.te, factor)
        scaled = replace(use, te=te, unet=_scaled(use.unet, factor))
        if use.branched:
            neg, negte = _scaled(use.neg, factor), _scaled(use.negte, factor)
            scaled = replace(scaled, neg=neg, negte=negte)
        before = edited_tag(text, use)
        after = edited_tag(text, scaled)
        if before != after:
            context.report(
                "R5",
                text,
                enforced=enforced,
                lora=use.name,
                before=before,
                after=after,
                reason=reason,
                source=SOURCE,
                loras=together,
                numbers={
                    **weight_numbers(use.unet, scaled.unet),
                    "total": total,
                    "limit": stack.limit,
                },
            )
        if enforced:
            text = text.with_use(position, scaled)
    return text


def _separate_te(use: LoraUse) -> bool:
    """Whether te is R4's absolute strength beside a negative unet weight."""
    return use.negative_unet and use.te is not None and use.te > 0.0


def _scaled(weight: float | None, factor: float) -> float:
    """Scale towards zero, cut to three places so that the sum never exceeds the budget."""
    scaled = abs(weight or 0.0) * factor
    if scaled >= _NO_PLACES:
        return math.copysign(scaled, weight or 0.0)
    return math.copysign(math.floor(round(scaled * 1000.0, 6)) / 1000.0, weight or 0.0)


RULE = Rule(
    id="R5",
    apply=budget,
    title="Stacking budget",
    setting="stacking budget",
    help="Enforce scales all LoRA weights down in proportion",
    default=Mode.ADVISE,
    chip=ChipText("stacking budget", shared=SharedChip("stack", "Scale all to the budget")),
    nudges=True,
    changes_numbers=True,
    on_loading=True,
)
