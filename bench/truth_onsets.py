"""Onsets as the scan and as the judge have them, for `scan_truth` and its figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.truth_cells import Scanned
from lib_lora_neg.scan.bracket import judge
from lib_lora_neg.scan.curves import CellTable, tabulate
from lib_lora_neg.scan.plan import ScanCell

SIGMAS = 3.0
LEAST = 1.0
"""The judge's band: a picture is damaged when its damage has risen since weight 0 by more than
three robust standard deviations of the weight-0 pictures' damage, and by 1 Delta E at least."""


def matrix(found: Scanned, table: CellTable) -> np.ndarray:
    """Return the judge's damage since weight 0, arranged as the scan's own table."""
    raw = np.array(
        [
            [found.judged[ScanCell(weight, *pair)] for pair in table.pairs]
            for weight in table.weights
        ]
    )
    return raw - raw[table.zero]


def judge_again(found: Scanned, prompts: Sequence[int]) -> float | None:
    """Return the judge's onset for the same prompts at other seeds."""
    weights = sorted({cell.weight for cell in found.again})
    pairs = sorted({cell.pair for cell in found.again if cell.prompt in prompts})
    raw = np.array([[found.again[ScanCell(weight, *pair)] for pair in pairs] for weight in weights])
    return judges_onset(weights, raw - raw[weights.index(0.0)], edge(found))


def edge(found: Scanned) -> float:
    """Return how far the judge's damage may rise before a picture of this LoRA is damaged."""
    zero = np.array([value for cell, value in found.judged.items() if cell.weight == 0])
    sigma = 1.4826 * float(np.median(np.abs(zero - np.median(zero))))
    return max(LEAST, SIGMAS * sigma)


def judges_onset(weights: Sequence[float], rises: np.ndarray, limit: float) -> float | None:
    """Return the first negative weight at which half of the pictures are damaged, and stay so."""
    below = sorted((w for w in weights if w < 0), reverse=True)
    half = [float((rises[weights.index(w)] > limit).mean()) >= 0.5 for w in below]
    for index, weight in enumerate(below):
        if half[index] and (index + 1 == len(below) or half[index + 1]):
            return weight
    return None


def table_of(found: Scanned, weights: Sequence[float], columns: set[tuple[int, int]]) -> CellTable:
    table = tabulate(
        [c for c in found.cells if c.cell.weight in weights and c.cell.pair in columns]
    )
    assert table is not None
    return table


def scan_onset(found: Scanned, weights: Sequence[float], columns: set[tuple[int, int]]):
    cells = [c for c in found.cells if c.cell.weight in weights and c.cell.pair in columns]
    onset = judge(cells).onset
    return onset.weight if onset else None
