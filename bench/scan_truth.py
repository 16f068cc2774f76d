"""How well the weight scan finds the damage that a judge finds, in the small trained world.

    python bench/scan_truth.py [--holdouts DIR …] [--work DIR] [--jobs 2] [--figures DIR] [--json]

Needs the trained world and its LoRAs in ``lab/`` and the packages of the extra ``lab``. Hold-out
LoRAs, which no limit was fitted on, are trained with other seeds and data, two minutes each:

    python -m lab.train_loras --seed 101 --out DIR

and scanned with other prompts. Pictures are made once and kept in the work folder; the first run
takes about a quarter of an hour per eight LoRAs and core, every other one seconds.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.truth_cells import PROMPTS, SAMPLING, SEEDS, SET, Scanned, Task, scan  # noqa: E402
from lib_lora_neg.scan.bracket import judge  # noqa: E402
from lib_lora_neg.scan.curves import Table, tabulate  # noqa: E402
from lib_lora_neg.scan.plan import Cell  # noqa: E402
from lib_lora_neg.scan.quick import LIMITS, judge_quick  # noqa: E402
from lib_lora_neg.scan.quick_report import LEVELS  # noqa: E402
from lib_lora_neg.scan.weights import FINE, NINE  # noqa: E402

SIGMAS = 3.0
LEAST = 1.0
"""The judge's band: a picture is damaged when its damage has risen since weight 0 by more than
three robust standard deviations of the weight-0 pictures' damage, and by 1 Delta E at least."""

STEP, COARSE = 0.1, 0.25
"""Grid steps of the fine scan and of the one with nine weights."""

BAR, CORRELATION_BAR, SHARE_BAR = 0.8, 0.8, 1 / 20


@dataclass(frozen=True)
class Correlation:
    """Spearman's rank correlation of the scan's damage with the judge's, for one LoRA."""

    lora: str
    kind: str
    held_out: bool
    judge_finds: bool
    curves: float
    cells: float


@dataclass(frozen=True)
class Pairing:
    """Two onsets of one LoRA and prompt set: the one under test and the one it should be."""

    lora: str
    held_out: bool
    prompt_set: int
    found: float | None
    truth: float | None
    step: float

    @property
    def agrees(self) -> bool:
        if self.found is None or self.truth is None:
            return self.found is self.truth
        return abs(self.found - self.truth) <= self.step + 1e-9


def matrix(found: Scanned, table: Table) -> np.ndarray:
    """Return the judge's damage since weight 0, arranged as the scan's own table."""
    raw = np.array(
        [[found.judged[Cell(weight, *pair)] for pair in table.pairs] for weight in table.weights]
    )
    return raw - raw[table.zero]


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


def table_of(found: Scanned, weights: Sequence[float], columns: set[tuple[int, int]]) -> Table:
    table = tabulate(
        [c for c in found.cells if c.cell.weight in weights and c.cell.pair in columns]
    )
    assert table is not None
    return table


def sets() -> list[tuple[int, ...]]:
    return [tuple(range(first, first + SET)) for first in range(0, PROMPTS, SET)]


def correlation(found: Scanned) -> Correlation:
    table = table_of(found, FINE, {c.cell.pair for c in found.cells})
    rises = matrix(found, table)
    limit = edge(found)
    median = np.median(rises, axis=1)
    return Correlation(
        found.label,
        found.kind,
        found.task.held_out,
        bool(((rises > limit).mean(axis=1) >= 0.5).any()),
        float(spearmanr(np.median(table.damage, axis=1), median).statistic),
        float(spearmanr(table.damage.ravel(), rises.ravel()).statistic),
    )


def scan_onset(found: Scanned, weights: Sequence[float], columns: set[tuple[int, int]]):
    cells = [c for c in found.cells if c.cell.weight in weights and c.cell.pair in columns]
    onset = judge(cells).onset
    return onset.weight if onset else None


def onsets(found: Scanned) -> list[Pairing]:
    """Return the scan's bleeding onset beside the judge's, per prompt set with both seeds."""
    pairings = []
    for index, prompt_set in enumerate(sets()):
        columns = {(prompt, seed) for prompt in prompt_set for seed in SEEDS}
        table = table_of(found, FINE, columns)
        truth = judges_onset(table.weights, matrix(found, table), edge(found))
        mine = scan_onset(found, FINE, columns)
        pairings.append(Pairing(found.label, found.task.held_out, index, mine, truth, STEP))
    return pairings


def quick_onsets(found: Scanned, levels: Sequence[float] = LEVELS, limits=LIMITS) -> list[Pairing]:
    """Return the quick scan's onset beside that of the full scan of nine weights and one seed.

    The quick scan's is the first of the nine weights beyond its crossing.
    """
    pairings = []
    for index, prompt_set in enumerate(sets()):
        samples = [found.samples[level][prompt] for prompt in prompt_set for level in levels]
        bracket = judge_quick(samples, limits=limits).bracket
        band = bracket.onset_band if bracket else None
        truth = scan_onset(found, NINE, {(prompt, SEEDS[0]) for prompt in prompt_set})
        mine = band[1] if band else None
        pairings.append(Pairing(found.label, found.task.held_out, index, mine, truth, COARSE))
    return pairings


def evaluations() -> tuple[int, int]:
    """Return the denoiser evaluations of a quick scan and of the full one."""
    return len(NINE) * SET * len(LEVELS), len(NINE) * SET * SAMPLING.evaluations


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927)."""
    z, share = 1.96, hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    reach = z * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    return middle - reach / (1 + z * z / total), middle + reach / (1 + z * z / total)


def clustered(pairings: Sequence[Pairing]) -> tuple[float, float]:
    """Return a 95 % interval that draws whole LoRAs, since the sets of one are alike."""
    rng = np.random.default_rng(20261121)
    names = sorted({pairing.lora for pairing in pairings})
    shares = [[p.agrees for p in pairings if p.lora == name] for name in names]
    drawn = rng.integers(0, len(names), (4000, len(names)))
    means = [np.concatenate([shares[i] for i in row]).mean() for row in drawn]
    return float(np.percentile(means, 2.5)), float(np.percentile(means, 97.5))


def constant_answer(pairings: Sequence[Pairing]) -> float:
    """Return the best share of agreement that one and the same answer would reach everywhere."""
    answers = {pairing.truth for pairing in pairings}
    return max(
        np.mean([Pairing("", False, 0, answer, p.truth, p.step).agrees for p in pairings])
        for answer in answers
    )


def summary(pairings: Sequence[Pairing]) -> dict[str, object]:
    hits = sum(pairing.agrees for pairing in pairings)
    return {
        "cases": len(pairings),
        "agree": hits,
        "share": hits / len(pairings),
        "wilson": wilson(hits, len(pairings)),
        "by_lora": clustered(pairings),
        "with_onset": sum(pairing.truth is not None for pairing in pairings),
        "constant_answer": float(constant_answer(pairings)),
    }


def told(name: str, pairings: Sequence[Pairing]) -> str:
    s = summary(pairings)
    low, high = s["wilson"]  # type: ignore[misc]
    near, far = s["by_lora"]  # type: ignore[misc]
    return (
        f"{name}: {s['agree']} of {s['cases']} = {s['share']:.0%} (Wilson {low:.0%}–{high:.0%}, "
        f"LoRAs redrawn {near:.0%}–{far:.0%}); truth has an onset in {s['with_onset']}; "
        f"one answer for all would reach {s['constant_answer']:.0%}"
    )


def show(found: Sequence[Scanned], correlations: Sequence[Correlation], quick_only: bool) -> None:
    if not quick_only:
        print(f"\n{'Spearman':34} {'type':18} curves  cells  judge finds damage")
        for c in correlations:
            mark = "yes" if c.judge_finds else "no"
            print(f"{c.lora:34} {c.kind:18} {c.curves:6.2f} {c.cells:6.2f}  {mark}")
    for title, function in (("onset", onsets), ("quick", quick_onsets)):
        if quick_only and title == "onset":
            continue
        print(f"\n{title}: found / truth, per prompt set")
        pairings = [pairing for item in found for pairing in function(item)]
        for item in found:
            mine = [p for p in pairings if p.lora == item.label]
            text = "  ".join(f"{_w(p.found)}/{_w(p.truth)}{'' if p.agrees else '*'}" for p in mine)
            print(f"{item.label:34} {text}")
        for name, held_out in (("committed", False), ("hold-out", True)):
            part = [p for p in pairings if p.held_out is held_out]
            if part:
                print(told(name, part))
        print(told("all", pairings))
    quick, full = evaluations()
    print(f"\nquick scan: {quick} evaluations, full: {full}, a share of 1/{full / quick:.1f}")


def _w(weight: float | None) -> str:
    return "none" if weight is None else f"{weight:g}"


def tasks(given: argparse.Namespace) -> list[Task]:
    folders = [(given.loras, False), *((folder, True) for folder in given.holdouts)]
    return [
        Task(given.world, folder, file.stem, held_out, given.work)
        for folder, held_out in folders
        for file in sorted(folder.glob("*.safetensors"))
        if not given.only or file.stem in given.only
    ]


def scanned(wanted: Sequence[Task], jobs: int) -> list[Scanned]:
    started, found = time.monotonic(), []
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for item in pool.imap(scan, wanted, chunksize=1):
            found.append(item)
            seconds = time.monotonic() - started
            print(f"{item.label}: scanned, {len(found)} of {len(wanted)}, {seconds:.0f} s",
                  file=sys.stderr, flush=True)  # fmt: skip
    return found


def options(purpose: str) -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=purpose.splitlines()[0])
    arguments.add_argument("--world", type=Path, default=ROOT / "lab" / "world")
    arguments.add_argument("--loras", type=Path, default=ROOT / "lab" / "loras")
    arguments.add_argument("--holdouts", type=Path, nargs="*", default=[], metavar="DIR")
    arguments.add_argument("--only", nargs="*", metavar="NAME", help="some of the LoRAs")
    work = Path(tempfile.gettempdir()) / "lora-neg-scan-truth"
    arguments.add_argument("--work", type=Path, default=work)
    arguments.add_argument("--jobs", type=int, default=2, help="processes of one thread each")
    arguments.add_argument("--figures", type=Path, help="folder for the figures")
    arguments.add_argument("--quick-only", action="store_true", help="show the quick scan only")
    arguments.add_argument("--json", action="store_true")
    return arguments.parse_args()


def main() -> None:
    given = options(__doc__)
    wanted = tasks(given)
    if not wanted:
        sys.exit(f"{given.loras}: no LoRAs; train them with python -m lab.train_loras")
    found = scanned(wanted, given.jobs)
    correlations = [correlation(item) for item in found]
    if given.figures:
        from bench.truth_figures import draw

        draw(found, given.figures)
    if given.json:
        pairings = {
            "onset": [p for item in found for p in onsets(item)],
            "quick": [p for item in found for p in quick_onsets(item)],
        }
        print(json.dumps({
            "correlations": [asdict(c) for c in correlations],
            **{name: {**summary(part), "pairings": [asdict(p) for p in part]}
               for name, part in pairings.items()},
            "evaluations": evaluations(),
        }, indent=1))  # fmt: skip
    else:
        show(found, correlations, given.quick_only)


if __name__ == "__main__":
    main()
