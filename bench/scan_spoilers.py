"""What the scan's damage sees of pictures that are spoilt on purpose, beside the lab's judge.

    python bench/scan_spoilers.py [--scenes 24]

Scenes drawn by code and spoilt by code, without a model; needs the extra ``lab``. Medians over the
scenes of damage (1 is the edge of the scan's band) and of the judge's Delta E.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab.judge import read
from lab.scenes import draw, random_scene
from lab.spoil import SPOILERS
from lib_lora_neg.scan.curves import SIGNS, MeasuredCell, points, tabulate
from lib_lora_neg.scan.measures import measure, prepare
from lib_lora_neg.scan.plan import ScanCell
from lib_lora_neg.scan.ports import Picture

STRENGTHS = (0.0, 0.1, 0.4, 0.7, 1.0)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--scenes", type=int, default=24)
    count = arguments.parse_args().scenes
    rng = np.random.default_rng(3)
    scenes = [draw(random_scene(rng)) for _ in range(count)]
    for name, spoil in SPOILERS.items():
        cells, truth = [], {strength: [] for strength in STRENGTHS}
        for index, scene in enumerate(scenes):
            zero = None
            for strength in STRENGTHS:
                spoilt = scene
                if strength:
                    spoilt = spoil(scene, strength, np.random.default_rng([index]))
                pixels = (np.clip(spoilt, 0, 1) * 255).round().astype(np.uint8)
                prepared = prepare(Picture(pixels))
                zero = zero or prepared
                cells.append(MeasuredCell(ScanCell(strength, index, 0), measure(prepared, zero)))
                truth[strength].append(read(spoilt).damage)
        table = tabulate(cells)
        assert table is not None
        print(name)
        for point in points(table):
            cause = SIGNS[point.cause].words if point.damage >= 0.5 else ""
            delta = np.median(truth[point.weight])
            print(f"  {point.weight:3.1f}  scan {point.damage:5.2f}  judge {delta:5.2f}  {cause}")


if __name__ == "__main__":
    main()
