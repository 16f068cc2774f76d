"""R2b and R6: negative terms that stand on many of the captions of an active LoRA.

On at least 90 % of them a term describes the LoRA's core aesthetic (R2b); from 65 % on the
two pull at the same thing (R6). The strongest rule speaks alone, so R6 is silent about a
term that R2b reports, and both about one that R2 took out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ...loras.card import TagTableKind
from ...loras.vocabulary import is_common_tag
from ...prompts import Match, find_terms, negated_terms, normalise
from ...sentences import Sentence, say
from ..draft import Context, Draft, LoraUse, TextDraft, each_negative, each_prompt
from ..matrix import FRAMEWORK
from ..settings import Mode
from .negative_terms import needed_terms

CORE_SHARE = 0.9
TUG_SHARE = 0.65

CORE_SOURCE = f"{FRAMEWORK}, the trigger word problem: core aesthetic"
TUG_SOURCE = f"{FRAMEWORK}, the tug-of-war; SHARK PR #1972 (tags on ≥ 65 % of images)"


def tag_tables(draft: Draft, context: Context) -> Draft:
    """Report (or strip, R2b) negative terms that the LoRAs were trained on."""
    if context.mode("R2b") is Mode.OFF and context.mode("R6") is Mode.OFF:
        return draft
    uses = [
        use
        for use in draft.active
        if use.positive and use.card is not None and use.card.tags.kind is TagTableKind.RICH
    ]
    if not uses:
        return draft
    needed = needed_terms(draft.active, context)

    def check(text: TextDraft) -> TextDraft:
        spoken = _spoken(text, context)
        removed: list[Match] = []
        taken = {(match.start, match.end) for match in text.removed}
        for key in dict.fromkeys(term.key for term in text.tree.terms if term.editable):
            if key in needed or is_common_tag(key):
                continue
            judged = _judgement(uses, key, context)
            if judged is not None and key not in spoken:
                removed += _judge(text, key, judged, taken, context)
        return replace(text, removed=(*text.removed, *removed)) if removed else text

    draft = each_negative(draft, check)
    return each_prompt(draft, lambda text: _look_at_negated(text, uses, needed, context))


def _spoken(text: TextDraft, context: Context) -> set[str]:
    """Return the terms of a text that R2 has spoken of."""
    return {
        normalise(finding.before)
        for finding in context.findings
        if finding.rule == "R2" and (finding.field, finding.index) == (text.field, text.index)
    }


def _look_at_negated(
    text: TextDraft, uses: list[LoraUse], needed: frozenset[str], context: Context
) -> TextDraft:
    """Say where ``(word:-1)`` in the prompt, a negative to NegPiP, pulls at what a LoRA knows."""
    negated = negated_terms(text.tree)
    spoken = _spoken(text, context) if negated else set()
    for term in {term.key: term for term in negated}.values():
        judged = _judgement(uses, term.key, context)
        ordinary = term.key in needed or is_common_tag(term.key) or term.key in spoken
        if judged is not None and not ordinary:
            place = Match(term.start, term.end, term, True, (term,))
            _report(text, place, term.key, judged, False, context)
    return text


def _strongest(uses: list[LoraUse], key: str) -> tuple[LoraUse | None, float]:
    shares = ((use, use.card.tags.shares.get(key, 0.0)) for use in uses if use.card is not None)
    return max(shares, key=lambda pair: pair[1], default=(None, 0.0))


class _Judgement(NamedTuple):
    """What a term is to a LoRA: the rule that speaks of it, and on how many captions it is."""

    rule: str
    use: LoraUse
    share: float


def _judgement(uses: list[LoraUse], key: str, context: Context) -> _Judgement | None:
    for rule, least in (("R2b", CORE_SHARE), ("R6", TUG_SHARE)):
        if context.mode(rule) is Mode.OFF:
            continue
        use, share = _strongest([use for use in uses if use.guarded_by(rule)], key)
        if use is not None and share >= least:
            return _Judgement(rule, use, share)
    return None


def _judge(
    text: TextDraft,
    key: str,
    judged: _Judgement,
    taken: set[tuple[int, int]],
    context: Context,
) -> list[Match]:
    """Report every place of a term but those ``taken``; return those that go."""
    gone = []
    for match in find_terms(text.tree, key):
        if (match.start, match.end) in taken:
            continue
        core = judged.rule == "R2b"
        enforced = core and context.enforces("R2b") and context.may_remove(text, match)
        _report(text, match, key, judged, enforced, context)
        if enforced:
            gone.append(match)
    return gone


def _report(
    text: TextDraft, match: Match, key: str, judged: _Judgement, enforced: bool, context: Context
) -> None:
    rule, use, share = judged
    core = rule == "R2b"
    found = text.tree.text[match.start : match.end]
    goes = core and text.tree.negative
    context.report(
        rule,
        text,
        enforced=enforced,
        lora=use.name,
        before=found,
        after="" if goes else found,
        reason=_reason(use, share, core),
        evidence=(
            say(
                "{word} on {share} of the captions of {lora}",
                word=repr(key),
                share=f"{share:.0%}",
                lora=use.name,
            ),
        ),
        source=CORE_SOURCE if core else TUG_SOURCE,
    )


def _reason(use: LoraUse, share: float, core: bool) -> Sentence:
    if core:
        return say(
            "core of what {lora} was trained on: as a negative it fights the LoRA", lora=use.name
        )
    return say(
        "{lora} was trained with it on {share} of its pictures, so the two pull at the same thing: "
        "move the LoRA's weight by a step in either direction, or lower CFG",
        lora=use.name,
        share=f"{share:.0%}",
    )
