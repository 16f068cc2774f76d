"""The health line: what it says of a host that lacks things."""

from __future__ import annotations

import sys

import pytest

from lib_lora_neg.hosts.webui import loader
from lib_lora_neg.hosts.webui.guard import Guard
from lib_lora_neg.hosts.webui.health import health
from lib_lora_neg.ui.panel.health import health_html
from tests.hosts.standins import Host


def test_a_missing_hook_is_a_limit(host: Host) -> None:
    assert [item.name for item in health() if not item.live] == ["LoRA loader hook"]
    assert "Limited: LoRA loader hook" in health_html(health())
    loader.install(Guard())
    assert all(item.live for item in health())


def test_rules_are_told_by_what_they_may_do(host: Host) -> None:
    host.opts.lora_neg_rule_r3 = "Off"
    (rules,) = [item for item in health() if item.name == "Rules"]
    assert "enforced: R1, R1f, R2, R8, R11a, R11b" in rules.note
    assert "off: R3" in rules.note


def test_a_host_without_its_lora_extension(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "networks", None)
    assert "LoRA list" in [item.name for item in health() if not item.live]


def test_one_cfg_for_both_passes_is_told(host: Host) -> None:
    (hires,) = [item for item in health() if item.name == "CFG of the hires pass"]
    assert "lowers it for both" in hires.note


def test_a_host_that_sends_its_requests_away_is_told(host: Host) -> None:
    loader.install(Guard())
    host.opts.forge_model_mode = "local"
    assert all(item.live for item in health())
    host.opts.forge_model_mode = "api"
    (elsewhere,) = [item for item in health() if not item.live]
    assert "nothing is guarded" in elsewhere.note
