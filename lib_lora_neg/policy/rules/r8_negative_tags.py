"""R8: ``<lora:…>`` in the negative prompt, which the host reads as plain text."""

from __future__ import annotations

from dataclasses import replace

from ...loras.card import LoraCard, LoraType
from ...prompts import NetworkTag, normalise
from ..draft import Context, Draft, LoraUse, TextDraft, each_negative, new_tag
from ..settings import Mode, NegativeTag
from ..wording import TYPE_NAMES

SOURCE = "A1111 wiki: a LoRA cannot be added to the negative prompt"
READ_AS_TEXT = "the host reads a LoRA tag in the negative prompt as plain text"


def negative_tags(draft: Draft, context: Context) -> Draft:
    """Take tags out of the negative prompt, moving those that were meant to act."""
    if context.mode("R8") is Mode.OFF:
        return draft
    moved: dict[str, LoraUse] = {}
    present = {use.identity for use in draft.active if not use.removed}

    def clean(text: TextDraft) -> TextDraft:
        for tag in text.tree.tags:
            if tag.is_lora and tag.editable and not tag.guard_off:
                text = _judge(text, tag, present, moved, context)
        return text

    draft = each_negative(draft, clean)
    if not moved:
        return draft
    prompts = tuple(_with_moved(text, moved) for text in draft.prompts)
    return replace(draft, prompts=prompts)


def _with_moved(text: TextDraft, moved: dict[str, LoraUse]) -> TextDraft:
    """Append the moved LoRAs to every prompt of the batch that lacks them."""
    present = {use.identity for use in text.uses}
    new = tuple(use for identity, use in moved.items() if identity not in present)
    return replace(text, uses=text.uses + new)


def _judge(
    text: TextDraft,
    tag: NetworkTag,
    present: set[str],
    moved: dict[str, LoraUse],
    context: Context,
) -> TextDraft:
    card = context.cards.get(tag.name)
    after, reason, use = _proposal(tag, card, present, context)
    enforced = context.enforces("R8") and after is not None and context.may_remove(text, tag)
    before = text.tree.text[tag.start : tag.end]
    context.report(
        "R8",
        text,
        enforced=enforced,
        lora=tag.name,
        before=before,
        after=before if after is None else after,
        reason=f"{READ_AS_TEXT}; {reason}",
        evidence=card.inference.reasons if card is not None else (),
        source=SOURCE,
    )
    if not enforced:
        return text
    if use is not None:
        moved.setdefault(use.identity, use)
    return replace(text, removed_tags=(*text.removed_tags, tag))


def _proposal(
    tag: NetworkTag, card: LoraCard | None, present: set[str], context: Context
) -> tuple[str | None, str, LoraUse | None]:
    """Return what becomes of the tag (``None``: it stays), why, and the LoRA to move."""
    setting = context.settings.negative_tag
    if setting is NegativeTag.LEAVE:
        return None, "left there, as set", None
    if setting is NegativeTag.REMOVE:
        return "", "removed, as set", None
    if normalise(tag.name) in {normalise(name) for name in context.request.embeddings}:
        return None, f"{tag.name} is an embedding: write its bare name instead", None
    if card is None:
        return None, "no such LoRA is known", None
    if card.guard_off:
        return None, "left there: the guard is off for this LoRA", None
    if card.identity in present:
        return "", "the same LoRA is in the prompt already, so it is removed here", None
    return _by_type(tag, card, context)


def _by_type(
    tag: NetworkTag, card: LoraCard, context: Context
) -> tuple[str | None, str, LoraUse | None]:
    kind = card.inference.type
    sure = card.inference.confidence >= context.settings.clamp_confidence
    if kind is LoraType.UNKNOWN or not sure:
        return None, "its type is not known well enough to act on it", None
    if kind is LoraType.CHARACTER:
        return "", "a character has no safe negative weight, so it is removed", None
    te, unet = tag.te.value, tag.unet.value
    if te is None or unet is None:
        return None, "its weight is no plain number", None
    if te == 0.0 and unet == 0.0:
        return "", "its weight is 0, so it is removed", None
    sign = 1.0 if kind is LoraType.TRIGGER_NEGATIVE else -1.0
    use = LoraUse(tag.name, card, None, sign * abs(te), sign * abs(unet))
    reason = f"{TYPE_NAMES[kind]}: moved to the prompt as {new_tag(use)}"
    return new_tag(use), reason, use
