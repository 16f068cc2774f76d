"""The bars of the project against real records, where those lie beside the checkout."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.loras import Header, LoraType, ModelFamily, TensorInfo, build_card

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data are not here")


def records(name: str) -> list[dict[str, Any]]:
    if not DATA.is_dir():
        return []
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def family_of(label: str) -> ModelFamily:
    return ModelFamily.parse(label.split("-klein")[0].split("-14B")[0].split("2.2-5B")[0])


ALGORITHMS = ("lokr", "loha", "oft", "ia3", "glora", "dora", "full")


def expected_algorithm(record: dict[str, Any]) -> str | None:
    name = record["format"].lower()
    if "magnitude_dora" in name or "lora_with_dora" in name or "kohya_with_dora" in name:
        return "dora"
    found = next((algorithm for algorithm in ALGORITHMS if f"_{algorithm}_" in name), None)
    if "fused_qkv" in name or "snap" in name or name == "qwen_image_lora_kohya_format":
        return None
    return found or ("oft" if "boft" in name else "lora")


def header_of(record: dict[str, Any]) -> Header:
    tensors = {key: TensorInfo("F16", tuple(shape or ())) for key, shape in record["keys"].items()}
    return Header(tensors, {})


@pytest.mark.parametrize("record", records("lora_keysets.jsonl"), ids=lambda r: r["id"])
def test_key_sets(record: dict[str, Any]) -> None:
    card = build_card(name="x", header=header_of(record))
    family = family_of(record["family"])
    if card.family is ModelFamily.UNKNOWN:
        # Tensors without shapes whose names several families share prove no family.
        broken = "" in {key.rpartition(".")[0] for key in record["keys"]}
        assert broken or family in (*card.family_candidates, ModelFamily.UNKNOWN)
        assert family is ModelFamily.UNKNOWN or None in record["keys"].values()
    else:
        assert card.family is family
    algorithm = expected_algorithm(record)
    if algorithm is not None:
        assert card.algorithm == algorithm
    assert card.key_format != "unknown"
    assert card.parts is not None
    text = any("te" in key.split("_")[1:2] or "text_" in key[:30] for key in record["keys"])
    assert card.parts.text_encoder == (text or any(k.startswith("lora_te") for k in record["keys"]))


@pytest.mark.parametrize("record", records("training_metadata.jsonl"), ids=lambda r: r["id"])
def test_training_metadata(record: dict[str, Any]) -> None:
    gold = record.get("gold", {})
    name = record["name"].removesuffix(".safetensors")
    card = build_card(name=name, header=Header({}, record["metadata"]))
    stated = gold.get("type", "")
    if card.inference.type is not LoraType.UNKNOWN and stated and "unknown" not in stated:
        assert stated.startswith(card.inference.type.value)
    if "trigger" in gold:
        expected = [gold["trigger"]] if gold["trigger"] else []
        assert [trigger.text for trigger in card.triggers] == expected


def test_classification_reaches_its_bars() -> None:
    sys.path.insert(0, str(ROOT / "bench"))
    try:
        from classify import classify
    finally:
        sys.path.remove(str(ROOT / "bench"))
    figures = classify(records("civitai_loras.jsonl"), hide_tags=True)
    assert figures["dangerous_error"] <= 0.01
    assert figures["precision"]["character"] >= 0.95
    assert figures["precision"]["style"] >= 0.9
    assert figures["answered"] >= 0.6
    roles = classify(records("role_gold.jsonl"), hide_tags=False)
    assert roles["recall"]["dedicated_negative"] == 1.0
    assert roles["recall"]["slider"] >= 0.9
    assert roles["look_alikes_taken_for_a_role"] == 0
