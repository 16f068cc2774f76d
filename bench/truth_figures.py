"""Figures of `scan_truth`: damage over the weight as the scan and as the judge have it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.truth_cells import Scanned
from bench.truth_onsets import edge, judges_onset, matrix, scan_onset, table_of
from lib_lora_neg.scan.drawing import LIGHT, finish_axes, new_figure, title, to_png
from lib_lora_neg.scan.weights import FINE

COLUMNS = 4


def draw(found: Sequence[Scanned], folder: Path) -> None:
    """Write the curves of the LoRAs, one figure for the committed and one for the hold-outs."""
    for name, held_out in (("scan-truth", False), ("scan-truth-hold-outs", True)):
        part = [item for item in found if item.task.held_out is held_out]
        if part:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.png").write_bytes(_curves(part))


def _curves(found: Sequence[Scanned]) -> bytes:
    rows = -(-len(found) // COLUMNS)
    figure = new_figure(3.2 * COLUMNS, 2.7 * rows + 0.5)
    figure.subplots_adjust(
        left=0.05, right=0.99, top=1 - 0.35 / figure.get_figheight(), hspace=0.45, wspace=0.18,
        bottom=0.55 / figure.get_figheight(),
    )  # fmt: skip
    for index, item in enumerate(found):
        axes = figure.add_subplot(rows, COLUMNS, index + 1)
        _panel(axes, item)
        if index == 0:
            axes.legend(frameon=False, fontsize=8)
    return to_png(figure)


def _panel(axes, item: Scanned) -> None:
    """Draw both damages in units of their own band's edge, and both onsets below 0."""
    pairs = {cell.cell.pair for cell in item.cells}
    table = table_of(item, FINE, pairs)
    rises, limit = matrix(item, table), edge(item)
    lines = (
        ("scan", table.damage, LIGHT.damage, "o", scan_onset(item, FINE, pairs)),
        ("judge", rises / limit, LIGHT.effect, "s", judges_onset(table.weights, rises, limit)),
    )
    for name, values, colour, form, onset in lines:
        middle = np.median(values, axis=1)
        axes.plot(table.weights, middle, color=colour, marker=form, markersize=3, label=name)
        low, high = np.percentile(values, [25, 75], axis=1)
        axes.fill_between(table.weights, low, high, color=colour, alpha=0.15, linewidth=0)
        if onset is not None:
            axes.axvline(onset, color=colour, linestyle="--" if name == "scan" else ":")
    axes.axhline(1, color=LIGHT.band_edge, linewidth=0.8)
    axes.set_ylim(-0.5, 4)
    axes.set_xlabel("LoRA weight", fontsize=9)
    title(axes, item.label, LIGHT)
    finish_axes(axes, LIGHT)
