"""How long a scan will take, from what earlier ones took on the same checkpoint."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from .files import read_json
from .past_scans import PastScan
from .plan import ScanPlan

LOOKED_AT = 100
"""Cells whose times are read: enough for a steady mean."""

OUTLYING = 3.0
"""A time so many times as long as the next holds something else, such as loading the model."""


def known_pace(scans: Iterable[PastScan], checkpoint: str) -> float | None:
    """Return seconds per evaluation and megapixel; ``None`` when nothing was made there yet.

    Args:
        scans: the latest first.
        checkpoint: short hash.
    """
    for scan in scans:
        if scan.plan.checkpoint == checkpoint and scan.finished:
            cells = islice((scan.folder / "cells").glob("w*.json"), LOOKED_AT)
            records = (read_json(path) or {} for path in cells)
            seconds = [record.get("seconds") for record in records]
            known = [value for value in seconds if isinstance(value, (int, float)) and value >= 0]
            if any(known):
                work = scan.plan.sampling.evaluations * megapixels(scan.plan)
                return _mean(known) / work
    return None


def _mean(seconds: list[float]) -> float:
    """Return the mean, not the median: of a batch that is handed out at once, the first cell has
    all the time and the others none. The longest counts as the next if it is far longer."""
    *rest, longest = sorted(seconds)
    if rest and 0 < rest[-1] * OUTLYING < longest:
        longest = rest[-1]
    return (sum(rest) + longest) / len(seconds)


def megapixels(plan: ScanPlan) -> float:
    """Return the size of one picture in millions of pixels."""
    return plan.sampling.width * plan.sampling.height / 1e6
