"""The quick switches of the panel: rules that a person may turn off for one tab."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .options import Mode
from .rules import BY_ID


class Switch(NamedTuple):
    """One quick switch.

    Attributes:
        id: of its first rule, or of the group that its rules belong to.
        label: beside it.
        rules: ids of the rules that it switches.
    """

    id: str
    label: str
    rules: tuple[str, ...]


def _switches() -> tuple[Switch, ...]:
    """Return the switches that the rules ask for, in the order of the rules."""
    by_label: dict[str, list[str]] = {}
    for rule in BY_ID.values():
        by_label.setdefault(rule.switch_label, []).append(rule.id)
    return tuple(
        Switch(BY_ID[rules[0]].group or rules[0], label, tuple(rules))
        for label, rules in by_label.items()
    )


SWITCHES = _switches()


def rules_switched_off(chosen: object) -> dict[str, Mode]:
    """Return the rules that are off because their switch is not among ``chosen``.

    ``chosen`` holds ids or labels of switches, or ids of rules from a program; anything but a list
    leaves all on.
    """
    if not isinstance(chosen, list | tuple):
        return {}
    wanted = {str(name) for name in chosen}
    return _off(
        switch
        for switch in SWITCHES
        if not wanted.intersection((switch.id, switch.label, *switch.rules))
    )


def rules_by_states(states: Mapping[str, object]) -> dict[str, Mode]:
    """Return the rules that are off because their switch is false, by the id of the switch."""
    return _off(switch for switch in SWITCHES if states.get(switch.id) is False)


def _off(switches: Iterable[Switch]) -> dict[str, Mode]:
    return {rule: Mode.OFF for switch in switches for rule in switch.rules}
