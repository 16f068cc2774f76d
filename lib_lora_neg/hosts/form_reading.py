"""Reading a request's JSON as form values, mode and rules; everything is bounded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..loras.families import ModelFamily
from ..loras.families.named import UnknownFamilyError, named_family
from ..policy import DEFAULT_RULE_MODES, Mode
from . import guidance_keys
from .preview import FormValues

MAX_TEXT = 100_000
"""Characters of one input; the host's own inputs are slow long before that."""

MAX_CFG = 100.0
"""Hosts offer 30; no model follows a prompt at more than that."""

MAX_STYLES = 200
MAX_TOOLS = 50
MAX_MODE = 20


class FormValueError(ValueError):
    """A request that cannot be understood; ``field`` names its part."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def read_form_values(body: object) -> FormValues:
    """Understand a JSON object as form values; missing keys and null have the defaults.

    Raises:
        FormValueError: a value has the wrong type or is too large.
    """
    if not isinstance(body, Mapping):
        raise FormValueError("body", "a JSON object is needed")
    hr_cfg = body.get("hr_cfg")
    return FormValues(
        prompt=_text(body, "prompt"),
        negative_prompt=_text(body, "negative_prompt"),
        cfg_scale=_cfg(body, "cfg_scale", 7.0),
        hires=_flag(body, "hires"),
        hr_prompt=_text(body, "hr_prompt"),
        hr_negative_prompt=_text(body, "hr_negative_prompt"),
        hr_cfg=_cfg(body, "hr_cfg", 0.0) or None if hr_cfg is not None else None,
        styles=_names(body, "styles", MAX_STYLES),
        tools=_names(body, "tools", MAX_TOOLS),
        family=_family(body),
        guided=_guided(body),
    )


def _guided(body: Mapping[str, Any]) -> bool:
    name = _text(body, "guidance")
    try:
        return guidance_keys.read_guidance(name, None, None) is not None
    except ValueError as error:
        raise FormValueError("guidance", str(error)) from error


def read_mode(body: Mapping[str, Any]) -> Mode | None:
    """Return the mode a request names; ``None`` if it leaves that to the user's settings.

    Raises:
        FormValueError: there is no such mode.
    """
    enabled = body.get("enabled")
    if enabled is not None and not isinstance(enabled, bool):
        raise FormValueError("enabled", "must be true or false")
    if enabled is False:
        return Mode.OFF
    name = body.get("mode")
    if name is None:
        return None
    try:
        return _mode(name)
    except ValueError as error:
        raise FormValueError("mode", str(error)) from error


def read_rules(body: Mapping[str, Any]) -> dict[str, Mode]:
    """Return the rules whose mode a request names.

    Raises:
        FormValueError: no such rule, or no such mode.
    """
    rules = body.get("rules")
    if rules is None:
        return {}
    if not isinstance(rules, Mapping):
        raise FormValueError("rules", "must be an object of rule and mode")
    result = {}
    for rule, mode in rules.items():
        if rule not in DEFAULT_RULE_MODES:
            raise FormValueError("rules", f"no such rule: {str(rule)[:40]!r}")
        try:
            result[str(rule)] = _mode(mode)
        except ValueError as error:
            raise FormValueError("rules", str(error)) from error
    return result


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FormValueError(key, "must be text")
    if len(value) > MAX_TEXT:
        raise FormValueError(key, f"longer than {MAX_TEXT} characters")
    return value


def _cfg(body: Mapping[str, Any], key: str, default: float) -> float:
    value = body.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FormValueError(key, "must be a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise FormValueError(key, "must be a finite number")
    if not 0.0 <= number <= MAX_CFG:
        raise FormValueError(key, f"must be from 0 to {MAX_CFG:g}")
    return number


def _mode(value: object) -> Mode:
    if not isinstance(value, str) or len(value) > MAX_MODE:
        raise ValueError("must be Enforce, Advise or Off")
    return Mode.parse(value)


def _flag(body: Mapping[str, Any], key: str) -> bool:
    value = body.get(key)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise FormValueError(key, "must be true or false")
    return value


def _names(body: Mapping[str, Any], key: str, most: int) -> tuple[str, ...]:
    value = body.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise FormValueError(key, "must be a list of names")
    if len(value) > most:
        raise FormValueError(key, f"more than {most}")
    return tuple(value)


def _family(body: Mapping[str, Any]) -> ModelFamily | None:
    value = body.get("family")
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise FormValueError("family", "must be text")
    try:
        return named_family(value)
    except UnknownFamilyError as error:
        raise FormValueError("family", str(error)) from error
