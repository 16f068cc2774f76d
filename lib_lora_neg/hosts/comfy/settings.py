"""The guard's settings in ComfyUI's own settings dialog.

The page registers what `definitions` lists; ComfyUI keeps what a person chooses in the user's
``comfy.settings.json``, and only what differs from the default. With ``--multi-user`` a running
node does not know whose prompt it is, so the settings of the user ``default`` hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...policy import DEFAULT_RULE_MODES, GuardSettings, Mode, NegativeTag
from ...policy.switches import SWITCHES
from ...regular import read_regular
from .order import TagOrder

PREFIX = "LoRANegativeGuard."
CATEGORY = "LoRA Negative Guard"
AS_SET = "as in the settings"
MODES = [AS_SET, *(mode.value for mode in Mode)]
"""What a node's menu of modes offers."""
ORDERS = [AS_SET, *(order.value for order in TagOrder)]

MODE, ORDER = PREFIX + "Mode", PREFIX + "TagOrder"
CEILING, TEXT_ENCODER = PREFIX + "CfgCeiling", PREFIX + "TextEncoder"
NEGATIVE_TAG, FULL_STOPS = PREFIX + "NegativeTag", PREFIX + "FullStops"
DEFAULT = "Default"

MAX_BYTES = 8_000_000
"""Of ComfyUI's settings file; other packs keep much in it."""


def definitions() -> list[dict[str, Any]]:
    """Return the settings as ComfyUI's dialog takes them."""
    own = GuardSettings()
    rules = [
        _choice(
            PREFIX + rules[0],
            f"{label} ({', '.join(rules)})",
            [DEFAULT, *(mode.value for mode in Mode)],
            DEFAULT,
            "Rules",
            "By default: " + ", ".join(f"{r} {DEFAULT_RULE_MODES[r].value}" for r in rules),
        )
        for _, label, rules in SWITCHES
    ]
    defined = [
        _choice(
            MODE,
            "Mode",
            [mode.value for mode in Mode],
            own.mode.value,
            "Guard",
            "Enforce changes the generation and says so; Advise only says what it would do.",
        ),
        _choice(
            ORDER,
            "Order of the two strengths in <lora:name:a:b>",
            [order.value for order in TagOrder],
            TagOrder.MODEL_FIRST.value,
            "Guard",
            "Lora-Manager, Impact, prompt-control and SwarmUI write the model's first.",
        ),
        _choice(
            NEGATIVE_TAG,
            "A LoRA tag in the negative prompt",
            [choice.value for choice in NegativeTag],
            own.negative_tag.value,
            "Guard",
            "Move it to the prompt at a safe negative weight, remove it, or leave it.",
        ),
        _number(CEILING, "Highest CFG beside a negative weight", own.cfg_ceiling, 4.0, 6.0, 0.5),
        _number(
            TEXT_ENCODER,
            "Text-encoder strength beside a negative weight",
            own.text_encoder,
            0.4,
            0.6,
            0.05,
        ),
        {
            **_setting(FULL_STOPS, "A full stop ends a term", "Guard", ""),
            "type": "boolean",
            "defaultValue": own.full_stops,
        },
        *rules,
    ]
    # The dialog shows the largest number first.
    return [{**item, "sortOrder": len(defined) - place} for place, item in enumerate(defined)]


def _setting(key: str, name: str, group: str, tooltip: str) -> dict[str, Any]:
    return {"id": key, "name": name, "category": [CATEGORY, group, name], "tooltip": tooltip}


def _choice(
    key: str, name: str, options: list[str], default: str, group: str, tooltip: str
) -> dict[str, Any]:
    return {
        **_setting(key, name, group, tooltip),
        "type": "combo",
        "options": options,
        "defaultValue": default,
    }


def _number(
    key: str, name: str, default: float, low: float, high: float, step: float
) -> dict[str, Any]:
    return {
        **_setting(key, name, "Guard", f"{low:g} to {high:g}"),
        "type": "slider",
        "attrs": {"min": low, "max": high, "step": step},
        "defaultValue": default,
    }


def read_file(path: Path | None) -> Mapping[str, Any]:
    """Return ComfyUI's settings; nothing where there are none, or they cannot be read."""
    if path is None:
        return {}
    try:
        found = json.loads(read_regular(path, MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def in_force(kept: Mapping[str, Any], mode: str = AS_SET) -> GuardSettings:
    """Return the guard's settings; a value that means nothing counts as not set.

    Args:
        kept: ComfyUI's settings.
        mode: chosen at the node, one of `MODES`.
    """
    own = GuardSettings()
    rules = dict(own.rules)
    for switch in SWITCHES:
        chosen = _mode(kept.get(PREFIX + switch.rules[0]))
        if chosen is not None:
            rules.update(dict.fromkeys(switch.rules, chosen))
    return GuardSettings(
        mode=_mode(mode) or _mode(kept.get(MODE)) or own.mode,
        rules=rules,
        cfg_ceiling=_within(kept.get(CEILING), 4.0, 6.0, own.cfg_ceiling),
        text_encoder=_within(kept.get(TEXT_ENCODER), 0.4, 0.6, own.text_encoder),
        negative_tag=_negative_tag(kept.get(NEGATIVE_TAG), own.negative_tag),
        full_stops=kept.get(FULL_STOPS) is True,
    )


def order_of(kept: Mapping[str, Any], chosen: str = AS_SET) -> TagOrder:
    """Return the order of a tag's strengths: the node's, else the settings'."""
    return TagOrder.parse(kept.get(ORDER) if chosen == AS_SET else chosen)


def _mode(value: object) -> Mode | None:
    try:
        return Mode.parse(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _within(value: object, low: float, high: float, default: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return default
    return float(value)


def _negative_tag(value: object, default: NegativeTag) -> NegativeTag:
    return next((choice for choice in NegativeTag if choice.value == value), default)
