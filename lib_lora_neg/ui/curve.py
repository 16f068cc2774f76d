"""The bleeding curve of a LoRA as the page draws it, in the library's details and behind chips."""

from __future__ import annotations

from typing import Any

from ..policy.bleeding_curve import BleedingCurve


def curve_json(
    curve: BleedingCurve | None,
    floor: float | None,
    at: float | None = None,
    to: float | None = None,
) -> dict[str, Any] | None:
    """Return what the page draws; its sentences are said by who answers.

    Args:
        curve: the LoRA's; ``None`` where nothing is known of one.
        floor: of the range in force; ``None`` where nothing limits it.
        at: the weight that stands in the prompt.
        to: the weight that the guard makes, or advises, of it.
    """
    if curve is None:
        return None
    return {
        "basis": curve.basis.value,
        "points": [list(point) for point in curve.points],
        "onset": curve.onset,
        "band": list(curve.band) if curve.band is not None else None,
        "floor": floor,
        "at": at,
        "to": to if to != at else None,
        "text": curve.text,
        "source": curve.source,
    }
