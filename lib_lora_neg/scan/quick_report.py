"""The curves of a quick scan, and the noise levels at which it asks."""

from __future__ import annotations

from collections.abc import Sequence

from .drawing import (
    LIGHT,
    FigurePalette,
    draw_line,
    finish_axes,
    mark_band,
    new_figure,
    title,
    weight_ticks,
)
from .drawing import to_png as _to_png
from .quick import QuickPoint

LEVELS = (0.25, 0.5)
"""Noise levels at which the quick scan asks: where details are decided, and where shapes are.
Fitted with `quick.LIMITS`; at higher levels a LoRA hardly moves the prediction."""


def draw_quick(
    points: Sequence[QuickPoint],
    band: tuple[float, float] | None = None,
    palette: FigurePalette = LIGHT,
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
