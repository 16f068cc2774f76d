"""The host's config file holds what anybody wrote there: what makes no sense is said, not taken."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from lib_lora_neg.hosts.webui import options
from lib_lora_neg.hosts.webui.health import health
from lib_lora_neg.hosts.webui.option_values import CHOICES, FLAGS, SPANS
from lib_lora_neg.policy import GuardSettings, Mode
from lib_lora_neg.ui.panel.health import health_html
from tests.hosts.standins import Host

NO_NUMBERS: tuple[Any, ...] = (
    math.nan,
    math.inf,
    -math.inf,
    10**400,
    "0.5",
    "",
    None,
    True,
    [],
    {"a": 1},
)
NO_FLAGS: tuple[Any, ...] = ("false", "true", 0, 1, None, [], math.nan)
NO_CHOICES: tuple[Any, ...] = ("", "Enforced", 1, None, True, ["Enforce"], "x" * 100_000)


def wrong() -> Iterator[tuple[str, Any]]:
    for key, span in SPANS.items():
        step = 1 if span.whole else 0.001
        for value in (*NO_NUMBERS, span.low - step, span.high + step):
            yield key, value
        if span.whole:
            yield key, span.low + 0.5
    for key in FLAGS:
        yield from ((key, value) for value in NO_FLAGS)
    for key in CHOICES:
        yield from ((key, value) for value in NO_CHOICES)


def everything() -> tuple[Any, ...]:
    return (
        options.read_settings(Mode.ENFORCE),
        options.default_mode(),
        options.default_enabled(),
        options.infotext_parts(),
        options.scan_batch(),
        options.notice_seen(),
        options.guards_sweeps(),
        options.guidance_defaults(),
    )


def test_what_makes_no_sense_has_its_default_and_is_said(host: Host) -> None:
    usual = everything()
    for key, value in wrong():
        setattr(host.opts, key, value)
        assert everything() == usual, (key, str(value)[:40])
        [said] = options.setting_problems()
        assert said.startswith(f"{key}: ")
        assert len(said) < 250
        [item] = [item for item in health() if item.name == "Settings"]
        assert not item.live
        assert key in health_html(health())
        delattr(host.opts, key)


def test_the_bounds_themselves_are_taken(host: Host) -> None:
    for key, span in SPANS.items():
        for value in (span.low, span.high, span.default):
            setattr(host.opts, key, value)
            assert options.setting_problems() == []
    found = options.read_settings(Mode.ADVISE)
    assert found == GuardSettings(Mode.ADVISE)
    host.opts.lora_neg_cfg_ceiling, host.opts.lora_neg_text_encoder = 4, 0.6
    host.opts.lora_neg_floor_style, host.opts.lora_neg_scan_batch = -5, 8.0
    found = options.read_settings(Mode.ADVISE)
    assert (found.cfg_ceiling, found.text_encoder) == (4.0, 0.6)
    assert found.floors == {"style": -5.0}
    assert options.scan_batch() == 8


def test_choices_are_read_in_any_case(host: Host) -> None:
    host.opts.lora_neg_mode, host.opts.lora_neg_rule_r1 = "advise", " OFF "
    assert options.default_mode() is Mode.ADVISE
    assert options.read_settings(Mode.ENFORCE).mode_of("R1") is Mode.OFF
    assert options.setting_problems() == []


def test_several_are_all_said(host: Host) -> None:
    host.opts.lora_neg_budget = math.nan
    host.opts.lora_neg_enabled = "no"
    host.opts.lora_neg_infotext = "some"
    assert len(options.setting_problems()) == 3
    said = health_html(health())
    assert "Limited: " in said
    assert all(name in said for name in ("lora_neg_budget", "lora_neg_enabled", "some"))


def test_a_value_cannot_write_markup_or_steer_a_terminal(host: Host) -> None:
    host.opts.lora_neg_mode = "<img src=x>\x1b[31m\u202e"
    said = health_html(health())
    assert "<img" not in said
    assert "\x1b" not in said
    assert "\u202e" not in said
