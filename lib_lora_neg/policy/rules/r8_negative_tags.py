"""R8: ``<lora:…>`` in the negative prompt, which the host reads as plain text."""

from __future__ import annotations

import math
from dataclasses import replace

from ...loras.card import LoraCard, LoraType
from ...prompts import NetworkTag, normalise
from ...sentences import Sentence, say
from ..draft import (
    Context,
    Draft,
    LoraUse,
    TextDraft,
    each_negative,
    each_prompt,
    edited_tag,
    new_tag,
    renamed_tag,
    weight_numbers,
)
from ..options import Mode, NegativeTag
from ..rule import ChipText, Rule
from ..wording import type_name

SOURCE = "A1111 wiki: a LoRA cannot be added to the negative prompt"
READ_AS_TEXT = "the host reads a LoRA tag in the negative prompt as plain text; {why}"


def negative_tags(draft: Draft, context: Context) -> Draft:
    """Take tags out of the negative prompt, moving those that were meant to act."""
    if context.mode("R8") is Mode.OFF:
        return draft
    moved: dict[str, LoraUse] = {}
    present = {use.identity for use in draft.active if not use.removed}

    branch = context.settings.negative_tag is NegativeTag.BRANCH

    def clean(text: TextDraft) -> TextDraft:
        for tag in text.tree.tags:
            if tag.is_lora and tag.editable and not _exempt(tag, context):
                text = _judge(text, tag, present, moved, context)
        return text

    draft = each_negative(draft, clean)
    if not moved:
        return draft
    if branch:
        draft = each_prompt(draft, lambda text: _with_branches(text, moved, context))
    return each_prompt(draft, lambda text: _with_moved(text, moved, context))


def _exempt(tag: NetworkTag, context: Context) -> bool:
    """Return whether the tag itself says that it may stay: ``guard=off`` or ``guard=-R8``."""
    return tag.guard_off or "R8" in context.exempted(tag.exempt)


def _with_moved(text: TextDraft, moved: dict[str, LoraUse], context: Context) -> TextDraft:
    """Append the moved LoRAs to a prompt of the batch that lacks them."""
    present = {use.identity for use in text.uses if not use.removed}
    for identity, use in moved.items():
        if identity in present:
            continue
        context.report(
            "R8",
            text,
            enforced=True,
            lora=use.name,
            before="",
            after=new_tag(use),
            reason=say("moved here from the negative prompt"),
            source=SOURCE,
            moved=True,
            numbers=weight_numbers(None, use.unet),
        )
        text = replace(text, uses=(*text.uses, use))
    return text


def _with_branches(text: TextDraft, moved: dict[str, LoraUse], context: Context) -> TextDraft:
    """Give LoRAs that a prompt has already their strengths on the negative branch."""
    for position, use in enumerate(text.uses):
        own = moved.get(use.identity)
        if own is None or not _takes_branch(use):
            continue
        changed = replace(use, neg=own.neg, negte=own.negte)
        context.report(
            "R8",
            text,
            enforced=True,
            lora=use.name,
            before=edited_tag(text, use),
            after=edited_tag(text, changed),
            reason=say("its strength in the negative prompt is that of the negative branch"),
            source=SOURCE,
            moved=True,
            numbers=weight_numbers(use.unet, own.neg),
        )
        text = text.with_use(position, changed)
        moved = {identity: lora for identity, lora in moved.items() if lora is not own}
    return text


def _takes_branch(use: LoraUse) -> bool:
    """Whether a LoRA in the prompt can get a strength of its own on the negative branch."""
    plain = use.te is not None and use.unet is not None and not use.branched
    return plain and use.in_force and use.tag is not None and not use.exempt_from("R8")


def _judge(
    text: TextDraft,
    tag: NetworkTag,
    present: set[str],
    moved: dict[str, LoraUse],
    context: Context,
) -> TextDraft:
    card = context.cards.get(tag.name)
    goes, reason, use = _proposal(tag, card, present, context)
    removable = goes and context.may_remove(text, tag)
    enforced = removable and context.enforces("R8")
    before = text.tree.text[tag.start : tag.end]
    near = context.near(tag.name) if card is None else ()
    context.report(
        "R8",
        text,
        enforced=enforced,
        lora=tag.name,
        before=before,
        fix=renamed_tag(tag, near[0]) if near and not goes else "",
        after="" if goes else before,
        reason=say(READ_AS_TEXT, why=reason),
        evidence=card.inference.reasons if card is not None else (),
        source=SOURCE,
        moved=removable and use is not None,
        numbers=weight_numbers(tag.unet.value, None if use is None else use.unet),
    )
    if not enforced:
        return text
    if use is not None:
        moved.setdefault(use.identity, use)
    return replace(text, removed_tags=(*text.removed_tags, tag))


def _proposal(
    tag: NetworkTag, card: LoraCard | None, present: set[str], context: Context
) -> tuple[bool, Sentence, LoraUse | None]:
    """Return whether the tag goes, why, and the LoRA that moves to the prompt."""
    setting = context.settings.negative_tag
    if setting is NegativeTag.LEAVE:
        return False, say("left there, as set"), None
    if setting is NegativeTag.REMOVE:
        return True, say("removed, as set"), None
    if normalise(tag.name) in {normalise(name) for name in context.request.embeddings}:
        name = tag.name
        return False, say("{name} is an embedding: write its bare name instead", name=name), None
    if card is None:
        return False, say("no such LoRA is known"), None
    if card.guard_off:
        return False, say("left there: the guard is off for this LoRA"), None
    if setting is NegativeTag.BRANCH:
        return _to_branch(tag, card, context)
    if card.identity in present:
        return True, say("the same LoRA is in the prompt already, so it is removed here"), None
    return _by_type(tag, card, context)


def _to_branch(
    tag: NetworkTag, card: LoraCard, context: Context
) -> tuple[bool, Sentence, LoraUse | None]:
    """Return the tag as a strength of the negative branch, as the user has set it."""
    if card.inference.type is LoraType.ACCELERATOR:
        return False, say("an accelerator acts in the prompt only, at the weight made for it"), None
    te, unet = tag.te.value, tag.unet.value
    if te is None or unet is None or not math.isfinite(te) or not math.isfinite(unet):
        return False, say("its weight is no plain number"), None
    if te == 0.0 and unet == 0.0:
        return True, say("its weight is 0, so it is removed"), None
    use = LoraUse(
        tag.name,
        card,
        None,
        0.0,
        0.0,
        guard=tag.guard if tag.exempt else "",
        exempt_rules=context.exempted(tag.exempt),
        neg=unet,
        negte=te,
    )
    return True, say("it acts on the negative branch alone, as {tag}", tag=new_tag(use)), use


def _by_type(
    tag: NetworkTag, card: LoraCard, context: Context
) -> tuple[bool, Sentence, LoraUse | None]:
    kind = card.inference.type
    sure = card.inference.confidence >= context.settings.clamp_confidence
    if kind is LoraType.UNKNOWN or not sure:
        return False, say("its type is not known well enough to act on it"), None
    if kind is LoraType.CHARACTER:
        return True, say("a character has no safe negative weight, so it is removed"), None
    if kind is LoraType.ACCELERATOR:
        return False, say("an accelerator acts in the prompt only, at the weight made for it"), None
    te, unet = tag.te.value, tag.unet.value
    if te is None or unet is None:
        return False, say("its weight is no plain number"), None
    if te == 0.0 and unet == 0.0:
        return True, say("its weight is 0, so it is removed"), None
    sign = 1.0 if kind is LoraType.TRIGGER_NEGATIVE else -1.0
    # What the tag exempts the LoRA from holds where it moves to.
    guard = tag.guard if tag.exempt else ""
    use = LoraUse(
        tag.name,
        card,
        None,
        sign * abs(te),
        sign * abs(unet),
        guard=guard,
        exempt_rules=context.exempted(tag.exempt),
    )
    reason = say("a {type} acts in the prompt, as {tag}", type=type_name(kind), tag=new_tag(use))
    return True, reason, use


RULE = Rule(
    id="R8",
    apply=negative_tags,
    title="LoRA tag in the negative prompt",
    setting="LoRA tags in the negative prompt",
    help="the host reads them as text; what becomes of them is set below",
    default=Mode.ENFORCE,
    switch="LoRA tags in the negative prompt",
    chip=ChipText("LoRA tag is read as text"),
    reads_negative=True,
)
