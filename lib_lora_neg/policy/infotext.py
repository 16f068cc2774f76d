"""What the guard writes into an infotext, the same on every host, and what it reads back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..infotext import format_infotext, parse_infotext
from .model import Effect, Finding
from .notes import TOO_LONG
from .options import Mode
from .wording import change_text

MODE_KEY = "LoRA Neg"
CHANGES_KEY = "LoRA Neg changes"
LATE_KEY = "LoRA Neg late changes"
SWEEP_KEY = "LoRA Neg sweep"
NESTED_KEY = "LoRA Neg nested changes"
KEYS = (MODE_KEY, CHANGES_KEY, LATE_KEY, SWEEP_KEY, NESTED_KEY)

NOT_GUARDED = "not guarded (the guard failed)"
UNREAD = "not guarded (a prompt is too long)"
SWEEP = "not guarded, on purpose"


def guard_parameters(
    mode: Mode,
    findings: Iterable[Finding],
    *,
    with_mode: bool = True,
    with_changes: bool = True,
) -> dict[str, str]:
    """Return the keys for one batch; none where the guard saw nothing to do."""
    findings = tuple(findings)
    if any(finding.rule == TOO_LONG.id for finding in findings):
        return {MODE_KEY: UNREAD}
    changes = [change_text(f) for f in findings if f.effect is Effect.ENFORCED]
    parameters = {}
    if with_mode and (changes or (mode is Mode.ADVISE and findings)):
        parameters[MODE_KEY] = mode.value
    if with_changes and changes:
        parameters[CHANGES_KEY] = "; ".join(changes)
    return parameters


def marked_off(text: str) -> str:
    """Return the infotext of an unguarded picture so that pasting it switches the guard off."""
    if not text:
        return ""
    said = parse_infotext(text)
    if MODE_KEY in said.parameters:
        return text
    parameters = {**said.parameters, MODE_KEY: Mode.OFF.value}
    return format_infotext(replace(said, parameters=parameters))


def pasted_enabled(params: Mapping[str, Any], default: bool) -> bool:
    """Return the toggle for a pasted infotext: ``default`` where it does not say."""
    if MODE_KEY in params:
        return str(params[MODE_KEY]) not in (NOT_GUARDED, UNREAD)
    return default


def pasted_mode(params: Mapping[str, Any], default: Mode) -> Mode:
    """Return the mode for a pasted infotext: ``default`` where it does not say."""
    try:
        return Mode.parse(params.get(MODE_KEY))
    except ValueError:
        return default
