"""Hostile bytes: whatever a file holds, it is a card or a `LoraFileError`, soon."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib_lora_neg.loras import Header, LoraFileError, build_card, read_card
from lib_lora_neg.loras.reading.header import parse_header
from lib_lora_neg.loras.reading.side_layouts import (
    read_a1111,
    read_civitai_model,
    read_civitai_version,
    read_lora_manager,
    read_rgthree,
    read_stability_matrix,
)
from tests.support.blank_loras import header_bytes

BUDGET = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
VALID, _ = header_bytes(
    {"lora_unet_x.lora_down.weight": (4, 8), "lora_unet_x.alpha": ()},
    {"ss_tag_frequency": '{"10_a b": {"c": 3}}', "ss_network_args": '{"algo": "lokr"}'},
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
METADATA_KEYS = """
ss_tag_frequency ss_dataset_dirs ss_reg_dataset_dirs ss_datasets ss_network_args software
ss_network_dim ss_network_alpha ss_num_train_images ss_output_name ss_base_model_version
ss_v2 ss_keep_tokens modelspec.tags modelspec.title modelspec.usage_hint
modelspec.trigger_phrase modelspec.architecture modelspec.is_negative_embedding
lora_adapter_metadata ot_branch
"""
KEYS = st.sampled_from(sorted(METADATA_KEYS.split()))
VALUES = JSON | JSON.map(json.dumps) | st.text(max_size=60)


def fault_of(raw: bytes, data_bytes: int) -> str | None:
    """Return what is said to be wrong with a header, or ``None`` when it makes a card."""
    try:
        build_card(name="x", header=parse_header(raw, data_bytes, "x"))
    except LoraFileError as error:
        return error.fault
    return None


@BUDGET
@given(st.binary(max_size=400))
def test_any_bytes(raw: bytes) -> None:
    assert fault_of(raw, len(raw)) != ""


@BUDGET
@given(st.integers(0, 2**32))
def test_flipped_bytes(seed: int) -> None:
    rng = random.Random(seed)
    raw = bytearray(VALID[8:])
    for _ in range(rng.randint(1, 6)):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    assert fault_of(bytes(raw), 100) != ""


@BUDGET
@given(JSON)
def test_any_json(document: Any) -> None:
    raw = json.dumps(document).encode("utf-8", "surrogatepass")
    assert fault_of(raw, 10) != ""


@BUDGET
@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_metadata(metadata: dict[str, Any]) -> None:
    card = build_card(name="x", header=Header({}, metadata))
    assert 0 <= card.inference.confidence <= 1
    assert all(0 <= share <= 1 for share in card.tags.shares.values())
    assert all(trigger.text for trigger in card.triggers)


SIDE_FILE_KEYS = """description,notes,model,tags,trainedWords,images,files,usage_tips,civitai,raw,
ModelName,Tags,TrainedWords,name,lora_neg,modelVersions,baseModel,skeleton_file,activation text,
preferred weight,negative text,sd version"""
SIDE_KEYS = st.sampled_from([key.strip() for key in SIDE_FILE_KEYS.split(",")])
READERS = (
    read_a1111,
    read_civitai_model,
    read_civitai_version,
    read_lora_manager,
    read_rgthree,
    read_stability_matrix,
)


@BUDGET
@given(st.sampled_from(READERS), st.dictionaries(SIDE_KEYS, VALUES, max_size=6))
def test_any_side_file(reader: Any, data: dict[str, Any]) -> None:
    build_card(name="x", sidecars=(reader(data),))


LONG = ["(" * 20_000, "a," * 20_000, "\\(" * 20_000, "-1 to " * 9_000, "a" * 20_000, "nan" * 9_000]
LONG += [
    "use the word " * 2_000,
    "negative " * 3_000,
    "A b " * 9_000,
    "<" * 20_000,
    "trigger: " * 900,
]


@pytest.mark.parametrize("text", LONG, ids=lambda text: text[:8])
def test_long_texts_are_read_in_time(text: str) -> None:
    side = read_civitai_version(
        {"description": text, "trainedWords": [text], "model": {"name": text, "tags": [text]}}
    )
    build_card(name=text[:200], sidecars=(side, read_a1111({"activation text": text})))


def test_cut_files(tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    whole = VALID + bytes(66)
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(LoraFileError, match="cut"):
            read_card(path)
    path.write_bytes(whole)
    assert read_card(path).rank == 4


def test_a_count_beyond_reason_is_none() -> None:
    table = {"1_x": {"trig": 10**400, "hat": 3, "koi": 3}}
    card = build_card(name="x", header=Header({}, {"ss_tag_frequency": json.dumps(table)}))
    assert "trig" not in card.tags.shares
