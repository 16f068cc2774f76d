"""Things to try in one click: prompts in which the guard has something to do.

On the small model each example was measured (`world`), so its seed is fixed and its line says what
to look at. With a checkpoint of the user's own nothing is known of the pictures: there an example
says what the guard will do, and promises no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from ..loras.card import LoraCard, LoraType
from ..policy.matrix import range_in_force
from ..policy.wording import minus
from ..prompts import format_tag
from .knowledge import KnownWords

SUBJECT = "a lighthouse on a cliff, storm clouds"
NEGATIVE = "lowres, blurry"
CFG = 7.0
HIGH_CFG = 9.0
"""More than any family of models stands beside a negative weight."""


@dataclass(frozen=True)
class Example:
    """Texts for the inputs, under a short name.

    Attributes:
        title: of the button.
        look: one sentence: what to look at in the pictures, or what the guard will do.
        prompt: with its tags.
        negative_prompt: may be empty.
        cfg_scale: as typed.
        seed: −1 takes one at random.
    """

    title: str
    look: str
    prompt: str
    negative_prompt: str
    cfg_scale: float
    seed: int = -1


@dataclass(frozen=True)
class RuleNote:
    """A rule whose use no picture of a model shows: what it does, why not, and who says so."""

    rule: str
    why_not_shown: str
    source: str
    address: str = ""


@dataclass(frozen=True)
class ModelGuide:
    """What is known of one model, so that the page can lead through it.

    Attributes:
        examples: whose gain was measured on this model.
        knowledge: its words.
        told: rules that its pictures do not show.
    """

    examples: Sequence[Example]
    knowledge: KnownWords
    told: Sequence[RuleNote] = ()


def told_html(rules: Sequence[RuleNote]) -> str:
    """Return the rules that are told instead of shown, folded up; empty for none."""
    if not rules:
        return ""
    rows = "".join(
        f"<li>{escape(rule.rule)} <span>Not shown: {escape(rule.why_not_shown)} "
        f"Source: {_source(rule)}.</span></li>"
        for rule in rules
    )
    return (
        '<details class="lora-neg-page-told"><summary>Rules that this small model cannot show'
        f"</summary><ul>{rows}</ul></details>"
    )


def look_html(text: str) -> str:
    """Return the line that says what to look at."""
    said = f"<strong>Look at:</strong> {escape(text)}" if text else ""
    return f'<p class="lora-neg-page-look" role="status">{said}</p>'


def _source(rule: RuleNote) -> str:
    if not rule.address:
        return escape(rule.source)
    return (
        f'<a href="{escape(rule.address)}" target="_blank" rel="noreferrer">'
        f"{escape(rule.source)}</a>"
    )


def examples(cards: Iterable[LoraCard]) -> list[Example]:
    """Return an example for each kind of LoRA that is there; the first of its kind serves."""
    first: dict[LoraType, LoraCard] = {}
    for card in cards:
        if not card.guard_off:
            first.setdefault(card.inference.type, card)
    made = [make(first[kind]) for kind, make in _MAKERS if kind in first]
    return [example for example in made if example is not None]


def _style(card: LoraCard) -> Example:
    return Example(
        "Style at −0.9",
        "A style at −0.9 is far below what it stands: the weight is raised, and CFG lowered.",
        f"{SUBJECT} {_tag(card, -0.9)}",
        NEGATIVE,
        HIGH_CFG,
    )


def _character(card: LoraCard) -> Example:
    return Example(
        "Character at −0.5",
        "A character has no opposite: its tag is taken out.",
        f"{SUBJECT} {_tag(card, -0.5)}",
        NEGATIVE,
        CFG,
    )


def _slider(card: LoraCard) -> Example | None:
    allowed = range_in_force(card, card.family)
    if allowed is None or allowed.floor is None:
        return None
    return Example(
        "Slider beyond its range",
        f"This slider is made for weights down to {minus(allowed.floor)}: it goes no further.",
        f"{SUBJECT} {_tag(card, allowed.floor * 2)}",
        NEGATIVE,
        CFG,
    )


def _moved(card: LoraCard) -> Example:
    return Example(
        "LoRA in the negative",
        "In the negative prompt a tag is only letters to the model: it is moved to the prompt.",
        SUBJECT,
        f"{NEGATIVE}, {_tag(card, 0.7)}",
        CFG,
    )


def _tag(card: LoraCard, weight: float) -> str:
    return format_tag("lora", card.name, weight, weight)


_MAKERS: tuple[tuple[LoraType, Callable[[LoraCard], Example | None]], ...] = (
    (LoraType.STYLE, _style),
    (LoraType.CHARACTER, _character),
    (LoraType.SLIDER, _slider),
    (LoraType.STYLE, _moved),
)
