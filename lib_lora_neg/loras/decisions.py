"""What the user decided about one LoRA, as it stands in the sidecar under our own key.

    "lora_neg": {
        "schema": 1,
        "type": "style",
        "triggers": ["inkwash"],
        "range": {"floor": -0.6, "ceiling": 1.2, "sweet_spot": [-0.2, -0.5]},
        "measured": {
            "floor": -0.4, "ceiling": null, "sweet_spot": [-0.2, -0.4],
            "suppression": 0.31, "bleeding_onset": -0.45, "onset_band": [-0.4, -0.5],
            "curve": [[-0.7, 2.1], [-0.5, 1.2], [-0.3, 0.4], [0, 0]],
            "checkpoint": "abcdef1234", "scan": "0123456789abcdef", "date": "2026-11-21"
        },
        "guard": "off",
        "blocks": "-S7-S20"
    }

Every key is optional; a missing one leaves that fact to inference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .card import LoraType, RangeSource, ScanBracket, WeightRange
from .reading.lenient import as_count, as_items, as_mapping, as_number, as_text, as_texts, as_weight

OWN_KEY = "lora_neg"
"""Our key in a sidecar ``.json``."""

SCHEMA = 1
"""Version of the record. A newer record than this is left alone and not obeyed."""


MOST_MASK = 400
"""Characters of a mask of blocks that are read."""

_NO_BRACKET = ScanBracket(None, None, None, "")


@dataclass(frozen=True)
class Decision:
    """The user's word on one LoRA; ``None`` and empty mean "as inferred".

    Attributes:
        type: the type.
        triggers: the triggers, which then replace all inferred ones; ``None`` if not decided.
        weight_range: the range typed by the user.
        measured: the range that a scan measured and the user kept.
        bracket: what else that scan found.
        guard_off: no rule applies to this LoRA.
        block_mask: blocks that it is kept to, as a tag's ``blocks`` argument (`prompts.blocks`);
            empty if not decided.
    """

    type: LoraType | None = None
    triggers: tuple[str, ...] | None = None
    weight_range: WeightRange | None = None
    measured: WeightRange | None = None
    bracket: ScanBracket | None = None
    guard_off: bool = False
    block_mask: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is decided."""
        return self == Decision()


def read_decision(value: object) -> Decision | None:
    """Understand the record under `OWN_KEY`; ``None`` when there is none or it is of the future."""
    record = as_mapping(value)
    if not record or (as_count(record.get("schema")) or SCHEMA) > SCHEMA:
        return None
    triggers = record.get("triggers")
    return Decision(
        type=_type(record.get("type")),
        triggers=as_texts(triggers) if isinstance(triggers, list) else None,
        weight_range=read_range(record.get("range"), RangeSource.USER, "typed by the user"),
        measured=read_range(record.get("measured"), RangeSource.MEASURED, "measured by a scan"),
        bracket=read_bracket(record.get("measured")),
        guard_off=as_text(record.get("guard")).lower() == "off" or record.get("guard") is False,
        block_mask=as_text(record.get("blocks"))[:MOST_MASK].strip(),
    )


def write_decision(decision: Decision) -> dict[str, Any]:
    """Return the record that `read_decision` understands as ``decision``."""
    record: dict[str, Any] = {"schema": SCHEMA}
    if decision.type is not None:
        record["type"] = decision.type.value
    if decision.triggers is not None:
        record["triggers"] = list(decision.triggers)
    if decision.weight_range is not None:
        record["range"] = range_record(decision.weight_range)
    if decision.measured is not None:
        record["measured"] = range_record(decision.measured)
    if decision.bracket is not None:
        record.setdefault("measured", {}).update(bracket_record(decision.bracket))
    if decision.guard_off:
        record["guard"] = "off"
    if decision.block_mask:
        record["blocks"] = decision.block_mask
    return record


def _type(value: object) -> LoraType | None:
    name = as_text(value).lower().replace(" ", "_").replace("-", "_")
    try:
        return LoraType(name)
    except ValueError:
        return None


def read_range(value: object, source: RangeSource, default_reference: str) -> WeightRange | None:
    """Read ``{"floor": …}`` or ``[floor, ceiling]``; a positive floor is no floor."""
    if isinstance(value, list):
        value = dict(zip(("floor", "ceiling"), value, strict=False))
    record: Mapping[str, Any] = as_mapping(value)
    floor = as_number(record.get("floor", record.get("min")))
    ceiling = as_number(record.get("ceiling", record.get("max")))
    if floor is None and ceiling is None:
        return None
    spot = [as_number(item) for item in as_items(record.get("sweet_spot"))]
    near, far = spot if len(spot) == 2 else (None, None)
    sweet_spot = None
    if near is not None and far is not None and near <= 0 and far <= 0:
        sweet_spot = (max(near, far), min(near, far))
    return WeightRange(
        floor=None if floor is None else min(floor, 0.0),
        ceiling=ceiling,
        sweet_spot=sweet_spot,
        source=source,
        reference=as_text(record.get("reference")) or default_reference,
    )


def read_bracket(value: object) -> ScanBracket | None:
    """Read what a scan found besides the range; ``None`` when only a range stands there."""
    record = as_mapping(value)
    onset = as_number(record.get("bleeding_onset"))
    band = [as_number(item) for item in as_items(record.get("onset_band"))]
    near, far = band if len(band) == 2 else (None, None)
    found = ScanBracket(
        suppression=as_number(record.get("suppression")),
        bleeding_onset=None if onset is None else min(onset, 0.0),
        onset_band=None if near is None or far is None else (max(near, far), min(near, far)),
        checkpoint=as_text(record.get("checkpoint")),
        scan=as_text(record.get("scan")),
        date=as_text(record.get("date")),
        curve=_curve(record.get("curve")),
    )
    return None if found == _NO_BRACKET else found


MOST_POINTS = 64
"""Weights of a curve that are read; a scan has some ten below 0."""

_MOST_DAMAGE = 1000.0


def _curve(value: object) -> tuple[tuple[float, float], ...]:
    """Read ``[[weight, damage], …]``; points that mean nothing are left out."""
    found: dict[float, float] = {}
    for item in as_items(value)[:MOST_POINTS]:
        pair = [
            as_weight(part) if at == 0 else as_number(part)
            for at, part in enumerate(as_items(item)[:3])
        ]
        weight, damage = pair if len(pair) == 2 else (None, None)
        if weight is None or damage is None or weight > 0.0 or not 0.0 <= damage <= _MOST_DAMAGE:
            continue
        found[weight] = damage
    return tuple(sorted(found.items()))


def bracket_record(bracket: ScanBracket) -> dict[str, Any]:
    """Return what `read_bracket` understands; fields that are not known are left out."""
    record: dict[str, Any] = {
        "suppression": bracket.suppression,
        "bleeding_onset": bracket.bleeding_onset,
        "onset_band": list(bracket.onset_band) if bracket.onset_band else None,
        "checkpoint": bracket.checkpoint,
        "scan": bracket.scan,
        "date": bracket.date,
        "curve": [list(point) for point in bracket.curve] or None,
    }
    return {key: value for key, value in record.items() if value not in (None, "")}


def range_record(weight_range: WeightRange) -> dict[str, Any]:
    """Return what `read_range` understands."""
    record: dict[str, Any] = {"floor": weight_range.floor, "ceiling": weight_range.ceiling}
    if weight_range.sweet_spot is not None:
        record["sweet_spot"] = list(weight_range.sweet_spot)
    if weight_range.reference:
        record["reference"] = weight_range.reference
    return record
