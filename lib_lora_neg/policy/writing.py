"""From the decisions about texts to the texts: each is edited once, when all rules have spoken."""

from __future__ import annotations

from typing import NamedTuple

from ..prompts import NetworkTag, Rewrite, apply_edits
from .draft import FieldSpan, LoraUse, TextDraft
from .model import PromptEdit


class WrittenTexts(NamedTuple):
    """The texts of one field, with what was done and what the prompt language refused."""

    texts: tuple[str, ...]
    edits: list[PromptEdit]
    refused: frozenset[FieldSpan]


def write(drafts: tuple[TextDraft, ...], originals: tuple[str, ...]) -> WrittenTexts:
    """Apply the decisions to the texts; the same tuple comes back when nothing changed."""
    done: list[tuple[TextDraft, Rewrite]] = []
    results, edits, refused = [], [], set()
    for draft, original in zip(drafts, originals, strict=True):
        rewrite = next((known for same, known in done if same.same_as(draft)), None)
        if rewrite is None:
            rewrite = _rewrite(draft)
            done.append((draft, rewrite))
        text_edits = rewrite.edits()
        for target in rewrite.refused:
            refused.add((draft.field, draft.tree.text, target.start, target.end))
        edits += [PromptEdit(draft.field, draft.index, edit) for edit in text_edits]
        results.append(apply_edits(original, text_edits))
    same = all(new is old for new, old in zip(results, originals, strict=True))
    return WrittenTexts(originals if same else tuple(results), edits, frozenset(refused))


def _rewrite(draft: TextDraft) -> Rewrite:
    rewrite = Rewrite(draft.tree)
    for match in draft.removed:
        rewrite.remove(match)
    for tag in draft.removed_tags:
        rewrite.remove_tag(tag)
    for use in draft.uses:
        if use.tag is None:
            _append(rewrite, use)
        elif use.removed:
            rewrite.remove_tag(use.tag)
        else:
            _set_weights(rewrite, use, use.tag)
            if use.blocks:
                rewrite.set_argument(use.tag, "blocks", use.blocks)
    for term in draft.appended:
        rewrite.append_term(term)
    return rewrite


def _set_weights(rewrite: Rewrite, use: LoraUse, tag: NetworkTag) -> None:
    if (use.te, use.unet) != (tag.te.value, tag.unet.value):
        rewrite.set_weights(tag, use.te, use.unet)
    te, unet, neg, negte = use.te, use.unet, use.neg, use.negte
    if te is not None and unet is not None and neg is not None and negte is not None:
        rewrite.set_branches(tag, (te, unet), neg, negte)


def _append(rewrite: Rewrite, use: LoraUse) -> None:
    """Write the tag of a LoRA that had none: one moved in, or an injected one that changed."""
    te, unet = use.te or 0.0, use.unet or 0.0
    if use.injected_at is None:
        if not use.removed:
            rewrite.append_tag(
                "lora",
                use.name,
                te,
                unet,
                use.guard,
                neg=use.neg,
                negte=use.negte,
                blocks=use.blocks,
            )
    elif use.removed:
        rewrite.append_tag("lora", use.name, 0.0, 0.0)
    elif use.written:
        rewrite.append_tag("lora", use.name, te, unet, blocks=use.blocks)
