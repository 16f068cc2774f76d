"""Negative guidance as inputs ask for it and infotexts tell it, the same on every host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..guidance import Guidance, Method
from ..guidance.choice import MOST_STRENGTH
from ..guidance.numbers import described, read_numbers, written_numbers

OFF = "Off"
METHOD_KEY = "LoRA Neg guidance"
STRENGTH_KEY = "LoRA Neg guidance strength"
SHARE_KEY = "LoRA Neg guidance share"
SETTINGS_KEY = "LoRA Neg guidance settings"
NUMBERS_KEY = "LoRA Neg guidance numbers"
CONCEPTS_KEY = "LoRA Neg guidance concepts"
KEYS = (METHOD_KEY, STRENGTH_KEY, SHARE_KEY, NUMBERS_KEY, CONCEPTS_KEY, SETTINGS_KEY)

SEVERAL = "AND"
"""What the infotext says of a negative prompt whose concepts an ``AND`` divides."""

ARGUMENTS = ("method", "strength", "share", "numbers", "several")
"""The arguments of `read_guidance`, in the order of panel and API."""

NAMES = ("guidance", *ARGUMENTS[1:])
"""The panel's inputs for them."""


@dataclass(frozen=True)
class GuidanceDefaults:
    """What the inputs begin with, by the names of the arguments of `read_guidance`."""

    method: str = OFF
    strength: float = 1.0
    share: float = 1.0


def read_guidance(
    method: object,
    strength: object = None,
    share: object = None,
    numbers: object = None,
    several: object = None,
) -> Guidance | None:
    """Return what the inputs of panel or API ask for; ``None`` is off.

    Raises:
        ValueError: no method of this name, or a number out of range.
    """
    wanted = method_named(method)
    if wanted is None:
        return None
    if several not in (None, True, False):
        raise ValueError(f"several concepts of negative guidance is true or false, not {several!r}")
    guidance = Guidance(
        wanted,
        _asked_number("strength", strength),
        _asked_number("share", share),
        numbers=read_numbers(wanted, numbers),
        several=bool(several),
    )
    return guidance if guidance.strength > 0 and guidance.share > 0 else None


def method_named(method: object) -> Method | None:
    """Return the method of a name; ``None`` is off.

    Raises:
        ValueError: there is none.
    """
    if method is None or method == "":
        return None
    name = str(method).strip()[:40]
    if name.lower() == OFF.lower():
        return None
    try:
        return Method(name.upper())
    except ValueError as error:
        names = ", ".join([OFF, *(each.value for each in Method)])
        raise ValueError(f"negative guidance must be one of {names}, not {name!r}") from error


def _asked_number(name: str, number: object) -> float:
    if number is None:
        return 1.0
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError(f"{name} of negative guidance must be a number, not {number!r}")
    return float(number)


def infotext_keys(guidance: Guidance, kind: str) -> dict[str, str]:
    """Return the keys of a guided picture; ``kind`` as `guidance.choice.DEFAULTS` names it."""
    found = {METHOD_KEY: guidance.method.value, STRENGTH_KEY: f"{guidance.strength:g}"}
    if guidance.share < 1:
        found[SHARE_KEY] = f"{guidance.share:g}"
    if guidance.numbers:
        found[NUMBERS_KEY] = written_numbers(guidance.method, guidance.numbers)
    if guidance.several:
        found[CONCEPTS_KEY] = SEVERAL
    return {**found, SETTINGS_KEY: described(guidance.settings_for(kind))}


def inputs_of_infotext(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a pasted infotext gives the inputs, by their names; off where it does not say."""
    try:
        method = method_named(params.get(METHOD_KEY))
    except ValueError:
        method = None
    return {
        "guidance": OFF if method is None else method.value,
        "strength": _number(params, STRENGTH_KEY, MOST_STRENGTH),
        "share": _number(params, SHARE_KEY, 1.0),
        "numbers": "" if method is None else _numbers(method, params.get(NUMBERS_KEY)),
        "several": params.get(CONCEPTS_KEY) == SEVERAL,
    }


def _numbers(method: Method, said: object) -> str:
    try:
        return written_numbers(method, read_numbers(method, said))
    except ValueError:
        return ""


def _number(params: Mapping[str, Any], key: str, most: float) -> float:
    try:
        number = float(params.get(key, 1.0))
    except (TypeError, ValueError):
        return 1.0
    return number if 0 <= number <= most else 1.0
