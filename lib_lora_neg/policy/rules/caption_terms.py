"""What R2b and R6 share: negative terms that stand on many of the captions of an active LoRA.

The strongest rule speaks alone: both are silent about a term that R2 spoke of, and a weaker one
about a term that a stronger one of them judges.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from ...loras.card import TagTableKind
from ...loras.vocabulary import is_common_tag
from ...prompts import Match, find_terms, negated_terms, normalise
from ...sentences import Sentence, say
from ..draft import Context, Draft, LoraUse, TextDraft, each_negative, each_prompt
from ..options import Mode
from . import r2_triggers
from .negative_terms import needed_terms


class _Judgement(NamedTuple):
    """The LoRA that a term fights, and on how many of its captions it stands."""

    use: LoraUse
    share: float


@dataclass(frozen=True)
class CaptionRule:
    """A rule about the terms on at least a share of the captions of a LoRA at positive weight.

    Attributes:
        id: of the rule.
        least: the share, 0 to 1.
        strips: whether it takes the terms out where it is enforced.
        reason: says why, of a LoRA's name and a share.
        source: where the share comes from.
        stronger: rules that speak instead of this one where they judge the same term.
    """

    id: str
    least: float
    strips: bool
    reason: Callable[[str, float], Sentence]
    source: str
    stronger: tuple[CaptionRule, ...] = ()

    def apply(self, draft: Draft, context: Context) -> Draft:
        """Report (or strip) negative terms that the LoRAs were trained on."""
        if context.mode(self.id) is Mode.OFF:
            return draft
        uses = [
            use
            for use in draft.active
            if use.positive and use.card is not None and use.card.tags.kind is TagTableKind.RICH
        ]
        if not uses:
            return draft
        needed = needed_terms(draft.active, context)
        draft = each_negative(draft, lambda text: self._look(text, uses, needed, context))
        return each_prompt(draft, lambda text: self._look_at_negated(text, uses, needed, context))

    def _look(
        self, text: TextDraft, uses: list[LoraUse], needed: frozenset[str], context: Context
    ) -> TextDraft:
        silent = needed | _spoken(text, context)
        removed: list[Match] = []
        taken = {(match.start, match.end) for match in text.removed}
        for key in dict.fromkeys(term.key for term in text.tree.terms if term.editable):
            judged = self._judged(uses, key, silent, context)
            if judged is not None:
                removed += self._judge(text, key, judged, taken, context)
        return replace(text, removed=(*text.removed, *removed)) if removed else text

    def _look_at_negated(
        self, text: TextDraft, uses: list[LoraUse], needed: frozenset[str], context: Context
    ) -> TextDraft:
        """Say where ``(word:-1)`` in the prompt, a negative to NegPiP, pulls at what is known."""
        negated = negated_terms(text.tree)
        silent = needed | _spoken(text, context) if negated else needed
        for term in {term.key: term for term in negated}.values():
            judged = self._judged(uses, term.key, silent, context)
            if judged is not None:
                place = Match(term.start, term.end, term, True, (term,))
                self._report(text, place, term.key, judged, False, context)
        return text

    def _judged(
        self, uses: list[LoraUse], key: str, silent: frozenset[str], context: Context
    ) -> _Judgement | None:
        """Return the LoRA that this rule sees a term fight, unless a stronger one speaks."""
        if key in silent or is_common_tag(key):
            return None
        if any(rule._strongest(uses, key, context) is not None for rule in self.stronger):
            return None
        return self._strongest(uses, key, context)

    def _strongest(self, uses: list[LoraUse], key: str, context: Context) -> _Judgement | None:
        if context.mode(self.id) is Mode.OFF:
            return None
        shares = (
            _Judgement(use, use.card.tags.shares.get(key, 0.0))
            for use in uses
            if use.card is not None and use.guarded_by(self.id)
        )
        judged = max(shares, key=lambda judgement: judgement.share, default=None)
        return judged if judged is not None and judged.share >= self.least else None

    def _judge(
        self,
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
            enforced = self.strips and context.enforces(self.id) and context.may_remove(text, match)
            self._report(text, match, key, judged, enforced, context)
            if enforced:
                gone.append(match)
        return gone

    def _report(
        self,
        text: TextDraft,
        match: Match,
        key: str,
        judged: _Judgement,
        enforced: bool,
        context: Context,
    ) -> None:
        lora, share = judged.use.name, judged.share
        found = text.tree.text[match.start : match.end]
        context.report(
            self.id,
            text,
            enforced=enforced,
            lora=lora,
            before=found,
            after="" if self.strips and text.tree.negative else found,
            reason=self.reason(lora, share),
            evidence=(
                say(
                    "{word} on {share} of the captions of {lora}",
                    word=repr(key),
                    share=f"{share:.0%}",
                    lora=lora,
                ),
            ),
            source=self.source,
            numbers={"share": share},
        )


def _spoken(text: TextDraft, context: Context) -> frozenset[str]:
    """Return the terms of a text that R2 has spoken of."""
    return frozenset(
        normalise(finding.before)
        for finding in context.findings
        if finding.rule == r2_triggers.RULE.id
        and (finding.field, finding.index) == (text.field, text.index)
    )
