"""Ceilings of `scan_truth`: how often the judge agrees with itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bench.agreement import Pairing
from bench.truth_cells import PROMPTS, SEEDS, SET, Scanned
from bench.truth_onsets import edge, judge_again, judges_onset, matrix, table_of
from lib_lora_neg.scan.weights import FINE

STEP = 0.1
"""Grid step of the fine scan."""

SIZES = {"": SET, ", sets of six prompts": 2 * SET}
"""What is added to a name, and prompts of a set."""

CEILING = "ceiling"


def sets(size: int = SET) -> list[tuple[int, ...]]:
    return [tuple(range(first, first + size)) for first in range(0, PROMPTS, size)]


def ceilings(found: Scanned, size: int = SET) -> list[Pairing]:
    """Return the judge's onset at other seeds beside the judge's, per prompt set."""
    pairings = []
    for index, prompt_set in enumerate(sets(size)):
        table = table_of(found, FINE, {(prompt, seed) for prompt in prompt_set for seed in SEEDS})
        truth = judges_onset(table.weights, matrix(found, table), edge(found))
        again = judge_again(found, prompt_set)
        pairings.append(Pairing(found.label, found.group, index, again, truth, STEP))
    return pairings


def seeing_blur(found: Scanned, size: int = SET) -> list[Pairing]:
    """Return the onset of a judge that sees blur, too, beside the judge's own, per prompt set: what
    its blindness for blur alone costs in agreement."""
    pairings = []
    for index, prompt_set in enumerate(sets(size)):
        table = table_of(found, FINE, {(prompt, seed) for prompt in prompt_set for seed in SEEDS})
        rises, limit = matrix(found, table), edge(found)
        truth = judges_onset(table.weights, rises, limit)
        more = judges_onset(table.weights, np.where(table.signs["blur"] > 1, np.inf, rises), limit)
        pairings.append(Pairing(found.label, found.group, index, more, truth, STEP))
    return pairings


def ceiling_of(name: str, made: Mapping[str, list[Pairing]]) -> list[Pairing]:
    """Return the ceiling of an onset by its name, of sets of the same size; empty without one."""
    if not name.startswith("onset") or "burnt" in name:
        return []
    return made.get(CEILING + next(words for words in reversed(SIZES) if name.endswith(words)), [])
