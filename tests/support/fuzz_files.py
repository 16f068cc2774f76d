"""Random LoRA files with what lies beside them, and what must hold for each card."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import Any

from lib_lora_neg.loras import LoraFileError, read_card
from lib_lora_neg.loras.build import read_any_card
from lib_lora_neg.loras.card import LoraCard
from lib_lora_neg.policy import plan
from tests.support import fuzz_requests as requests
from tests.support.blank_loras import header_bytes
from tests.support.fuzz_mutations import mutated_bytes, mutated_text

METADATA_KEYS = (
    *("ss_tag_frequency", "ss_dataset_dirs", "ss_reg_dataset_dirs", "ss_datasets"),
    *("ss_network_args", "software", "ss_network_dim", "ss_network_alpha", "ss_num_train_images"),
    *("ss_output_name", "ss_base_model_version", "ss_v2", "ss_keep_tokens", "sshs_model_hash"),
    *("modelspec.tags", "modelspec.title", "modelspec.usage_hint", "modelspec.trigger_phrase"),
    *("modelspec.architecture", "modelspec.is_negative_embedding", "lora_adapter_metadata"),
    *("ot_branch", "modelspec.hash_sha256"),
)
SIDE_KEYS = (
    *("description", "notes", "model", "tags", "trainedWords", "images", "files", "usage_tips"),
    *("civitai", "raw", "ModelName", "Tags", "id", "TrainedWords", "name", "lora_neg", "settings"),
    *("modelVersions", "baseModel", "skeleton_file", "strengthMin", "strengthMax", "strength"),
    *("minStrength", "maxStrength", "sha256", "hashes", "type", "sd_version", "trigger_phrase"),
    *("activation text", "preferred weight", "negative text", "sd version"),
)
SIDE_SUFFIXES = (
    ".json",
    ".civitai.info",
    ".swarm.json",
    ".metadata.json",
    ".cm-info.json",
    ".api_info.json",
    ".safetensors.rgthree-info.json",
    ".txt",
)
LAYERS = (
    "lora_unet_x",
    "lora_te_text_model_encoder_layers_0_mlp_fc1",
    "lora_te2_x",
    "lora_unet_single_7",
    "transformer.single_blocks.3.attn",
    "diffusion_model.layers.1.attention",
    "unet.down.0",
    "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k",
    "base_model.model.q",
)
ENDS = (
    (".lora_down.weight", (4, 8)),
    (".lora_up.weight", (8, 4)),
    (".alpha", ()),
    (".dora_scale", (8, 1)),
    (".hada_w1_a", (4, 4)),
    (".lokr_w1", (2, 2)),
    (".lora_A.weight", (4, 8)),
    (".oft_blocks", (2, 4, 4)),
    (".diff_b", (8,)),
    (".emb", (2, 768)),
)
TABLES = (
    {"10_trig style": {"trig": 20, "red dress": 19, "1girl": 12}},
    {"img": {f"tag {number}": number for number in range(60)}},
    {"a": {"a woman, standing": 1}, "b": {"": 0, "x": -3}},
)


def file_case(rng: random.Random) -> str:
    """A LoRA file and side files, mutated: a card or a finding, the same every time."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "x.safetensors"
        whole = _whole_file(rng)
        path.write_bytes(mutated_bytes(rng, whole) if rng.random() < 0.6 else whole)
        for suffix in rng.sample(SIDE_SUFFIXES, rng.choice((0, 0, 1, 2, 3))):
            (path.parent / f"x{suffix}").write_bytes(_side_file(rng))
        return _read(path)


def _whole_file(rng: random.Random) -> bytes:
    chosen = [(rng.choice(LAYERS), *rng.choice(ENDS)) for _ in range(rng.randint(0, 8))]
    metadata = {key: _metadata(rng, key) for key in rng.sample(METADATA_KEYS, rng.randint(0, 6))}
    raw, _ = header_bytes({layer + end: shape for layer, end, shape in chosen}, metadata)
    header = json.loads(raw[8:])
    ends = [entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"]
    return raw + bytes(max(ends, default=0))


def _metadata(rng: random.Random, key: str) -> str:
    if key == "ss_tag_frequency" and rng.random() < 0.7:
        return mutated_text(rng, json.dumps(rng.choice(TABLES)))
    value = _value(rng)
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode("utf-8")


def _side_file(rng: random.Random) -> bytes:
    record = {rng.choice(SIDE_KEYS): _value(rng) for _ in range(rng.randint(0, 8))}
    text = json.dumps(record)
    if rng.random() < 0.4:
        text = mutated_text(rng, text)
    return mutated_bytes(rng, text.encode("utf-8", "surrogatepass"))


def _read(path: Path) -> str:
    read, fault = read_any_card(path), ""
    card: LoraCard | None
    try:
        card = read_card(path)
    except LoraFileError as error:
        card, fault = None, error.fault
    if card is None:
        assert fault in read.problems
        outcome = "broken file"
    else:
        assert card == read
        outcome = "card with problems" if card.problems else "card"
    assert read == read_any_card(path)
    check_card(read)
    return outcome


def check_card(card: LoraCard) -> None:
    """Make sure that a card holds nothing that a rule cannot bear."""
    assert 0 <= card.inference.confidence <= 1
    assert all(trigger.text.strip() for trigger in card.triggers)
    assert all(0 <= share <= 1 for share in card.tags.shares.values())
    for known in card.ranges:
        assert known.floor is None or known.floor == known.floor
    assert card.preferred_weight is None or abs(card.preferred_weight) < float("inf")
    request = requests.one("<lora:x:-0.9>", "trig, red dress")
    requests.check_plan(plan(request, {"x": card}), {"x": card}, requests.DEFAULTS)


def _value(rng: random.Random, depth: int = 3) -> Any:
    """Return any value of JSON."""
    way = rng.randrange(9 if depth else 7)
    if way < 3:
        return mutated_text(rng, rng.choice(requests.PHRASES))
    if way < 7:
        return rng.choice((None, True, 0, -1, 1.5, float("nan"), 10**30, "", "-1 to 1", "0.8"))
    inner = [_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    return inner if way == 7 else {rng.choice(SIDE_KEYS): value for value in inner}
