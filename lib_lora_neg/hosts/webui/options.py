"""The extension's page in the host's settings, and what the user set there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...policy import DEFAULT_RULE_MODES, GuardSettings, Mode, NegativeTag

SECTION = ("lora_neg", "LoRA Negative Guard")
PREFIX = "lora_neg_"
ENABLED = f"{PREFIX}enabled"
MODE = f"{PREFIX}mode"
NOTICE_SEEN = f"{PREFIX}notice_seen"
CFG_CEILING = f"{PREFIX}cfg_ceiling"
BUDGET = f"{PREFIX}budget"
BUDGET_RELATIVE = f"{PREFIX}budget_relative"
NEGATIVE_TAG = f"{PREFIX}negative_tag"

RULE_LABELS: Mapping[str, str] = {
    "R1": "R1: negative weights stay in the range of the LoRA's type",
    "R1f": "R1f: the same on Flux",
    "R2": "R2: trigger words out of the negative prompt",
    "R2b": "R2b: core terms of a LoRA's captions out of the negative prompt",
    "R2c": "R2c: a LoRA's own recommended negative prompt",
    "R3": "R3: lower CFG while a negative weight is active",
    "R4": "R4: separate text-encoder weight beside a negative weight",
    "R5": "R5: stacking budget",
    "R6": "R6: tug of war between the negative prompt and a LoRA",
    "R8": "R8: <lora:…> in the negative prompt",
    "R9": 'R9: plain-word negation ("without a hat") in the prompt',
    "R11a": "R11a: the same LoRA twice",
    "R11b": "R11b: unknown LoRA names",
    "R11c": "R11c: LoRAs of another model family",
    "R11d": "R11d: weights that are no numbers",
}
ADVISE_ONLY = frozenset({"R6", "R11c", "R11d"})
"""Rules that have nothing they could change."""


def rule_key(rule: str) -> str:
    """Return the option of a rule."""
    return f"{PREFIX}rule_{rule.lower()}"


def register_options() -> None:
    """Add the settings page; to be called in the host's ``on_ui_settings``."""
    import gradio as gr
    from modules import shared

    def add(key: str, default: Any, label: str, component: Any = None, **args: Any) -> None:
        info = shared.OptionInfo(default, label, component, args or None, section=SECTION)
        shared.opts.add_option(key, info)

    modes = [mode.value for mode in Mode]
    add(ENABLED, True, "Guard new generations by default", gr.Checkbox)
    add(MODE, Mode.ENFORCE.value, "Mode by default", gr.Radio, choices=modes)
    for rule, label in RULE_LABELS.items():
        choices = modes[1:] if rule in ADVISE_ONLY else modes
        add(rule_key(rule), DEFAULT_RULE_MODES[rule].value, label, gr.Radio, choices=choices)
    add(
        CFG_CEILING,
        6.0,
        "Highest CFG scale while a negative weight is active (R3)",
        gr.Slider,
        minimum=4.0,
        maximum=6.0,
        step=0.5,
    )
    add(
        BUDGET,
        2.5,
        "Stacking budget: highest sum of LoRA weights (R5)",
        gr.Slider,
        minimum=0.5,
        maximum=10.0,
        step=0.1,
    )
    add(
        BUDGET_RELATIVE,
        False,
        "Count weights relative to each LoRA's preferred weight (R5)",
        gr.Checkbox,
    )
    add(
        NEGATIVE_TAG,
        NegativeTag.MOVE.value,
        "A LoRA tag in the negative prompt is (R8)",
        gr.Radio,
        choices=[choice.value for choice in NegativeTag],
    )
    add(NOTICE_SEEN, False, "The notice of the first start was read", gr.Checkbox)


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
        cfg_ceiling=min(max(_number(opts, CFG_CEILING, defaults.cfg_ceiling), 4.0), 6.0),
        budget=_number(opts, BUDGET, defaults.budget),
        budget_relative=bool(getattr(opts, BUDGET_RELATIVE, False)),
        negative_tag=_negative_tag(getattr(opts, NEGATIVE_TAG, None)),
    )


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


def emphasis_is_on() -> bool:
    """Return whether brackets mean attention."""
    from modules.shared import opts

    return getattr(opts, "emphasis", "Original") != "None"


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
