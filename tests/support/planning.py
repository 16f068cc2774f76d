"""A short way to plan one generation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lib_lora_neg.loras.card import LoraCard
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import (
    GenerationRequest,
    GuardPlan,
    GuardSettings,
    Mode,
    NegativeTag,
    PromptSet,
    plan,
)


def guard(
    prompt: str,
    negative: str = "",
    *,
    cards: Iterable[LoraCard] = (),
    cfg: float = 7.0,
    family: ModelFamily = ModelFamily.SDXL,
    mode: Mode = Mode.ENFORCE,
    rules: Mapping[str, Mode] | None = None,
    negative_tag: NegativeTag = NegativeTag.MOVE,
    settings: Mapping[str, object] | None = None,
    **request: object,
) -> GuardPlan:
    """Plan one picture and check that planning the result again changes nothing."""
    known = {c.name: c for c in cards} | {c.alias: c for c in cards}
    guard_settings = GuardSettings(
        mode=mode, rules=rules or {}, negative_tag=negative_tag, **(settings or {})
    )
    asked = GenerationRequest(PromptSet((prompt,), (negative,), cfg), family=family, **request)
    result = plan(asked, known, guard_settings)
    again = plan(
        GenerationRequest(result.first, result.hires, family=family, **request),
        known,
        guard_settings,
    )
    assert not again.changed, (result.first, again.first)
    return result
