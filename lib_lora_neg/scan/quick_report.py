"""What a quick scan found, in words, as JSON and as a figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from .drawing import (
    LIGHT,
    Palette,
    draw_line,
    finish_axes,
    mark_band,
    new_figure,
    title,
    weight_ticks,
)
from .drawing import to_png as _to_png
from .files import to_json, write_whole
from .plan import ScanPlan
from .quick import QuickPoint, QuickVerdict
from .store import ScanStore
from .weights import format_weight

SCHEMA = 1

LEVELS = (0.25, 0.5)
"""Noise levels at which the quick scan asks: where details are decided, and where shapes are.
Fitted with `quick.LIMITS`; at higher levels a LoRA hardly moves the prediction."""

_REASONS = {
    "departure": "the change no longer follows the line it began with",
    "unrelated": "pictures that have nothing to do with it change, too",
}


def quick_sentence(plan: ScanPlan, verdict: QuickVerdict) -> str:
    """Return the verdict in one sentence."""
    reach = min(plan.weights)
    if reach == 0:
        return "No verdict on negative weights: none were tried."
    if verdict.bracket is None or verdict.weight_range is None:
        return f"No effect: down to {format_weight(reach)} the model predicts what it does at 0."
    onset, floor = verdict.bracket.bleeding_onset, verdict.weight_range.floor or 0.0
    if onset is None:
        return f"No damage is to be expected down to {format_weight(reach)}."
    where = format_weight(round(onset, 2))
    reason = _REASONS.get(verdict.reason, verdict.reason)
    if floor == 0:
        return f"Damage is to be expected from {where} on ({reason}): use no negative weight of it."
    return (
        f"Damage is to be expected from {where} on ({reason}), "
        f"so go no lower than {format_weight(floor)}."
    )


def quick_notes(verdict: QuickVerdict) -> list[str]:
    """Return what else is worth saying, one sentence each."""
    found = ["A quick scan makes no pictures; scan fully before you rely on it."]
    bracket = verdict.bracket
    if bracket is not None and bracket.onset_band is not None:
        near, far = (format_weight(weight) for weight in bracket.onset_band)
        found.append(f"The onset lies between {near} and {far}.")
    if bracket is not None and bracket.suppression is not None:
        found.append(f"Effect per unit of negative weight: {bracket.suppression:.2f}.")
    spills = [point.spill for point in verdict.points if point.spill is not None]
    if spills:
        spill = sorted(spills)[len(spills) // 2]
        found.append(f"Unrelated prompts change {spill:.0%} as much as those with its subject.")
    return found


def quick_record(plan: ScanPlan, verdict: QuickVerdict) -> dict[str, Any]:
    """Return a quick scan's outcome as JSON types; numbers that are not known are ``null``."""
    points = [{"weight": 0.0, "effect": 0.0, "unrelated": 0.0, "departure": 0.0, "spill": None}]
    points += [asdict(point) for point in verdict.points]
    return {
        "schema": SCHEMA,
        "sentence": quick_sentence(plan, verdict),
        "notes": quick_notes(verdict),
        "plan": plan.record(),
        "digest": plan.digest,
        "bracket": asdict(verdict.bracket) if verdict.bracket else None,
        "weight_range": asdict(verdict.weight_range) if verdict.weight_range else None,
        "reason": verdict.reason,
        "points": sorted(
            ({key: _finite(value) for key, value in point.items()} for point in points),
            key=lambda point: point["weight"] or 0.0,
        ),
    }


def write_quick(store: ScanStore, verdict: QuickVerdict) -> None:
    """Keep the outcome beside the plan; raises `OSError` when the disk does not take it."""
    write_whole(store.folder / "quick.json", to_json(quick_record(store.plan, verdict)))


def draw_quick(
    points: Sequence[QuickPoint],
    band: tuple[float, float] | None = None,
    palette: Palette = LIGHT,
) -> bytes | None:
    """Return the curves as a PNG; ``None`` without any point.

    Args:
        points: by ascending weight.
        band: weights between which the onset lies.
        palette: colours.
    """
    if not points:
        return None
    figure = new_figure(7.2, 5.0, palette)
    figure.subplots_adjust(left=0.1, right=0.98, top=0.94, bottom=0.11, hspace=0.28)
    above, below = figure.subplots(2, 1, sharex=True)
    draw_line(
        above, [(p.weight, p.effect, 0.0) for p in points], palette.effect, "o", "its subject"
    )
    others = [(p.weight, p.unrelated, 0.0) for p in points if p.unrelated is not None]
    if others:
        draw_line(above, others, palette.damage, "s", "unrelated")
        above.legend(frameon=False, fontsize=9, labelcolor=palette.ink)
    draw_line(below, [(p.weight, p.departure, 0.0) for p in points], palette.damage, "s")
    title(above, "How far the model's predictions move from weight 0", palette)
    title(below, "How far they leave the line that small weights began", palette)
    above.set_ylabel("effect")
    below.set_ylabel("departure")
    below.set_xlabel("LoRA weight")
    below.set_xticks(*weight_ticks([point.weight for point in points]))
    for axes in (above, below):
        axes.set_ylim(bottom=0)
        if band is not None:
            mark_band(axes, band, palette)
        finish_axes(axes, palette)
    return _to_png(figure)


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 6)
