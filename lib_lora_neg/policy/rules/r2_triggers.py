"""R2: a trigger word in the negative prompt switches its LoRA off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ...loras.card import LoraCard, LoraType, Trigger
from ...loras.vocabulary import (
    CLASS_NOUNS,
    is_common_tag,
    is_descriptive_tag,
    is_generic_word,
)
from ...prompts import Match, bare, find, find_negated, negated_terms, normalise, split_origin
from ...sentences import Sentence, as_sentence, say
from ..draft import Context, Draft, LoraUse, TextDraft, each_negative, each_prompt
from ..matrix import FRAMEWORK, WRONG_LORA
from ..options import Mode
from ..rule import ChipText, Rule
from .negative_terms import ProtectedTerms, literal, needed_terms

SOURCE = f"{FRAMEWORK}, the trigger word problem"

SWITCHED_OFF = "trigger of {lora}: in the negative prompt it switches the LoRA off"
PERHAPS = "perhaps a trigger of {lora}: in the negative prompt it would switch it off"
AT_NEGATIVE_WEIGHT = (
    "trigger of {lora}, which is active at a negative weight: both push away from the same thing"
)

SURE_TRIGGER = 0.6
"""Confidence from which a word is taken out; below it is only pointed at."""


_CLASS = CLASS_NOUNS | {"art"}
"""Words behind a trigger that name its class, and say nothing of it once it is gone."""

_LEADING = frozenset(("a", "an", "the", "by", "of", "in", "art", "artist", "artwork", "style"))
"""Words before a trigger that lead to it."""

_LONGEST_FRAME = 40


def triggers(draft: Draft, context: Context) -> Draft:
    """Strip triggers of LoRAs at positive weight; add the one a trigger negative needs."""
    if context.mode("R2") is Mode.OFF:
        return draft
    uses = [use for use in draft.active if use.guarded_by("R2")]
    if not uses:
        return draft
    needed = ProtectedTerms(needed_terms(draft.active, context))

    def clean(text: TextDraft) -> TextDraft:
        text = _Stripping(text, needed, context).done(uses)
        for use in uses:
            text = _add_missing(text, use, context)
        return text

    draft = each_negative(draft, clean)
    return each_prompt(draft, lambda text: _look_at_negated(text, uses, needed, context))


def _triggers_of(uses: Iterable[LoraUse]) -> Iterator[tuple[LoraUse, Trigger]]:
    """Yield the triggers that do not belong in a negative prompt."""
    for use in uses:
        card = use.card
        if card is None or card.inference.type is LoraType.TRIGGER_NEGATIVE:
            continue
        if use.positive or use.negative_unet:
            for trigger in card.triggers:
                yield use, trigger


class _Stripping:
    """One negative prompt and what is taken out of it, each place once."""

    def __init__(self, text: TextDraft, needed: ProtectedTerms, context: Context) -> None:
        self._text = text
        self._needed = needed
        self._context = context
        self._removed: list[Match] = []
        # Offsets of letters: thousands of matches may lie in one term.
        self._taken: set[int] = set()
        for match in text.removed:
            self._take(match)

    def done(self, uses: Iterable[LoraUse]) -> TextDraft:
        """Return the text without the triggers of ``uses``."""
        for use, trigger in _triggers_of(uses):
            evidence = _evidence(trigger)
            for match in find(self._text.tree, trigger.text):
                self._judge(_named(match), use, trigger, evidence)
        if not self._removed:
            return self._text
        return replace(self._text, removed=(*self._text.removed, *self._removed))

    def _judge(self, match: Match, use: LoraUse, trigger: Trigger, evidence: Sentence) -> None:
        text, context = self._text, self._context
        if self._is_taken(match) or self._needed.protects(match.term.key, trigger.text):
            return
        sure = trigger.confidence >= SURE_TRIGGER and _distinct(match, trigger)
        match = _with_its_frame(match, text.tree.text)
        enforced = (
            use.positive and sure and context.enforces("R2") and context.may_remove(text, match)
        )
        found = text.tree.text[match.start : match.end]
        context.report(
            "R2",
            text,
            enforced=enforced,
            lora=use.name,
            before=found,
            after="" if use.positive else found,
            reason=_reason(use, sure),
            evidence=(evidence,),
            source=SOURCE,
        )
        if enforced:
            self._removed.append(match)
            self._take(match)

    def _take(self, match: Match) -> None:
        self._taken.update(range(match.start, match.end))

    def _is_taken(self, match: Match) -> bool:
        return not self._taken.isdisjoint(range(match.start, match.end))


def _named(match: Match) -> Match:
    """Return the match without brackets that are no origin of a name: ``hu tao (smile)``."""
    if len(match.terms) != 2 or not match.loose:
        return match
    beside = match.terms[1].key
    if is_common_tag(beside) or is_generic_word(beside) or is_descriptive_tag(beside):
        first = match.term
        return Match(first.start, first.end, first, True, (first,))
    return match


def _with_its_frame(match: Match, text: str) -> Match:
    """Return the whole term where only its frame would stay: ``ohwx woman``, ``art by ohwx``."""
    term = match.term
    before, after = text[term.start : match.start], text[match.end : term.end]
    if match.whole or len(before) + len(after) > _LONGEST_FRAME:
        return match
    frames = ((before, _LEADING), (after, _CLASS))
    if not all(words.issuperset(normalise(part).split()) for part, words in frames):
        return match
    return Match(term.start, term.end, term, True, (term,))


def _look_at_negated(
    text: TextDraft, uses: list[LoraUse], needed: ProtectedTerms, context: Context
) -> TextDraft:
    """Say where ``(word:-1)`` in the prompt, a negative to NegPiP, holds a trigger."""
    if not negated_terms(text.tree):
        return text
    said = set()
    for use, trigger in _triggers_of(uses):
        for term in find_negated(text.tree, trigger.text):
            if not use.positive or term.start in said or needed.protects(term.key, trigger.text):
                continue
            said.add(term.start)
            found = text.tree.text[term.start : term.end]
            context.report(
                "R2",
                text,
                enforced=False,
                lora=use.name,
                before=found,
                after=found,
                reason=say(
                    "a negative weight makes it a negative (NegPiP): {reason}",
                    reason=_reason(use, trigger.confidence >= SURE_TRIGGER),
                ),
                evidence=(_evidence(trigger),),
                source=SOURCE,
            )
    return text


def _evidence(trigger: Trigger) -> Sentence:
    return say(
        "{word}: {where} ({share})",
        word=repr(trigger.text),
        where=as_sentence(trigger.source),
        share=f"{trigger.confidence:.0%}",
    )


def _reason(use: LoraUse, sure: bool) -> Sentence:
    if not use.positive:
        return say(AT_NEGATIVE_WEIGHT, lora=use.name)
    return say(SWITCHED_OFF if sure else PERHAPS, lora=use.name)


def _distinct(match: Match, trigger: Trigger) -> bool:
    """Whether the match is surely the trigger and not a word of an ordinary longer term.

    A trigger ``hands`` is not meant by ``bad hands``, nor ``red (pokemon)`` by ``red``.
    """
    key = bare(normalise(trigger.text))
    if match.loose:
        key = split_origin(key)[0]
        if is_descriptive_tag(key):
            return False
    ordinary = is_generic_word(key) or is_common_tag(key) or is_common_tag(match.term.key)
    return not ordinary if match.loose else match.whole or not ordinary


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
        and context.request.has_negative_branch
    )


RULE = Rule(
    id="R2",
    apply=triggers,
    title="Trigger word in the negative prompt",
    setting="trigger words in the negative prompt",
    help="takes them out, because they switch the LoRA off; adds the word of a trigger negative",
    default=Mode.ENFORCE,
    switch="Trigger words in the negative prompt",
    chip=ChipText("trigger of", names_lora=True),
    reads_negative=True,
)
