"""Labels of the host's own XYZ axes: where the guard makes two cells equal, they say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ...policy import Finding, GuardPlan
from ...scan.weights import format_weight
from . import sweeps
from .xyz_planner import RANGE_RULES

Format = Callable[[Any, Any, Any], Any]
"""``(p, option, value)`` to the text beside a row or column."""

_MARK = "_lora_neg_original"


class CellPlanner(Protocol):
    """Plans what the guard will make of a cell."""

    def plan(self, p: Any, prompt: str, negative_prompt: str) -> GuardPlan | None:
        """Return the plan for a cell with these texts; ``None`` where it is not guarded."""
        ...


def with_clamp_notes(
    original: Format,
    planner: CellPlanner,
    is_ours: Callable[[str], bool],
    sweeps_seen: bool = False,
) -> Format:
    """Return a format for the host's prompt replacement axis that says what is clamped.

    Args:
        original: the host's.
        planner: of the cells.
        is_ours: tells the labels of our axes.
        sweeps_seen: plots that vary a weight are recognised, and so not clamped.
    """
    # A host may keep its list of axes over a reload.
    original = getattr(original, _MARK, original)

    def format_value(p: Any, option: Any, value: Any) -> Any:
        text = original(p, option, value)
        try:
            note = _note(p, option, value, planner, is_ours, sweeps_seen)
        except Exception:  # a label is not worth a plot
            return text
        return f"{text} ({note})" if note else text

    setattr(format_value, _MARK, original)
    return format_value


def _note(
    p: Any,
    option: Any,
    value: str,
    planner: CellPlanner,
    is_ours: Callable[[str], bool],
    sweeps_seen: bool,
) -> str:
    from modules.shared import state

    axes = [getattr(state, f"xyz_plot_{axis}", None) for axis in "xyz"]
    labels = [axis.axis.label for axis in axes if axis is not None]
    values = next((axis.values for axis in axes if axis is not None and axis.axis is option), None)
    if not values or any(is_ours(label) for label in labels):
        return ""  # what the guard does differs from row to row then
    if sweeps_seen and not sweeps.guarded_all_the_same(p):
        texts = [_texts(p, str(values[0]), str(item))[0] for item in values]
        if sweeps.varied(texts):
            return ""
    return clamp_note(p, [str(item) for item in values], str(value), planner)


def clamp_note(p: Any, values: Sequence[str], value: str, planner: CellPlanner) -> str:
    """Return ``clamped to −0.5`` where this value and another one give the same pictures."""
    asked = {text: _texts(p, values[0], text) for text in values}
    plans = {text: planner.plan(p, *pair) for text, pair in asked.items()}
    mine = plans[value]
    if mine is None:
        return ""
    equal = [
        text
        for text, plan in plans.items()
        if plan is not None and asked[text] != asked[value] and plan.first == mine.first
    ]
    notes = dict.fromkeys(filter(None, map(_change, mine.findings)))
    return ", ".join(notes) if equal else ""


def _texts(p: Any, search: str, text: str) -> tuple[str, str]:
    return p.prompt.replace(search, text), p.negative_prompt.replace(search, text)


def _change(finding: Finding) -> str:
    """Return what a finding of the range says, for a narrow label."""
    if finding.rule not in RANGE_RULES or finding.effect.value != "enforced":
        return ""
    if not finding.after:
        return f"{finding.lora} taken out"
    unet = finding.number("after")
    return f"clamped to {format_weight(unet)}" if unet is not None else ""
