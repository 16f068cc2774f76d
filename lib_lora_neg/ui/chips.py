"""Findings in few words: what stands on a chip under the prompt boxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..policy import CardLookup, Effect, Field, Finding
from ..policy.wording import TYPE_NAMES, minus
from ..prompts import NetworkTag, format_number, parse
from ..sentences import Sentence, Words, say
from .actions import MOVED_RULES, Action

ADDED, REMOVED, MOVED = "added", "removed", "moved"

RULE_NAMES = {
    "R1": "Negative range",
    "R1f": "Negative range on Flux",
    "R2": "Trigger word in the negative prompt",
    "R2b": "Core term in the negative prompt",
    "R2c": "Recommended negative prompt",
    "R3": "CFG beside a negative weight",
    "R4": "Text-encoder weight",
    "R5": "Stacking budget",
    "R6": "Tug of war",
    "R8": "LoRA tag in the negative prompt",
    "R9": "Plain-word negation",
    "R10": "Concept bleeding",
    "R11a": "The same LoRA twice",
    "R11b": "Unknown LoRA",
    "R11c": "LoRA of another model family",
    "R11d": "Weight that is no number",
    "empty-negative": "Empty negative prompt",
    "cfg-1": "CFG 1",
    "sweep": "Sweep of weights",
}
"""What the rules are called where people read of them."""

_TAILS = {
    "R2": "trigger of",
    "R2b": "core of",
    "R2c": "recommended by",
    "R3": "negative weight",
    "R4": "text encoder",
    "R6": "tug of war with",
    "R8": "LoRA tag is read as text",
    "R9": "negation is not understood",
    "R10": "concept bleeding",
    "R11a": "twice",
    "R11b": "unknown LoRA",
    "R11c": "other model family",
    "R11d": "weight is no number",
}
_WITH_SUBJECT = frozenset({"R2", "R2b", "R2c", "R6"})
"""Rules whose chip ends with the LoRA's name, because it begins with other words."""


@dataclass(frozen=True)
class Chip:
    """One chip, in pieces that stand side by side.

    Attributes:
        rule: of the finding.
        tone: ``change``, ``advice`` or ``note``.
        field: the box concerned, a `Field` value.
        lead: whose chip it is: a LoRA's name, or a sentence of ours: ``negative`` ….
        before: as it is.
        after: as it will be, or would be; empty if it only states something.
        done: ``added``, ``removed``, ``moved`` in place of ``after``.
        tail: why, in two or three words.
        subject: the LoRA the tail speaks of.
        reason: one sentence.
        evidence: the facts that led to it.
        source: where the rule's number comes from.
        actions: what can be done about it.
    """

    rule: str
    tone: str
    field: str
    lead: str
    before: str = ""
    after: str = ""
    done: str = ""
    tail: str = ""
    subject: str = ""
    reason: str = ""
    evidence: tuple[str, ...] = ()
    source: str = ""
    actions: tuple[Action, ...] = ()

    def as_json(self, words: Words) -> dict[str, Any]:
        """Return it as the page gets it, in the page's language."""
        return {
            "rule": self.rule,
            "tone": self.tone,
            "field": self.field,
            "lead": words(self.lead) if isinstance(self.lead, Sentence) else self.lead,
            "before": self.before,
            "after": self.after,
            "done": words(self.done),
            "tail": words(self.tail),
            "subject": self.subject,
            "reason": words(self.reason),
            "source": words(self.source),
            "title": words(RULE_NAMES.get(self.rule, self.rule)),
            "evidence": [words(fact) for fact in self.evidence],
            "actions": [action.as_json(words) for action in self.actions],
        }


def chip_of(finding: Finding, cards: CardLookup) -> Chip:
    """Return the chip of one finding, without its actions."""
    chip = _bare(finding)
    if finding.field in (Field.CFG, Field.HR_CFG):
        lead = say("CFG") if finding.field is Field.CFG else say("hires CFG")
        return replace(chip, lead=lead, before=finding.before, after=_changed(finding))
    tag, after = _tag(finding.before), _tag(finding.after)
    if finding.rule == "R11a" and finding.lora is not None:
        weights = _weights(after) if after is not None and finding.before != finding.after else ""
        return replace(chip, lead=finding.lora, after=weights)
    if tag is not None:
        return _of_tag(replace(chip, tail=_tag_tail(finding, cards)), finding, tag, after)
    return _of_words(chip, finding)


def _bare(finding: Finding) -> Chip:
    note = finding.rule not in _TAILS and finding.rule not in ("R1", "R1f", "R5")
    tone = "change" if finding.effect is Effect.ENFORCED else "note" if note else "advice"
    return Chip(
        rule=finding.rule,
        tone=tone,
        field=finding.field.value,
        lead="",
        tail=_TAILS.get(finding.rule, ""),
        subject=(finding.lora or "") if finding.rule in _WITH_SUBJECT else "",
        reason=finding.reason,
        evidence=finding.evidence,
        source=finding.source,
    )


def _of_tag(chip: Chip, finding: Finding, tag: NetworkTag, after: NetworkTag | None) -> Chip:
    negative = finding.field in (Field.NEGATIVE, Field.HR_NEGATIVE)
    lead = say("negative: {lora}", lora=tag.name) if negative else tag.name
    done = REMOVED if not finding.after else ""
    if finding.rule in MOVED_RULES and done and "acts in the prompt" in finding.reason:
        done = MOVED
    now = "" if after is None or finding.before == finding.after else _weights(after)
    return replace(chip, lead=lead, before=_weights(tag), after=now, done=done)


def _of_words(chip: Chip, finding: Finding) -> Chip:
    if finding.rule == "empty-negative":
        return replace(chip, lead=say("negative prompt is empty"), before="", after="")
    if finding.rule == "cfg-1":
        return replace(chip, lead=say("CFG 1"), tail="negative prompt has no effect")
    negative = finding.field in (Field.NEGATIVE, Field.HR_NEGATIVE)
    lead = say("negative") if negative else say("prompt")
    if not finding.before:
        return replace(chip, lead=lead, before=finding.after, done=ADDED)
    if not finding.after:
        done = MOVED if finding.rule in MOVED_RULES else REMOVED
        return replace(chip, lead=lead, before=finding.before, done=done)
    return replace(chip, lead=lead, before=finding.before, after=_changed(finding))


def stack_chip(findings: Sequence[Finding], total: float, budget: float) -> Chip:
    """Return the one chip that R5's findings, one per LoRA, share."""
    return replace(
        _bare(findings[0]),
        lead=say("stack"),
        before=f"{format_number(round(total, 2))} / {format_number(budget)}",
        tail="stacking budget",
        evidence=tuple(f"{finding.before} → {finding.after}" for finding in findings),
    )


def without_echoes(findings: Iterable[Finding]) -> list[Finding]:
    """Leave out what only says that something moved here from another box."""
    findings = list(findings)
    moved = {finding.rule for finding in findings if finding.rule in MOVED_RULES and finding.before}
    return [f for f in findings if f.before or f.rule not in moved]


def _tag(text: str) -> NetworkTag | None:
    tags = parse(text).tags if text.startswith("<") else ()
    return tags[0] if len(tags) == 1 and tags[0].end == len(text) else None


def _weights(tag: NetworkTag) -> str:
    te, unet = tag.te.value, tag.unet.value
    if te is None or unet is None:
        return tag.te.raw or tag.unet.raw or "1"
    return minus(unet) if te == unet else f"te {minus(te)} · unet {minus(unet)}"


def _tag_tail(finding: Finding, cards: CardLookup) -> str:
    if finding.rule not in ("R1", "R1f"):
        return _TAILS.get(finding.rule, "")
    card = cards.get(finding.lora or "")
    return TYPE_NAMES[card.inference.type] if card is not None else ""


def _changed(finding: Finding) -> str:
    return "" if finding.before == finding.after else finding.after
