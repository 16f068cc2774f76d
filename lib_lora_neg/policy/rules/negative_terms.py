"""What the rules about the negative prompt share."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...loras.card import LoraType
from ...prompts import normalise, parse
from ..draft import Context, LoraUse, TextDraft

_ESCAPED = re.compile(r"\\([()\[\]\\])")
_SPECIAL = re.compile(r"[()\[\]\\]")


def needed_terms(uses: Iterable[LoraUse], context: Context) -> frozenset[str]:
    """Return the terms of a negative prompt that no rule may take out, normalised.

    Names of loaded embeddings, triggers of active trigger negatives, and what the active
    LoRAs recommend for the negative prompt.
    """
    needed = {normalise(name) for name in context.request.embeddings}
    for use in uses:
        card = use.card
        if card is None or not use.in_force:
            continue
        if card.inference.type is LoraType.TRIGGER_NEGATIVE and use.positive:
            needed.update(normalise(trigger.text) for trigger in card.triggers)
        if card.negative_text and use.positive:
            needed.update(recommended_terms(card.negative_text))
    needed.discard("")
    return frozenset(needed)


def recommended_terms(negative_text: str) -> dict[str, str]:
    """Return the terms of a recommended negative prompt, normalised, to their own spelling."""
    tree = parse(negative_text, negative=True)
    return {term.key: tree.text[term.start : term.end] for term in tree.terms if term.key}


def literal(words: str) -> str:
    """Return words from a file or a page as prompt language: brackets are escaped, once."""
    plain = _ESCAPED.sub(r"\1", words.strip())
    return _SPECIAL.sub(r"\\\g<0>", plain)


def kept_terms(text: TextDraft) -> frozenset[str]:
    """Return the normalised terms of a negative prompt that stay in it."""
    removed = {(match.term.start, match.term.end) for match in text.removed if match.whole}
    kept = {term.key for term in text.tree.terms if (term.start, term.end) not in removed}
    kept.update(normalise(term) for term in text.appended)
    return frozenset(kept)
