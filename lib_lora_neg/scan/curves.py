"""From measured cells to curves over the weight: effect, damage, and who is out of the band.

Damage of a cell is how far its looks have moved *for the worse* since the weight-0 picture of the
same prompt and seed, in units of the band: 1 is the edge. A band is `BAND_WIDTH` natural steps
wide. The natural step of a measure is how much healthy pictures differ in it (median absolute
deviation over the weight-0 pictures), held between a least step that a person would notice and
twice that, since prompts also differ for reasons that have nothing to do with health.

Where the loaded model itself has read the pictures (`critic`), what it finds joins the signs.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from . import critic
from .critic import CriticReading
from .joining import Matrix, with_model
from .measures import MAD_TO_SIGMA, CellMeasures, PictureStatistics
from .plan import ScanCell

BAND_WIDTH = 3.0
"""Natural steps from the middle of the band to its edge: the usual three-sigma limit."""

WIDEST_STEP = 2.0
"""A natural step is at most this many least steps."""


@dataclass(frozen=True)
class DamageSign:
    """One way in which a picture can be damaged.

    Attributes:
        words: for people, as a cause: "damage starts, mostly by …".
        value: the measure, on a scale where equal differences look alike.
        worse: +1 if more is worse, −1 if less is.
        step: least natural step: a difference that is noticed when two pictures are compared.
            The maintainers' choice, tried on synthetic damage (``tests/scan``).
    """

    words: str
    value: Callable[[PictureStatistics], float]
    worse: int
    step: float


def _octaves(value: float, least: float) -> float:
    """Return a ratio scale in powers of two, on which values far below ``least`` are equal."""
    return math.log2(value + least)


SIGNS: Mapping[str, DamageSign] = {
    "clipped": DamageSign("clipping", lambda looks: looks.clipped, 1, 0.02),
    "saturated": DamageSign("oversaturation", lambda looks: looks.saturated, 1, 0.04),
    "noise": DamageSign("noise", lambda looks: _octaves(looks.noise, 1.0), 1, 0.25),
    "blotches": DamageSign("blotches", lambda looks: _octaves(looks.blotches, 2.0), 1, 0.15),
    "blur": DamageSign("blur", lambda looks: looks.blur, 1, 0.04),
    "contrast": DamageSign(
        "loss of contrast", lambda looks: _octaves(looks.contrast, 2.0), -1, 0.25
    ),
    "entropy": DamageSign("loss of tones", lambda looks: looks.entropy, -1, 0.3),
}


CRITIC_WORDS: Mapping[str, str] = {"misfit": "parts that do not fit together"}
"""Signs of damage that only the model sees, in words as those of `SIGNS`."""

CHANGES: Mapping[str, Callable[[PictureStatistics], float]] = {
    "lightness": lambda looks: looks.lightness,
    "chroma": lambda looks: looks.chroma,
    "warmth": lambda looks: looks.warmth,
    "contrast": lambda looks: _octaves(looks.contrast, 2.0),
    "blur": lambda looks: looks.blur,
}
"""What can be said about the direction a picture moves in."""


@dataclass(frozen=True)
class MeasuredCell:
    """A cell with its numbers; ``reading`` is ``None`` where the model was not asked."""

    cell: ScanCell
    measures: CellMeasures
    reading: CriticReading | None = None


@dataclass(frozen=True, eq=False)
class CellTable:
    """All cells as matrices of weight × pair; NaN where a cell is missing.

    Attributes:
        weights: ascending, 0 among them.
        pairs: (prompt, seed) of each column; only those with a weight-0 picture.
        effect: `Effect.strength`.
        damage: in units of the band.
        signs: for each sign, its part of the damage (0 and up); those of `CRITIC_WORDS` only
            where the model has read pictures.
        changes: for each of `CHANGES`, the difference to weight 0.
        unlikely: octaves, as `critic.unlikely`; NaN where the model was not asked.
        balks: 1 where it balks, 0 where it does not, NaN likewise.
    """

    weights: tuple[float, ...]
    pairs: tuple[tuple[int, int], ...]
    effect: Matrix
    damage: Matrix
    signs: Mapping[str, Matrix]
    changes: Mapping[str, Matrix]
    unlikely: Matrix
    balks: Matrix

    @property
    def zero(self) -> int:
        """Row of weight 0."""
        return self.weights.index(0.0)


@dataclass(frozen=True)
class CurvePoint:
    """The curves at one weight, over all pairs.

    Attributes:
        weight: raw.
        pairs: how many pairs have a cell here.
        effect: median of the effect.
        effect_spread: its median absolute deviation.
        damage: median of the damage, in units of the band.
        damage_spread: its median absolute deviation.
        outside: share (0–1) of the pairs whose damage has left the band.
        cause: the sign with the largest part in the damage, by its key (`words_of`).
        unlikely: median of the octaves by which the model finds the pictures less likely than at
            weight 0; ``None`` where it was not asked.
        balks: share (0–1) of the pictures it was asked about at which it balks; likewise.
    """

    weight: float
    pairs: int
    effect: float
    effect_spread: float
    damage: float
    damage_spread: float
    outside: float
    cause: str
    unlikely: float | None = None
    balks: float | None = None


def words_of(cause: str) -> str:
    """Return a sign's words by its key.

    Raises:
        KeyError: there is no such sign.
    """
    return SIGNS[cause].words if cause in SIGNS else CRITIC_WORDS[cause]


def cause_of(parts: Mapping[str, float]) -> str:
    """Return the sign to name, given each one's part of the damage.

    What the pixels show is named before what the model only says is wrong, where it is damage by
    itself: noise is unlikely, too, and "noise" says more.
    """
    seen = max(SIGNS, key=lambda name: parts[name])
    return seen if parts[seen] > 1.0 else max(parts, key=lambda name: parts[name])


def tabulate(cells: Sequence[MeasuredCell]) -> CellTable | None:
    """Arrange cells by weight and pair; ``None`` without a single weight-0 picture."""
    by_pair: dict[tuple[int, int], dict[float, CellMeasures]] = defaultdict(dict)
    readings: dict[tuple[int, int], dict[float, CriticReading]] = defaultdict(dict)
    for item in cells:
        by_pair[item.cell.pair][item.cell.weight] = item.measures
        if item.reading is not None:
            readings[item.cell.pair][item.cell.weight] = item.reading
    rows = {pair: found for pair, found in sorted(by_pair.items()) if 0.0 in found}
    if not rows:
        return None
    weights = tuple(sorted({weight for found in rows.values() for weight in found}))
    references = {pair: found[0.0].looks for pair, found in rows.items()}
    steps = {name: _natural_step(sign, references) for name, sign in SIGNS.items()}

    def fill(number: Callable[[CellMeasures, PictureStatistics], float]) -> Matrix:
        return np.array(
            [
                [
                    number(found[weight], references[pair]) if weight in found else math.nan
                    for pair, found in rows.items()
                ]
                for weight in weights
            ]
        )

    def moved(value: Callable[[PictureStatistics], float], scale: float = 1.0) -> Matrix:
        return fill(lambda cell, at_zero: (value(cell.looks) - value(at_zero)) * scale)

    signs = {
        name: np.maximum(0.0, moved(sign.value, sign.worse / (BAND_WIDTH * steps[name])))
        for name, sign in SIGNS.items()
    }
    unlikely, misfits = _asked(weights, tuple(rows), readings)
    moved_by = fill(lambda cell, _: cell.effect.colour if cell.effect else math.nan)
    balks = np.array(
        [
            [
                float(critic.balks(octaves, delta_e)) if octaves == octaves else math.nan
                for octaves, delta_e in zip(*row, strict=True)
            ]
            for row in zip(unlikely, moved_by, strict=True)
        ]
    )
    damage, signs = with_model(weights, signs, misfits)
    return CellTable(
        weights=weights,
        pairs=tuple(rows),
        effect=fill(lambda cell, _: cell.effect.strength if cell.effect else math.nan),
        damage=damage,
        signs=signs,
        changes={name: moved(value) for name, value in CHANGES.items()},
        unlikely=unlikely,
        balks=balks,
    )


def _asked(
    weights: Sequence[float],
    pairs: Sequence[tuple[int, int]],
    readings: Mapping[tuple[int, int], Mapping[float, CriticReading]],
) -> tuple[Matrix, Matrix]:
    """Return how many octaves less likely than at weight 0 the model finds each picture, and how
    much more of a misfit."""
    at_zero = {pair: readings[pair][0.0] for pair in pairs if 0.0 in readings.get(pair, {})}
    tolerated = critic.tolerances(list(at_zero.values())) if at_zero else ()
    misfits = {pair: critic.misfit(zero, tolerated) for pair, zero in at_zero.items()}

    def numbers(weight: float, pair: tuple[int, int]) -> tuple[float, float]:
        found = readings.get(pair, {}).get(weight)
        if found is None or pair not in at_zero or weight == 0:
            return math.nan, math.nan
        risen = critic.misfit(found, tolerated) - misfits[pair]
        return critic.unlikely(found, at_zero[pair]), risen

    every = np.array([[numbers(weight, pair) for pair in pairs] for weight in weights])
    return every[..., 0], every[..., 1]


def points(table: CellTable) -> tuple[CurvePoint, ...]:
    """Return the curves, by ascending weight; weights without any cell are left out."""
    return tuple(
        _point(table, row)
        for row in range(len(table.weights))
        if not np.isnan(table.damage[row]).all()
    )


def medians(values: Matrix) -> Matrix:
    """Return the medians along the last axis of what is there; NaN where nothing is."""
    ordered = np.sort(values, axis=-1)  # NaN goes last
    known = (~np.isnan(values)).sum(axis=-1, keepdims=True)
    middles = np.concatenate([np.maximum(0, known - 1) // 2, known // 2], axis=-1)
    middles = np.minimum(middles, values.shape[-1] - 1)
    result: Matrix = np.take_along_axis(ordered, middles, axis=-1).mean(axis=-1)
    return result


def median(values: Matrix) -> float:
    """Return the median of what is there; NaN when nothing is."""
    return float(medians(values)) if values.size else math.nan


def _point(table: CellTable, row: int) -> CurvePoint:
    effect, damage = table.effect[row], table.damage[row]
    asked = ~np.isnan(table.unlikely[row])
    known = damage[~np.isnan(damage)]
    effect_median, damage_median = median(effect), median(damage)
    return CurvePoint(
        weight=table.weights[row],
        pairs=known.size,
        effect=effect_median,
        effect_spread=median(np.abs(effect - effect_median)),
        damage=damage_median,
        damage_spread=median(np.abs(damage - damage_median)),
        outside=float((known > 1.0).mean()),
        cause=cause_of({name: median(matrix[row]) for name, matrix in table.signs.items()}),
        unlikely=median(table.unlikely[row]) if asked.any() else None,
        balks=float(table.balks[row][asked].mean()) if asked.any() else None,
    )


def _natural_step(
    sign: DamageSign, references: Mapping[tuple[int, int], PictureStatistics]
) -> float:
    """Return how much healthy pictures differ: within prompts where there are seeds enough."""
    by_prompt: dict[int, list[float]] = defaultdict(list)
    for (prompt, _seed), looks in references.items():
        by_prompt[prompt].append(sign.value(looks))
    groups = [values for values in by_prompt.values() if len(values) >= 3]
    groups = groups or [[value for values in by_prompt.values() for value in values]]
    deviations = [abs(value - statistics.median(group)) for group in groups for value in group]
    spread = MAD_TO_SIGMA * statistics.median(deviations)
    return min(max(spread, sign.step), WIDEST_STEP * sign.step)
