"""Things to try in one click: prompts in which the guard has something to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..loras.card import LoraCard, LoraType
from ..policy.matrix import range_in_force
from ..prompts import format_tag

SUBJECT = "a lighthouse on a cliff, storm clouds"
NEGATIVE = "lowres, blurry"
CFG = 7.0
HIGH_CFG = 9.0
"""More than any family of models stands beside a negative weight."""


@dataclass(frozen=True)
class Setting:
    """What the examples' pictures show, in words that the model knows."""

    subject: str = SUBJECT
    negative: str = NEGATIVE
    cfg_scale: float = CFG


@dataclass(frozen=True)
class Example:
    """Texts for the boxes, under a short name."""

    title: str
    hint: str
    prompt: str
    negative_prompt: str
    cfg_scale: float


def examples(cards: Iterable[LoraCard], setting: Setting | None = None) -> list[Example]:
    """Return an example for each kind of LoRA that is there; the first of its kind serves."""
    setting = setting or Setting()
    first: dict[LoraType, LoraCard] = {}
    for card in cards:
        if not card.guard_off:
            first.setdefault(card.inference.type, card)
    made: list[Example] = []
    for kind, make in _MAKERS:
        found = first.get(kind)
        if found is not None:
            made += make(found, setting)
    return made


def _style(card: LoraCard, at: Setting) -> Iterator[Example]:
    yield Example(
        "Style at −0.9",
        "Far below what a style stands: the weight is raised, and CFG lowered beside it.",
        f"{at.subject} {_tag(card, -0.9)}",
        at.negative,
        HIGH_CFG,
    )


def _character(card: LoraCard, at: Setting) -> Iterator[Example]:
    yield Example(
        "Character at −0.5",
        "A character has no opposite: the tag is taken out.",
        f"{at.subject} {_tag(card, -0.5)}",
        at.negative,
        at.cfg_scale,
    )
    if card.triggers:
        word = card.triggers[0].text
        yield Example(
            "Trigger in the negative",
            "The word that switches the LoRA on stands in the negative prompt, too.",
            f"{word}, {at.subject} {_tag(card, 1.0)}",
            ", ".join(part for part in (at.negative, word) if part),
            at.cfg_scale,
        )


def _trigger_negative(card: LoraCard, at: Setting) -> Iterator[Example]:
    word = card.triggers[0].text if card.triggers else "its word"
    yield Example(
        f"“{word}” without its word",
        f"This LoRA works through “{word}” in the negative prompt: the word is added.",
        f"{at.subject} {_tag(card, 1.0)}",
        at.negative,
        at.cfg_scale,
    )


def _slider(card: LoraCard, at: Setting) -> Iterator[Example]:
    allowed = range_in_force(card, card.family)
    floor = allowed.floor if allowed is not None else None
    if floor is None:
        hint, weight = "A slider goes both ways: a negative weight is left alone.", -1.0
    else:
        hint, weight = (
            "Both ways are trained, but only as far as the slider's own range.",
            floor * 2,
        )
    yield Example(
        "Slider to the left",
        hint,
        f"{at.subject} {_tag(card, weight)}",
        at.negative,
        at.cfg_scale,
    )


def _moved(card: LoraCard, at: Setting) -> Iterator[Example]:
    yield Example(
        "LoRA in the negative",
        "A tag in the negative prompt is only letters to the model: it is moved to the prompt.",
        at.subject,
        ", ".join(part for part in (at.negative, _tag(card, 0.7)) if part),
        at.cfg_scale,
    )


def _tag(card: LoraCard, weight: float) -> str:
    return format_tag("lora", card.name, weight, weight)


_MAKERS: tuple[tuple[LoraType, Callable[[LoraCard, Setting], Iterator[Example]]], ...] = (
    (LoraType.STYLE, _style),
    (LoraType.CHARACTER, _character),
    (LoraType.TRIGGER_NEGATIVE, _trigger_negative),
    (LoraType.SLIDER, _slider),
    (LoraType.STYLE, _moved),
)
