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
from .planner import plan
from .settings import DEFAULT_RULE_MODES, GuardSettings, Mode, NegativeTag

__all__ = [
    "DEFAULT_RULE_MODES",
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
    "plan",
]
