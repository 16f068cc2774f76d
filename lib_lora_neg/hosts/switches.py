"""The quick switches of the panel: rules that a person may turn off for one tab."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..policy import Mode

SWITCHES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Range of negative weights", ("R1", "R1f")),
    ("Trigger words in the negative prompt", ("R2",)),
    ("Core caption terms in the negative prompt", ("R2b",)),
    ("Recommended negative prompt", ("R2c",)),
    ("CFG beside a negative weight", ("R3",)),
    ("Text-encoder weight", ("R4",)),
    ("Stacking budget", ("R5",)),
    ("Tug of war", ("R6",)),
    ("LoRA tags in the negative prompt", ("R8",)),
    ("Plain-word negation", ("R9",)),
    ("Tags that misfire", ("R11a", "R11b", "R11c", "R11d")),
    ("Concept bleeding", ("R10",)),
)
"""Label and rules. The page tells their state by position, so new ones go to the end."""

LABELS = [label for label, _ in SWITCHES]


def rules_switched_off(chosen: object) -> dict[str, Mode]:
    """Return the rules that are off because their switch is not among ``chosen``.

    ``chosen`` holds labels, or names of rules from a program; anything but a list leaves all on.
    """
    if not isinstance(chosen, list | tuple):
        return {}
    wanted = {str(name) for name in chosen}
    return _off(rules for label, rules in SWITCHES if not wanted.intersection((label, *rules)))


def rules_at_positions(states: Sequence[object]) -> dict[str, Mode]:
    """Return the rules that are off because the switch at their position is false."""
    pairs = zip(SWITCHES, states, strict=False)
    return _off(rules for (_, rules), on in pairs if on is False)


def _off(groups: Iterable[tuple[str, ...]]) -> dict[str, Mode]:
    return {rule: Mode.OFF for group in groups for rule in group}
