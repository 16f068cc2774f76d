"""The tags that make up what a LoRA learnt, for programs that know no LoRAs."""

from __future__ import annotations

from typing import NamedTuple

from ..loras.card import LoraCard, TagTableKind
from ..loras.vocabulary import is_common_tag
from ..policy.rules.r2b_core_terms import CORE_SHARE
from ..prompts import normalise


class CoreTags(NamedTuple):
    """The tags that make up what a LoRA learnt, commonest first, and their shares."""

    tags: tuple[str, ...]
    shares: tuple[float, ...]


def core_tags(card: LoraCard) -> CoreTags:
    """Return the tags on at least 90 % of a LoRA's captions (R2b), common tags and triggers not.

    Empty where the file holds no usable table of tags.
    """
    if card.tags.kind is not TagTableKind.RICH:
        return CoreTags((), ())
    triggers = {normalise(trigger.text) for trigger in card.triggers}
    found = [
        (tag, share)
        for tag, share in card.tags.shares.items()
        if share >= CORE_SHARE and not is_common_tag(tag) and tag not in triggers
    ]
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    return CoreTags(tuple(tag for tag, _ in found), tuple(share for _, share in found))
