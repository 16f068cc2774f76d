"""Which ways of joining the model's own judgement with the pixels agree best with the judge?

    python bench/fit_critic.py --below [the options of scan_truth.py]

Tries ways of reading the damage and of reading the onset from it. Their parameters are chosen on
all committed LoRAs but one and tried on that one (leave one out), and, chosen on all of them, on
the hold-outs. Beside the sets of `scan_truth` stand many drawn ones of the same make, which wobble
less: *off* is how far the onsets are apart, in weight, 0.4 at most.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.agreement import Pairing  # noqa: E402
from bench.scan_truth import options, scanned, tasks  # noqa: E402
from bench.truth_ceilings import STEP, sets  # noqa: E402
from bench.truth_cells import PROMPTS, SEEDS, SET, Scanned  # noqa: E402
from bench.truth_onsets import edge, judges_onset, matrix, table_of  # noqa: E402
from lib_lora_neg.scan import joining  # noqa: E402
from lib_lora_neg.scan.critic import CriticReading, heat, misfit, tolerances  # noqa: E402
from lib_lora_neg.scan.joining import (  # noqa: E402
    BESIDE_MODEL,
    BLUR_BESIDE_MODEL,
    MISFIT,
    Matrix,
)
from lib_lora_neg.scan.plan import ScanCell  # noqa: E402
from lib_lora_neg.scan.weights import FINE  # noqa: E402

BELOW = tuple(weight for weight in reversed(FINE) if weight < 0)
"""Outwards."""

DRAWN = 40
"""Drawn sets of each size."""

FARTHEST = 0.4
"""Of two onsets; none at all counts as one two steps beyond the last weight."""

EIGHTH = 8
"""The worst part of a map is one in so many of its places."""

STEEPNESS = 4.0
"""Of the chance of damage over the damage: at 1 it is one half, at 2 it is 94 %."""

Prompts = tuple[int, ...]
Estimator = Callable[[Matrix], float | None]


@dataclass(frozen=True, eq=False)
class Part:
    """One LoRA and set of prompts at negative weights, outwards; rows are weights, columns pairs.

    Attributes:
        pixels: the damage without the model.
        signs: its signs, by their keys.
        unlikely: octaves, as `critic.unlikely`.
        worst: octaves in the worst eighth of the map.
        misfits: `critic.misfit` since weight 0, by the share of places that is tolerated.
        truth: the judge's onset.
    """

    pixels: Matrix
    signs: dict[str, Matrix]
    unlikely: Matrix
    worst: Matrix
    misfits: dict[float, Matrix]
    truth: float | None


class Seen:
    """One LoRA, and its parts by their prompts."""

    def __init__(self, found: Scanned) -> None:
        self.found, self.name = found, found.label
        self.readings = {item.cell: item.reading for item in found.cells if item.reading}
        self.worst = {
            cell: _worst(reading, self.readings[replace(cell, weight=0.0)])
            for cell, reading in self.readings.items()
        }
        wanted = itertools.chain.from_iterable(SETS.values())
        self.parts = {prompts: self._part(prompts) for prompts in wanted}

    def _part(self, prompts: Prompts) -> Part:
        columns = {(prompt, seed) for prompt in prompts for seed in SEEDS}
        table = table_of(self.found, FINE, columns)
        alone = table_of(self.found.without_model(), FINE, columns)
        rows = [table.weights.index(weight) for weight in BELOW]
        return Part(
            alone.damage[rows],
            {name: sign[rows] for name, sign in alone.signs.items()},
            np.nan_to_num(table.unlikely[rows]),
            np.array([[self.worst[ScanCell(w, *pair)] for pair in table.pairs] for w in BELOW]),
            {share: self._misfits(table.pairs, share) for share in TOLERATED},
            judges_onset(table.weights, matrix(self.found, table), edge(self.found)),
        )

    def _misfits(self, pairs: Sequence[tuple[int, int]], share: float) -> Matrix:
        at_zero = [self.readings[ScanCell(0.0, *pair)] for pair in pairs]
        limits = tolerances(at_zero, share)
        zeros = np.array([misfit(reading, limits) for reading in at_zero])
        every = [
            [misfit(self.readings[ScanCell(w, *pair)], limits) for pair in pairs] for w in BELOW
        ]
        return np.array(every) - zeros


def _worst(here: CriticReading, at_zero: CriticReading) -> float:
    grown = np.sort(heat(here, at_zero).ravel())
    return float(grown[-(grown.size // EIGHTH) :].mean())


@dataclass(frozen=True)
class Way:
    """A way to an onset; ``damage`` takes a `Part` and parameters, 1 is the band's edge."""

    name: str
    damage: Callable[..., Matrix]
    parameters: tuple[tuple[float, ...], ...] = ((),)
    onset: Estimator | None = None


def joined(*parts: Matrix) -> Matrix:
    return joining.joined([np.maximum(0.0, part) for part in parts])


def diluted(seen: Part, blur: float = BLUR_BESIDE_MODEL, others: float = BESIDE_MODEL) -> Matrix:
    """The pixels' signs divided."""
    return joined(
        *(part / (blur if name == "blur" else others) for name, part in seen.signs.items())
    )


def at_once(damage: Matrix) -> float | None:
    """The judge's own rule."""
    return judges_onset(BELOW, damage, 1.0)


def rising(damage: Matrix) -> float | None:
    """Where the share of damaged pictures, made to rise (isotonic fit), crosses one half."""
    return _crossing((damage > 1).mean(axis=1))


def softly(damage: Matrix) -> float | None:
    """The same over each picture's chance of damage instead of its threshold."""
    return _crossing((1 / (1 + np.maximum(damage, 1e-3) ** -STEEPNESS)).mean(axis=1))


def _crossing(shares: Matrix) -> float | None:
    for at, weight in enumerate(BELOW):
        ends = range(at, len(shares))
        risen = max(min(shares[i : k + 1].mean() for k in ends) for i in range(at + 1))
        if risen >= 0.5 - 1e-9:
            return weight
    return None


def own_change(damage: Matrix) -> float | None:
    """The middle one of the pictures' own onsets: the step from clean to damaged that fits best."""
    out = damage > 1
    misses = np.array([out[:k].sum(axis=0) + (~out[k:]).sum(axis=0) for k in range(len(out) + 1)])
    first = len(out) - np.argmin(misses[::-1], axis=0)
    shares = [(first <= at).mean() for at in range(len(out))]
    return next((w for w, s in zip(BELOW, shares, strict=True) if s >= 0.5), None)


def grid(*axes: Sequence[float]) -> tuple[tuple[float, ...], ...]:
    return tuple(itertools.product(*axes))


OCTAVES = (0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6)
WORST = (1.4, 1.6, 1.8, 2.0, 2.2, 2.4, 2.6, 2.8)
MISFITS = (0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 0.22, 0.25, 0.3)
TOLERATED = (0.7, 0.8, 0.9)

PIXELS = Way("pixels alone", lambda s: s.pixels)
NOW = Way("as it is: misfit, pixels", lambda s: joined(s.misfits[0.8] / MISFIT, diluted(s)))
BEFORE = Way(
    "as it was: unlikely, half the pixels but blur",
    lambda s: joined(s.unlikely / 1.3, diluted(s, 1.0, 2.0)),
)

WAYS = (
    PIXELS,
    replace(PIXELS, name="pixels, isotonic", onset=rising),
    replace(PIXELS, name="pixels, chance of damage", onset=softly),
    replace(PIXELS, name="pixels, each picture's onset", onset=own_change),
    Way("pixels, edge fitted", lambda s, e: s.pixels / e, grid((0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4))),
    BEFORE,
    NOW,
    Way("unlikely alone", lambda s, e: s.unlikely / e, grid(OCTAVES)),
    Way("worst eighth alone", lambda s, e: s.worst / e, grid(WORST)),
    *(
        Way(f"misfit beyond {q:.0%}", lambda s, e, q=q: s.misfits[q] / e, grid(MISFITS))
        for q in TOLERATED
    ),
    Way("misfit, isotonic", lambda s, e: s.misfits[0.8] / e, grid(MISFITS), rising),
    Way("misfit, chance of damage", lambda s, e: s.misfits[0.8] / e, grid(MISFITS), softly),
    *(
        Way(
            f"misfit, blur by {blur}, other pixels by {others}",
            lambda s, e, blur=blur, others=others: joined(
                s.misfits[0.8] / e, diluted(s, blur, others)
            ),
            grid(MISFITS),
        )
        for blur in (1.0, 1.25, 1.5)
        for others in (2.0, 3.0, math.inf)
    ),
)


def drawn_sets(times: int) -> list[Prompts]:
    """Draw sets of the make of `scan_truth`: two prompts with the subject for each without."""
    rng = np.random.default_rng(0)
    without = [prompt for prompt in range(PROMPTS) if prompt % SET == SET - 1]
    subject = [prompt for prompt in range(PROMPTS) if prompt not in without]
    return [
        tuple(
            sorted(
                (
                    *(int(p) for p in rng.choice(subject, 2 * times, replace=False)),
                    *(int(p) for p in rng.choice(without, times, replace=False)),
                )
            )
        )
        for _ in range(DRAWN)
    ]


SETS: dict[str, list[Prompts]] = {
    "3": sets(SET),
    "6": sets(2 * SET),
    "drawn 3": drawn_sets(1),
    "drawn 6": drawn_sets(2),
}


@dataclass(frozen=True)
class Score:
    """By the names of `SETS`: how many sets agree, and how far the onsets are apart."""

    agree: dict[str, int]
    off: dict[str, float]

    @property
    def loss(self) -> float:
        return self.off["drawn 3"] + self.off["drawn 6"]


def score(way: Way, parameters: tuple[float, ...], seen: Seen) -> Score:
    read = way.onset or at_once
    agree, off = {}, {}
    for name, group in SETS.items():
        parts = [seen.parts[prompts] for prompts in group]
        pairs = [(read(way.damage(part, *parameters)), part.truth) for part in parts]
        agree[name] = sum(Pairing("", "", 0, found, truth, STEP).agrees for found, truth in pairs)
        off[name] = float(np.mean([apart(found, truth) for found, truth in pairs]))
    return Score(agree, off)


def apart(found: float | None, truth: float | None) -> float:
    last = min(FINE) - 2 * STEP
    mine, other = (last if onset is None else onset for onset in (found, truth))
    return min(FARTHEST, abs(mine - other))


def line(name: str, scores: Sequence[Score]) -> str:
    parts = []
    for key, group in SETS.items():
        hits, total = sum(s.agree[key] for s in scores), len(group) * len(scores)
        off = float(np.mean([s.off[key] for s in scores]))
        parts.append(f"{key}: {hits} of {total} = {hits / total:.0%}, off {off:.3f}")
    return f"  {name:14} " + "; ".join(parts)


def main() -> None:
    given = options(__doc__)
    everything = [Seen(found) for found in scanned(tasks(given), given.jobs)]
    committed = [seen for seen in everything if not seen.found.task.held_out]
    groups = dict.fromkeys(s.found.group for s in everything if s.found.task.held_out)
    for way in WAYS:
        table = {(p, s.name): score(way, p, s) for p in way.parameters for s in everything}

        chosen = best(table, committed)
        print(f"{way.name}: {chosen}")
        print(line("committed", [table[chosen, s.name] for s in committed]))
        left = [
            (s, best(table, [other for other in committed if other is not s])) for s in committed
        ]
        print(line("one left out", [table[p, s.name] for s, p in left]))
        for group in groups:
            mine = [s for s in everything if s.found.group == group]
            print(line(group, [table[chosen, s.name] for s in mine]), flush=True)


def best(
    table: Mapping[tuple[tuple[float, ...], str], Score], of: Sequence[Seen]
) -> tuple[float, ...]:
    """Return the parameters with the least loss over some LoRAs; the first of equal ones."""
    names = {seen.name for seen in of}
    losses: dict[tuple[float, ...], float] = {}
    for (parameters, name), found in table.items():
        if name in names:
            losses[parameters] = losses.get(parameters, 0.0) + found.loss
    return min(losses, key=lambda parameters: round(losses[parameters], 9))


if __name__ == "__main__":
    main()
