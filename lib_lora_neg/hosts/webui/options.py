"""What the user set on the extension's page of the host's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...policy import DEFAULT_RULE_MODES, GuardSettings, Mode, NegativeTag
from ...policy.matrix import DEFAULT_FLOORS

SECTION = ("lora_neg", "LoRA Negative Guard")
PREFIX = "lora_neg_"
ENABLED = f"{PREFIX}enabled"
MODE = f"{PREFIX}mode"
NOTICE_SEEN = f"{PREFIX}notice_seen"
CFG_CEILING = f"{PREFIX}cfg_ceiling"
BUDGET = f"{PREFIX}budget"
BUDGET_RELATIVE = f"{PREFIX}budget_relative"
NEGATIVE_TAG = f"{PREFIX}negative_tag"

FULL_STOPS = f"{PREFIX}full_stops"
INFOTEXT = f"{PREFIX}infotext"
DEGRADED = f"{PREFIX}degraded"
TEXT_ENCODER = f"{PREFIX}text_encoder"
CLAMP_CONFIDENCE = f"{PREFIX}clamp_confidence"
DROP_CONFIDENCE = f"{PREFIX}drop_confidence"
SCAN_BATCH = f"{PREFIX}scan_batch"
GUARD_SWEEPS = f"{PREFIX}guard_sweeps"

MAX_SCAN_BATCH = 8
"""More at once gains little, and a scan that runs out of memory loses time."""

INFOTEXT_ALL, INFOTEXT_MODE, INFOTEXT_NONE = "mode and changes", "mode only", "nothing"


def rule_key(rule: str) -> str:
    """Return the option of a rule."""
    return f"{PREFIX}rule_{rule.lower()}"


def floor_key(name: str) -> str:
    """Return the option of a type's floor."""
    return f"{PREFIX}floor_{name}"


def read_settings(mode: Mode, switched: Mapping[str, Mode] | None = None) -> GuardSettings:
    """Return the user's settings for a generation in ``mode``; what is broken has its default.

    ``switched`` are rules that the panel or a request sets otherwise.
    """
    from modules.shared import opts

    defaults = GuardSettings()
    rules = {
        rule: _mode(getattr(opts, rule_key(rule), None), default)
        for rule, default in DEFAULT_RULE_MODES.items()
    }
    return GuardSettings(
        mode=mode,
        rules={**rules, **(switched or {})},
        clamp_confidence=_number(opts, CLAMP_CONFIDENCE, defaults.clamp_confidence),
        drop_confidence=_number(opts, DROP_CONFIDENCE, defaults.drop_confidence),
        cfg_ceiling=min(max(_number(opts, CFG_CEILING, defaults.cfg_ceiling), 4.0), 6.0),
        text_encoder=min(max(_number(opts, TEXT_ENCODER, defaults.text_encoder), 0.4), 0.6),
        budget=_number(opts, BUDGET, defaults.budget),
        degraded=_number(opts, DEGRADED, defaults.degraded),
        budget_relative=bool(getattr(opts, BUDGET_RELATIVE, False)),
        negative_tag=_negative_tag(getattr(opts, NEGATIVE_TAG, None)),
        full_stops=bool(getattr(opts, FULL_STOPS, False)),
        floors=_floors(opts),
    )


def _floors(opts: Any) -> dict[str, float]:
    """Return the floors that differ from the matrix; never above 0."""
    floors = {
        name: min(_number(opts, floor_key(name), default), 0.0)
        for name, default in DEFAULT_FLOORS.items()
    }
    return {name: floor for name, floor in floors.items() if floor != DEFAULT_FLOORS[name]}


def infotext_parts() -> tuple[bool, bool]:
    """Return whether the mode and whether the changes go into the infotext."""
    from modules.shared import opts

    wanted = getattr(opts, INFOTEXT, INFOTEXT_ALL)
    return wanted != INFOTEXT_NONE, wanted not in (INFOTEXT_NONE, INFOTEXT_MODE)


def _mode(value: object, default: Mode) -> Mode:
    try:
        return Mode.parse(value)
    except ValueError:
        return default


def _number(opts: Any, key: str, default: float) -> float:
    try:
        return float(getattr(opts, key, default))
    except (TypeError, ValueError):
        return default


def _negative_tag(value: object) -> NegativeTag:
    return next((choice for choice in NegativeTag if choice.value == value), NegativeTag.MOVE)


def default_enabled() -> bool:
    """Return whether the guard is on where nobody said otherwise."""
    from modules.shared import opts

    return bool(getattr(opts, ENABLED, True))


def default_mode() -> Mode:
    """Return the mode where nobody said otherwise."""
    from modules.shared import opts

    return _mode(getattr(opts, MODE, None), Mode.ENFORCE)


def guards_sweeps() -> bool:
    """Return whether jobs that vary a LoRA's weight on purpose are guarded like any other."""
    from modules.shared import opts

    return bool(getattr(opts, GUARD_SWEEPS, False))


def emphasis_is_on() -> bool:
    """Return whether brackets mean attention."""
    from modules.shared import opts

    return getattr(opts, "emphasis", "Original") != "None"


def scan_batch() -> int:
    """Return how many pictures a scan makes at once."""
    from modules.shared import opts

    return min(max(round(_number(opts, SCAN_BATCH, 1)), 1), MAX_SCAN_BATCH)


def notice_seen() -> bool:
    """Return whether the first-run notice was answered."""
    from modules.shared import opts

    return bool(getattr(opts, NOTICE_SEEN, False))


def answer_notice(mode: Mode) -> None:
    """Remember that the first-run notice was answered with ``mode``."""
    from modules import shared

    shared.opts.set(MODE, mode.value)
    shared.opts.set(NOTICE_SEEN, True)
    shared.opts.save(shared.config_filename)
