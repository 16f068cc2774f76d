"""R1f: the range of negative weights on Flux, where the floors are others."""

from __future__ import annotations

from dataclasses import replace

from ...loras.families import FLUX_FAMILIES
from ..draft import Context, Draft
from . import r1_range
from .negative_range import hold_to_range


def apply(draft: Draft, context: Context) -> Draft:
    """Hold negative weights to their range on Flux."""
    if context.request.family not in FLUX_FAMILIES:
        return draft
    return hold_to_range(RULE.id, draft, context)


RULE = replace(
    r1_range.RULE,
    id="R1f",
    measurable=True,
    apply=apply,
    title="Negative range on Flux",
    setting="range of negative weights on Flux",
    help="the same with Flux's own floors",
    group=r1_range.RULE.id,
)
