"""Values of the host's config file, which anybody may have edited: taken where they make sense."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from ...guidance import Method
from ...policy import DEFAULT_RULE_MODES, GuardSettings, Mode, NegativeTag
from ...policy.matrix import DEFAULT_FLOORS
from ...prompts import format_number
from ...sentences import Sentence, say
from .. import guidance_keys

SECTION = ("lora_neg", "LoRA Negative Guard")
PREFIX = "lora_neg_"
ENABLED = f"{PREFIX}enabled"
MODE = f"{PREFIX}mode"
NOTICE_SEEN = f"{PREFIX}notice_seen"
BADGES = f"{PREFIX}card_badges"
"""What the page's script looks at."""
LOOKUPS = f"{PREFIX}civitai_lookup"
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
GUIDANCE = f"{PREFIX}guidance"
GUIDANCE_STRENGTH = f"{PREFIX}guidance_strength"
GUIDANCE_SHARE = f"{PREFIX}guidance_share"

MAX_SCAN_BATCH = 8
"""More at once gains little, and a scan that runs out of memory loses time."""

LOWEST_FLOOR = -5.0
"""As far as anybody types a weight."""

INFOTEXT_ALL, INFOTEXT_MODE, INFOTEXT_NONE = "mode and changes", "mode only", "nothing"

MAX_SHOWN = 40
"""Characters of a value that is shown because it was not taken."""

NUMBER = "{name}: {value} is no number from {low} to {high}, so {used} is used"
WHOLE = "{name}: {value} is no whole number from {low} to {high}, so {used} is used"
FLAG = "{name}: {value} is neither true nor false, so {used} is used"
CHOICE = "{name}: {value} is none of {choices}, so {used} is used"


def rule_key(rule: str) -> str:
    """Return the option of a rule."""
    return f"{PREFIX}rule_{rule.lower()}"


def floor_key(name: str) -> str:
    """Return the option of a type's floor."""
    return f"{PREFIX}floor_{name}"


@dataclass(frozen=True)
class OptionRange:
    """What a number may be: from ``low`` to ``high``, in steps of ``step`` on the page."""

    default: float
    low: float
    high: float
    step: float
    whole: bool = False

    def takes(self, value: object) -> bool:
        """Return whether ``value`` is such a number; comparing refuses NaN, and any size works."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.low <= value <= self.high and (not self.whole or value == math.floor(value))


def _spans() -> dict[str, OptionRange]:
    usual = GuardSettings()
    floors = {
        floor_key(name): OptionRange(floor, LOWEST_FLOOR, 0.0, 0.05)
        for name, floor in DEFAULT_FLOORS.items()
    }
    return {
        **floors,
        CLAMP_CONFIDENCE: OptionRange(usual.clamp_confidence, 0.5, 1.0, 0.05),
        DROP_CONFIDENCE: OptionRange(usual.drop_confidence, 0.5, 1.0, 0.05),
        CFG_CEILING: OptionRange(usual.cfg_ceiling, 4.0, 6.0, 0.5),
        TEXT_ENCODER: OptionRange(usual.text_encoder, 0.4, 0.6, 0.05),
        BUDGET: OptionRange(usual.budget, 0.5, 10.0, 0.1),
        DEGRADED: OptionRange(usual.degraded, 0.5, 10.0, 0.1),
        SCAN_BATCH: OptionRange(1, 1, MAX_SCAN_BATCH, 1, whole=True),
        GUIDANCE_STRENGTH: OptionRange(1.0, 0.0, 3.0, 0.05),
        GUIDANCE_SHARE: OptionRange(1.0, 0.0, 1.0, 0.05),
    }


SPANS: Mapping[str, OptionRange] = MappingProxyType(_spans())
"""Every number of the settings page."""

FLAGS: Mapping[str, bool] = MappingProxyType(
    {
        ENABLED: True,
        BUDGET_RELATIVE: False,
        FULL_STOPS: False,
        GUARD_SWEEPS: False,
        NOTICE_SEEN: False,
        BADGES: True,
        LOOKUPS: False,
    }
)
"""Every switch of the settings page, and its default."""

MODES = tuple(mode.value for mode in Mode)
GUIDANCE_METHODS = (guidance_keys.OFF, *(method.value for method in Method))


class OptionChoice(NamedTuple):
    """What may be chosen, and what is where nothing was."""

    default: str
    choices: Collection[str]


CHOICES: Mapping[str, OptionChoice] = MappingProxyType(
    {
        MODE: OptionChoice(Mode.ENFORCE.value, MODES),
        **{
            rule_key(rule): OptionChoice(mode.value, MODES)
            for rule, mode in DEFAULT_RULE_MODES.items()
        },
        NEGATIVE_TAG: OptionChoice(
            NegativeTag.MOVE.value, [choice.value for choice in NegativeTag]
        ),
        GUIDANCE: OptionChoice(guidance_keys.OFF, GUIDANCE_METHODS),
        INFOTEXT: OptionChoice(INFOTEXT_ALL, (INFOTEXT_ALL, INFOTEXT_MODE, INFOTEXT_NONE)),
    }
)
"""Every choice of the settings page."""


class OptionValues:
    """The options of a host, each as it may be used.

    Args:
        opts: the host's; a missing option has its default.
    """

    def __init__(self, opts: Any) -> None:
        self._opts = opts

    def number(self, key: str) -> float:
        """Return a number within its span, else its default."""
        span = SPANS[key]
        value = getattr(self._opts, key, span.default)
        return float(value) if span.takes(value) else span.default

    def flag(self, key: str) -> bool:
        """Return a switch, else its default: a text such as “false” is neither."""
        value = getattr(self._opts, key, FLAGS[key])
        return value if isinstance(value, bool) else FLAGS[key]

    def choice(self, key: str) -> str:
        """Return one of the choices, in any case, else the default."""
        known = CHOICES[key]
        found = _among(getattr(self._opts, key, known.default), known.choices)
        return known.default if found is None else found

    def problems(self) -> list[Sentence]:
        """Return a sentence for each option that has its default because it makes no sense."""
        found = []
        for key, span in SPANS.items():
            if not span.takes(getattr(self._opts, key, span.default)):
                low, high = format_number(span.low), format_number(span.high)
                used = format_number(span.default)
                facts = {"name": key, "value": self._shown(key), "used": used}
                template = WHOLE if span.whole else NUMBER
                found.append(say(template, low=low, high=high, **facts))
        for key, usual in FLAGS.items():
            if not isinstance(getattr(self._opts, key, usual), bool):
                found.append(say(FLAG, name=key, value=self._shown(key), used=str(usual).lower()))
        for key, known in CHOICES.items():
            if _among(getattr(self._opts, key, known.default), known.choices) is None:
                choices, value = ", ".join(known.choices), self._shown(key)
                facts = {"name": key, "value": value, "used": known.default}
                found.append(say(CHOICE, choices=choices, **facts))
        return found

    def _shown(self, key: str) -> str:
        shown = ascii(getattr(self._opts, key))
        return shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]} …"


def _among(value: object, choices: Collection[str]) -> str | None:
    if not isinstance(value, str) or len(value) > MAX_SHOWN:
        return None
    wanted = value.strip().lower()
    return next((choice for choice in choices if choice.lower() == wanted), None)
