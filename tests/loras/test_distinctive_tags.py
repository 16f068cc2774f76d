"""The share of the captions from which a distinctive tag is a trigger (R2)."""

from __future__ import annotations

import pytest

from lib_lora_neg.loras.card import TagTable, TagTableKind
from lib_lora_neg.loras.reading.training import TrainingFacts
from lib_lora_neg.loras.triggers import find_triggers


@pytest.mark.parametrize(
    ("tag", "share", "is_trigger"),
    [
        ("xyzzy mascot", 0.8, True),
        ("xyzzy mascot", 0.799, False),
        ("twin braids", 1.0, False),
        ("1girl", 1.0, False),
    ],
)
def test_the_share_is_exact_and_ordinary_tags_are_none(
    tag: str, share: float, is_trigger: bool
) -> None:
    shares = {tag: share}
    table = TagTable(TagTableKind.RICH, shares, 1000)
    found = find_triggers(TrainingFacts(), (), table, shares)
    assert [trigger.text for trigger in found] == ([tag] if is_trigger else [])
