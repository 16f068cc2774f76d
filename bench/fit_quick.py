"""Fit the quick scan's limits and noise levels against full scans, in the small trained world.

    python bench/fit_quick.py [the options of scan_truth.py]

Tries every pair of noise levels with every pair of limits, on the committed LoRAs alone, and tells
how the best ones do there and on the hold-outs, beside those in use.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.scan_truth import Pairing, options, quick_onsets, scanned, tasks, told  # noqa: E402
from bench.truth_cells import LEVELS as ASKED  # noqa: E402
from bench.truth_cells import Scanned  # noqa: E402
from lib_lora_neg.scan.quick import LIMITS, QuickLimits  # noqa: E402
from lib_lora_neg.scan.quick_report import LEVELS  # noqa: E402

DEPARTURES = (0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 9.0)
UNRELATED = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8, 9.0)

Setting = tuple[tuple[float, ...], QuickLimits]


def pairings(found: list[Scanned], setting: Setting) -> list[Pairing]:
    levels, limits = setting
    return [pairing for item in found for pairing in quick_onsets(item, levels, limits)]


def score(found: list[Scanned], setting: Setting) -> tuple[int, float]:
    """Return how many sets agree, then how near the others are, 2 for a missing onset."""
    pairs = pairings(found, setting)
    far = sum(
        2.0 if p.found is None or p.truth is None else abs(p.found - p.truth)
        for p in pairs
        if not p.agrees
    )
    return sum(pair.agrees for pair in pairs), -far


def main() -> None:
    given = options(__doc__)
    found = scanned(tasks(given), given.jobs)
    committed = [item for item in found if not item.task.held_out]
    held_out = [item for item in found if item.task.held_out]
    settings = [
        (levels, QuickLimits(departure, unrelated))
        for levels in itertools.combinations(ASKED, 2)
        for departure in DEPARTURES
        for unrelated in UNRELATED
    ]
    ranked = sorted(settings, key=lambda setting: score(committed, setting), reverse=True)
    for setting in (*ranked[:8], (LEVELS, LIMITS)):
        print(f"levels {setting[0]}, {setting[1]}")
        for name, part in (("committed", committed), ("hold-out", held_out)):
            if part:
                print("   " + told(name, pairings(part, setting)))


if __name__ == "__main__":
    main()
