"""Where damage begins, going outwards from weight 0 on one side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from .curves import CellTable, cause_of, medians
from .joining import Matrix

HALF = 0.5
"""Share of the pairs that must be out of the band."""

JUMP = 4.0
"""The damage curve jumps where it becomes this many times as steep as it was before."""

JUMP_DAMAGE = 0.5
"""A jump counts from half the way to the band's edge on: below it, steepness is noise."""

JUMP_GAIN = 0.25
"""Damage gained from one weight to the next, in units of the band, that a jump must have: healthy
curves gain less by chance."""


class OnsetReason(str, Enum):
    """Why a weight is called the onset."""

    BAND = "band"
    """On at least half of the pairs, damage has left the band of the weight-0 pictures."""
    JUMP = "jump"
    """The damage curve becomes much steeper here."""


@dataclass(frozen=True, eq=False)
class ScanSide:
    """The cells of one side, outwards from 0; rows are weights, columns pairs."""

    weights: tuple[float, ...]
    effect: Matrix
    damage: Matrix
    signs: dict[str, Matrix]


@dataclass(frozen=True)
class Onset:
    """Where damage begins.

    Attributes:
        weight: the first damaged weight.
        index: how many weights of this side lie before it.
        band: ``(nearest 0, farthest)``: from the last clean weight to the first damaged one,
            widened to where 90 % of the bootstrap draws lie.
        reason: which of the two rules found it.
        cause: the sign with the largest part, by its key (`curves.words_of`).
        outside: pairs out of the band at this weight.
        pairs: pairs with a cell at this weight.
        certainty: share (0–1) of the bootstrap draws that find any onset.
    """

    weight: float
    index: int
    band: tuple[float, float]
    reason: OnsetReason
    cause: str
    outside: int
    pairs: int
    certainty: float


def side_of(table: CellTable, sign: int) -> ScanSide:
    """Return the measured weights on the negative (−1) or positive (+1) side."""
    rows = [
        row
        for row in sorted(range(len(table.weights)), key=lambda row: abs(table.weights[row]))
        if table.weights[row] * sign > 0 and not np.isnan(table.damage[row]).all()
    ]
    return ScanSide(
        weights=tuple(table.weights[row] for row in rows),
        effect=table.effect[rows],
        damage=table.damage[rows],
        signs={name: matrix[rows] for name, matrix in table.signs.items()},
    )


def bootstrap_rows(pairs: int, draws: int, seed: int) -> NDArray[np.int64]:
    """Return draws × pairs indices of pairs, drawn with replacement."""
    return np.random.default_rng(seed).integers(0, pairs, (draws, pairs))


def find_onset(side: ScanSide, draws: NDArray[np.int64]) -> Onset | None:
    """Return where damage begins on one side; ``None`` when it does not."""
    found = first_damaged(side)
    if found is None:
        return None
    index, reason = found
    drawn = side.damage[:, draws]
    hits = [
        hit[0]
        for shares, curve in zip(_shares(drawn).T, medians(drawn).T, strict=True)
        if (hit := _first_damaged(side.weights, shares, curve)) is not None
    ]
    nearest, farthest = index, index
    if hits:
        low, high = np.percentile(hits, [5, 95], method="nearest")
        nearest, farthest = min(index, int(low)), max(index, int(high))
    known = side.damage[index][~np.isnan(side.damage[index])]
    return Onset(
        weight=side.weights[index],
        index=index,
        band=(side.weights[nearest - 1] if nearest else 0.0, side.weights[farthest]),
        reason=reason,
        cause=cause_of({name: float(medians(m[index])) for name, m in side.signs.items()}),
        outside=int((known > 1.0).sum()),
        pairs=known.size,
        certainty=len(hits) / len(draws),
    )


def first_damaged(side: ScanSide) -> tuple[int, OnsetReason] | None:
    """Return the row of a side at which damage begins, and why; ``None`` when it does not."""
    return _first_damaged(side.weights, _shares(side.damage), medians(side.damage))


def _shares(damage: Matrix) -> Matrix:
    """Return the share of the known values beyond the edge of the band; 0 when none is known."""
    known = np.maximum(1, (~np.isnan(damage)).sum(axis=-1))
    shares: Matrix = (damage > 1.0).sum(axis=-1) / known
    return shares


def _first_damaged(
    weights: Sequence[float], shares: Matrix, curve: Matrix
) -> tuple[int, OnsetReason] | None:
    """Return the first damaged row and why; outwards it must not be clean again at once."""
    last = len(weights) - 1
    for index in range(len(weights)):
        if shares[index] >= HALF and (index == last or shares[index + 1] >= HALF):
            return index, OnsetReason.BAND
        if _jumps(weights, curve, index) and (index == last or curve[index + 1] >= curve[index]):
            return index, OnsetReason.JUMP
    return None


def _jumps(weights: Sequence[float], curve: Matrix, index: int) -> bool:
    if index == 0 or not curve[index] >= JUMP_DAMAGE:
        return False
    distances = np.abs([0.0, *weights[: index + 1]])
    gains = np.diff(np.nan_to_num([0.0, *curve[: index + 1]]))
    slopes = gains / np.diff(distances)
    return bool(gains[-1] >= JUMP_GAIN and slopes[-1] >= JUMP * max(0.0, slopes[:-1].max()))
