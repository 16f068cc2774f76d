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
from ...prompts import find, normalise
from ...sentences import Sentence, say
from ..draft import Context, Draft, LoraUse, TextDraft, each_negative
from ..matrix import FRAMEWORK
from ..model import Field
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
        spoken = {(f.field, f.index, f.before) for f in context.findings if f.rule == "R2"}
        for key in dict.fromkeys(term.key for term in text.tree.terms if term.editable):
            if key in needed or is_common_tag(key):
                continue
            judged = _judgement(uses, key, context)
            if judged is not None and not _spoken(text, key, spoken):
                text = _judge(text, key, judged, context)
        return text

    return each_negative(draft, check)


def _spoken(text: TextDraft, key: str, spoken: set[tuple[Field, int, str]]) -> bool:
    return any(
        field is text.field and index == text.index and normalise(before) == key
        for field, index, before in spoken
    )


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


def _judge(text: TextDraft, key: str, judged: _Judgement, context: Context) -> TextDraft:
    rule, use, share = judged
    core = rule == "R2b"
    taken = {(match.start, match.end) for match in text.removed}
    for match in find(text.tree, key):
        if not match.whole or (match.start, match.end) in taken:
            continue
        found = text.tree.text[match.start : match.end]
        enforced = core and context.enforces("R2b") and context.may_remove(text, match)
        context.report(
            rule,
            text,
            enforced=enforced,
            lora=use.name,
            before=found,
            after="" if core else found,
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
        if enforced:
            text = replace(text, removed=(*text.removed, match))
    return text


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
