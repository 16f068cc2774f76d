"""`plan`: from a request, the cards of its LoRAs and the settings to a `GuardPlan`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..loras.card import LoraCard
from ..prompts import Edit, compose
from .model import CardLookup, Effect, Field, Finding, GenerationRequest, GuardPlan, PromptEdit
from .options import Mode
from .passes import PassPlanner, RememberedCards
from .rules import BY_ID
from .settings import GuardSettings
from .too_long import too_long

_FIRST = (Field.PROMPT, Field.NEGATIVE, Field.CFG)
_HIRES = (Field.HR_PROMPT, Field.HR_NEGATIVE, Field.HR_CFG)


def plan(
    request: GenerationRequest,
    cards: CardLookup | Mapping[str, LoraCard],
    settings: GuardSettings | None = None,
) -> GuardPlan:
    """Return what to generate instead of ``request``, with a finding for everything seen.

    Deterministic and idempotent: planning the guarded request again changes nothing. In
    Advise mode the findings are those that Enforce would act on, and nothing is changed; when
    the mode is Off there are none. Texts that no rule touches stay the same objects. Where one
    is too long to be read (`too_long`), nothing is changed and the finding says so.

    Args:
        request: one batch.
        cards: looked up by the names in the tags; must return ``None`` for unknown names.
        settings: the user's; defaults when not given.
    """
    settings = settings if settings is not None else GuardSettings()
    if settings.mode is Mode.OFF:
        return GuardPlan(request, request.first, request.hires, (), ())
    unread = too_long(request)
    if unread:
        return GuardPlan(request, request.first, request.hires, unread, ())
    guarded = _plan_enforced(request, cards, replace(settings, mode=Mode.ENFORCE))
    if settings.mode is Mode.ENFORCE:
        return guarded
    advised = tuple(replace(finding, effect=Effect.ADVISED) for finding in guarded.findings)
    return GuardPlan(request, request.first, request.hires, advised, ())


_MOST_ROUNDS = 6
"""A request that still changes then is left as the last round has it."""


def _plan_enforced(
    request: GenerationRequest,
    cards: CardLookup | Mapping[str, LoraCard],
    settings: GuardSettings,
) -> GuardPlan:
    """Plan until nothing changes any more.

    What goes may bring together what belongs together: ``red trigger dress`` holds ``red dress``.
    """
    known = RememberedCards(cards)
    result = _plan_once(request, known, settings)
    for _ in range(_MOST_ROUNDS - 1):
        if not _rewrites(result):
            break
        guarded = replace(request, first=result.first, hires=result.hires)
        again = _plan_once(guarded, known, settings)
        if not again.changed:
            break
        result = _joined(result, again)
    return result


def _rewrites(result: GuardPlan) -> bool:
    """Whether anything but weights and CFG changes; those are what they are at once."""
    return any(
        finding.effect is Effect.ENFORCED
        and not (BY_ID[finding.rule].changes_numbers and finding.after)
        for finding in result.findings
    )


def _joined(result: GuardPlan, again: GuardPlan) -> GuardPlan:
    """Return both rounds as one plan of the first one's request."""
    edits: dict[tuple[Field, int], tuple[list[Edit], list[Edit]]] = {}
    for number, plan_ in enumerate((result, again)):
        for edit in plan_.edits:
            edits.setdefault((edit.field, edit.index), ([], []))[number].append(edit.edit)
    joined = [
        PromptEdit(field, index, edit)
        for (field, index), (first, second) in edits.items()
        for edit in compose(len(_text_of(result.request, field, index)), first, second)
    ]
    said = {_statement(finding) for finding in result.findings}
    more = tuple(
        finding
        for finding in again.findings
        if _statement(finding) not in said and finding.effect is Effect.ENFORCED
    )
    findings = result.findings + more
    return GuardPlan(result.request, again.first, again.hires, findings, tuple(joined))


def _text_of(request: GenerationRequest, field: Field, index: int) -> str:
    hires = field in _HIRES
    texts = request.hires if hires and request.hires is not None else request.first
    negative = field in (Field.NEGATIVE, Field.HR_NEGATIVE)
    return (texts.negative_prompts if negative else texts.prompts)[index]


def _plan_once(
    request: GenerationRequest, cards: RememberedCards, settings: GuardSettings
) -> GuardPlan:
    planner = PassPlanner(request, cards, settings)
    first, findings, edits = planner.plan_pass(request.first, _FIRST)
    if request.hires is None:
        return GuardPlan(request, first, None, tuple(findings), tuple(edits))
    shared_cfg = request.hires.cfg_scale is None
    hires_request = request.hires
    if shared_cfg:
        hires_request = replace(hires_request, cfg_scale=first.cfg_scale)
    hires, hr_findings, hr_edits = planner.plan_pass(hires_request, _HIRES)
    if shared_cfg and hires.cfg_scale != first.cfg_scale:
        first = replace(first, cfg_scale=hires.cfg_scale)
    if shared_cfg:
        unshared = replace(hires, cfg_scale=None)
        hires = request.hires if unshared == request.hires else unshared
        hr_findings = [_as_first_cfg(finding) for finding in hr_findings]
    said = {_statement(finding) for finding in findings}
    findings += [finding for finding in hr_findings if _statement(finding) not in said]
    return GuardPlan(request, first, hires, tuple(findings), tuple(edits + hr_edits))


def _as_first_cfg(finding: Finding) -> Finding:
    return replace(finding, field=Field.CFG) if finding.field is Field.HR_CFG else finding


_FIRST_FIELD = dict(zip(_HIRES, _FIRST, strict=True))


def _statement(finding: Finding) -> Finding:
    """Return the finding with the pass aside: the hires pass need not repeat the first."""
    first = _FIRST_FIELD.get(finding.field)
    return finding if first is None else replace(finding, field=first)
