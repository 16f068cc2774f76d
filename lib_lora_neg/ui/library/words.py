"""What the library says of a LoRA in few words: types, ranges, evidence, decisions."""

from __future__ import annotations

from ...loras.card import (
    TYPE_BY_USER,
    WORD_BY_USER,
    DataWidth,
    LoraCard,
    LoraType,
    RangeSource,
    TagTableKind,
    WeightRange,
)
from ...policy import GuardSettings
from ...policy.matrix import explicit_range, range_in_force
from ...policy.wording import TYPE_NAMES, minus
from ...sentences import say

LETTERS = {
    LoraType.STYLE: "St",
    LoraType.CONCEPT: "Co",
    LoraType.CHARACTER: "Ch",
    LoraType.DEDICATED_NEGATIVE: "Ng",
    LoraType.TRIGGER_NEGATIVE: "Tr",
    LoraType.SLIDER: "Sl",
    LoraType.ACCELERATOR: "Ac",
    LoraType.UNKNOWN: "?",
}
"""Types in two letters, so that a badge is readable without its colour."""

SOURCE_NAMES = {
    RangeSource.USER: say("yours"),
    RangeSource.MEASURED: say("measured"),
    RangeSource.SIDECAR: say("side file"),
    RangeSource.TYPE: say("by type"),
}

EVIDENCE_NAMES = {
    "yours": say("you decided something about it"),
    "measured": say("a weight scan measured its range"),
    "captions": say("its captions are known"),
    "prose": say("its captions are sentences: no tags to count"),
    "page": say("ranges stated in its side file"),
    "wide": say("trained on many pictures"),
    "narrow": say("trained on few pictures"),
}
"""What the evidence badges mean, in the order in which they are shown."""


def type_name(kind: LoraType) -> str:
    """Return the type as people read it."""
    return say("unknown") if kind is LoraType.UNKNOWN else say(TYPE_NAMES[kind])


def effective_range(card: LoraCard, settings: GuardSettings) -> WeightRange | None:
    """Return the range in force on the LoRA's own family; ``None`` where nothing is known."""
    found = range_in_force(card, card.family, settings.floors)
    no_type = card.inference.type is LoraType.UNKNOWN and explicit_range(card) is None
    return None if no_type else found


def range_text(found: WeightRange | None) -> str:
    """Return a range in the fewest characters that cannot be misread."""
    if found is None:
        return say("not known")
    floor, ceiling = found.floor, found.ceiling
    if floor is None:
        return say("not limited") if ceiling is None else f"≤ {minus(ceiling)}"
    if ceiling is not None:
        return f"{minus(floor)} … {minus(ceiling)}"
    return f"≥ {minus(floor)}" if floor else say("no negative")


def range_short(found: WeightRange | None) -> str:
    """Return a range for a badge on a picture."""
    if found is None:
        return ""
    floor, ceiling = found.floor, found.ceiling
    if floor is None:
        return "±" if ceiling is None else f"≤{minus(ceiling)}"
    if ceiling is not None:
        return f"{minus(floor)}…{minus(ceiling)}"
    return f"≥{minus(floor)}"


def acts_from(card: LoraCard, settings: GuardSettings) -> float:
    """Return the type confidence from which R1 acts: taking a tag out asks for more."""
    allowed = effective_range(card, settings)
    drops = allowed is not None and allowed.floor is not None and allowed.floor >= 0
    return settings.drop_confidence if drops else settings.clamp_confidence


def is_sure(card: LoraCard, settings: GuardSettings) -> bool:
    """Whether the type is sure enough for R1 to act on it."""
    return card.inference.confidence >= acts_from(card, settings)


def is_type_decided(card: LoraCard) -> bool:
    """Whether the user chose the type."""
    return card.inference.reasons == (TYPE_BY_USER,)


def is_decided(card: LoraCard) -> bool:
    """Whether the user decided anything that the card shows."""
    return (
        card.guard_off
        or bool(card.block_mask)
        or is_type_decided(card)
        or any(trigger.source == WORD_BY_USER for trigger in card.triggers)
        or any(found.source is RangeSource.USER for found in card.ranges)
    )


def evidence_of(card: LoraCard) -> tuple[str, ...]:
    """Return the keys of `EVIDENCE_NAMES` that hold for a card."""
    sources = {found.source for found in card.ranges}
    holds = {
        "yours": is_decided(card),
        "measured": RangeSource.MEASURED in sources,
        "captions": card.tags.kind is TagTableKind.RICH,
        "prose": card.tags.kind is TagTableKind.PROSE,
        "page": RangeSource.SIDECAR in sources,
        "wide": card.data_width is DataWidth.WIDE,
        "narrow": card.data_width is DataWidth.NARROW,
    }
    return tuple(key for key in EVIDENCE_NAMES if holds[key])


def bracket_text(card: LoraCard) -> str:
    """Return what is saved of an earlier scan, for people; empty without one."""
    bracket = card.bracket
    if bracket is None:
        return ""
    onset = bracket.bleeding_onset
    where = say("no damage seen")
    if onset is not None:
        weight, band = minus(round(onset, 2)), bracket.onset_band
        where = say("damage from {weight}", weight=weight)
        if band is not None:
            near, far = (minus(round(edge, 2)) for edge in band)
            text = "damage from {weight} (between {near} and {far})"
            where = say(text, weight=weight, near=near, far=far)
    date = bracket.date or say("earlier")
    if bracket.checkpoint:
        place = bracket.checkpoint
        return say("Saved {date}: {where} on {place}", date=date, where=where, place=place)
    return say("Saved {date}: {where}", date=date, where=where)
