"""What the rules about the negative prompt share."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...loras.card import LoraType
from ...prompts import bare, normalise, parse
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


class ProtectedTerms:
    """The terms that no rule may take out, asked for many places of one text."""

    def __init__(self, terms: frozenset[str]) -> None:
        self.terms = terms
        self._inside: dict[str, tuple[str, ...]] = {}

    def protects(self, term: str, words: str) -> bool:
        """Whether ``words`` in a term (its key) are, hold, or stand in, something needed."""
        if not self.terms:
            return False
        key = bare(normalise(words))
        name = bare(term)
        if name in self.terms or key in self.terms:
            return True
        inside = self._inside.get(name)
        if inside is None:
            inside = tuple(needed for needed in self.terms if needed in name)
            self._inside[name] = inside
        return any(key in needed or _holds(key, needed) for needed in inside)


def _holds(key: str, needed: str) -> bool:
    """Whether taking ``key`` out would take ``needed`` along, as a word of its own."""
    at = key.find(needed)
    if at < 0:
        return False
    before, after = key[at - 1 : at] if at else "", key[at + len(needed) : at + len(needed) + 1]
    return not before.isalnum() and not after.isalnum()


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
