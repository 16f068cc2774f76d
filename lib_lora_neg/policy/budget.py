"""The stacking budget: what each LoRA of a prompt takes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..loras.card import LoraCard, LoraType
from ..sentences import Sentence, say
from .draft import LoraUse, TextDraft
from .matrix import UNCOUNTED
from .options import RuleOptions

UNBUDGETED = (*UNCOUNTED, LoraType.DEDICATED_NEGATIVE)
"""Their weights burn nothing: ranges of their own, often to 5; and −1 is a dedicated negative's
standard weight."""

WITHIN = say("within the budget")
OVER = say("over budget")
DEGRADED = say("degraded")

SLACK = 1e-6
"""Sums of decimals miss a bound by less than this: 1.1 + 1.3 + 0.1 is a little above 2.5."""

_OUT = {
    LoraType.SLIDER: say("left out: a slider"),
    LoraType.ACCELERATOR: say("left out: an accelerator"),
    LoraType.DEDICATED_NEGATIVE: say("left out: a dedicated negative"),
}


@dataclass(frozen=True)
class BudgetShare:
    """What one LoRA takes.

    Attributes:
        lora: its name as the prompt has it.
        weight: of the unet; ``None`` where it is scheduled or no number.
        share: of the sum; 0 where it is left out.
        preferred: the weight of which ``share`` is counted in multiples; ``None`` where the weight
            counts as it stands.
        left_out: why it is not counted; empty where it is.
        file: the name of its card; empty for an unknown LoRA.
    """

    lora: str
    weight: float | None
    share: float = 0.0
    preferred: float | None = None
    left_out: str = ""
    file: str = ""


@dataclass(frozen=True)
class StackBudget:
    """The LoRAs of one prompt against the budget.

    Attributes:
        shares: one for each LoRA, in the order of the prompt.
        limit: the highest sum.
        degraded: the sum above which pictures degrade.
    """

    shares: tuple[BudgetShare, ...]
    limit: float
    degraded: float

    @property
    def total(self) -> float:
        """The sum; infinite where a weight is."""
        return sum(share.share for share in self.shares)

    @property
    def relative(self) -> bool:
        """Whether any LoRA is counted in multiples of its preferred weight."""
        return any(share.preferred not in (None, 1.0) for share in self.shares)

    @property
    def exceeded(self) -> bool:
        """Whether the sum is above the limit."""
        return self.total > self.limit + SLACK

    @property
    def state(self) -> Sentence:
        """How the sum stands to the two bounds."""
        if not self.exceeded:
            return WITHIN
        return DEGRADED if self.total > self.degraded + SLACK else OVER


def budget_of(text: TextDraft, options: RuleOptions, rule: str) -> StackBudget:
    """Return what the LoRAs of a prompt take, those left out that are exempt from ``rule``."""
    shares = tuple(_share(use, options.budget_relative, rule) for use in text.uses)
    return StackBudget(shares, options.budget, options.degraded)


def _share(use: LoraUse, relative: bool, rule: str) -> BudgetShare:
    out = _left_out(use, rule)
    if out or use.card is None or use.unet is None:
        file = use.card.name if use.card is not None else ""
        return BudgetShare(use.name, use.unet, left_out=out, file=file)
    preferred = unit_of(use.card, relative)
    share = abs(use.unet) / (preferred or 1.0)
    return BudgetShare(use.name, use.unet, share, preferred, file=use.card.name)


def _left_out(use: LoraUse, rule: str) -> str:
    if not use.in_force:
        return say("left out: the host does not load it")
    if use.card is None:
        return say("left out: not known")
    if not use.guarded_by(rule):
        return say("left out: the guard is off for it")
    if use.unet is None or use.te is None:
        return say("left out: its weight is no single number")
    return _OUT.get(use.card.inference.type, "")


def unit_of(card: LoraCard, relative: bool) -> float | None:
    """Return the weight of a LoRA that counts as 1; ``None`` where each weight is its own share.

    A LoRA made for 2.0 fills the place of one at 1.0 there. One made for less than 1 only counts
    for more where the user has set all to be ``relative``: at its own weight it burns nothing.
    """
    preferred = abs(card.preferred_weight or 0.0)
    if not math.isfinite(preferred) or not preferred:
        return None
    return preferred if relative or preferred > 1.0 else None
