"""The branches of guidance, and how much of a LoRA each one has. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from typing import TypeAlias


class Branch(Enum):
    """Which evaluation of classifier-free guidance a row of a batch belongs to."""

    COND = "cond"
    UNCOND = "uncond"


@dataclass(frozen=True)
class Strengths:
    """How much of a LoRA each branch has; 1 is the LoRA as it was trained."""

    cond: float
    uncond: float

    def of(self, branch: Branch) -> float:
        """Return the strength of one branch."""
        return self.cond if branch is Branch.COND else self.uncond

    def less(self, merged: float) -> Strengths:
        """Return what is still to be added where the weights hold the LoRA at ``merged``."""
        return Strengths(self.cond - merged, self.uncond - merged)

    @property
    def none(self) -> bool:
        """Whether there is nothing to add on either branch."""
        return not self.cond and not self.uncond

    def reaching_picture(self, cfg: float) -> float:
        """Return the weight that acts on the picture at a CFG scale: ``c · w − (c − 1) · n``.

        Guidance adds up ``uncond + c · (cond − uncond)``, so to first order in the strengths a
        LoRA counts as if it were merged at this weight. At CFG 1 there is no negative branch.
        """
        return cfg * self.cond - (cfg - 1.0) * self.uncond


Rows: TypeAlias = Sequence[Branch]
"""The branch of each row of a batch, in order."""


@dataclass(frozen=True)
class RowSpan:
    """Neighbouring rows of one branch: from ``start`` up to ``stop``, which is left out."""

    branch: Branch
    start: int
    stop: int


def runs_of(rows: Rows) -> tuple[RowSpan, ...]:
    """Return a batch's rows as runs of one branch each."""
    runs, start = [], 0
    for branch, group in groupby(rows):
        stop = start + sum(1 for _ in group)
        runs.append(RowSpan(branch, start, stop))
        start = stop
    return tuple(runs)
