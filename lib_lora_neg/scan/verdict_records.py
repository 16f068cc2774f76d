"""Verdicts as JSON: written with every field of this version, read back from every version."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from ..loras.card import RangeSource, ScanBracket, WeightRange
from ..loras.decisions import bracket_record, range_record, read_bracket, read_range
from .bracket import DamageBend, Estimate, ScanVerdict
from .broken import BrokenKind
from .curves import CHANGES, CRITIC_WORDS, SIGNS, CurvePoint
from .onset import Onset, OnsetReason
from .quick import QuickPoint, QuickVerdict

SCHEMA = 2
"""Version of the record. 1 had no ``settled``, ``broken`` and ``negative``; it is still read, and
readers of 1 read this."""


def verdict_record(verdict: ScanVerdict | QuickVerdict) -> dict[str, Any]:
    """Return a verdict as JSON types.

    Numbers that are not known are ``null``; weights are raw, damage is in units of the band.
    """
    found: dict[str, Any] = _plain(asdict(verdict))
    found["bracket"] = (
        _whole(ScanBracket, bracket_record(verdict.bracket)) if verdict.bracket else None
    )
    found["weight_range"] = (
        _whole(WeightRange, range_record(verdict.weight_range)) if verdict.weight_range else None
    )
    if isinstance(verdict, QuickVerdict):
        zero = {"weight": 0.0, "effect": 0.0, "unrelated": 0.0, "spill": None, "departure": 0.0}
        found["points"] = sorted([*found["points"], zero], key=lambda p: p["weight"])
    return found


def read_verdict(record: Mapping[str, Any], *, settled: bool) -> ScanVerdict:
    """Return the verdict of a scan with pictures.

    Args:
        record: as `verdict_record` returned it, in this version or an earlier one.
        settled: for old records, which do not say it: no picture is missing.

    Raises:
        ArithmeticError, AttributeError, LookupError, TypeError, ValueError: it is damaged.
    """
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
        bend=DamageBend(_number(bend["near"]), _number(bend["far"])) if bend else None,
        plateau=_optional(record.get("plateau")),
        spill=_optional(record.get("spill")),
        best_at_zero=record.get("best_at_zero") is True,
        points=points,
        reach=_number(record.get("reach") or 0.0),
        pairs=int(record.get("pairs") or 0),
        settled=record.get("settled", settled) is True,
        broken=int(record.get("broken") or 0),
        broken_by=BrokenKind(record["broken_by"]) if record.get("broken_by") else None,
    )


def read_quick(record: Mapping[str, Any]) -> QuickVerdict:
    """Return the verdict of a quick scan; raises as `read_verdict`."""
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


def _point(item: Mapping[str, Any]) -> CurvePoint:
    return CurvePoint(
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
        reason=OnsetReason(item["reason"]),
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
