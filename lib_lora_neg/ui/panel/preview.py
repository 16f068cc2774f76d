"""The live preview: what the guard would do to what stands in the inputs, as JSON for the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ...hosts.preview import PreviewContext
from ...policy import CardLookup, Field, Finding, GuardPlan, plan
from ...policy.rule import SharedChip
from ...prompts import format_number, parse
from ...sentences import ENGLISH, Translator, say
from .actions import Action, Actions
from .chips import Chip, chip_of, chip_of_all, shared_chip, weights_of, without_echoes

MAX_CHIPS = 60
"""More than a person reads; the rest is counted."""

TokenCount = Callable[[str], "tuple[int, int] | None"]


def preview(
    context: PreviewContext,
    token_count: TokenCount | None = None,
    *,
    lasting: bool = False,
    words: Translator = ENGLISH,
) -> dict[str, Any]:
    """Return what the page shows of ``context``.

    Args:
        context: the inputs and what the host would make of them.
        token_count: tokens of a negative prompt and the size of its chunks, where known.
        lasting: whether the host can keep decisions about a LoRA.
        words: the page's language.
    """
    mode = context.settings.mode
    planned = plan(context.request, context.cards, context.settings)
    chips = _chips(planned, context, lasting)
    shown = chips[:MAX_CHIPS]
    return {
        "mode": mode.value,
        "family": context.request.family.value,
        "family_assumed": context.family_assumed,
        "chips": [chip.as_json(words) for chip in shown],
        "left_out": len(chips) - len(shown),
        "changes": sum(chip.tone == "change" for chip in chips),
        "advice": sum(chip.tone == "advice" for chip in chips),
        "everything": Actions(context).everything() if chips else {},
        "tokens": _tokens(planned, token_count),
    }


def _chips(planned: GuardPlan, context: PreviewContext, lasting: bool) -> list[Chip]:
    actions = Actions(context, lasting)
    chips: list[Chip] = []
    together: dict[str, tuple[SharedChip, list[Finding]]] = {}
    seen: set[tuple[Any, ...]] = set()
    for finding in without_echoes(planned.findings):
        shared = shared_chip(finding.rule)
        if shared is not None:
            together.setdefault(finding.rule, (shared, []))[1].append(finding)
            continue
        chip = chip_of(finding, context.cards)
        key = (chip.rule, chip.lead, chip.before, chip.after, chip.done, chip.field)
        if key not in seen:
            seen.add(key)
            used = _used(finding, planned, context.cards)
            chips.append(replace(chip, actions=tuple(actions.of(finding)), used=used))
    chips += [_of_all(findings, shared, actions) for shared, findings in together.values()]
    return sorted(chips, key=lambda chip: chip.rank)


def _of_all(findings: list[Finding], shared: SharedChip, actions: Actions) -> Chip:
    """Return the one chip of a rule whose findings share one."""
    writes = actions.by_rule(findings[0].rule)
    buttons = (Action("apply", say(shared.button), writes),) if writes else ()
    return replace(chip_of_all(findings, shared), actions=buttons)


def _used(finding: Finding, planned: GuardPlan, cards: CardLookup) -> str:
    """Return what the picture is made with: the weight of the finding's LoRA, or the CFG scale."""
    hires = finding.field in (Field.HR_PROMPT, Field.HR_NEGATIVE, Field.HR_CFG)
    made = planned.hires if hires and planned.hires is not None else planned.first
    if finding.field in (Field.CFG, Field.HR_CFG):
        cfg = made.cfg_scale
        return say("The picture is made with CFG {cfg}.", cfg=format_number(cfg)) if cfg else ""
    if finding.lora is None or finding.field not in (Field.PROMPT, Field.HR_PROMPT):
        return ""
    card = cards.get(finding.lora)
    weights = []
    for tag in parse(made.prompts[0]).tags if made.prompts else ():
        other = cards.get(tag.name) if tag.is_lora else None
        same = card is not None and other is not None and card.identity == other.identity
        if tag.is_lora and (same or tag.name == finding.lora):
            weights.append(weights_of(tag))
    if not weights:
        return say("The picture is made without this LoRA.")
    return say("The picture is made with this LoRA at {weight}.", weight=", ".join(weights))


def _tokens(planned: GuardPlan, token_count: TokenCount | None) -> dict[str, Any] | None:
    """Return tokens of the negative prompt as asked for and as guarded."""
    if token_count is None:
        return None
    before = token_count(planned.request.first.negative_prompts[0])
    after = token_count(planned.first.negative_prompts[0])
    if before is None or after is None:
        return None
    return {"before": list(before), "after": list(after)}
