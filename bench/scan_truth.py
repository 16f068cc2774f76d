"""How well the weight scan finds the damage that a judge finds, in the small trained world.

    python bench/scan_truth.py [--holdouts DIR …] [--work DIR] [--jobs 2] [--figures DIR] [--json]

Needs the trained world and its LoRAs in ``lab/`` and the packages of the extra ``lab``. Hold-out
LoRAs, which no limit was fitted on, are trained with other seeds and data, two minutes each:

    python -m lab.train_loras --seed 101 --out DIR

and each folder of them is scanned with other prompts. Pictures are made once and kept in the work
folder; the first run takes about seven minutes per LoRA and core, every other one seconds.

Each figure is told without and with the model's own judgement. ``--ceiling`` also makes the same
prompts at other seeds and holds the judge against itself there; beside every figure stands that
ceiling, and which share of it is reached. It is a yardstick, no bound: a scan sees the same
pictures as the judge. ``--below`` makes no pictures at weights above 0: half of the time, and
neither false alarms there nor the quick scan.
"""

from __future__ import annotations

import argparse
import json
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

from bench.agreement import Pairing, reached, show_pairings, summary  # noqa: E402
from bench.truth_ceilings import (  # noqa: E402
    CEILING,
    SIZES,
    STEP,
    ceiling_of,
    ceilings,
    seeing_blur,
    sets,
)
from bench.truth_cells import SAMPLING, SEEDS, SET, Scanned, Task, scan  # noqa: E402
from bench.truth_onsets import (  # noqa: E402
    edge,
    judges_onset,
    matrix,
    scan_onset,
    table_of,
)
from lib_lora_neg.scan.questions import question_set  # noqa: E402
from lib_lora_neg.scan.quick import (  # noqa: E402
    LIMITS,
    QuickLimits,
    QuickPoint,
    quick_onset,
    quick_points,
)
from lib_lora_neg.scan.quick_report import LEVELS  # noqa: E402
from lib_lora_neg.scan.weights import FINE, NINE  # noqa: E402

COARSE = 0.25
"""Grid step of the scan with nine weights."""

COMMITTED_SEED, HOLDOUT_SEED, NEXT_SEED = 11, 23, 14
"""Of the prompts: of the committed LoRAs, of the first hold-outs, and how much more per folder."""


@dataclass(frozen=True)
class Correlation:
    """Spearman's rank correlation of the scan's damage with the judge's, for one LoRA."""

    lora: str
    kind: str
    held_out: bool
    judge_finds: bool
    curves: float
    cells: float


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


def onsets(found: Scanned, size: int = SET) -> list[Pairing]:
    """Return the scan's bleeding onset beside the judge's, per prompt set with both seeds."""
    pairings = []
    for index, prompt_set in enumerate(sets(size)):
        columns = {(prompt, seed) for prompt in prompt_set for seed in SEEDS}
        table = table_of(found, FINE, columns)
        truth = judges_onset(table.weights, matrix(found, table), edge(found))
        mine = scan_onset(found, FINE, columns)
        pairings.append(Pairing(found.label, found.group, index, mine, truth, STEP))
    return pairings


def false_alarms(found: Sequence[Scanned]) -> tuple[int, int, int]:
    """Return on how many pictures at weights above 0 up to 1 the judge sees no damage, and on how
    many of these the scan does, without the model and with it."""
    sound = alone = helped = 0
    for item in found:
        pairs = {c.cell.pair for c in item.cells}
        tables = [table_of(one, FINE, pairs) for one in (item.without_model(), item)]
        rows = [row for row, weight in enumerate(tables[0].weights) if weight > 0]
        clean = (matrix(item, tables[0]) <= edge(item))[rows]
        sound += int(clean.sum())
        alone += int((clean & (tables[0].damage[rows] > 1)).sum())
        helped += int((clean & (tables[1].damage[rows] > 1)).sum())
    return sound, alone, helped


@dataclass(frozen=True)
class QuickCase:
    """What a quick scan saw of one LoRA and prompt set, and the full scan's onset there."""

    found: Scanned
    prompt_set: int
    points: tuple[QuickPoint, ...]
    truth: float | None

    def pairing(self, limits: QuickLimits = LIMITS) -> Pairing:
        """Compare; the quick scan's onset is the first of the nine weights beyond its crossing."""
        onset, _ = quick_onset(self.points, limits)
        mine = onset[1] if onset else None
        group = self.found.group
        return Pairing(self.found.label, group, self.prompt_set, mine, self.truth, COARSE)


def quick_cases(found: Scanned, levels: Sequence[float] = LEVELS) -> list[QuickCase]:
    """Return the quick scan beside the full scan of nine weights, per prompt set and one seed."""
    cases = []
    for index, prompt_set in enumerate(sets()):
        samples = [found.samples[level][prompt] for prompt in prompt_set for level in levels]
        columns = {(prompt, SEEDS[0]) for prompt in prompt_set}
        truth = scan_onset(found.without_model(), NINE, columns)
        cases.append(QuickCase(found, index, quick_points(samples), truth))
    return cases


def evaluations() -> tuple[int, int]:
    """Return the denoiser evaluations of a quick scan and of the full one."""
    return len(NINE) * SET * len(LEVELS), len(NINE) * SET * SAMPLING.evaluations


def comparisons(found: Sequence[Scanned]) -> dict[str, list[Pairing]]:
    """Return everything that is compared, by name."""
    plain = [item.without_model() for item in found]
    made = {}
    for words, size in SIZES.items():
        made[f"onset{words}"] = [p for item in plain for p in onsets(item, size)]
        made[f"onset, with the model{words}"] = [p for item in found for p in onsets(item, size)]
        ceiling = [p for item in found if item.again for p in ceilings(item, size)]
        if ceiling:
            made[f"{CEILING}{words}"] = ceiling
        made[f"a judge that sees blur, too{words}"] = [
            p for item in plain for p in seeing_blur(item, size)
        ]
        made[f"onset, burnt tones are damage{words}"] = [
            p for item in plain for p in onsets(item.with_burnt(), size)
        ]
    quick = [case.pairing() for item in plain if item.samples for case in quick_cases(item)]
    if quick:
        made["quick"] = quick
    return made


def show(found: Sequence[Scanned], correlations: Sequence[Correlation], quick_only: bool) -> None:
    if not quick_only:
        title = f"{'Spearman':34} {'type':18}"
        print(f"\n{title} curves, with the model  cells, with the model  judge finds damage")
        for c, m in zip(correlations, [correlation(item) for item in found], strict=True):
            mark = "yes" if c.judge_finds else "no"
            print(
                f"{c.lora:34} {c.kind:18} {c.curves:6.2f} {m.curves:16.2f} "
                f"{c.cells:6.2f} {m.cells:15.2f}  {mark}"
            )
        for kind in dict.fromkeys(item.kind for item in found):
            sound, alone, helped = false_alarms([item for item in found if item.kind == kind])
            if sound:
                print(
                    f"{kind}: of {sound} pictures that the judge finds sound at weights up to +1, "
                    f"damaged to the scan {alone / sound:.0%}, with the model {helped / sound:.0%}"
                )
    made = comparisons(found)
    for name, pairings in made.items():
        if not quick_only or name == "quick":
            print(f"\n{name}: found / truth, per prompt set")
            show_pairings(pairings)
            ceiling = ceiling_of(name, made)
            if ceiling:
                print(reached(pairings, ceiling))
    quick, full = evaluations()
    print(f"\nquick scan: {quick} evaluations, full: {full}, a share of 1/{full / quick:.1f}")
    more = question_set(SAMPLING).cost
    print(
        f"the model's judgement: {more} evaluations beside the {SAMPLING.evaluations} of a "
        f"picture, {more / SAMPLING.evaluations:.0%}"
    )


def tasks(given: argparse.Namespace) -> list[Task]:
    folders = [] if given.only_holdouts else [(given.loras, False, COMMITTED_SEED)]
    for index, folder in enumerate(given.holdouts):
        folders.append((folder, True, given.prompt_seed + NEXT_SEED * index))
    return [
        Task(given.world, folder, file.stem, held_out, seed, given.work, given.ceiling, given.below)
        for folder, held_out, seed in folders
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
    arguments.add_argument("--only-holdouts", action="store_true", help="not the committed ones")
    arguments.add_argument(
        "--prompt-seed", type=int, default=HOLDOUT_SEED, help="of the first hold-outs' prompts"
    )
    work = Path(tempfile.gettempdir()) / "lora-neg-scan-truth"
    arguments.add_argument("--work", type=Path, default=work)
    arguments.add_argument("--jobs", type=int, default=2, help="processes of one thread each")
    arguments.add_argument("--figures", type=Path, help="folder for the figures")
    arguments.add_argument("--ceiling", action="store_true", help="hold the judge against itself")
    arguments.add_argument("--below", action="store_true", help="no weights above 0")
    arguments.add_argument("--quick-only", action="store_true", help="show the quick scan only")
    arguments.add_argument("--json", action="store_true")
    return arguments.parse_args()


def main() -> None:
    given = options(__doc__)
    wanted = tasks(given)
    if not wanted:
        sys.exit(f"{given.loras}: no LoRAs; train them with python -m lab.train_loras")
    found = scanned(wanted, given.jobs)
    correlations = [correlation(item.without_model()) for item in found]
    if given.figures:
        from bench.truth_figures import draw

        draw(found, given.figures)
    if given.json:
        print(json.dumps({
            "correlations": [asdict(c) for c in correlations],
            **{name: {**summary(part), "pairings": [asdict(p) for p in part]}
               for name, part in comparisons(found).items()},
            "evaluations": evaluations(),
        }, indent=1))  # fmt: skip
    else:
        show(found, correlations, given.quick_only)


if __name__ == "__main__":
    main()
