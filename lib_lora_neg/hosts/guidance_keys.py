"""Negative guidance as inputs ask for it and infotexts tell it, the same on every host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..guidance import Guidance, Method
from ..guidance.choice import MOST_STRENGTH, described

OFF = "Off"
METHOD_KEY = "LoRA Neg guidance"
STRENGTH_KEY = "LoRA Neg guidance strength"
SHARE_KEY = "LoRA Neg guidance share"
SETTINGS_KEY = "LoRA Neg guidance settings"
KEYS = (METHOD_KEY, STRENGTH_KEY, SHARE_KEY, SETTINGS_KEY)


def asked(method: object, strength: object, share: object) -> Guidance | None:
    """Return what the inputs of panel or API ask for; ``None`` is off.

    Raises:
        ValueError: no method of this name, or a number out of range.
    """
    if method in (None, "", OFF):
        return None
    try:
        wanted = Method(str(method).strip().upper())
    except ValueError as error:
        names = ", ".join([OFF, *(each.value for each in Method)])
        raise ValueError(f"negative guidance must be one of {names}, not {method!r}") from error
    guidance = Guidance(wanted, _asked_number("strength", strength), _asked_number("share", share))
    return guidance if guidance.strength > 0 and guidance.share > 0 else None


def _asked_number(name: str, number: object) -> float:
    if number is None:
        return 1.0
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError(f"{name} of negative guidance must be a number, not {number!r}")
    return float(number)


def written(guidance: Guidance, kind: str) -> dict[str, str]:
    """Return the keys of a guided picture; ``kind`` as `guidance.choice.DEFAULTS` names it."""
    found = {METHOD_KEY: guidance.method.value, STRENGTH_KEY: f"{guidance.strength:g}"}
    if guidance.share < 1:
        found[SHARE_KEY] = f"{guidance.share:g}"
    return {**found, SETTINGS_KEY: described(guidance.settings_for(kind))}


def pasted(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a pasted infotext gives the inputs, by their names; off where it does not say."""
    said = str(params.get(METHOD_KEY, OFF))
    return {
        "guidance": said if said in [method.value for method in Method] else OFF,
        "strength": _number(params, STRENGTH_KEY, MOST_STRENGTH),
        "share": _number(params, SHARE_KEY, 1.0),
    }


def _number(params: Mapping[str, Any], key: str, most: float) -> float:
    try:
        number = float(params.get(key, 1.0))
    except (TypeError, ValueError):
        return 1.0
    return number if 0 <= number <= most else 1.0
