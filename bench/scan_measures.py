"""Cost of measuring one picture of a scan, against one plain SSIM of the same pictures; and what
asking the model costs in its own evaluations.

Usage: python bench/scan_measures.py [--side 1024] [--rounds 7]

In one run and in turn: everything the scan measures on a picture whose weight-0 picture is
already prepared, and `skimage.metrics.structural_similarity` on the two pictures' gray at full
size. Prints medians in milliseconds per picture and their ratio; then, for what a scan begins with
on each family of models, the evaluations of one picture and the share that the model's own
judgement adds. Nothing else is needed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from skimage.color import rgb2gray
from skimage.metrics import structural_similarity

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib_lora_neg.scan.measures import measure, prepare
from lib_lora_neg.scan.ports import Picture
from lib_lora_neg.scan.questions import question_set
from lib_lora_neg.scan.usual import USUAL, usual_sampling


def picture(side: int, seed: int) -> Picture:
    """Make smooth shapes with edges and grain: what a generated picture costs to measure."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:side, 0:side] / side
    waves = random.uniform(1, 9, (3, 2))
    field = np.stack([np.sin(a * rows * 6 + b * columns * 6) for a, b in waves], axis=2)
    field = 128 + 80 * np.where(np.abs(field) > 0.7, field, field * 0.4)
    return Picture(np.clip(field + random.normal(0, 2, field.shape), 0, 255).astype(np.uint8))


def timed(function) -> float:
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) * 1000.0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--side", type=int, default=1024, help="of the square pictures")
    arguments.add_argument("--rounds", type=int, default=7, help="median over this many")
    options = arguments.parse_args()
    at_zero, other = picture(options.side, 1), picture(options.side, 2)
    reference = prepare(at_zero)
    grays = [rgb2gray(item.pixels) for item in (at_zero, other)]
    measure(prepare(other), reference)
    ours, plain = [], []
    for _ in range(options.rounds):
        ours.append(timed(lambda: measure(prepare(other), reference)))
        plain.append(timed(lambda: structural_similarity(*grays, data_range=1.0)))
    ours_median, plain_median = statistics.median(ours), statistics.median(plain)
    print(f"{options.side} × {options.side}, median of {options.rounds}")
    print(f"all measures of one picture: {ours_median:.1f} ms")
    print(f"one plain SSIM: {plain_median:.1f} ms")
    print(f"ratio: {ours_median / plain_median:.2f}")
    print("\nasking the model")
    for family in USUAL:
        sampling = usual_sampling(family)
        more = question_set(sampling).cost
        print(
            f"{family.value:10} {sampling.steps:3} steps, CFG {sampling.cfg:g}: "
            f"{sampling.evaluations:3} evaluations, {more} more, {more / sampling.evaluations:.0%}"
        )


if __name__ == "__main__":
    main()
