"""Findings that are no rule's: what is said whatever the modes are, and cannot be switched off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ..loras.families import ModelFamily
from ..sentences import say
from .draft import Context, Draft
from .model import Effect, Field, Finding


@dataclass(frozen=True)
class Note:
    """One kind of such a finding.

    Attributes:
        id: in place of a rule's.
        title: what the finding is called.
        lead: what stands first on its chip; the input it is about if empty.
        tail: why, in few words.
    """

    id: str
    title: str
    lead: str = ""
    tail: str = ""


EMPTY_NEGATIVE = Note("empty-negative", "Empty negative prompt", lead="negative prompt is empty")
CFG_ONE = Note("cfg-1", "CFG 1", tail="negative prompt has no effect")
TOO_LONG = Note("too-long", "Too long to be looked at", tail="too long, nothing is guarded")
SWEEP = Note("sweep", "Sweep of weights")

NOTES: Mapping[str, Note] = MappingProxyType(
    {note.id: note for note in (EMPTY_NEGATIVE, CFG_ONE, SWEEP, TOO_LONG)}
)


def note_empty_negatives(
    before: Sequence[str], after: Sequence[str], draft: Draft, context: Context
) -> None:
    """Say where SDXL changes its embeddings because nothing is left of a negative prompt."""
    if context.request.family is not ModelFamily.SDXL:
        return
    for text, old, new in zip(draft.negatives, before, after, strict=True):
        if old.strip() and not new.strip():
            context.report(
                EMPTY_NEGATIVE.id,
                text,
                enforced=False,
                lora=None,
                before=old,
                after=new,
                reason=say(
                    "the negative prompt is empty now: SDXL then uses zeroed embeddings, "
                    "which changes the picture more than the removed words did"
                ),
                source="A1111 1.10.1, observed",
            )


def note_cfg_one(negatives: Sequence[str], draft: Draft, field: Field, context: Context) -> None:
    """Say where a negative prompt does nothing because of the CFG scale."""
    if draft.cfg != 1.0 or not any(text.strip() for text in negatives):
        return
    if context.request.negative_guidance:
        return
    context.findings.append(
        Finding(
            rule=CFG_ONE.id,
            effect=Effect.ADVISED,
            field=field,
            lora=None,
            before="1",
            after="1",
            reason=say(
                "at CFG 1 the negative prompt has no effect on the picture: raise CFG, or switch "
                "on negative guidance (NAG) where the model is made for CFG 1"
            ),
            source="A1111 1.10.1 and Forge, observed",
            numbers=(("before", 1.0), ("after", 1.0)),
        )
    )
