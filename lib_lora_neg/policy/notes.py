"""Findings that are no rule's: what is said whatever the modes are, and cannot be switched off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ..loras.families import ModelFamily
from ..prompts import format_number
from ..sentences import Sentence, say
from .draft import Context, Draft, LoraUse, edited_tag, reaching
from .model import Effect, Field, Finding
from .wording import minus


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
BRANCHES = Note("branches", "Negative branch", tail="strength of its own on the negative branch")
SWEEP = Note("sweep", "Sweep of weights")

NOTES: Mapping[str, Note] = MappingProxyType(
    {note.id: note for note in (BRANCHES, EMPTY_NEGATIVE, CFG_ONE, SWEEP, TOO_LONG)}
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


GUIDANCE_SOURCE = "classifier-free guidance (Ho and Salimans 2022)"


def note_branches(draft: Draft, context: Context) -> None:
    """Say what the strengths of a LoRA with two of them make of the picture."""
    for text in draft.prompts[:1]:
        for use in text.uses:
            if use.tag is None and not use.branched:
                continue
            reason = _branch_reason(use, draft.cfg) if use.in_force and not use.exempt else None
            if reason is not None:
                tag = edited_tag(text, use)
                numbers = {"before": use.unet or 0.0}
                if use.branched and draft.cfg is not None:
                    numbers["reaches"] = reaching(use.unet or 0.0, use.neg or 0.0, draft.cfg)
                context.report(
                    BRANCHES.id,
                    text,
                    enforced=False,
                    lora=use.name,
                    before=tag,
                    after=tag,
                    reason=reason,
                    source=GUIDANCE_SOURCE,
                    numbers=numbers,
                )


def _branch_reason(use: LoraUse, cfg: float | None) -> Sentence | None:
    if not use.branched:
        if use.tag is None or not use.tag.branched:
            return None
        stated = [weight.raw or "" for weight in (use.tag.neg, use.tag.negte) if weight is not None]
        return say(
            "neg {raw} is no strength: the LoRA acts on both branches alike", raw=", ".join(stated)
        )
    if cfg is None or use.te is None or use.unet is None or use.neg is None:
        return None
    if cfg == 1.0:
        return say("at CFG 1 there is no negative branch: neg has no effect on the picture")
    acts = say(
        "{weight} where the prompt acts and {neg} on the negative branch act on the picture as "
        "{reaches} would, at CFG {cfg}",
        weight=minus(use.unet),
        neg=minus(use.neg),
        reaches=minus(reaching(use.unet, use.neg, cfg)),
        cfg=format_number(cfg),
    )
    if use.neg >= 0.0:
        return acts
    return say(
        "{acts}; a negative strength there pulls back towards what the LoRA shows (double "
        "inversion)",
        acts=acts,
    )
