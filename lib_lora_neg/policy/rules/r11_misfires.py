"""R11: tags that do not do what they look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...loras.families import ModelFamily
from ...sentences import say
from ..draft import (
    Context,
    Draft,
    LoraUse,
    TextDraft,
    each_prompt,
    edited_tag,
    guarded_uses,
    tag_text,
)
from ..settings import Mode

TWICE = say("A1111 applies the last weight of a LoRA that stands in the prompt twice, twice")
SUMMED = say("{twice}; the weights are summed into the first tag", twice=TWICE)
LEFT = say(
    "{twice}; their arguments cannot be put into one tag, so they are left as they are",
    twice=TWICE,
)
UNKNOWN = say("no LoRA of this name is known")
DROPS_ALL = say(
    "no LoRA of this name is known; on this host one unknown LoRA name switches all LoRAs of "
    "the prompt off"
)
TOOLS_WITH_WORDS = frozenset({"lora-block-weight"})
"""Tools that accept a word where the host wants a number."""


def no_number(draft: Draft, context: Context) -> Draft:
    """R11d: say when a weight is no number, because A1111 then loads no LoRA at all."""
    if context.mode("R11d") is Mode.OFF or TOOLS_WITH_WORDS & context.request.prompt_tools:
        return draft

    def check(text: TextDraft) -> TextDraft:
        for use in text.uses:
            if use.tag is None or use.exempt:
                continue
            wrong = next((w for w in (use.tag.te, use.tag.unet) if w.invalid), None)
            if wrong is not None:
                tag = tag_text(text, use)
                context.report(
                    "R11d",
                    text,
                    enforced=False,
                    lora=use.name,
                    before=tag,
                    after=tag,
                    reason=say(
                        "{word} is no number: A1111 then loads none of the LoRAs of this "
                        "prompt (some extensions give such words a meaning)",
                        word=repr(wrong.raw),
                    ),
                    source="A1111 1.10.1, observed",
                )
        return text

    return each_prompt(draft, check)


def unknown_name(draft: Draft, context: Context) -> Draft:
    """R11b: take a LoRA that does not exist out of the prompt where it would drop the others."""
    if context.mode("R11b") is Mode.OFF:
        return draft
    drops_all = context.request.unknown_lora_drops_all
    enforces = context.enforces("R11b")

    def check(text: TextDraft) -> TextDraft:
        for position, use in enumerate(text.uses):
            if use.card is not None or use.tag is None or use.exempt:
                continue
            removed = replace(use, removed=True)
            enforced = drops_all and enforces and context.may_remove(text, use.tag)
            context.report(
                "R11b",
                text,
                enforced=enforced,
                lora=use.name,
                before=tag_text(text, use),
                after="",
                reason=DROPS_ALL if drops_all else UNKNOWN,
                source="Forge, observed" if drops_all else "",
            )
            if enforced:
                text = text.with_use(position, removed)
        return text

    return each_prompt(draft, check)


def duplicates(draft: Draft, context: Context) -> Draft:
    """R11a: sum the weights of a LoRA that stands in the prompt several times."""
    if context.mode("R11a") is Mode.OFF:
        return draft

    def merge(text: TextDraft) -> TextDraft:
        places: dict[str, list[int]] = {}
        for position, use, _ in guarded_uses(text):
            if use.tag is not None:
                places.setdefault(use.identity, []).append(position)
        for positions in places.values():
            if len(positions) > 1:
                text = _merge(text, positions, context)
        return text

    return each_prompt(draft, merge)


def _merge(text: TextDraft, positions: Sequence[int], context: Context) -> TextDraft:
    uses = [text.uses[position] for position in positions]
    first = uses[0]
    foreign = {use.tag.foreign for use in uses if use.tag is not None}
    tes = [use.te for use in uses if use.te is not None]
    unets = [use.unet for use in uses if use.unet is not None]
    plain = len(tes) == len(unets) == len(uses)
    removable = all(use.tag is not None and context.may_remove(text, use.tag) for use in uses[1:])
    can_merge = plain and removable and len(foreign) == 1
    merged = replace(first, te=round(sum(tes), 6), unet=round(sum(unets), 6)) if plain else first
    enforced = can_merge and context.enforces("R11a")
    before = " ".join(tag_text(text, use) for use in uses)
    context.report(
        "R11a",
        text,
        enforced=enforced,
        lora=first.name,
        before=before,
        after=edited_tag(text, merged) if can_merge else before,
        reason=SUMMED if can_merge else LEFT,
        source="A1111 1.10.1, observed",
    )
    if not enforced:
        return text
    text = text.with_use(positions[0], merged)
    for position in positions[1:]:
        text = text.with_use(position, replace(text.uses[position], removed=True))
    return text


def wrong_family(draft: Draft, context: Context) -> Draft:
    """R11c: say when a LoRA was made for another model family."""
    family = context.request.family
    if context.mode("R11c") is Mode.OFF or family is ModelFamily.UNKNOWN:
        return draft

    def check(text: TextDraft) -> TextDraft:
        for _, use, card in guarded_uses(text):
            if _inactive(use) or card.family in (ModelFamily.UNKNOWN, family):
                continue
            tag = tag_text(text, use)
            context.report(
                "R11c",
                text,
                enforced=False,
                lora=use.name,
                before=tag,
                after=tag,
                reason=say(
                    "made for {made_for}, but the checkpoint is {family}: it matches few "
                    "layers, and what it does to them is chance",
                    made_for=card.family.value,
                    family=family.value,
                ),
                source="A1111 1.10.1, observed",
            )
        return text

    return each_prompt(draft, check)


def _inactive(use: LoraUse) -> bool:
    return use.te == 0.0 and use.unet == 0.0
