"""The rules: a request, the cards of its LoRAs and the settings make a `GuardPlan`."""

from .model import (
    CardLookup,
    Effect,
    Field,
    Finding,
    GenerationRequest,
    GuardPlan,
    InjectedLora,
    PromptEdit,
    PromptSet,
)
from .notes import NOTES
from .options import Mode, NegativeTag
from .planner import plan
from .rule import Rule
from .rules import BY_ID, RULES
from .settings import DEFAULT_RULE_MODES, GuardSettings

__all__ = [
    "BY_ID",
    "DEFAULT_RULE_MODES",
    "NOTES",
    "RULES",
    "CardLookup",
    "Effect",
    "Field",
    "Finding",
    "GenerationRequest",
    "GuardPlan",
    "GuardSettings",
    "InjectedLora",
    "Mode",
    "NegativeTag",
    "PromptEdit",
    "PromptSet",
    "Rule",
    "plan",
]
