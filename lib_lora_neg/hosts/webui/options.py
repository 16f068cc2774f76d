"""What the user set on the extension's page of the host's settings."""

from __future__ import annotations

from collections.abc import Mapping

from ...policy import DEFAULT_RULE_MODES, GuardSettings, Mode, NegativeTag
from ...policy.matrix import DEFAULT_FLOORS
from ...sentences import Sentence
from ..guidance_keys import GuidanceDefaults
from .option_values import (
    BUDGET,
    BUDGET_RELATIVE,
    CFG_CEILING,
    CLAMP_CONFIDENCE,
    DEGRADED,
    DROP_CONFIDENCE,
    ENABLED,
    FULL_STOPS,
    GUARD_SWEEPS,
    GUIDANCE,
    GUIDANCE_SHARE,
    GUIDANCE_STRENGTH,
    INFOTEXT,
    INFOTEXT_MODE,
    INFOTEXT_NONE,
    MODE,
    NEGATIVE_TAG,
    NOTICE_SEEN,
    SCAN_BATCH,
    TEXT_ENCODER,
    OptionValues,
    floor_key,
    rule_key,
)


def read_settings(mode: Mode, switched: Mapping[str, Mode] | None = None) -> GuardSettings:
    """Return the user's settings for a generation in ``mode``; what is broken has its default.

    ``switched`` are rules that the panel or a request sets otherwise.
    """
    values = _values()
    rules = {rule: Mode.parse(values.choice(rule_key(rule))) for rule in DEFAULT_RULE_MODES}
    return GuardSettings(
        mode=mode,
        rules={**rules, **(switched or {})},
        clamp_confidence=values.number(CLAMP_CONFIDENCE),
        drop_confidence=values.number(DROP_CONFIDENCE),
        cfg_ceiling=values.number(CFG_CEILING),
        text_encoder=values.number(TEXT_ENCODER),
        budget=values.number(BUDGET),
        degraded=values.number(DEGRADED),
        budget_relative=values.flag(BUDGET_RELATIVE),
        negative_tag=NegativeTag(values.choice(NEGATIVE_TAG)),
        full_stops=values.flag(FULL_STOPS),
        floors=_floors(values),
    )


def setting_problems() -> list[Sentence]:
    """Return a sentence for each setting that was not taken as it stands in the config file."""
    return _values().problems()


def _values() -> OptionValues:
    from modules.shared import opts

    return OptionValues(opts)


def _floors(values: OptionValues) -> dict[str, float]:
    """Return the floors that differ from the matrix."""
    floors = {name: values.number(floor_key(name)) for name in DEFAULT_FLOORS}
    return {name: floor for name, floor in floors.items() if floor != DEFAULT_FLOORS[name]}


def infotext_parts() -> tuple[bool, bool]:
    """Return whether the mode and whether the changes go into the infotext."""
    wanted = _values().choice(INFOTEXT)
    return wanted != INFOTEXT_NONE, wanted not in (INFOTEXT_NONE, INFOTEXT_MODE)


def default_enabled() -> bool:
    """Return whether the guard is on where nobody said otherwise."""
    return _values().flag(ENABLED)


def default_mode() -> Mode:
    """Return the mode where nobody said otherwise."""
    return Mode.parse(_values().choice(MODE))


def guidance_defaults() -> GuidanceDefaults:
    """Return method, strength and share of negative guidance where nobody said otherwise."""
    values = _values()
    return GuidanceDefaults(
        values.choice(GUIDANCE), values.number(GUIDANCE_STRENGTH), values.number(GUIDANCE_SHARE)
    )


def emphasis_is_on() -> bool:
    """Return whether brackets mean attention."""
    from modules.shared import opts

    return getattr(opts, "emphasis", "Original") != "None"


def scan_batch() -> int:
    """Return how many pictures a scan makes at once."""
    return int(_values().number(SCAN_BATCH))


def notice_seen() -> bool:
    """Return whether the first-run notice was answered."""
    return _values().flag(NOTICE_SEEN)


def guards_sweeps() -> bool:
    """Return whether a job that varies a LoRA's weight is guarded all the same."""
    return _values().flag(GUARD_SWEEPS)


def answer_notice(mode: Mode) -> None:
    """Remember that the first-run notice was answered with ``mode``."""
    from modules import shared

    shared.opts.set(MODE, mode.value)
    shared.opts.set(NOTICE_SEEN, True)
    shared.opts.save(shared.config_filename)
