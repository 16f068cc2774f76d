"""The two figures of a scan: the grid of pictures, a JPEG, and the curves, a PNG."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .bracket import ScanVerdict
from .curves import CurvePoint
from .drawing import (
    DPI,
    LIGHT,
    FigurePalette,
    draw_line,
    finish_axes,
    mark_band,
    new_figure,
    title,
    to_jpeg,
    to_png,
    weight_ticks,
)
from .onset import Onset
from .plan import ScanCell, ScanPlan
from .ports import Pixels
from .weights import format_weight

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GRID_WIDTH = 2000
"""Pixels that all thumbnails of a row may take together."""

THUMBNAIL = (72, 288)
"""Least and most width of a thumbnail in pixels."""

TALLEST_DAMAGE = 5.0
"""The damage axis ends here at the latest: beyond, all pictures are equally unusable."""

LABELS = 270
"""Pixels to the left of the pictures, for prompt and seed."""

LABEL_SIZE = 13
"""Points; still readable where a page shows the grid at half its size."""

LONGEST_LABEL = 60

PictureOf = Callable[[ScanCell], "Pixels | None"]


def draw_grid(plan: ScanPlan, picture_of: PictureOf, verdict: ScanVerdict | None = None) -> bytes:
    """Return the pictures as a JPEG: a column per weight, a row per prompt and seed.

    Args:
        plan: the scan.
        picture_of: returns a cell's pixels, or ``None`` while it is missing. Called once a cell.
        verdict: marks the damaged columns.
    """
    from PIL import Image

    columns, rows = len(plan.weights), len(plan.pairs)
    width = int(np.clip(GRID_WIDTH // columns, *THUMBNAIL))
    height = max(1, round(width * plan.sampling.height / plan.sampling.width))
    gap = max(2, width // 40)
    mosaic = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for row, pair in enumerate(plan.pairs):
        for column, weight in enumerate(plan.weights):
            pixels = picture_of(ScanCell(weight, *pair))
            top, left = row * (height + gap), column * (width + gap)
            target = mosaic[top : top + height, left : left + width]
            if pixels is None:
                target[:] = 232
                continue
            small = Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX)
            target[:] = np.asarray(small)
    return _grid_figure(plan, mosaic, (width, height, gap), verdict)


def draw_curves(verdict: ScanVerdict, palette: FigurePalette = LIGHT) -> bytes | None:
    """Return the curves of effect and damage as a PNG; ``None`` without any point."""
    if not verdict.points:
        return None
    figure = new_figure(7.2, 5.4, palette)
    figure.subplots_adjust(left=0.11, right=0.98, top=0.94, bottom=0.1, hspace=0.24)
    effect, damage = figure.subplots(2, 1, sharex=True)
    _draw_effect(effect, verdict, palette)
    _draw_damage(damage, verdict.points, palette)
    reach = max(abs(point.weight) for point in verdict.points)
    found = [onset for onset in (verdict.onset, verdict.ceiling_onset) if onset is not None]
    for line, onset in enumerate(found):
        # Two labels may meet in the middle: the second has a line of its own.
        _mark_onset(effect, damage, onset, reach, palette, top=0.97 - 0.1 * line)
    damage.set_xlabel("LoRA weight")
    damage.set_xticks(*weight_ticks([point.weight for point in verdict.points]))
    for axes in (effect, damage):
        finish_axes(axes, palette)
    return to_png(figure)


def _grid_figure(
    plan: ScanPlan, mosaic: Pixels, cell: tuple[int, int, int], verdict: ScanVerdict | None
) -> bytes:
    width, height, gap = cell
    labels, top = LABELS, 70
    figure_width, figure_height = mosaic.shape[1] + labels + 12, mosaic.shape[0] + top + 12
    figure = new_figure(figure_width / DPI, figure_height / DPI)
    axes = figure.add_axes(
        (
            labels / figure_width,
            12 / figure_height,
            mosaic.shape[1] / figure_width,
            mosaic.shape[0] / figure_height,
        )
    )
    axes.imshow(mosaic, interpolation="none", aspect="auto")
    axes.set_axis_off()
    size = float(np.clip(width / 7, 10, 22))
    for column, weight in enumerate(plan.weights):
        damaged = _is_damaged(weight, verdict)
        middle = column * (width + gap) + width / 2
        axes.text(
            middle,
            -22,
            format_weight(weight),
            ha="center",
            va="bottom",
            fontsize=size,
            fontweight="bold" if weight == 0 else "normal",
            color=LIGHT.damage if damaged else LIGHT.ink,
        )
        bar: dict[str, Any] = {"hatch": "////", "facecolor": "white"} if damaged else {}
        colour = LIGHT.damage if damaged else LIGHT.effect
        axes.add_patch(_bar(column * (width + gap), width, colour, bar))
    # Four lines must fit beside a picture.
    label_size = min(LABEL_SIZE, height * 72 / DPI / 5)
    for row, (prompt, seed) in enumerate(plan.pairs):
        middle = row * (height + gap) + height / 2
        axes.text(
            -12,
            middle,
            _row_label(plan, prompt, seed),
            ha="right",
            va="center",
            fontsize=label_size,
        )
    note = "hatched: damaged" if verdict and (verdict.onset or verdict.ceiling_onset) else ""
    axes.text(-12, -11, note, ha="right", va="center", fontsize=11, color=LIGHT.damage)
    return to_jpeg(figure)


def _bar(left: float, width: float, colour: str, style: dict[str, Any]) -> Any:
    from matplotlib.patches import Rectangle

    face = style.get("facecolor", colour)
    return Rectangle(
        (left, -16),
        width,
        9,
        facecolor=face,
        edgecolor=colour,
        hatch=style.get("hatch"),
        clip_on=False,
    )


def _row_label(plan: ScanPlan, prompt: int, seed: int) -> str:
    text = textwrap.shorten(plan.prompts[prompt].text, LONGEST_LABEL, placeholder=" …")
    # "$" would begin a formula.
    lines = textwrap.wrap(text.replace("$", r"\$"), 26, max_lines=3, placeholder=" …")
    return "\n".join([*lines, f"seed {seed}"])


def _is_damaged(weight: float, verdict: ScanVerdict | None) -> bool:
    if verdict is None:
        return False
    below, above = verdict.onset, verdict.ceiling_onset
    return bool((below and weight <= below.weight) or (above and weight >= above.weight))


def _draw_effect(axes: Axes, verdict: ScanVerdict, palette: FigurePalette) -> None:
    draw_line(
        axes, [(p.weight, p.effect, p.effect_spread) for p in verdict.points], palette.effect, "o"
    )
    axes.set_ylabel("effect")
    title(axes, "How far the pictures move from weight 0", palette)
    highest = max((p.effect for p in verdict.points if not math.isnan(p.effect)), default=0.0)
    axes.set_ylim(0, 1.15 * max(0.1, highest))
    spot = verdict.weight_range.sweet_spot if verdict.weight_range else None
    if spot is not None:
        near, far = spot
        half = 0.012 * (verdict.points[-1].weight - verdict.points[0].weight)
        axes.axvspan(far - half, near + half, color=palette.good, alpha=0.22, linewidth=0)
        axes.text(
            (near + far) / 2,
            0.03,
            "sweet spot",
            color=palette.good_text,
            ha="center",
            transform=axes.get_xaxis_transform(),
            fontsize=9,
        )


def _draw_damage(axes: Axes, points: Sequence[CurvePoint], palette: FigurePalette) -> None:
    top = min(TALLEST_DAMAGE, 1.15 * max([1.6, *(p.damage for p in points)]))
    draw_line(
        axes, [(p.weight, min(p.damage, top), p.damage_spread) for p in points], palette.damage, "s"
    )
    beyond = [p.weight for p in points if p.damage > top]
    axes.plot(beyond, [top] * len(beyond), "^", color=palette.damage, markersize=9, clip_on=False)
    axes.axhline(1, color=palette.axis, linestyle="--", linewidth=1.2)
    axes.text(
        1.0,
        1,
        "edge of healthy ",
        color=palette.quiet,
        ha="right",
        va="bottom",
        fontsize=9,
        transform=axes.get_yaxis_transform(),
    )
    axes.set_ylabel("damage")
    title(axes, "How much worse they look by themselves", palette)
    axes.set_ylim(0, top)


def _mark_onset(
    effect: Axes, damage: Axes, onset: Onset, reach: float, palette: FigurePalette, top: float
) -> None:
    for axes in (effect, damage):
        mark_band(axes, onset.band, palette)
    # The label stands outside of the band, or inside where the figure would end.
    outside = abs(onset.weight) < 0.6 * reach
    to_the_left = (onset.weight < 0) == outside
    edge = max if (onset.weight < 0) != outside else min
    damage.annotate(
        f"onset {format_weight(onset.weight)}",
        (edge(onset.band), top),
        xycoords=damage.get_xaxis_transform(),
        xytext=(-6 if to_the_left else 6, 0),
        textcoords="offset points",
        ha="right" if to_the_left else "left",
        va="top",
        fontsize=10,
        fontweight="bold",
        color=palette.damage_text,
    )
