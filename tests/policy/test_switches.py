"""The quick switches cover every rule once."""

from __future__ import annotations

from lib_lora_neg.policy import BY_ID, DEFAULT_RULE_MODES, Mode
from lib_lora_neg.policy.switches import (
    SWITCHES,
    rules_by_states,
    rules_switched_off,
)


def test_every_rule_has_one_switch() -> None:
    rules = [rule for switch in SWITCHES for rule in switch.rules]
    assert sorted(rules) == sorted(DEFAULT_RULE_MODES)


def test_ids_and_labels_of_switches_and_ids_of_rules() -> None:
    for chosen in ([s.label for s in SWITCHES], [s.id for s in SWITCHES], None):
        assert rules_switched_off(chosen) == {}
    all_but_cfg = [switch.label for switch in SWITCHES if not switch.label.startswith("CFG")]
    assert rules_switched_off(all_but_cfg) == {"R3": Mode.OFF}
    assert rules_by_states({"R3": False, "R5": True, "R77": False}) == {"R3": Mode.OFF}
    misfires = rules_by_states({"R11": False})
    assert sorted(misfires) == ["R11a", "R11b", "R11c", "R11d"]
    assert set(rules_switched_off(["R1", "R2"])) == set(DEFAULT_RULE_MODES) - {"R1", "R1f", "R2"}


def test_a_switch_has_the_id_of_its_first_rule_or_of_their_group() -> None:
    ids = [switch.id for switch in SWITCHES]
    assert [id_ for id_ in ids if id_ != "R12"] == [
        "R1", "R2", "R2b", "R2c", "R3", "R4", "R5", "R6", "R8", "R9", "R10", "R11",
    ]  # fmt: skip


def test_a_switch_is_called_as_its_rules_are() -> None:
    labels = {switch.id: switch.label for switch in SWITCHES}
    assert labels["R5"] == BY_ID["R5"].title
    assert labels["R11"] == BY_ID["R11a"].switch != BY_ID["R11a"].title
    assert all(labels.values())
