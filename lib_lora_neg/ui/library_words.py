"""What the library says of a LoRA in few words: types, ranges, evidence, decisions."""

from __future__ import annotations

from ..loras.card import (
    Bracket,
    DataWidth,
    LoraCard,
    LoraType,
    RangeSource,
    TagTableKind,
    WeightRange,
)
from ..policy import GuardSettings
from ..policy.matrix import explicit_range, range_in_force
from ..policy.wording import TYPE_NAMES, minus

LETTERS = {
    LoraType.STYLE: "St",
    LoraType.CONCEPT: "Co",
    LoraType.CHARACTER: "Ch",
    LoraType.DEDICATED_NEGATIVE: "Ng",
    LoraType.TRIGGER_NEGATIVE: "Tr",
    LoraType.SLIDER: "Sl",
    LoraType.UNKNOWN: "?",
}
"""Types in two letters, so that a badge is readable without its colour."""

SOURCE_NAMES = {
    RangeSource.USER: "yours",
    RangeSource.MEASURED: "measured",
    RangeSource.SIDECAR: "side file",
    RangeSource.TYPE: "by type",
}

BY_USER = "chosen by the user"
"""How a card says that the user decided a fact (`loras.build`, `loras.triggers`)."""

EVIDENCE_NAMES = {
    "yours": "you decided something about it",
    "measured": "a weight scan measured its range",
    "captions": "its captions are known",
    "prose": "its captions are sentences: no tags to count",
    "page": "ranges stated in its side file",
    "wide": "trained on many pictures",
    "narrow": "trained on few pictures",
}
"""What the evidence badges mean, in the order in which they are shown."""


def type_name(kind: LoraType) -> str:
    """Return the type as people read it."""
    return "unknown" if kind is LoraType.UNKNOWN else TYPE_NAMES[kind]


def effective_range(card: LoraCard, settings: GuardSettings) -> WeightRange | None:
    """Return the range in force on the LoRA's own family; ``None`` where nothing is known."""
    found = range_in_force(card, card.family, settings.floors)
    no_type = card.inference.type is LoraType.UNKNOWN and explicit_range(card) is None
    return None if no_type else found


def range_text(found: WeightRange | None) -> str:
    """Return a range in the fewest characters that cannot be misread."""
    if found is None:
        return "not known"
    floor, ceiling = found.floor, found.ceiling
    if floor is None:
        return "not limited" if ceiling is None else f"≤ {minus(ceiling)}"
    if ceiling is not None:
        return f"{minus(floor)} … {minus(ceiling)}"
    return f"≥ {minus(floor)}" if floor else "no negative"


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
    return card.inference.reasons == (BY_USER,)


def is_decided(card: LoraCard) -> bool:
    """Whether the user decided anything that the card shows."""
    return (
        card.guard_off
        or is_type_decided(card)
        or any(trigger.source == BY_USER for trigger in card.triggers)
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
    where = (
        "no damage seen"
        if onset is None
        else f"damage from {minus(round(onset, 2))}{band_text(bracket)}"
    )
    place = f" on {bracket.checkpoint}" if bracket.checkpoint else ""
    return f"Saved {bracket.date or 'earlier'}: {where}{place}".strip()


def band_text(bracket: Bracket) -> str:
    """Return between which weights the onset lies, in brackets; empty when that is not known."""
    if bracket.onset_band is None:
        return ""
    near, far = (minus(round(weight, 2)) for weight in bracket.onset_band)
    return f" (between {near} and {far})"
