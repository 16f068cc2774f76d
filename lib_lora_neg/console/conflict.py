"""``lora-neg conflict``: whether two LoRAs pull the same layers in opposite directions."""

from __future__ import annotations

import json

from ..loras.reading.conflict import Conflict
from .terminal import TerminalPalette

_OVER_ALL = (
    "over all layers their changes have the cosine {cosine:+.2f} at weight 1 and 1 (1: the same, "
    "0: unrelated, -1: opposite)"
)

_LENGTHS = (
    "their changes together have the length {total:.3g} at these weights ({first:.3g} and "
    "{second:.3g} alone): the longer, the likelier damage"
)

MOST_SHOWN = 12
"""Layers in the list for people; JSON has all."""


def conflict_as_text(
    names: tuple[str, str],
    weights: tuple[float, float],
    conflict: Conflict,
    palette: TerminalPalette,
) -> str:
    """Return the comparison for people."""
    opposed = conflict.opposed(*weights)
    first, second = (f"{name} at {weight:g}" for name, weight in zip(names, weights, strict=True))
    if not opposed:
        verdict = f"{first} and {second} do not pull against each other in any layer"
    else:
        verdict = (
            f"{first} and {second} pull {len(opposed)} of {len(conflict.layers)} common layers in "
            "opposite directions"
        )
    lines = [
        palette(verdict, "bold"),
        _OVER_ALL.format(cosine=conflict.cosine),
        _LENGTHS.format(
            total=conflict.length(*weights),
            first=abs(weights[0]) * conflict.norms[0],
            second=abs(weights[1]) * conflict.norms[1],
        ),
    ]
    lines += [
        f"  {layer.module}: cosine {layer.cosine:+.2f}, overlap {layer.overlap:.2f}, "
        f"{layer.agreement:.0%} of it the same way"
        for layer in opposed[:MOST_SHOWN]
    ]
    more = len(opposed) - MOST_SHOWN
    if more > 0:
        lines.append(f"  and {more} more")
    if conflict.alone or conflict.passed_over:
        lines.append(
            f"{conflict.alone} layers are changed by one of them alone, {conflict.passed_over} "
            "could not be compared"
        )
    return "\n".join(lines)


def conflict_as_json(
    names: tuple[str, str], weights: tuple[float, float], conflict: Conflict
) -> str:
    """Return the comparison as one JSON object."""
    opposed = {layer.module for layer in conflict.opposed(*weights)}
    return json.dumps(
        {
            "loras": list(names),
            "weights": list(weights),
            "cosine": round(conflict.cosine, 4),
            "length": round(conflict.length(*weights), 4),
            "norms": [round(norm, 4) for norm in conflict.norms],
            "alone": conflict.alone,
            "passed_over": conflict.passed_over,
            "layers": [
                {
                    "module": layer.module,
                    "block": layer.block,
                    "cosine": round(layer.cosine, 4),
                    "overlap": round(layer.overlap, 4),
                    "agreement": round(layer.agreement, 4),
                    "opposed": layer.module in opposed,
                }
                for layer in conflict.layers
            ],
        },
        ensure_ascii=False,
    )
