"""Findings in few words: what stands on a chip under the prompt boxes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...policy import BY_ID, NOTES, CardLookup, Effect, Field, Finding
from ...policy.rule import ChipText, SharedChip
from ...policy.wording import TYPE_NAMES, minus
from ...prompts import NetworkTag, format_number, parse
from ...sentences import Sentence, Translator, say
from ..spoken import spoken
from .actions import Action

ADDED, REMOVED, MOVED = "added", "removed", "moved"

WOULD = {ADDED: "to add", REMOVED: "to remove", MOVED: "to move"}
"""What a chip says where nothing was done, but advised."""

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
        figure: what is drawn behind it: its ``kind`` and the ``data`` of it; ``None`` for none.
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
    figure: Mapping[str, Any] | None = None

    @property
    def rank(self) -> tuple[int, int]:
        """Where it stands in the strip: what is done first, and of that what goes and weights."""
        if self.done in (REMOVED, WOULD[REMOVED]):
            what = 0
        elif chip_text(self.rule).early:
            what = 1
        else:
            what = 2 if self.done in (MOVED, WOULD[MOVED]) else 3
        return TONES.index(self.tone), what

    def as_json(self, words: Translator) -> dict[str, Any]:
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
            "title": words(title_of(self.rule)),
            "used": words(self.used),
            "evidence": [words(fact) for fact in self.evidence],
            "actions": [action.as_json(words) for action in self.actions],
            "figure": spoken(self.figure, words),
        }


def title_of(rule: str) -> str:
    """Return what findings of a rule, or a note, are called where people read of them."""
    known = BY_ID.get(rule) or NOTES.get(rule)
    return known.title if known is not None else rule


def chip_text(rule: str) -> ChipText:
    """Return what a rule says of its chips."""
    known = BY_ID.get(rule)
    return known.chip if known is not None else ChipText()


def shared_chip(rule: str) -> SharedChip | None:
    """Return what a rule says of the one chip that its findings share, if they share one."""
    return chip_text(rule).shared


def chip_of(finding: Finding, cards: CardLookup) -> Chip:
    """Return the chip of one finding, without its actions."""
    chip = _chip_of(finding, cards)
    would = chip.done and finding.effect is not Effect.ENFORCED
    return replace(chip, done=WOULD[chip.done]) if would else chip


def _chip_of(finding: Finding, cards: CardLookup) -> Chip:
    chip = _bare(finding)
    if finding.field in (Field.CFG, Field.HR_CFG):
        lead = say("CFG") if finding.field is Field.CFG else say("hires CFG")
        return replace(chip, lead=lead, before=finding.before, after=_changed(finding))
    tags, after = _tags(finding.before), _tags(finding.after)
    if len(tags) > 1 and finding.lora is not None:
        joined = len(after) == 1 and finding.before != finding.after
        return replace(chip, lead=finding.lora, after=weights_of(after[0]) if joined else "")
    if tags:
        chip = replace(chip, tail=_tag_tail(finding, cards))
        return _of_tag(chip, finding, tags[0], after[0] if after else None)
    return _of_words(chip, finding)


def _bare(finding: Finding) -> Chip:
    note, text = NOTES.get(finding.rule), chip_text(finding.rule)
    is_rule = finding.rule in BY_ID
    tone = "change" if finding.effect is Effect.ENFORCED else "advice" if is_rule else "note"
    return Chip(
        rule=finding.rule,
        tone=tone,
        field=finding.field.value,
        lead="",
        tail=note.tail if note is not None else text.tail,
        subject=(finding.lora or "") if text.names_lora else "",
        reason=finding.reason,
        evidence=finding.evidence,
        source=finding.source,
    )


def _of_tag(chip: Chip, finding: Finding, tag: NetworkTag, after: NetworkTag | None) -> Chip:
    negative = finding.field in (Field.NEGATIVE, Field.HR_NEGATIVE)
    lead = say("negative: {lora}", lora=tag.name) if negative else tag.name
    done = "" if finding.after else _gone(finding)
    now = "" if after is None or finding.before == finding.after else weights_of(after)
    if after is not None and after.blocks != tag.blocks:
        now = after.blocks
    return replace(chip, lead=lead, before=weights_of(tag), after=now, done=done)


def _gone(finding: Finding) -> str:
    return MOVED if finding.moved else REMOVED


def _of_words(chip: Chip, finding: Finding) -> Chip:
    negative = finding.field in (Field.NEGATIVE, Field.HR_NEGATIVE)
    lead = say("negative") if negative else say("prompt")
    note = NOTES.get(finding.rule)
    if note is not None:
        return replace(chip, lead=say(note.lead) if note.lead else lead)
    if not finding.before:
        return replace(chip, lead=lead, before=finding.after, done=ADDED)
    if not finding.after:
        return replace(chip, lead=lead, before=finding.before, done=_gone(finding))
    return replace(chip, lead=lead, before=finding.before, after=_changed(finding))


def chip_of_all(findings: Sequence[Finding], shared: SharedChip) -> Chip:
    """Return the one chip that a rule's findings, one per LoRA, share."""
    total, limit = findings[0].number("total"), findings[0].number("limit")
    return replace(
        _bare(findings[0]),
        lead=say(shared.lead),
        before=f"{format_number(round(total or 0.0, 2))} / {format_number(limit or 0.0)}",
        evidence=tuple(f"{finding.before} → {finding.after}" for finding in findings),
    )


def without_echoes(findings: Iterable[Finding]) -> list[Finding]:
    """Leave out what only says that something moved here from another box."""
    findings = list(findings)
    left = {finding.rule for finding in findings if finding.moved and finding.before}
    return [f for f in findings if f.before or not f.moved or f.rule not in left]


def _tags(text: str) -> tuple[NetworkTag, ...]:
    """Return the tags that a text consists of; none where it holds anything else."""
    tags = parse(text).tags if text.startswith("<") else ()
    whole = " ".join(text[tag.start : tag.end] for tag in tags) == text
    return tags if whole else ()


def weights_of(tag: NetworkTag) -> str:
    """Return a tag's weight, or both where they differ."""
    te, unet = tag.te.value, tag.unet.value
    if te is None or unet is None:
        return tag.te.raw or tag.unet.raw or "1"
    return minus(unet) if te == unet else f"te {minus(te)} · unet {minus(unet)}"


def _tag_tail(finding: Finding, cards: CardLookup) -> str:
    text = chip_text(finding.rule)
    if not text.names_type:
        return text.tail
    card = cards.get(finding.lora or "")
    return TYPE_NAMES[card.inference.type] if card is not None else ""


def _changed(finding: Finding) -> str:
    return "" if finding.before == finding.after else finding.after
