"""Small pieces of the sentences that findings are made of."""

from __future__ import annotations

from ..loras.card import DataWidth, LoraCard, LoraType, RangeSource, WeightRange
from ..prompts import format_number
from ..sentences import Sentence, say
from .model import Finding

TYPE_NAMES = {
    LoraType.STYLE: "style",
    LoraType.CONCEPT: "concept",
    LoraType.CHARACTER: "character",
    LoraType.DEDICATED_NEGATIVE: "dedicated negative",
    LoraType.TRIGGER_NEGATIVE: "trigger negative",
    LoraType.SLIDER: "slider",
    LoraType.ACCELERATOR: "accelerator",
    LoraType.UNKNOWN: "unknown type",
}
"""How people read the types."""

_STATED_BY = {
    RangeSource.USER: say("your range"),
    RangeSource.MEASURED: say("measured range"),
    RangeSource.SIDECAR: say("range in its side file"),
}


def minus(value: float) -> str:
    """Return a number for people, with a true minus sign: ``−0.5``."""
    return format_number(value).replace("-", "−")


def type_name(kind: LoraType) -> Sentence:
    """Return how people read a type, as a piece of a sentence."""
    return say(TYPE_NAMES[kind])


def type_text(card: LoraCard, allowed: WeightRange) -> Sentence:
    """Return what a range rests on: the type with the width of its data, or who stated it."""
    stated = _STATED_BY.get(allowed.source)
    if stated is not None:
        return stated
    name = type_name(card.inference.type)
    if card.inference.type is LoraType.STYLE and card.data_width is not DataWidth.UNKNOWN:
        width = say(f"{card.data_width.value} data")
        if card.image_count is None:
            return say("{type} ({width})", type=name, width=width)
        count = card.image_count
        return say("{type} ({width}, {count} pictures)", type=name, width=width, count=count)
    return name


def change_text(finding: Finding) -> str:
    """Return a finding in one plain line for infotexts and consoles: ``R3: 9 -> 6``."""
    if not finding.before:
        return f"{finding.rule}: added {finding.after}"
    if not finding.after:
        return f"{finding.rule}: removed {finding.before}"
    name = " CFG" if finding.field.value in ("cfg_scale", "hr_cfg") else ""
    return f"{finding.rule}:{name} {finding.before} -> {finding.after}"
