"""What the scan's figures have in common: colours for light and dark pages, axes, lines, files.

Colours are Okabe and Ito's, which people with any colour vision tell apart (jfly.uni-koeln.de,
"Color Universal Design"); on dark paper, their lighter neighbours. Form repeats what colour says.
matplotlib is imported when the first figure is drawn, and only its drawing classes: nothing of
the host's own plotting is touched.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .weights import format_weight

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 100


@dataclass(frozen=True)
class FigurePalette:
    """Colours of one figure, by what they mean."""

    paper: str = "#ffffff"
    ink: str = "#000000"
    quiet: str = "#555555"
    axis: str = "#767676"
    rule: str = "#e4e4e4"
    band: str = "#eeeeee"
    band_edge: str = "#b0b0b0"
    effect: str = "#0072B2"
    damage: str = "#D55E00"
    damage_text: str = "#8f3f00"
    good: str = "#009E73"
    good_text: str = "#00664a"


LIGHT = FigurePalette()
DARK = FigurePalette(
    paper="#18181b",
    ink="#f4f4f5",
    quiet="#c4c4cc",
    axis="#a1a1aa",
    rule="#3a3a40",
    band="#2c2c31",
    band_edge="#5c5c66",
    effect="#56B4E9",
    damage="#FF9A57",
    damage_text="#FFB688",
    good="#2BC79A",
    good_text="#8CE5C8",
)


def new_figure(width: float, height: float, palette: FigurePalette = LIGHT) -> Figure:
    """Return an empty figure, in inches, that no plotting state knows of."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=palette.paper)
    FigureCanvasAgg(figure)
    return figure


def to_png(figure: Figure) -> bytes:
    """Return the figure as a PNG."""
    return _saved(figure, "png")


def to_jpeg(figure: Figure) -> bytes:
    """Return a figure of photos as a JPEG, which is an eighth of its PNG.

    With full colour resolution, so that lettering stays clean.
    """
    return _saved(figure, "jpeg", pil_kwargs={"quality": 88, "subsampling": 0})


def _saved(figure: Figure, kind: str, **more: Any) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format=kind, facecolor=figure.get_facecolor(), **more)
    return out.getvalue()


def title(axes: Axes, text: str, palette: FigurePalette) -> None:
    """Write what the axes show above them."""
    axes.set_title(text, loc="left", fontsize=11, color=palette.ink)


def finish_axes(axes: Axes, palette: FigurePalette) -> None:
    """Give axes over the weight their colours, rules and the line of weight 0."""
    axes.set_facecolor(palette.paper)
    axes.axvline(0, color=palette.axis, linewidth=0.8)
    axes.grid(axis="y", color=palette.rule, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(palette.axis)
    axes.tick_params(colors=palette.ink)
    axes.xaxis.label.set_color(palette.ink)
    axes.yaxis.label.set_color(palette.ink)


def draw_line(
    axes: Axes,
    values: Sequence[tuple[float, float, float]],
    colour: str,
    marker: str,
    label: str = "",
) -> None:
    """Draw (weight, middle, spread) as a line in its band."""
    weights, middles, spreads = (np.array(column) for column in zip(*values, strict=True))
    axes.fill_between(
        weights, middles - spreads, middles + spreads, color=colour, alpha=0.18, linewidth=0
    )
    axes.plot(
        weights, middles, marker=marker, color=colour, linewidth=1.8, markersize=5, label=label
    )


def weight_ticks(weights: Sequence[float]) -> tuple[list[float], list[str]]:
    """Label every weight, or every second, third … where they would touch; always 0."""
    every = math.ceil(len(weights) / 11)
    zero = weights.index(0.0) if 0.0 in weights else 0
    chosen = [weight for index, weight in enumerate(weights) if (index - zero) % every == 0]
    return chosen, [format_weight(weight) for weight in chosen]


def mark_band(axes: Axes, band: tuple[float, float], palette: FigurePalette) -> None:
    """Hatch the weights between which an onset lies."""
    axes.axvspan(
        min(band),
        max(band),
        facecolor=palette.band,
        edgecolor=palette.band_edge,
        hatch="///",
        linewidth=0,
        zorder=0,
    )
