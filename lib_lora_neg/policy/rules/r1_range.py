"""R1: negative weights stay in the range of the LoRA's type."""

from __future__ import annotations

from ...loras.families import FLUX_FAMILIES
from ..draft import Context, Draft
from ..options import Mode
from ..rule import ChipText, Rule
from .negative_range import hold_to_range


def apply(draft: Draft, context: Context) -> Draft:
    """Hold negative weights to their range on every family but Flux."""
    if context.request.family in FLUX_FAMILIES:
        return draft
    return hold_to_range(RULE.id, draft, context)


RULE = Rule(
    id="R1",
    apply=apply,
    title="Negative range",
    setting="range of negative weights",
    help="raises a weight to the floor of the LoRA's type, or takes the tag out where none is safe",
    default=Mode.ENFORCE,
    switch="Range of negative weights",
    chip=ChipText(names_type=True, early=True),
    nudges=True,
    measurable=True,
    by_range=True,
    on_loading=True,
    changes_numbers=True,
    late=True,
)
