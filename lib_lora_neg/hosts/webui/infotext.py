"""What the guard writes into the host's infotext, and reads back when one is pasted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...policy import Finding, Mode
from ...policy import infotext as common
from ...policy.infotext import (
    CHANGES_KEY,
    KEYS,
    LATE_KEY,
    MODE_KEY,
    NESTED_KEY,
    NOT_GUARDED,
    SWEEP,
    SWEEP_KEY,
)
from .. import guidance_keys
from . import options

__all__ = [
    "CHANGES_KEY",
    "KEYS",
    "LATE_KEY",
    "MODE_KEY",
    "NESTED_KEY",
    "NOT_GUARDED",
    "PASTED",
    "SWEEP_KEY",
    "clear",
    "guidance_fields",
    "pasted_enabled",
    "pasted_mode",
    "write",
    "write_failure",
    "write_late",
    "write_nested",
    "write_off",
    "write_sweep",
]

PASTED = (*KEYS, *guidance_keys.KEYS)
"""All keys that fill the panel when an infotext is pasted."""


def clear(p: Any, *, guarded: bool) -> None:
    """Take our keys out; a guarded ``p`` gets a dictionary of infotext keys of its own.

    The cells of an XYZ plot share one dictionary; what one cell writes would stand in the
    infotext of all later ones.
    """
    if not guarded and not any(key in p.extra_generation_params for key in KEYS):
        return
    p.extra_generation_params = {
        key: value for key, value in p.extra_generation_params.items() if key not in KEYS
    }


def write(p: Any, mode: Mode, findings: Iterable[Finding]) -> None:
    """Write the keys of one batch; none where the guard saw nothing."""
    with_mode, with_changes = options.infotext_parts()
    params = p.extra_generation_params
    for key in KEYS:
        params.pop(key, None)
    params.update(
        common.guard_parameters(mode, findings, with_mode=with_mode, with_changes=with_changes)
    )


def write_off(p: Any) -> None:
    """Say that this picture was made as typed, so that pasting it switches the guard off."""
    p.extra_generation_params[MODE_KEY] = Mode.OFF.value


def write_late(p: Any, changes: Iterable[str]) -> None:
    """Say what was changed after the prompts were written, where they could not be mended."""
    params = p.extra_generation_params
    known = [params[LATE_KEY]] if params.get(LATE_KEY) else []
    params[MODE_KEY] = Mode.ENFORCE.value
    params[LATE_KEY] = "; ".join([*known, *changes])


def write_sweep(p: Any, outside: Iterable[str] = ()) -> None:
    """Say that the picture is one of a sweep and was made as typed, and what is out of range."""
    write_off(p)
    _, with_changes = options.infotext_parts()
    if not with_changes:
        return
    notes = "; ".join(outside)
    p.extra_generation_params[SWEEP_KEY] = f"{SWEEP}; {notes}" if notes else SWEEP


def write_nested(p: Any, changes: Iterable[str]) -> None:
    """Say what was changed in a generation that ran inside this one, each change once."""
    _, with_changes = options.infotext_parts()
    if not with_changes:
        return
    params = p.extra_generation_params
    known = str(params[NESTED_KEY]).split("; ") if params.get(NESTED_KEY) else []
    params[NESTED_KEY] = "; ".join(dict.fromkeys([*known, *changes]))


def write_failure(p: Any) -> None:
    """Say that this batch was made as it was asked for, because the guard failed."""
    for key in KEYS:
        p.extra_generation_params.pop(key, None)
    p.extra_generation_params[MODE_KEY] = NOT_GUARDED


def pasted_enabled(params: Mapping[str, Any]) -> bool:
    """Return the toggle for a pasted infotext: the user's default where it does not say."""
    return common.pasted_enabled(params, options.default_enabled())


def pasted_mode(params: Mapping[str, Any]) -> str:
    """Return the mode for a pasted infotext: the user's default where it does not say."""
    return common.pasted_mode(params, options.default_mode()).value


def guidance_fields(inputs: Any) -> list[tuple[Any, Any]]:
    """Return the inputs of negative guidance with what a pasted infotext gives them."""

    def of(name: str) -> Callable[[Mapping[str, Any]], Any]:
        return lambda params: guidance_keys.inputs_of_infotext(params)[name]

    return [(getattr(inputs, name), of(name)) for name in guidance_keys.NAMES]
