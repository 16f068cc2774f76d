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
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ..loras.card import RangeSource, ScanBracket, WeightRange
from ..loras.decisions import bracket_record, range_record, read_bracket, read_range
from ..sentences import Sentence, say
from . import wording
from .bracket import Bend, Estimate, ScanVerdict
from .broken import Broken
from .curves import CHANGES, CRITIC_WORDS, SIGNS, Point
from .onset import Onset, Reason
from .plan import ScanPlan
from .quick import QuickPoint, QuickVerdict
from .store import PastScan
from .weights import format_weight

SCHEMA = 2
"""Version of the record. 1 had no ``settled``, ``broken`` and ``negative``; it is still read, and
readers of 1 read this."""

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
        verdict = self.verdict
        found: dict[str, Any] = _plain(asdict(verdict))
        found["bracket"] = (
            _whole(ScanBracket, bracket_record(verdict.bracket)) if verdict.bracket else None
        )
        found["weight_range"] = (
            _whole(WeightRange, range_record(verdict.weight_range))
            if verdict.weight_range
            else None
        )
        if isinstance(verdict, QuickVerdict):
            zero = {"weight": 0.0, "effect": 0.0, "unrelated": 0.0, "spill": None, "departure": 0.0}
            found["points"] = sorted([*found["points"], zero], key=lambda p: p["weight"])
        return {
            "schema": SCHEMA,
            "sentence": str(self.sentence),
            "notes": [str(note) for note in self.notes],
            "plan": self.plan.record(),
            "digest": self.plan.digest,
            **found,
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
        verdict = _read_quick(record) if quick else _read_verdict(record, settled)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None
    return ScanOutcome(plan, verdict)


def _read_verdict(record: Mapping[str, Any], settled: bool) -> ScanVerdict:
    bend, suppression = record.get("bend"), record.get("suppression")
    points = tuple(_point(item) for item in record.get("points") or ())
    onset = _onset(record.get("onset"))
    return ScanVerdict(
        bracket=read_bracket(record.get("bracket")),
        weight_range=_clear_of(onset, _range(record.get("weight_range"))),
        suppression=Estimate(*(_number(suppression[key]) for key in ("value", "low", "high")))
        if suppression
        else None,
        changes=tuple(key for key in record.get("changes") or () if key[1:] in CHANGES),
        onset=onset,
        ceiling_onset=_onset(record.get("ceiling_onset")),
        bend=Bend(_number(bend["near"]), _number(bend["far"])) if bend else None,
        plateau=_optional(record.get("plateau")),
        spill=_optional(record.get("spill")),
        best_at_zero=record.get("best_at_zero") is True,
        points=points,
        reach=_number(record.get("reach") or 0.0),
        pairs=int(record.get("pairs") or 0),
        settled=record.get("settled", settled) is True,
        broken=int(record.get("broken") or 0),
        broken_by=Broken(record["broken_by"]) if record.get("broken_by") else None,
    )


def _read_quick(record: Mapping[str, Any]) -> QuickVerdict:
    points = tuple(
        QuickPoint(
            _number(item["weight"]),
            _number(item["effect"] or 0.0),
            _optional(item["unrelated"]),
            _optional(item["spill"]),
            _number(item["departure"] or 0.0),
        )
        for item in record.get("points") or ()
        if item["weight"]
    )
    return QuickVerdict(
        read_bracket(record.get("bracket")),
        _range(record.get("weight_range")),
        points,
        str(record.get("reason") or ""),
    )


def _point(item: Mapping[str, Any]) -> Point:
    return Point(
        weight=_number(item["weight"]),
        pairs=int(item["pairs"]),
        effect=_known(item["effect"]),
        effect_spread=_known(item["effect_spread"]),
        damage=_known(item["damage"]),
        damage_spread=_known(item["damage_spread"]),
        outside=_number(item["outside"]),
        cause=_cause(item["cause"]),
        unlikely=_optional(item.get("unlikely")),
        balks=_optional(item.get("balks")),
    )


def _onset(item: Mapping[str, Any] | None) -> Onset | None:
    if not item:
        return None
    near, far = item["band"]
    return Onset(
        weight=_number(item["weight"]),
        index=int(item["index"]),
        band=(_number(near), _number(far)),
        reason=Reason(item["reason"]),
        cause=_cause(item["cause"]),
        outside=int(item["outside"]),
        pairs=int(item["pairs"]),
        certainty=_number(item["certainty"]),
    )


def _range(item: Mapping[str, Any] | None) -> WeightRange | None:
    return read_range(item, RangeSource.MEASURED, "measured by a scan") if item else None


def _clear_of(onset: Onset | None, found: WeightRange | None) -> WeightRange | None:
    """Return a range whose sweet spot ends before the onset's band; earlier versions' may not."""
    if onset is None or found is None or found.sweet_spot is None:
        return found
    near, far = found.sweet_spot
    limit = onset.band[0]
    if near < limit:
        return replace(found, sweet_spot=None)
    return replace(found, sweet_spot=(near, max(far, limit)))


def _cause(key: str) -> str:
    if key not in SIGNS and key not in CRITIC_WORDS:
        raise ValueError(f"{key!r} is no sign of damage")
    return key


def _number(value: Any) -> float:
    number = float(value)
    if isinstance(value, (bool, str)) or not math.isfinite(number):
        raise ValueError(f"{value!r} is no number")
    return number


def _optional(value: Any) -> float | None:
    return None if value is None else _number(value)


def _known(value: Any) -> float:
    return math.nan if value is None else _number(value)


def _whole(kind: type[ScanBracket | WeightRange], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with every field of its dataclass: readers of version 1 ask for them."""
    whole = {**dict.fromkeys(field.name for field in fields(kind)), **record}
    whole.pop("curve", None)  # the points stand beside it
    return {**whole, "source": RangeSource.MEASURED.value} if "source" in whole else whole


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def outcome_of(scan: PastScan) -> ScanOutcome | None:
    """Return the outcome of a scan on the disk; ``None`` when it has none yet."""
    whole = scan.finished >= scan.total
    record = scan.quick if scan.is_quick else scan.verdict
    return from_record(scan.plan, record, quick=scan.is_quick, settled=whole)
