"""What of a scan may be saved to its LoRA, given what holds for that LoRA without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..loras.card import LoraCard, LoraType, RangeSource, WeightRange
from ..loras.families import ModelFamily
from ..policy.matrix import range_in_force
from .outcome import Proposal, ScanOutcome

_NOT_STATED = (RangeSource.USER, RangeSource.MEASURED)


def propose(
    outcome: ScanOutcome,
    card: LoraCard,
    family: ModelFamily = ModelFamily.UNKNOWN,
    floors: Mapping[str, float] | None = None,
) -> Proposal:
    """Return what of an outcome may be saved to a LoRA.

    Args:
        outcome: of a scan of it.
        card: of the LoRA.
        family: of the checkpoint; counts where the LoRA's own is not known.
        floors: those that the user set for types (`policy.matrix.DEFAULT_FLOORS`).
    """
    bracket = card.bracket
    key = outcome.plan.key(quick=outcome.quick)
    measured = bracket is not None and not bracket.is_quick and bracket.scan != key
    return outcome.proposal(_before(card, family, floors), measured=measured)


def in_force(
    card: LoraCard,
    family: ModelFamily = ModelFamily.UNKNOWN,
    floors: Mapping[str, float] | None = None,
) -> WeightRange | None:
    """Return the range that the guard holds a LoRA to now; arguments as of `propose`."""
    own = card.family if card.family is not ModelFamily.UNKNOWN else family
    return range_in_force(card, own, floors)


def _before(
    card: LoraCard, family: ModelFamily, floors: Mapping[str, float] | None
) -> WeightRange | None:
    """Return the range that holds without any scan, and without what the user typed: that goes
    before a measured one anyway, and may be taken back."""
    stated = tuple(item for item in card.ranges if item.source not in _NOT_STATED)
    found = in_force(replace(card, ranges=stated, bracket=None), family, floors)
    unknown = card.inference.type is LoraType.UNKNOWN
    return None if found is not None and found.floor is None and unknown else found
