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

from bench.agreement import Pairing, told  # noqa: E402
from bench.scan_truth import options, quick_cases, scanned, tasks  # noqa: E402
from bench.truth_cells import LEVELS as ASKED  # noqa: E402
from bench.truth_cells import Scanned  # noqa: E402
from lib_lora_neg.scan.quick import LIMITS, QuickLimits  # noqa: E402
from lib_lora_neg.scan.quick_report import LEVELS  # noqa: E402

DEPARTURES = (0.06, 0.08, 0.1, 0.12, 0.13, 0.14, 0.15, 0.16, 0.18, 0.2, 0.25, 0.3, 9.0)
UNRELATED = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 9.0)

Levels = tuple[float, ...]
Setting = tuple[Levels, QuickLimits]


class Fit:
    """All cases of some LoRAs, seen at each pair of noise levels."""

    def __init__(self, found: list[Scanned]) -> None:
        self.cases = {
            levels: [case for item in found for case in quick_cases(item, levels)]
            for levels in {*itertools.combinations(ASKED, 2), LEVELS}
        }

    def pairings(self, setting: Setting) -> list[Pairing]:
        levels, limits = setting
        return [case.pairing(limits) for case in self.cases[levels]]

    def score(self, setting: Setting) -> tuple[int, float]:
        """Return how many sets agree, then how near the others are, 2 for a missing onset."""
        pairs = self.pairings(setting)
        far = sum(
            2.0 if p.found is None or p.truth is None else abs(p.found - p.truth)
            for p in pairs
            if not p.agrees
        )
        return sum(pair.agrees for pair in pairs), -far


def main() -> None:
    given = options(__doc__)
    found = scanned(tasks(given), given.jobs)
    groups = list(dict.fromkeys(item.group for item in found))
    fits = {group: Fit([item for item in found if item.group == group]) for group in groups}
    settings = [
        (levels, QuickLimits(departure, unrelated))
        for levels in itertools.combinations(ASKED, 2)
        for departure in DEPARTURES
        for unrelated in UNRELATED
    ]
    ranked = sorted(settings, key=fits["committed"].score, reverse=True)
    for setting in (*ranked[:8], (LEVELS, LIMITS)):
        print(f"levels {setting[0]}, {setting[1]}")
        for group, fit in fits.items():
            print("   " + told(group, fit.pairings(setting)))


if __name__ == "__main__":
    main()
