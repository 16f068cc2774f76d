"""The two numbers of a scan: what the LoRA suppresses, and where its damage begins.

Everything is read from medians over the pairs (prompt × seed); how sure it is comes from drawing
the pairs again with replacement (bootstrap), with a fixed seed, so that the same cells always give
the same answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..loras.card import RangeSource, ScanBracket, WeightRange
from .broken import BROKEN_SHARE, BrokenKind, broken_by
from .curves import CellTable, CurvePoint, MeasuredCell, median, points, tabulate
from .onset import Onset, ScanSide, bootstrap_rows, find_onset, first_damaged, side_of
from .plan import ScanCell
from .weights import clean_weight, format_weight

NO_EFFECT = 0.02
"""Effect that hosts reach without any LoRA: reordered sums on the GPU move single pixels
(SSIM about 0.99 between two runs with optimised attention)."""

DRAWS = 400
"""Of the bootstrap; the 5 % and 95 % points are then steady in the second digit."""

BOOTSTRAP_SEED = 20260617

FINE_STEP = 0.15
"""A first weight this near to 0 decides about 0 itself; farther ones leave room between."""

MISSING_DAMAGE = 10.0
"""Damage that a missing picture may have at the worst, in units of the band."""

ROUND_TO = 0.05
"""Suggested weights that were not scanned are rounded towards 0 to this."""

PLATEAU_SLOPE = 0.2
"""The effect is on its plateau where it rises with less than this share of its first slope."""

ENOUGH_EFFECT = 0.5
"""The sweet spot begins where this share of the effect at its far end is reached."""

BEND, BEYOND = -0.4, -0.7
"""The article's observation: from −0.4 to −0.7 can cost more than from 0 to −0.4."""

NOTICEABLE = {"lightness": 2.0, "chroma": 2.0, "warmth": 2.0, "contrast": 0.15, "blur": 0.04}
"""Least change that is named: about one just noticeable difference in Lab (2.3), a tenth of the
contrast, one step of blur."""

AGREEMENT = 2 / 3
"""Share of the pairs that must move the same way for a direction to be named."""


FEW_PAIRS = 6
"""Pairs below which the verdict itself says how few: three pictures of six decide about a weight,
and with six the onset is within a step in 78 % of the sets of ``docs/scan.md``."""

ENOUGH_PAIRS = 12
"""Pairs from which on nothing needs to be said: 85 % there."""


@dataclass(frozen=True)
class Estimate:
    """A number with the range that holds it in 90 % of the bootstrap draws."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class DamageBend:
    """Damage gained from 0 to −0.4 and from −0.4 to −0.7, in units of the band."""

    near: float
    far: float

    @property
    def is_worse(self) -> bool:
        """Whether the second stretch costs more, by an amount that is seen."""
        return self.far > max(self.near, 0.25)


@dataclass(frozen=True)
class ScanVerdict:
    """What a scan found. Every ``None`` means that the cells do not say.

    Attributes:
        bracket: the two numbers for the LoRA's card.
        weight_range: floor, ceiling and sweet spot for the guard, with source *measured*.
        suppression: effect per unit of negative weight, within the clean weights.
        changes: what negative weights do to the pictures, strongest first, as signed
            keys of `curves.CHANGES`: ``("-lightness", "+blur")``.
        onset: where damage starts on the negative side.
        ceiling_onset: the same on the positive side.
        bend: the article's non-linearity.
        plateau: the weight beyond which more weight brings hardly more effect.
        spill: effect on unrelated prompts relative to the subject's (0–1 and more).
        best_at_zero: every negative weight tried is worse than none.
        points: the curves.
        reach: the lowest weight that was measured, ≤ 0.
        pairs: how many prompt and seed pairs were measured.
        settled: no picture that is still missing could move the floor.
        broken: how many weight-0 pictures are broken, if those are half of them or more; then
            nothing is judged.
        broken_by: how most of these are broken; ``None`` without any.
    """

    bracket: ScanBracket | None = None
    weight_range: WeightRange | None = None
    suppression: Estimate | None = None
    changes: tuple[str, ...] = ()
    onset: Onset | None = None
    ceiling_onset: Onset | None = None
    bend: DamageBend | None = None
    plateau: float | None = None
    spill: float | None = None
    best_at_zero: bool = False
    points: tuple[CurvePoint, ...] = ()
    reach: float = 0.0
    pairs: int = 0
    settled: bool = True
    broken: int = 0
    broken_by: BrokenKind | None = None


def judge(
    cells: Sequence[MeasuredCell],
    *,
    unrelated: frozenset[int] = frozenset(),
    checkpoint: str = "",
    planned: Iterable[ScanCell] = (),
) -> ScanVerdict:
    """Return what the cells say.

    Args:
        cells: measured ones, in any order; failed ones are simply missing.
        unrelated: indices of the prompts that have nothing to do with the LoRA.
        checkpoint: short hash, for the bracket.
        planned: all cells of the plan, to know which are missing; empty for "none is".
    """
    table = tabulate(cells)
    if table is None:
        return ScanVerdict()
    curve = points(table)
    below, above = side_of(table, -1), side_of(table, 1)
    common = ScanVerdict(points=curve, reach=min(table.weights), pairs=len(table.pairs))
    broken = [kind for item in cells if item.cell.weight == 0 if (kind := broken_by(item))]
    if len(broken) >= BROKEN_SHARE * len(table.pairs):
        most = max(BrokenKind, key=broken.count)
        return replace(common, broken=len(broken), broken_by=most)
    if not below.weights:
        return common
    draws = bootstrap_rows(len(table.pairs), DRAWS, BOOTSTRAP_SEED)
    onset = find_onset(below, draws)
    ceiling = find_onset(above, draws)
    if onset is None and _largest_effect(below) < NO_EFFECT:
        return common
    floor = _last_clean(below, onset.index if onset else None)
    plateau = _plateau(below, onset.index if onset else len(below.weights))
    suppression = _suppression(below, onset, draws)
    weight_range = WeightRange(
        floor=floor,
        ceiling=_last_clean(above, ceiling.index) if ceiling else None,
        sweet_spot=_sweet_spot(below, floor, plateau, onset),
        source=RangeSource.MEASURED,
        reference=_reference(table, checkpoint),
    )
    return ScanVerdict(
        bracket=ScanBracket(
            suppression=round(suppression.value, 4) if suppression else None,
            bleeding_onset=onset.weight if onset else None,
            onset_band=onset.band if onset else None,
            checkpoint=checkpoint,
        ),
        weight_range=weight_range,
        suppression=suppression,
        changes=_changes(table, floor or max(below.weights)),
        onset=onset,
        ceiling_onset=ceiling,
        bend=_bend(curve),
        plateau=plateau,
        spill=_spill(table, below, unrelated),
        best_at_zero=floor == 0,
        points=curve,
        reach=common.reach,
        pairs=common.pairs,
        settled=_is_settled(table, planned),
    )


def _is_settled(table: CellTable, planned: Iterable[ScanCell]) -> bool:
    """Whether the floor stays where it is, be the missing pictures all clean or all damaged."""
    missing = {cell for cell in planned if cell.weight < 0}
    below = {weight for weight in table.weights if weight < 0}
    weights = sorted({cell.weight for cell in missing} | below, reverse=True)
    pairs = sorted({cell.pair for cell in missing} | set(table.pairs))
    known = {
        (weight, pair): float(table.damage[row, column])
        for row, weight in enumerate(table.weights)
        for column, pair in enumerate(table.pairs)
    }
    damage = np.array([[known.get((w, pair), math.nan) for pair in pairs] for w in weights])
    if not np.isnan(damage).any():
        return True
    floors = set()
    for value in (0.0, MISSING_DAMAGE):
        filled = np.where(np.isnan(damage), value, damage)
        side = ScanSide(tuple(weights), filled, filled, {})
        found = first_damaged(side)
        floors.add(_last_clean(side, None if found is None else found[0]))
    return len(floors) == 1


def _largest_effect(side: ScanSide) -> float:
    known = [median(row) for row in side.effect if not np.isnan(row).all()]
    return max(known, default=0.0)


def _last_clean(side: ScanSide, index: int | None) -> float:
    """Return the outermost weight without damage, given the first damaged row.

    Where already the first weight is damaged and lies far from 0, the crossing of the band's edge
    on the straight line from 0 is taken: damage grows ever faster, so the line errs towards 0.
    """
    if index is None:
        return side.weights[-1]
    if index > 0:
        return side.weights[index - 1]
    first = side.weights[0]
    if abs(first) <= FINE_STEP:
        return 0.0
    crossing = abs(first) / max(1.0, median(side.damage[0]))
    steps = math.floor(min(crossing, abs(first) - ROUND_TO) / ROUND_TO + 1e-9)
    return clean_weight(math.copysign(max(0, steps) * ROUND_TO, first))


def _suppression(side: ScanSide, onset: Onset | None, draws: NDArray[np.int64]) -> Estimate | None:
    rows = max(1, onset.index) if onset else len(side.weights)
    if not median(side.effect[rows - 1]) >= NO_EFFECT:
        return None
    distance = np.abs(np.array(side.weights[:rows]))[:, None]
    per_unit = side.effect[:rows] / distance
    pairs = np.array([median(column) for column in per_unit.T])
    pairs = pairs[~np.isnan(pairs)]
    if not pairs.size:
        return None
    drawn = np.median(pairs[draws % pairs.size], axis=1)
    low, high = np.percentile(drawn, [5, 95])
    return Estimate(float(np.median(pairs)), float(low), float(high))


def _changes(table: CellTable, weight: float) -> tuple[str, ...]:
    """Name the directions in which most pairs move at the clean weight nearest to ``weight``."""
    row = min(range(len(table.weights)), key=lambda index: abs(table.weights[index] - weight))
    found = []
    for name, matrix in table.changes.items():
        values = matrix[row][~np.isnan(matrix[row])]
        middle = median(values)
        if values.size and abs(middle) >= NOTICEABLE[name]:
            same = float((np.sign(values) == np.sign(middle)).mean())
            if same >= AGREEMENT:
                found.append((abs(middle) / NOTICEABLE[name], f"{'+-'[middle < 0]}{name}"))
    return tuple(name for _, name in sorted(found, reverse=True))


def _plateau(side: ScanSide, clean: int) -> float | None:
    effects = [median(row) for row in side.effect[:clean]]  # damage would count as effect
    distances = [abs(weight) for weight in side.weights]
    if len(effects) < 3 or not effects[0] >= NO_EFFECT:
        return None
    first = effects[0] / distances[0]
    for index in range(len(effects) - 1):
        rise = (effects[-1] - effects[index]) / (distances[clean - 1] - distances[index])
        if rise < PLATEAU_SLOPE * first:
            return side.weights[index]
    return None


def _sweet_spot(
    side: ScanSide, floor: float, plateau: float | None, onset: Onset | None
) -> tuple[float, float] | None:
    """Return the weights from half of the effect to the floor, or to the plateau if that is nearer.

    It ends where the onset's band begins: in the band, some of the draws see damage.
    ``(nearest 0, farthest)``; ``None`` when there is no clean weight with an effect.
    """
    far = floor if plateau is None else max(floor, plateau)
    if onset is not None:
        far = max(far, onset.band[0])
    clean = [
        (weight, median(row))
        for weight, row in zip(side.weights, side.effect, strict=True)
        if abs(weight) <= abs(far) + 1e-9
    ]
    if not clean or not clean[-1][1] >= NO_EFFECT:  # also where it is not known
        return None
    enough = ENOUGH_EFFECT * clean[-1][1]
    near = next(weight for weight, effect in clean if effect >= enough)
    return (near, clean[-1][0])


def _bend(curve: Sequence[CurvePoint]) -> DamageBend | None:
    below = [point for point in curve if point.weight <= 0]
    weights = [point.weight for point in below]
    if any(min(abs(weight - mark) for weight in weights) > 0.101 for mark in (BEND, BEYOND)):
        return None
    if min(weights) > BEYOND:
        return None
    at_bend, beyond = np.interp([BEND, BEYOND], weights, [point.damage for point in below])
    return DamageBend(float(at_bend), float(beyond - at_bend))


def _spill(table: CellTable, side: ScanSide, unrelated: frozenset[int]) -> float | None:
    columns = np.array([prompt in unrelated for prompt, _seed in table.pairs])
    if columns.all() or not columns.any():
        return None
    ratios = []
    for row in side.effect:
        subject, other = median(row[~columns]), median(row[columns])
        if subject >= NO_EFFECT and not math.isnan(other):
            ratios.append(other / subject)
    return float(np.median(ratios)) if ratios else None


def _reference(table: CellTable, checkpoint: str) -> str:
    on = f" on {checkpoint}" if checkpoint else ""
    return (
        f"scan of {len(table.weights)} weights × {len(table.pairs)} pairs{on}, "
        f"{format_weight(min(table.weights))} to {format_weight(max(table.weights))}"
    )
