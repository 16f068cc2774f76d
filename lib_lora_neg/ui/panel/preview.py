"""The live preview: what the guard would do to what stands in the inputs, as JSON for the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ...hosts.preview import PreviewContext
from ...policy import BY_ID, CardLookup, Field, Finding, GuardPlan, Mode, plan
from ...policy.bleeding_curve import bleeding_curve
from ...policy.matrix import range_in_force
from ...policy.rule import SharedChip
from ...policy.stack import BUDGET_RULE, PlannedStack, planned_stack
from ...prompts import format_number, parse
from ...sentences import ENGLISH, Translator, say
from ..curve import curve_json
from ..spoken import spoken
from .actions import Action, Actions
from .budget import SCALE_DOWN, budget_json
from .chips import Chip, chip_of, chip_of_all, shared_chip, weights_of, without_echoes

MAX_CHIPS = 60
"""More than a person reads; the rest is counted."""

FARTHEST_DRAWN = -3.0
"""Weight to which a curve is drawn at most, wherever the prompt's own weight lies."""

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
    stack = planned_stack(planned, context.cards, context.settings)
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
        "budget": _budget(stack, context, words),
    }


def _budget(
    stack: PlannedStack | None, context: PreviewContext, words: Translator
) -> dict[str, Any] | None:
    """Return the stacking budget's bar, with what scales the LoRAs down."""
    bar = budget_json(stack)
    if bar is None or stack is None:
        return None
    exceeded = stack.typed.exceeded or stack.made.exceeded
    writes = Actions(context).by_rule(BUDGET_RULE) if exceeded else {}
    action = Action("apply", SCALE_DOWN, writes).as_json(words) if writes else None
    return {**spoken(bar, words), "action": action}


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
            chip = replace(
                chip,
                actions=tuple(actions.of(finding)),
                used=_used(finding, planned, context.cards),
                figure=_curve(finding, context),
            )
            chips.append(chip)
    chips += [_of_all(findings, shared, actions, context) for shared, findings in together.values()]
    return sorted(chips, key=lambda chip: chip.rank)


def _of_all(
    findings: list[Finding], shared: SharedChip, actions: Actions, context: PreviewContext
) -> Chip:
    """Return the one chip of a rule whose findings share one."""
    writes = actions.by_rule(findings[0].rule)
    buttons = (Action("apply", say(shared.button), writes),) if writes else ()
    # With what the other rules do or would do, as the findings speak of it.
    settings = replace(context.settings, mode=Mode.ENFORCE)
    acted = plan(context.request, context.cards, settings)
    bar = budget_json(planned_stack(acted, context.cards, settings))
    figure = {"kind": "budget", "data": bar} if bar is not None else None
    return replace(chip_of_all(findings, shared), actions=buttons, figure=figure)


def _curve(finding: Finding, context: PreviewContext) -> dict[str, Any] | None:
    """Return the bleeding curve behind a finding about a negative weight of one LoRA."""
    rule, weight = BY_ID.get(finding.rule), finding.number("before")
    card = context.cards.get(finding.lora) if finding.lora is not None else None
    if rule is None or not rule.measurable or card is None or weight is None or weight >= 0.0:
        return None
    family = context.request.family
    allowed = range_in_force(card, family, context.settings.floors)
    drawn = curve_json(
        bleeding_curve(card, family, max(weight, FARTHEST_DRAWN)),
        allowed.floor if allowed is not None else None,
        weight,
        finding.number("after"),
    )
    return {"kind": "curve", "data": drawn} if drawn is not None else None


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
