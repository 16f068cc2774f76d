"""The figures of the experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt

from lab.type_matrix import CFGS, LORAS, WEIGHTS, Condition

Pixels = dict[str, npt.NDArray[np.uint8]]
_INK = "#333333"


def _numbers(results: dict[str, Any], lora: str, weight: float, measure: str) -> list[float]:
    name = Condition(lora if weight else "", weight).name
    return results["conditions"][name][measure]


def sheet(pixels: Pixels, path: Path, pair: int) -> None:
    """One prompt and seed: a row per LoRA, a column per weight."""
    figure, axes = plt.subplots(len(LORAS), len(WEIGHTS), figsize=(8.4, 9.6))
    for row, (lora, kind) in enumerate(LORAS.items()):
        for column, weight in enumerate(sorted(WEIGHTS)):
            axis = axes[row, column]
            name = Condition(lora if weight else "", weight).name
            axis.imshow(pixels[name][pair], interpolation="nearest")
            axis.set_xticks([])
            axis.set_yticks([])
            if row == 0:
                axis.set_title(f"{weight:g}", fontsize=9)
            if column == 0:
                axis.set_ylabel(kind.replace(", ", ",\n").replace(" with ", "\nwith "), fontsize=7)
    figure.tight_layout(pad=0.4)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _curve(axis: Any, results: dict[str, Any], lora: str, measure: str, **style: Any) -> None:
    weights = sorted(WEIGHTS)
    rows = np.array([_numbers(results, lora, weight, measure) for weight in weights])
    line = axis.plot(weights, rows[:, 0], marker="o", markersize=3, **style)[0]
    axis.fill_between(weights, rows[:, 1], rows[:, 2], alpha=0.2, color=line.get_color(), lw=0)


def curves(results: dict[str, Any], path: Path) -> None:
    """Damage and kept content over the weight, a panel per LoRA."""
    figure, axes = plt.subplots(2, 4, figsize=(11, 5.2), sharex=True, sharey=True)
    for axis, (lora, kind) in zip(axes.flat, LORAS.items(), strict=True):
        _curve(axis, results, lora, "damage", color="#b3372f")
        twin = axis.twinx()
        _curve(twin, results, lora, "kept", color="#2f6db3")
        twin.set_ylim(0, 1.05)
        twin.tick_params(labelright=axis in axes[:, -1], labelsize=8, labelcolor="#2f6db3")
        axis.tick_params(axis="y", labelsize=8, labelcolor="#b3372f")
        starts = results["onset"][lora]["starts"]
        if starts is not None:
            axis.axvline(starts, color=_INK, lw=0.8, ls=":")
        axis.set_title(kind, fontsize=9)
        axis.grid(alpha=0.2)
    figure.supxlabel("weight of the LoRA", fontsize=9)
    figure.supylabel(
        "red, left: damage, Delta E beyond a clean scene\n"
        "blue, right: share with the asked shape and colour",
        fontsize=8,
    )
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def cfg_bars(results: dict[str, Any], path: Path) -> None:
    """Damage that weight -0.5 adds, at each CFG."""
    added = results["contrasts"]["damage that -0.5 adds, by CFG"]
    figure, axis = plt.subplots(figsize=(9, 3.6))
    width = 0.8 / len(CFGS)
    for index, cfg in enumerate(CFGS):
        rows = np.array([added[lora][f"{cfg:g}"] for lora in LORAS])
        at = np.arange(len(LORAS)) + index * width
        errors = np.abs(rows[:, 1:].T - rows[:, 0])
        axis.bar(at, rows[:, 0], width, yerr=errors, label=f"CFG {cfg:g}", error_kw={"lw": 0.8})
    axis.axhline(0, color=_INK, lw=0.8)
    axis.set_xticks(np.arange(len(LORAS)) + width)
    axis.set_xticklabels([kind.replace(" ", "\n", 1) for kind in LORAS.values()], fontsize=7)
    axis.set_ylabel("damage added by weight -0.5", fontsize=8)
    axis.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def draw_all(folder: Path, pixels: Pixels, results: dict[str, Any]) -> None:
    """Write every figure as ``lab-*.png``."""
    folder.mkdir(parents=True, exist_ok=True)
    sheet(pixels, folder / "lab-types.png", 8)
    curves(results, folder / "lab-damage.png")
    cfg_bars(results, folder / "lab-cfg.png")
