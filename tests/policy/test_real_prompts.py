"""The guard on prompts that people wrote; skipped where the collection is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import (
    DEFAULT_RULE_MODES,
    Effect,
    GenerationRequest,
    GuardPlan,
    GuardSettings,
    Mode,
    PromptSet,
    plan,
)
from tests.support.cards import SyntheticCards

PROMPTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "prompts.jsonl"
ALL_ENFORCED = GuardSettings(rules=dict.fromkeys(DEFAULT_RULE_MODES, Mode.ENFORCE))
FIELDS = {"prompt": "prompts", "negative_prompt": "negative_prompts", "cfg_scale": "cfg_scale"}

pytestmark = pytest.mark.skipif(not PROMPTS.exists(), reason="no collection of real prompts here")


@pytest.fixture(scope="module")
def requests() -> list[GenerationRequest]:
    records = [json.loads(line) for line in PROMPTS.read_text(encoding="utf-8").splitlines()]
    return [
        GenerationRequest(
            PromptSet(
                (record["prompt"],),
                (record.get("negative_prompt") or "",),
                float(record.get("cfg") or 7.0),
            ),
            family=ModelFamily.SD1,
            embeddings=frozenset({"EasyNegative", "bad-hands-5"}),
            unknown_lora_drops_all=True,
        )
        for record in records
    ]


@pytest.mark.parametrize("settings", [GuardSettings(), ALL_ENFORCED], ids=["default", "all"])
def test_every_change_is_explained_and_final(
    requests: list[GenerationRequest], settings: GuardSettings
) -> None:
    cards = SyntheticCards()
    changed = 0
    for request in requests:
        result = plan(request, cards, settings)
        _check_explained(request, result)
        again = plan(
            GenerationRequest(
                result.first,
                family=request.family,
                embeddings=request.embeddings,
                unknown_lora_drops_all=True,
            ),
            cards,
            settings,
        )
        assert again.first == result.first, request.first.prompts
        changed += result.changed
    assert changed > len(requests) / 10


def _check_explained(request: GenerationRequest, result: GuardPlan) -> None:
    enforced = [f for f in result.findings if f.effect is Effect.ENFORCED]
    told = {FIELDS[finding.field.value] for finding in enforced}
    for name in FIELDS.values():
        before, after = getattr(request.first, name), getattr(result.first, name)
        if name in told:
            assert before != after, (name, enforced)
        elif name == "cfg_scale":
            assert before == after
        else:
            assert after[0] is before[0]
    for finding in enforced:
        _check_stands(request, result, finding.field.value, finding.before, finding.rule)


def _check_stands(
    request: GenerationRequest, result: GuardPlan, field: str, before: str, rule: str
) -> None:
    """What a finding says was there, was there (or another rule put it there)."""
    if field == "cfg_scale" or rule == "R11a" or not before:
        return
    texts = getattr(request.first, FIELDS[field])
    others = " ".join(f.after for f in result.findings)
    assert before in texts[0] or before in others
