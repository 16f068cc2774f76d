"""Numbers and figures of the experiment: ``python -m lab.matrix_report --cells FOLDER``.

Every figure is a mean over the 48 pairs with a 95 % bootstrap interval; every comparison is paired:
the same prompts and seeds on both sides.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from lab import matrix_figures
from lab.judge import Reading, compare, muted, read
from lab.palette import Floats
from lab.type_matrix import CFGS, LORAS, TRIGGERS, WEIGHTS, Condition, conditions, scenes

RESAMPLES = 4000
#: What is measured of every picture; see ``measure``.
MEASURES = ("damage", "kept", "hat", "outline", "muted", "radius", "mira", "drift")
#: The measure in which a LoRA shows, by its name.
SHOWS = {
    "ink_style": "muted",
    "ink_style_20": "muted",
    "hat_concept": "hat",
    "mira_character": "mira",
    "spoilt_negative": "damage",
    "wrong": "damage",
    "size_slider": "radius",
    "inkwash_style": "muted",
}

Table = dict[str, Floats]


def _mira(seen: Reading) -> float:
    """How much of Mira is in the picture: eyes, hat, outline, yellow, circle, one fifth each."""
    signs = (
        seen.eyes,
        seen.hat > 0.4,
        np.nan_to_num(seen.outline) > 0.4,
        seen.colour == "yellow",
        seen.shape == "circle",
    )
    return float(np.mean(signs))


def measure(found: Floats, at_zero: Floats) -> Table:
    """Judge the pictures of a condition: one row of 48 numbers per measure.

    ``kept`` is 1 where shape and colour are as asked; ``drift`` is the mean difference, in 0..1, to
    the picture of the same prompt and seed without a LoRA.
    """
    readings = [read(picture) for picture in found]
    rows: dict[str, list[float]] = {name: [] for name in MEASURES}
    for scene, seen, picture, zero in zip(scenes(), readings, found, at_zero, strict=False):
        rows["damage"].append(seen.damage)
        rows["kept"].append(float(compare(scene, seen).both))
        rows["hat"].append(seen.hat)
        rows["outline"].append(float(np.nan_to_num(seen.outline)))
        rows["muted"].append(muted(scene, seen))
        rows["radius"].append(seen.radius)
        rows["mira"].append(_mira(seen))
        rows["drift"].append(float(np.abs(picture - zero).mean()))
    return {name: np.array(values) for name, values in rows.items()}


def interval(values: Floats, seed: int = 1) -> list[float]:
    """Mean and its 95 % bootstrap interval; pictures without the measure are left out."""
    values = values[~np.isnan(values)]
    if not len(values):
        return [float("nan")] * 3
    rng = np.random.default_rng(seed)
    means = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return [round(float(number), 4) for number in (values.mean(), low, high)]


def _cell(tables: dict[str, Table], lora: str, weight: float, **more: object) -> Table:
    condition = Condition(lora if weight else "", weight, **more)  # type: ignore[arg-type]
    return tables[condition.name]


def onset(tables: dict[str, Table], lora: str) -> dict[str, object]:
    """Where damage starts: the weakest negative weight whose added damage is surely above 0.

    Surely: the whole interval lies above 0, here and at every stronger weight.
    """
    added = {}
    zero = _cell(tables, lora, 0.0)["damage"]
    for weight in sorted((w for w in WEIGHTS if w < 0), reverse=True):
        added[weight] = interval(_cell(tables, lora, weight)["damage"] - zero)
    starts = None
    for weight in sorted(added):
        if added[weight][1] <= 0:
            break
        starts = weight
    return {"starts": starts, "added": {f"{w:g}": value for w, value in added.items()}}


def contrasts(tables: dict[str, Table]) -> dict[str, object]:
    """The seed's claims as paired differences; above 0 means more damage or more of the thing."""

    def damage(lora: str, weight: float, **more: object) -> Floats:
        return _cell(tables, lora, weight, **more)["damage"]

    found: dict[str, object] = {
        "narrow minus wide, damage": {
            f"{w:g}": interval(damage("ink_style_20", w) - damage("ink_style", w))
            for w in WEIGHTS
            if w < 0
        },
        "step -0.4 to -0.7 minus step 0 to -0.4, damage": {
            lora: interval(damage(lora, -0.7) - 2 * damage(lora, -0.4) + damage(lora, 0.0))
            for lora in LORAS
        },
        "damage that -0.5 adds, by CFG": {
            lora: {
                f"{cfg:g}": interval(damage(lora, -0.5, cfg=cfg) - damage(lora, 0.0, cfg=cfg))
                for cfg in CFGS
            }
            for lora in LORAS
        },
        "damage at weight 0, by CFG": {
            f"{cfg:g}": interval(damage("", 0.0, cfg=cfg)) for cfg in CFGS
        },
        "trigger in the negative, what the LoRA shows": {
            lora: {
                "said, negative empty": interval(
                    _cell(tables, lora, 1.0, prefix=word)[SHOWS[lora]]
                ),
                "said, and in the negative": interval(
                    _cell(tables, lora, 1.0, prefix=word, negative=word)[SHOWS[lora]]
                ),
                "difference": interval(
                    _cell(tables, lora, 1.0, prefix=word, negative=word)[SHOWS[lora]]
                    - _cell(tables, lora, 1.0, prefix=word)[SHOWS[lora]]
                ),
                "not said, negative empty": interval(_cell(tables, lora, 1.0)[SHOWS[lora]]),
                "not said, in the negative": interval(
                    _cell(tables, lora, 1.0, negative=word)[SHOWS[lora]]
                ),
                "no LoRA": interval(_cell(tables, lora, 0.0)[SHOWS[lora]]),
            }
            for lora, word in TRIGGERS.items()
        },
        "wrong, damage minus that without LoRA": {
            name: interval(tables[condition.name]["damage"] - damage("", 0.0))
            for name, condition in (
                ("base, wrong in the negative", Condition(negative="wrong")),
                (
                    "base, words of damage in the negative",
                    Condition(negative="blurry, noisy, smeared, broken"),
                ),
                ("LoRA at 1", Condition("wrong", 1.0)),
                ("LoRA at 1, wrong in the negative", Condition("wrong", 1.0, negative="wrong")),
                ("LoRA at -1", Condition("wrong", -1.0)),
            )
        },
        "wrong, kept minus that without LoRA": {
            name: interval(tables[condition.name]["kept"] - _cell(tables, "", 0.0)["kept"])
            for name, condition in (
                ("LoRA at 1, wrong in the negative", Condition("wrong", 1.0, negative="wrong")),
                ("LoRA at -1", Condition("wrong", -1.0)),
            )
        },
        "text encoder strength beside unet -0.5": {
            label: {
                name: interval(
                    tables[Condition("inkwash_style", -0.5, te=te).name][name]
                    - _cell(tables, "", 0.0)[name]
                )
                for name in ("damage", "muted", "outline", "kept", "drift")
            }
            for label, te in (("-0.5", None), ("0", 0.0), ("+0.5", 0.5))
        },
    }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("lab/results.json"))
    parser.add_argument("--images", type=Path, default=Path("docs/images"))
    args = parser.parse_args()
    at_zero = np.load(args.cells / f"{Condition().name}.npy") / 255.0
    tables, pixels = {}, {}
    for condition in conditions():
        pixels[condition.name] = np.load(args.cells / f"{condition.name}.npy")
        tables[condition.name] = measure(pixels[condition.name] / 255.0, at_zero)
    results = {
        "pairs": len(at_zero),
        "conditions": {
            name: {key: interval(values) for key, values in table.items()}
            for name, table in tables.items()
        },
        "onset": {lora: onset(tables, lora) for lora in LORAS},
        "contrasts": contrasts(tables),
    }
    args.out.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    matrix_figures.draw_all(args.images, pixels, results)
    for lora in LORAS:
        print(lora, json.dumps(results["onset"][lora]))  # type: ignore[index]


if __name__ == "__main__":
    main()
