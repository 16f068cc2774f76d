"""R2: a trigger word in the negative prompt switches its LoRA off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ...loras.card import LoraCard, LoraType, Trigger
from ...loras.families import FLUX_FAMILIES
from ...loras.vocabulary import is_common_tag, is_generic_word
from ...prompts import Match, find, normalise
from ...sentences import Sentence, say
from ..draft import Context, Draft, LoraUse, TextDraft, each_negative
from ..matrix import FRAMEWORK, WRONG_LORA
from ..settings import Mode
from .negative_terms import literal, needed_terms

SOURCE = f"{FRAMEWORK}, the trigger word problem"

SURE_TRIGGER = 0.6
"""Confidence from which a word is taken out; below it is only pointed at."""


def triggers(draft: Draft, context: Context) -> Draft:
    """Strip triggers of LoRAs at positive weight; add the one a trigger negative needs."""
    if context.mode("R2") is Mode.OFF:
        return draft
    uses = [use for use in draft.active if use.guarded_by("R2")]
    needed = needed_terms(draft.active, context)

    def clean(text: TextDraft) -> TextDraft:
        for use, trigger in _triggers_of(uses):
            text = _strip(text, use, trigger, needed, context)
        for use in uses:
            text = _add_missing(text, use, context)
        return text

    return each_negative(draft, clean)


def _triggers_of(uses: Iterable[LoraUse]) -> Iterator[tuple[LoraUse, Trigger]]:
    """Yield the triggers that do not belong in a negative prompt."""
    for use in uses:
        card = use.card
        if card is None or card.inference.type is LoraType.TRIGGER_NEGATIVE:
            continue
        if use.positive or use.negative_unet:
            for trigger in card.triggers:
                yield use, trigger


def _strip(
    text: TextDraft, use: LoraUse, trigger: Trigger, needed: frozenset[str], context: Context
) -> TextDraft:
    taken = {(match.start, match.end) for match in text.removed}
    for match in find(text.tree, trigger.text):
        if (match.start, match.end) in taken or _protected(match, trigger, needed):
            continue
        sure = trigger.confidence >= SURE_TRIGGER and _distinct(match, trigger)
        enforced = (
            use.positive and sure and context.enforces("R2") and context.may_remove(text, match)
        )
        found = text.tree.text[match.start : match.end]
        after = "" if use.positive else found
        context.report(
            "R2",
            text,
            enforced=enforced,
            lora=use.name,
            before=found,
            after=after,
            reason=_reason(use, sure),
            evidence=(_evidence(trigger),),
            source=SOURCE,
        )
        if enforced:
            text = replace(text, removed=(*text.removed, match))
    return text


def _evidence(trigger: Trigger) -> Sentence:
    return say(
        "{word}: {where} ({share})",
        word=repr(trigger.text),
        where=say(trigger.source),
        share=f"{trigger.confidence:.0%}",
    )


def _reason(use: LoraUse, sure: bool) -> Sentence:
    if not use.positive:
        template = (
            "trigger of {lora}, which is active at a negative weight: both push away from the "
            "same thing"
        )
    elif not sure:
        template = "perhaps a trigger of {lora}: in the negative prompt it would switch it off"
    else:
        template = "trigger of {lora}: in the negative prompt it switches the LoRA off"
    return say(template, lora=use.name)


def _protected(match: Match, trigger: Trigger, needed: frozenset[str]) -> bool:
    """Whether the words are an embedding's name or needed by another LoRA."""
    term, key = match.term.key, normalise(trigger.text)
    if term in needed or key in needed:
        return True
    return any(key in name and name in term for name in needed)


def _distinct(match: Match, trigger: Trigger) -> bool:
    """Whether the match is surely the trigger and not a word of an ordinary longer term.

    A trigger ``hands`` is not meant by ``bad hands``.
    """
    key = normalise(trigger.text)
    ordinary = is_generic_word(key) or is_common_tag(key) or is_common_tag(match.term.key)
    return match.whole or not ordinary


def _add_missing(text: TextDraft, use: LoraUse, context: Context) -> TextDraft:
    card = use.card
    if card is None or not _needs_its_trigger(use, card, context):
        return text
    words = [literal(trigger.text) for trigger in card.triggers]
    if not words or any(_present(text, word) for word in words):
        return text
    enforced = context.enforces("R2")
    context.report(
        "R2",
        text,
        enforced=enforced,
        lora=use.name,
        before="",
        after=words[0],
        reason=say(
            "{lora} works through {word} in the negative prompt",
            lora=use.name,
            word=repr(words[0]),
        ),
        evidence=card.inference.reasons,
        source=WRONG_LORA,
    )
    return replace(text, appended=(*text.appended, words[0])) if enforced else text


def _present(text: TextDraft, word: str) -> bool:
    """Whether the word stands in the negative prompt, be it in another tool's span."""
    key = normalise(word)
    return (
        bool(find(text.tree, word))
        or key in map(normalise, text.appended)
        or any(word.lower() in text.tree.text[s:e].lower() for s, e in text.tree.opaque)
    )


def _needs_its_trigger(use: LoraUse, card: LoraCard, context: Context) -> bool:
    return (
        card.inference.type is LoraType.TRIGGER_NEGATIVE
        and use.positive
        and context.request.family not in FLUX_FAMILIES
    )
