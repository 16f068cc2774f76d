"""The quick switches cover every rule once."""

from __future__ import annotations

from lib_lora_neg.hosts.switches import LABELS, SWITCHES, rules_at_positions, rules_switched_off
from lib_lora_neg.policy import DEFAULT_RULE_MODES, Mode


def test_every_rule_has_one_switch() -> None:
    rules = [rule for _, group in SWITCHES for rule in group]
    assert sorted(rules) == sorted(DEFAULT_RULE_MODES)


def test_labels_names_of_rules_and_positions() -> None:
    assert rules_switched_off(LABELS) == {}
    assert rules_switched_off(None) == {}
    all_but_cfg = [label for label in LABELS if not label.startswith("CFG")]
    assert rules_switched_off(all_but_cfg) == {"R3": Mode.OFF}
    assert set(rules_switched_off(["R1", "R2"])) == set(DEFAULT_RULE_MODES) - {"R1", "R1f", "R2"}
    assert rules_at_positions([False, True]) == {"R1": Mode.OFF, "R1f": Mode.OFF}
