"""The outcome of a scan: one type for every kind of scan, kept as JSON and read back from it.

    outcome = ScanOutcome(plan, judge(cells))          # or judge_quick(samples)
    outcome.sentence, outcome.notes                    # for people, as `Sentence`s
    write_whole(path, to_json(outcome.to_record()))    # verdict.json, or quick.json
    from_record(plan, read_json(path))                 # the same outcome again
    outcome.proposal(allowed)                          # what of it may be saved to the LoRA

The words in a record are for readers of the file: what is read back is said anew from its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..loras.card import ScanBracket, WeightRange
from ..sentences import Sentence, say
from . import wording
from .bracket import ScanVerdict
from .past_scans import PastScan
from .plan import ScanPlan
from .quick import QuickVerdict
from .verdict_records import SCHEMA, read_quick, read_verdict, verdict_record
from .weights import format_weight

LEAST_NEGATIVE = 2
"""Negative weights that a range needs: one alone says nothing of what lies around it."""


@dataclass(frozen=True)
class Proposal:
    """What of an outcome may be saved to its LoRA, or why nothing.

    Attributes:
        weight_range: to be obeyed by the guard; ``None`` where nothing is offered.
        bracket: what else is kept with it; ``None`` likewise.
        reason: why nothing is offered; empty where something is, and where nobody expects it.
        trusted: made from pictures; a quick scan's range is only ever narrower than without it.
    """

    weight_range: WeightRange | None = None
    bracket: ScanBracket | None = None
    reason: str = ""
    trusted: bool = False

    @property
    def is_offered(self) -> bool:
        """Whether there is something to save."""
        return self.weight_range is not None


@dataclass(frozen=True)
class ScanOutcome:
    """What came out of one scan."""

    plan: ScanPlan
    verdict: ScanVerdict | QuickVerdict

    @property
    def quick(self) -> bool:
        """Whether it is a quick scan's, without pictures."""
        return isinstance(self.verdict, QuickVerdict)

    @property
    def is_comparison(self) -> bool:
        """Whether it compares pictures with and without the LoRA, and judges no range."""
        return not self.quick and self.plan.is_comparison

    @property
    def sentence(self) -> Sentence:
        """The outcome in one sentence."""
        if isinstance(self.verdict, QuickVerdict):
            return wording.quick_sentence(self.plan, self.verdict)
        if self.is_comparison:
            return wording.comparison(self.verdict)
        return wording.sentence(self.verdict)

    def told(self, allowed: WeightRange | None) -> Sentence:
        """Return the outcome in words to somebody with this LoRA.

        Args:
            allowed: the range in force for it; ``None`` where there is none.
        """
        if not isinstance(self.verdict, QuickVerdict):
            return self.sentence
        advice = wording.quick_advice(self.verdict, allowed)
        if advice is None:
            return self.sentence
        return say("{verdict} {advice}", verdict=self.sentence, advice=advice)

    @property
    def notes(self) -> list[Sentence]:
        """What else is worth saying, one sentence each."""
        if isinstance(self.verdict, QuickVerdict):
            return wording.quick_notes(self.verdict)
        if self.is_comparison:
            return wording.comparison_notes(self.verdict)
        return wording.notes(self.verdict)

    @property
    def bracket(self) -> ScanBracket | None:
        """The two numbers and the curve, with the key by which the scan is found again."""
        found = self.verdict.bracket
        if found is None:
            return None
        return replace(found, scan=self.plan.key(quick=self.quick), curve=self._curve)

    @property
    def _curve(self) -> tuple[tuple[float, float], ...]:
        """Damage by weight, of 0 and below; a quick scan measures another thing."""
        if isinstance(self.verdict, QuickVerdict):
            return ()
        return tuple(
            (point.weight, round(point.damage, 3))
            for point in sorted(self.verdict.points, key=lambda point: point.weight)
            if point.weight <= 0.0 and math.isfinite(point.damage)
        )

    @property
    def damaged_to(self) -> float | None:
        """The weight at and below which pictures are damaged; ``None`` when none was seen."""
        return self.verdict.bracket.bleeding_onset if self.verdict.bracket else None

    @property
    def damaged_from(self) -> float | None:
        """The same on the positive side."""
        verdict = self.verdict
        if isinstance(verdict, QuickVerdict) or verdict.ceiling_onset is None:
            return None
        return verdict.ceiling_onset.weight

    def proposal(self, before: WeightRange | None, *, measured: bool = False) -> Proposal:
        """Return what may be saved to the LoRA.

        A scan promises what it measured: weights it did not look at are neither allowed nor
        forbidden by it.

        Args:
            before: the range that holds without any scan: its side file's, or its type's; without
                a floor where nothing limits it, ``None`` where nothing is known.
            measured: a scan with pictures is saved already.
        """
        bracket, found = self.bracket, self.verdict.weight_range
        if bracket is None or found is None or found.floor is None:
            return Proposal()
        if self.is_comparison or len(self.plan.loras) > 1:
            return Proposal()
        if sum(weight < 0 for weight in self.plan.weights) < LEAST_NEGATIVE:
            return Proposal(reason=say(_SINGLE))
        if isinstance(self.verdict, QuickVerdict):
            return self._quick_proposal(found, bracket, before, measured)
        if not self.verdict.settled:
            return Proposal(reason=say(_UNSETTLED))
        limit = before.floor if before is not None else None
        clean = bracket.bleeding_onset is None
        if clean and before is not None and limit is None:
            return Proposal(reason=say(_NO_LIMIT, reach=format_weight(found.floor)))
        if clean and limit is not None and limit < found.floor:
            told = say(_TOO_SHORT, reach=format_weight(found.floor), floor=format_weight(limit))
            return Proposal(reason=told)
        return Proposal(found, bracket, trusted=True)

    def _quick_proposal(
        self, found: WeightRange, bracket: ScanBracket, before: WeightRange | None, measured: bool
    ) -> Proposal:
        if measured:
            return Proposal(reason=say(_MEASURED_ALREADY))
        limit = before.floor if before is not None else None
        assert found.floor is not None
        if bracket.bleeding_onset is None or (limit is not None and found.floor <= limit):
            return Proposal(reason=say(_QUICK_NEVER_WIDENS))
        return Proposal(found, bracket)

    def to_record(self) -> dict[str, Any]:
        """Return the outcome as JSON types.

        Numbers that are not known are ``null``; weights are raw, damage is in units of the band.
        """
        return {
            "schema": SCHEMA,
            "sentence": str(self.sentence),
            "notes": [str(note) for note in self.notes],
            "plan": self.plan.record(),
            "digest": self.plan.digest,
            **verdict_record(self.verdict),
        }


_SINGLE = (
    "A range needs at least two negative weights; from a single one nothing is saved. "
    "Scan more of them."
)
_UNSETTLED = (
    "The scan is not finished, and the pictures that are missing could move the range: "
    "go on with it to save one."
)
_TOO_SHORT = (
    "No damage was seen, but the scan went no further than {reach}, and {floor} is allowed "
    "already: there is nothing to save. Scan down to {floor} or beyond."
)
_NO_LIMIT = (
    "No damage was seen down to {reach}, and nothing limits this LoRA: there is nothing to save."
)
_MEASURED_ALREADY = (
    "A scan with pictures has measured this LoRA already; a quick scan does not replace it."
)
_QUICK_NEVER_WIDENS = "A quick scan never widens a range; only a scan with pictures does."


def from_record(
    plan: ScanPlan, record: Mapping[str, Any], *, quick: bool = False, settled: bool = True
) -> ScanOutcome | None:
    """Return the outcome that `ScanOutcome.to_record` wrote, in this version or an earlier one.

    ``None`` when there is none, or it is damaged.

    Args:
        plan: whose outcome it is.
        record: what lies on the disk.
        quick: it is a quick scan's.
        settled: for old records, which do not say it: no picture is missing.
    """
    if not record.get("sentence"):
        return None
    try:
        verdict = read_quick(record) if quick else read_verdict(record, settled=settled)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None
    return ScanOutcome(plan, verdict)


def outcome_of(scan: PastScan) -> ScanOutcome | None:
    """Return the outcome of a scan on the disk; ``None`` when it has none yet."""
    whole = scan.finished >= scan.total
    record = scan.quick if scan.is_quick else scan.verdict
    return from_record(scan.plan, record, quick=scan.is_quick, settled=whole)
