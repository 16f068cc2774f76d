"""R5: the sum of all LoRA weights stays in a budget."""

from __future__ import annotations

import math
from dataclasses import replace

from ...loras.card import LoraCard
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
from ..matrix import FRAMEWORK, UNCOUNTED
from ..options import Mode
from ..rule import ChipText, Rule, SharedChip

SOURCE = f"{FRAMEWORK}, stacking budget: below 2.5, degraded above 3.0"

IN_ALL = "LoRA weights add up to {total} in all ({state}): keep the sum at or below {budget}"
OF_PREFERRED = (
    "LoRA weights add up to {total} times the preferred weights ({state}): keep the sum at or "
    "below {budget}"
)

OVER = say("over budget")
DEGRADED = say("degraded")

_SLACK = 1e-6
"""Sums of decimals miss a bound by less than this: 1.1 + 1.3 + 0.1 is a little above 2.5."""


def budget(draft: Draft, context: Context) -> Draft:
    """Scale all unet weights (and te with them) to the budget, or say that it is exceeded."""
    if context.mode("R5") is Mode.OFF:
        return draft
    return each_prompt(draft, lambda text: _fit(text, context))


def _fit(text: TextDraft, context: Context) -> TextDraft:
    settings = context.settings
    counted = [
        (position, use, card)
        for position, use, card in guarded_uses(text, "R5")
        if use.unet is not None and use.te is not None and card.inference.type not in UNCOUNTED
    ]
    total = sum(
        budget_share(card, use.unet or 0.0, settings.budget_relative) for _, use, card in counted
    )
    if total <= settings.budget + _SLACK or not math.isfinite(total):
        return text
    relative = total != sum(abs(use.unet or 0.0) for _, use, _ in counted)
    enforced = context.enforces("R5")
    state = DEGRADED if total > settings.degraded + _SLACK else OVER
    reason = say(
        OF_PREFERRED if relative else IN_ALL,
        total=format_number(total),
        state=state,
        budget=format_number(settings.budget),
    )
    factor = settings.budget / total
    together = tuple(dict.fromkeys(use.name for _, use, _ in counted))
    for position, use, _ in counted:
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
                    "limit": settings.budget,
                },
            )
        if enforced:
            text = text.with_use(position, scaled)
    return text


def budget_share(card: LoraCard, unet: float, relative: bool) -> float:
    """Return what a LoRA at a unet weight takes of the budget, in units of its preferred weight.

    A LoRA made for 2.0 fills the place of one at 2.0. One made for less than 1 only counts for
    more where the user has set all to be ``relative``: at its own weight it burns nothing.
    Sliders take nothing, as they have a range of their own, often to 5 and more.
    """
    if card.inference.type in UNCOUNTED:
        return 0.0
    preferred = abs(card.preferred_weight or 0.0)
    if not math.isfinite(preferred) or not preferred:
        return abs(unet)
    return abs(unet) / preferred if relative or preferred > 1.0 else abs(unet)


def _separate_te(use: LoraUse) -> bool:
    """Whether te is R4's absolute strength beside a negative unet weight."""
    return use.negative_unet and use.te is not None and use.te > 0.0


def _scaled(weight: float | None, factor: float) -> float:
    """Scale towards zero, cut to three places so that the sum never exceeds the budget."""
    scaled = abs(weight or 0.0) * factor
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
