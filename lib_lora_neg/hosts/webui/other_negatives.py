"""Negatives that other extensions keep in boxes of their own: read for advice, never changed.

Such a box is a text argument of an always-on script that is switched on, with a label that calls
it a negative prompt: neo-nag's *NAG Negative Prompt* is one. The guard says what its rules see in
it, as they would advise on the page's own negative prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ...policy import (
    DEFAULT_RULE_MODES,
    RULES,
    CardLookup,
    Effect,
    Finding,
    GenerationRequest,
    GuardSettings,
    Mode,
    plan,
)
from ...sentences import say

READING = frozenset(rule.id for rule in RULES if rule.reads_negative)

MAX_TEXT = 20_000
"""Characters of one box that are read."""

_LABELS = ("negative prompt", "negative")
_KNOWN_PLACES = {"forge neo nag": 1}
"""Titles of scripts whose box is known by its place, where the host has no labels."""


class OtherNegative(NamedTuple):
    """One box: what people call its extension, and the text."""

    tool: str
    text: str


def other_negatives(p: Any) -> list[OtherNegative]:
    """Return the negatives that scripts which are switched on keep in boxes of their own."""
    runner, args = getattr(p, "scripts", None), getattr(p, "script_args", None) or ()
    inputs = getattr(runner, "inputs", None) or ()
    found = []
    for script in getattr(runner, "alwayson_scripts", None) or ():
        start, end = getattr(script, "args_from", None), getattr(script, "args_to", None)
        if start is None or end is None:
            continue
        own, boxes = args[start:end], inputs[start:end]
        if not own or own[0] is not True:
            continue
        title = str(script.title())
        for place in _places(title, boxes, len(own)):
            text = own[place]
            if isinstance(text, str) and text.strip():
                found.append(OtherNegative(title, text[:MAX_TEXT]))
    return found


def _places(title: str, boxes: Sequence[Any], count: int) -> Iterator[int]:
    known = _KNOWN_PLACES.get(title.lower())
    for place in range(count):
        label = str(getattr(boxes[place], "label", "")) if place < len(boxes) else ""
        if place == known or any(word in label.lower() for word in _LABELS):
            yield place


def findings_on(
    negatives: Sequence[OtherNegative],
    request: GenerationRequest,
    cards: CardLookup,
    settings: GuardSettings,
) -> list[Finding]:
    """Return what the rules see in these texts, as advice; nothing of it is ever enforced."""
    rules = {
        rule: settings.mode_of(rule) if rule in READING else Mode.OFF for rule in DEFAULT_RULE_MODES
    }
    asking = replace(settings, mode=settings.mode.at_most(Mode.ADVISE), rules=rules)
    found = []
    for negative in dict.fromkeys(negatives):
        first = replace(
            request.first, negative_prompts=(negative.text,) * len(request.first.prompts)
        )
        made = plan(replace(request, first=first, hires=None), cards, asking)
        found += [
            replace(
                finding,
                effect=Effect.ADVISED,
                reason=say("{tool}: {reason}", tool=negative.tool, reason=finding.reason),
            )
            for finding in made.findings
            if finding.rule in READING and finding.before
        ]
    return found
