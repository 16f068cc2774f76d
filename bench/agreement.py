"""How often two onsets agree, with intervals, and what one answer for all would reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pairing:
    """Two onsets of one LoRA and prompt set: the one under test and the one it should be."""

    lora: str
    group: str
    prompt_set: int
    found: float | None
    truth: float | None
    step: float

    @property
    def agrees(self) -> bool:
        if self.found is None or self.truth is None:
            return self.found is self.truth
        return abs(self.found - self.truth) <= self.step + 1e-9


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
        np.mean([Pairing("", "", 0, answer, p.truth, p.step).agrees for p in pairings])
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


def reached(pairings: Sequence[Pairing], ceiling: Sequence[Pairing]) -> str:
    """Tell a ceiling and the share of it that is reached by the pairings of the same LoRAs."""
    of = {(pairing.lora, pairing.group) for pairing in ceiling}
    mine = [pairing for pairing in pairings if (pairing.lora, pairing.group) in of]
    hits, most = (sum(p.agrees for p in part) for part in (mine, ceiling))
    low, high = wilson(most, len(ceiling))
    share = f"{hits / most:.0%} of it reached" if most else "nothing of it to reach"
    return (
        f"ceiling: {most} of {len(ceiling)} = {most / len(ceiling):.0%} "
        f"(Wilson {low:.0%}–{high:.0%}); {hits} of {len(mine)} here: {share}"
    )


def told(name: str, pairings: Sequence[Pairing]) -> str:
    s = summary(pairings)
    low, high = s["wilson"]  # type: ignore[misc]
    near, far = s["by_lora"]  # type: ignore[misc]
    return (
        f"{name}: {s['agree']} of {s['cases']} = {s['share']:.0%} (Wilson {low:.0%}–{high:.0%}, "
        f"LoRAs redrawn {near:.0%}–{far:.0%}); truth has an onset in {s['with_onset']}; "
        f"one answer for all would reach {s['constant_answer']:.0%}"
    )


def show_pairings(pairings: Sequence[Pairing]) -> None:
    for lora in dict.fromkeys(p.lora for p in pairings):
        mine = [p for p in pairings if p.lora == lora]
        text = "  ".join(f"{_w(p.found)}/{_w(p.truth)}{'' if p.agrees else '*'}" for p in mine)
        print(f"{lora:34} {text}")
    groups = list(dict.fromkeys(p.group for p in pairings))
    for group in groups:
        print(told(group, [p for p in pairings if p.group == group]))
    if len(groups) > 1:
        print(told("all", pairings))


def _w(weight: float | None) -> str:
    return "none" if weight is None else f"{weight:g}"
