"""The stacking budget of what will be generated, for who shows it."""

from __future__ import annotations

from dataclasses import dataclass

from .budget import StackBudget, budget_of
from .model import CardLookup, GuardPlan
from .options import Mode
from .passes import read_prompt
from .rules.r5_budget import RULE
from .settings import GuardSettings
from .too_long import too_long

BUDGET_RULE = RULE.id
"""The rule that holds the sum to the budget."""


@dataclass(frozen=True)
class PlannedStack:
    """The LoRAs of the first prompt, which are those the host loads.

    Attributes:
        typed: as asked for.
        made: as the picture is made.
    """

    typed: StackBudget
    made: StackBudget


def planned_stack(
    planned: GuardPlan, cards: CardLookup, settings: GuardSettings
) -> PlannedStack | None:
    """Return what the LoRAs of a plan take of the stacking budget.

    ``None`` where the rule or the guard is off, and where the texts are too long to be read.
    """
    request = planned.request
    if settings.mode_of(RULE.id) is Mode.OFF or not request.first.prompts or too_long(request):
        return None
    typed, made = (
        budget_of(read_prompt(texts.prompts[0], request, cards, settings), settings, RULE.id)
        for texts in (request.first, planned.first)
    )
    return PlannedStack(typed, made)
