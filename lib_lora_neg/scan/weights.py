"""Lists of weights as people write them on an XYZ axis, and the presets.

    -1, -0.5, 0, 0.5, 1     a list
    -1 - 1 [9]              nine weights from -1 to 1
    -0.9--0.3 (+0.3)        from -0.9 to -0.3 in steps of 0.3
    -0.4 - 0 [3], 1         any of them, with commas between

The grammar is that of A1111's XYZ plot for numbers. Two things differ, because they surprise there:
a range never steps over its end, and no weight carries the noise of binary fractions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from ..sentences import say

DECIMALS = 4
"""Weights are kept to this many decimals; finer differences make no visible picture."""

MAX_WEIGHTS = 201
"""Longest list: −1…1 in steps of 0.01. A longer one is a typing error."""

MAX_ABSOLUTE = 10.0
"""Widest weight; sliders are used to ±5 and a little beyond (Chroma, Z-Image)."""

ARTICLE = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""The five weights of the article's diagnostic workflow (AI Image Prompt Tip, 2026-06-17)."""

NINE = (-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0)

FINE = tuple(round(step / 10, 1) for step in range(-10, 11))
"""21 weights, a tenth apart: the resolution in which the article's ranges are given."""

LONGEST_PART = 100
"""Characters between two commas: a range in full needs half of them."""

PRESETS: dict[str, tuple[float, ...]] = {"article": ARTICLE, "nine": NINE, "fine": FINE}

_NUMBER = r"(?:[+-]\s*)?(?:\d+(?:\.\d*)?|\.\d+)"
_RANGE = re.compile(
    rf"(?P<start>{_NUMBER})\s*-\s*(?P<end>{_NUMBER})"
    rf"(?:\s*\[\s*(?P<count>\d+)\s*\]|\s*\(\s*(?P<step>{_NUMBER})\s*\))?"
)
_SINGLE = re.compile(_NUMBER)
_MINUS = str.maketrans("−–，", "--,")


class WeightListError(ValueError):
    """A list of weights that cannot be understood; the text quotes the part and says why."""


def clean_weight(value: float) -> float:
    """Return a weight without the noise of binary fractions, and 0 without a sign."""
    return round(float(value), DECIMALS) + 0.0


def parse_weights(text: str) -> tuple[float, ...]:
    """Return the weights that ``text`` asks for, in its order, each one once.

    Raises:
        WeightListError: for an empty list, a part that is no weight, a step of 0 or in the
            wrong direction, more than `MAX_WEIGHTS` weights or one beyond ±`MAX_ABSOLUTE`.
    """
    parts = [part.strip() for part in text.translate(_MINUS).split(",")]
    weights = [weight for part in parts if part for weight in _part(part)]
    if not weights:
        raise WeightListError("no weights given, write for example: -1 - 1 [9]")
    return check_weights(weights)


def check_weights(weights: Iterable[float]) -> tuple[float, ...]:
    """Return weights cleaned, each once, in their order.

    Raises:
        WeightListError: as `parse_weights`.
    """
    values: list[float] = []
    for weight in weights:
        value = clean_weight(weight)
        if not abs(value) <= MAX_ABSOLUTE:  # also where it is no number
            raise WeightListError(
                say(
                    "{weight} is not within ±{most}",
                    weight=format(weight, "g"),
                    most=format(MAX_ABSOLUTE, "g"),
                )
            )
        values.append(value)
    unique = tuple(dict.fromkeys(values))
    if len(unique) > MAX_WEIGHTS:
        raise WeightListError(
            say("{count} weights are more than {most}", count=len(unique), most=MAX_WEIGHTS)
        )
    return unique


def format_weights(weights: Iterable[float]) -> str:
    """Return the shortest text that `parse_weights` understands as these weights."""
    values = [clean_weight(weight) for weight in weights]
    listed = ", ".join(f"{value:g}" for value in values)
    if len(values) < 3:
        return listed
    spaced = f"{values[0]:g} - {values[-1]:g} [{len(values)}]"
    try:
        same = parse_weights(spaced) == tuple(values)
    except WeightListError:
        return listed
    return spaced if same and len(spaced) < len(listed) else listed


def format_weight(weight: float) -> str:
    """Return a weight for people, with a true minus sign: ``−0.5``."""
    return f"{clean_weight(weight):g}".replace("-", "−")


def _part(text: str) -> list[float]:
    within = len(text) <= LONGEST_PART
    if within and _SINGLE.fullmatch(text):
        return [_number(text)]
    match = _RANGE.fullmatch(text) if within else None
    if match is None:
        text = text[:LONGEST_PART]
        raise WeightListError(
            say(
                "{part} is no weight and no range; a range is -1 - 1 [9] or -0.9--0.3 (+0.3)",
                part=repr(text),
            )
        )
    start, end = _number(match["start"]), _number(match["end"])
    if match["count"] is not None:
        return _spaced(text, start, end, int(match["count"]))
    return _stepped(text, start, end, _number(match["step"] or ("1" if end >= start else "-1")))


def _number(text: str) -> float:
    return float(re.sub(r"\s+", "", text))


def _spaced(text: str, start: float, end: float, count: int) -> list[float]:
    if not 1 <= count <= MAX_WEIGHTS:
        raise WeightListError(
            say(
                "{part}: the number of weights must be 1 to {most}",
                part=repr(text),
                most=MAX_WEIGHTS,
            )
        )
    if count == 1:
        return [start]
    return [start + (end - start) * index / (count - 1) for index in range(count)]


def _stepped(text: str, start: float, end: float, step: float) -> list[float]:
    if step == 0 or (end - start) * step < 0:
        raise WeightListError(
            say(
                "{part}: steps of {step} never lead from {start} to {end}",
                part=repr(text),
                step=format(step, "g"),
                start=format(start, "g"),
                end=format(end, "g"),
            )
        )
    # A range written as 0 - 1 (+0.1) means 1 too, although ten binary tenths are not 1.
    count = math.floor((end - start) / step + 1e-6) + 1
    if count > MAX_WEIGHTS:
        raise WeightListError(
            say(
                "{part}: {count} weights are more than {most}",
                part=repr(text),
                count=count,
                most=MAX_WEIGHTS,
            )
        )
    return [start + step * index for index in range(count)]
