"""Findings in few words: what stands on a chip under the prompt boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...policy import CardLookup, Effect, Field, Finding
from ...policy.too_long import TOO_LONG
from ...policy.wording import TYPE_NAMES, minus
from ...prompts import NetworkTag, format_number, parse
from ...sentences import Sentence, Words, say
from .actions import MOVED_RULES, Action

ADDED, REMOVED, MOVED = "added", "removed", "moved"

WOULD = {ADDED: "to add", REMOVED: "to remove", MOVED: "to move"}
"""What a chip says where nothing was done, but advised."""

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
    TOO_LONG: "Too long to be looked at",
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


TONES = ("change", "advice", "note")


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
        used: the weight, or the CFG scale, that the picture is made with.
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
    used: str = ""

    @property
    def rank(self) -> tuple[int, int]:
        """Where it stands in the strip: what is done first, and of that what goes and weights."""
        if self.done in (REMOVED, WOULD[REMOVED]):
            what = 0
        elif self.rule in ("R1", "R1f", "R11a"):
            what = 1
        else:
            what = 2 if self.done in (MOVED, WOULD[MOVED]) else 3
        return TONES.index(self.tone), what

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
            "used": words(self.used),
            "evidence": [words(fact) for fact in self.evidence],
            "actions": [action.as_json(words) for action in self.actions],
        }


def chip_of(finding: Finding, cards: CardLookup, moved: bool = False) -> Chip:
    """Return the chip of one finding, without its actions.

    ``moved``: what is taken out arrives in another box.
    """
    chip = _chip_of(finding, cards, moved)
    would = chip.done and finding.effect is not Effect.ENFORCED
    return replace(chip, done=WOULD[chip.done]) if would else chip


def _chip_of(finding: Finding, cards: CardLookup, moved: bool) -> Chip:
    chip = _bare(finding)
    if finding.field in (Field.CFG, Field.HR_CFG):
        lead = say("CFG") if finding.field is Field.CFG else say("hires CFG")
        return replace(chip, lead=lead, before=finding.before, after=_changed(finding))
    tag, after = _tag(finding.before), _tag(finding.after)
    if finding.rule == "R11a" and finding.lora is not None:
        weights = weights_of(after) if after is not None and finding.before != finding.after else ""
        return replace(chip, lead=finding.lora, after=weights)
    if tag is not None:
        return _of_tag(replace(chip, tail=_tag_tail(finding, cards)), finding, tag, after, moved)
    return _of_words(chip, finding, moved)


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


def _of_tag(
    chip: Chip, finding: Finding, tag: NetworkTag, after: NetworkTag | None, moved: bool
) -> Chip:
    negative = finding.field in (Field.NEGATIVE, Field.HR_NEGATIVE)
    lead = say("negative: {lora}", lora=tag.name) if negative else tag.name
    done = "" if finding.after else MOVED if moved else REMOVED
    now = "" if after is None or finding.before == finding.after else weights_of(after)
    return replace(chip, lead=lead, before=weights_of(tag), after=now, done=done)


def _of_words(chip: Chip, finding: Finding, moved: bool) -> Chip:
    if finding.rule == "empty-negative":
        return replace(chip, lead=say("negative prompt is empty"), before="", after="")
    if finding.rule == "cfg-1":
        return replace(chip, lead=say("CFG 1"), tail="negative prompt has no effect")
    negative = finding.field in (Field.NEGATIVE, Field.HR_NEGATIVE)
    lead = say("negative") if negative else say("prompt")
    if finding.rule == TOO_LONG:
        return replace(chip, lead=lead, before="", after="", tail="too long, nothing is guarded")
    if not finding.before:
        return replace(chip, lead=lead, before=finding.after, done=ADDED)
    if not finding.after:
        done = MOVED if moved else REMOVED
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


def what_moves(findings: Iterable[Finding]) -> Callable[[Finding], bool]:
    """Return what tells whether a finding's words, or its tag, arrive in another box.

    ``findings`` are those of a plan in which the rules that move something are enforced.
    """
    arrived: dict[tuple[str, int, str | None], set[str]] = {}
    for finding in findings:
        if finding.rule in MOVED_RULES and not finding.before:
            key = (finding.rule, finding.index, finding.lora)
            texts = arrived.setdefault(key, set())
            texts.update(noun.strip() for noun in finding.after.split(","))

    def moves(finding: Finding) -> bool:
        there = arrived.get((finding.rule, finding.index, finding.lora), set())
        if finding.rule != "R9":
            return bool(there)
        return any(noun in there for noun in finding.evidence)

    return moves


def _tag(text: str) -> NetworkTag | None:
    tags = parse(text).tags if text.startswith("<") else ()
    return tags[0] if len(tags) == 1 and tags[0].end == len(text) else None


def weights_of(tag: NetworkTag) -> str:
    """Return a tag's weight, or both where they differ."""
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
