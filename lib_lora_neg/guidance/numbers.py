"""A method's own numbers as people write them: ``phi 3, tau 2``; needs no torch.

What is not written keeps the model's default. The same text stands in infotexts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from .settings import Method, OngFeature, OngTau, Settings

Numbers: TypeAlias = tuple[tuple[str, Any], ...]
"""Fields of a method's settings with their values, in the order of the settings."""

MAX_TEXT = 200
"""Characters; the longest text that means something has half of it."""

_LETTERS = str.maketrans({"φ": "phi", "τ": "tau", "\u03b1": "alpha", "λ": "lambda", "\u2212": "-"})
_SIGNS = str.maketrans("=:", "  ")


class _Knob(NamedTuple):
    """One number of a method.

    Attributes:
        name: as it is written.
        field: of the settings.
        read: makes a value of a text.
        write: makes a text of a value.
        meaning: for people.
    """

    name: str
    field: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]
    meaning: str


@dataclass(frozen=True)
class _Within:
    low: float
    high: float

    def __call__(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not self.low <= number <= self.high:
            raise ValueError(f"{self.low:g} to {self.high:g}")
        return number


@dataclass(frozen=True)
class _OneOf:
    choices: Mapping[str, Any]

    def __call__(self, text: str) -> Any:
        if text.lower() not in self.choices:
            raise ValueError(" or ".join(self.choices))
        return self.choices[text.lower()]

    def name(self, value: Any) -> str:
        return next(name for name, known in self.choices.items() if known == value)


def _number(name: str, field: str, low: float, high: float, meaning: str) -> _Knob:
    span = f"{low:g} to {high:g}".replace("-", "\u2212")
    return _Knob(name, field, _Within(low, high), "{:g}".format, f"{meaning}; {span}")


def _choice(name: str, field: str, choices: Mapping[str, Any], meaning: str) -> _Knob:
    known = _OneOf(choices)
    return _Knob(name, field, known, known.name, f"{meaning}; {' or '.join(choices)}")


KNOBS: Mapping[Method, tuple[_Knob, ...]] = {
    Method.NAG: (
        _number("phi", "phi", 0, 50, "how far away from the negative; scale is phi + 1"),
        _number("tau", "tau", 1, 10, "how much a feature may grow"),
        _number("alpha", "alpha", 0, 1, "share of the guided feature"),
    ),
    Method.VSF: (
        _number("s", "strength", 0, 50, "factor of the negated values"),
        _number("b", "bias", -10, 10, "added to the scores of the negative tokens"),
    ),
    Method.ONG: (
        _number("lambda", "strength", 0, 50, "strength of the subtraction"),
        _number("tau", "tau", 0, 10, "a factor of the strength, or a bound of the norm"),
        _choice("bounds", "tau_bounds", {tau.value: tau for tau in OngTau}, "what tau is"),
        _choice("feature", "feature", {one.value: one for one in OngFeature}, "what is projected"),
        _choice("per", "per_head", {"token": False, "head": True}, "projected in each"),
    ),
}
"""The knobs of each method, in the order in which they are written."""

_OTHER_NAMES: Mapping[Method, Mapping[str, str]] = {
    Method.NAG: {"nag_phi": "phi", "nag_tau": "tau", "nag_alpha": "alpha"},
    Method.VSF: {"strength": "s", "bias": "b"},
    Method.ONG: {"strength": "lambda", "tau_bounds": "bounds"},
}
_SCALES = ("scale", "nag_scale")
"""Of NAG, in tools that count from 1: phi + 1."""


def read_numbers(method: Method, given: object) -> Numbers:
    """Return the numbers that a text such as ``phi 3, tau 2`` or a mapping gives a method.

    Args:
        method: whose numbers they are.
        given: a text, a mapping from name to value, or ``None``; empty gives none.

    Raises:
        ValueError: a part names no knob of the method, or its value is out of range.
    """
    found: dict[str, Any] = {}
    for name, value in _items(given):
        if method is Method.NAG and name in _SCALES:
            # Rounded, so that scale 2.3 is phi 1.3.
            found["phi"] = round(_read(name, value, _Within(1, 51)) - 1, 6)
            continue
        wanted = _OTHER_NAMES[method].get(name, name)
        knob = next((knob for knob in KNOBS[method] if knob.name == wanted), None)
        if knob is None:
            known = ", ".join(knob.name for knob in KNOBS[method])
            raise ValueError(f"{method.value} of negative guidance has {known}, not {name!r}")
        found[knob.field] = _read(name, value, knob.read)
    return tuple((knob.field, found[knob.field]) for knob in KNOBS[method] if knob.field in found)


def written_numbers(method: Method, numbers: Numbers) -> str:
    """Return the numbers as `read_numbers` takes them."""
    values = dict(numbers)
    return ", ".join(
        f"{knob.name} {knob.write(values[knob.field])}"
        for knob in KNOBS[method]
        if knob.field in values
    )


def numbers_of(settings: Settings) -> Numbers:
    """Return all numbers of some settings."""
    return tuple((knob.field, getattr(settings, knob.field)) for knob in KNOBS[settings.method])


def changed(settings: Settings, numbers: Numbers) -> Settings:
    """Return the settings with other numbers."""
    return replace(settings, **dict(numbers)) if numbers else settings


def meanings(method: Method) -> str:
    """Return what the knobs of a method are, for people."""
    return "; ".join(f"{knob.name}: {knob.meaning}" for knob in KNOBS[method])


def described(settings: Settings) -> str:
    """Return all numbers of some settings as an infotext has them."""
    return written_numbers(settings.method, numbers_of(settings))


def _items(given: object) -> list[tuple[str, str]]:
    if given is None:
        return []
    if isinstance(given, Mapping):
        if len(given) > MAX_TEXT:
            raise ValueError("negative guidance has fewer numbers")
        return [(_name(str(name)[:MAX_TEXT]), _plain(value)) for name, value in given.items()]
    if not isinstance(given, str):
        raise ValueError(f"numbers of negative guidance are a text, not {_shown(given)}")
    if len(given) > MAX_TEXT:
        raise ValueError(f"numbers of negative guidance have at most {MAX_TEXT} characters")
    items = []
    for part in filter(None, map(str.strip, re.split(r"[,;\n]", given.translate(_LETTERS)))):
        words = part.translate(_SIGNS).split()
        if len(words) != 2:
            raise ValueError(
                f"numbers of negative guidance are written as “phi 3, tau 2”, not {_shown(part)}"
            )
        items.append((_name(words[0]), words[1]))
    return items


def _name(text: str) -> str:
    return text.translate(_LETTERS).strip().lower()


def _plain(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"negative guidance has no number {_shown(value)}")
    try:
        return str(float(value)) if not isinstance(value, str) else value.strip()[:MAX_TEXT]
    except OverflowError:
        return "inf"


def _read(name: str, value: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(value)
    except ValueError as error:
        shown = _shown(value)
        raise ValueError(f"{name} of negative guidance must be {error}, not {shown}") from error


def _shown(value: object) -> str:
    shown = ascii(value)
    return shown if len(shown) <= 40 else f"{shown[:40]} …"
