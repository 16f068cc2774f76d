"""R9: plain-word negation in the prompt, which models read as the noun alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...prompts import Match, find_negations, normalise
from ...sentences import say
from ..draft import Context, Draft, TextDraft
from ..options import Mode
from ..rule import ChipText, Rule
from .negative_terms import kept_terms

SOURCE = "Unraveling the mechanism behind negative prompt usage: “man without mustache”"

MOVED = "models read the noun and draw it: moved {things} to the negative prompt"
MOVE = "models read the noun and draw it: move {things} to the negative prompt"


def negation(draft: Draft, context: Context) -> Draft:
    """Move what a prompt says it is without to the negative prompt of the same picture."""
    if context.mode("R9") is Mode.OFF:
        return draft
    prompts, negatives = [], []
    told: set[tuple[int, int]] = set()
    for text, negative in zip(draft.prompts, draft.negatives, strict=True):
        moved: list[tuple[Match, tuple[str, ...]]] = []
        for found in find_negations(text.tree):
            if any(found.match.term in gone.terms for gone in text.removed):
                continue
            enforced = context.enforces("R9") and context.may_remove(text, found.match)
            if enforced:
                moved.append((found.match, found.nouns))
            place = (id(text.tree), found.start)
            if place not in told:
                told.add(place)
                arrives = context.may_remove(text, found.match) and bool(
                    _missing(negative, found.nouns)
                )
                _report(text, found.match, found.nouns, enforced, arrives, context)
        prompts.append(replace(text, removed=text.removed + tuple(match for match, _ in moved)))
        nouns = [noun for _, nouns in moved for noun in nouns]
        negatives.append(_with_nouns(negative, nouns, context))
    return replace(draft, prompts=tuple(prompts), negatives=tuple(negatives))


def _missing(negative: TextDraft, nouns: Sequence[str]) -> list[str]:
    """Return the nouns that do not stand in the negative prompt yet."""
    if not nouns:
        return []
    present = kept_terms(negative)
    return [noun for noun in dict.fromkeys(nouns) if normalise(noun) not in present]


def _with_nouns(negative: TextDraft, nouns: list[str], context: Context) -> TextDraft:
    missing = _missing(negative, nouns)
    if not missing:
        return negative
    context.report(
        "R9",
        negative,
        enforced=True,
        lora=None,
        before="",
        after=", ".join(missing),
        reason=say("moved here from the prompt, where models read the noun and draw it"),
        source=SOURCE,
        moved=True,
    )
    return replace(negative, appended=(*negative.appended, *missing))


def _report(
    text: TextDraft,
    match: Match,
    nouns: tuple[str, ...],
    enforced: bool,
    arrives: bool,
    context: Context,
) -> None:
    context.report(
        "R9",
        text,
        enforced=enforced,
        lora=None,
        before=text.tree.text[match.start : match.end],
        after="",
        reason=say(MOVED if enforced else MOVE, things=", ".join(repr(noun) for noun in nouns)),
        evidence=nouns,
        source=SOURCE,
        moved=arrives,
    )


RULE = Rule(
    id="R9",
    apply=negation,
    title="Plain-word negation",
    setting="plain-word negation",
    help="“without a hat” is read as a hat; Enforce moves the noun to the negative prompt",
    default=Mode.ADVISE,
    chip=ChipText("negation is not understood"),
    button="Move to negative",
    rewords_prompt=True,
)
