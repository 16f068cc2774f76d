from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.loras import (
    DataWidth,
    Header,
    LoraCard,
    LoraFileError,
    LoraType,
    ModelFamily,
    RangeSource,
    TagTableKind,
    TensorInfo,
    build_card,
    read_card,
)
from tests.support.blank_loras import write_blank_lora

UNET = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
TEXT = "lora_te_text_model_encoder_layers_0_mlp_fc1"
SDXL = {f"{UNET}.lora_down.weight": (8, 2048), f"{UNET}.lora_up.weight": (640, 8)}
SD1 = {
    f"{UNET}.lora_down.weight": (4, 768),
    f"{UNET}.lora_up.weight": (640, 4),
    f"{TEXT}.lora_down.weight": (4, 768),
}


def card_of(
    tmp_path: Path,
    metadata: Mapping[str, Any] | None = None,
    sides: Mapping[str, Any] | None = None,
    name: str = "thing",
    tensors: Mapping[str, tuple[int, ...]] = SDXL,
) -> LoraCard:
    path = write_blank_lora(tmp_path / f"{name}.safetensors", tensors, metadata)
    for suffix, data in (sides or {}).items():
        text = data if isinstance(data, str) else json.dumps(data)
        (tmp_path / f"{name}{suffix}").write_text(text, encoding="utf-8")
    return read_card(path)


def kohya(
    tags: Mapping[str, int], images: int, folder: str = "10_img", **more: Any
) -> dict[str, Any]:
    return {
        "ss_tag_frequency": json.dumps({folder: tags}),
        "ss_dataset_dirs": json.dumps({folder: {"n_repeats": 10, "img_count": images}}),
        "ss_network_module": "networks.lora",
        **more,
    }


def texts(card: LoraCard) -> list[str]:
    return [trigger.text for trigger in card.triggers]


def test_facts_of_the_file(tmp_path: Path) -> None:
    card = card_of(tmp_path, {"ss_output_name": "nick", "modelspec.title": "T"}, tensors=SD1)
    assert (card.name, card.alias, card.title) == ("thing", "nick", "T")
    assert card.family is ModelFamily.SD1
    assert (card.key_format, card.algorithm, card.rank) == ("kohya", "lora", 4)
    assert card.parts is not None
    assert card.parts.text_encoder
    assert card.parts.unet
    assert card.parts.blocks == ("down_blocks.1",)
    assert card.identity == str(tmp_path / "thing.safetensors")


def test_tensors_outweigh_a_wrong_base(tmp_path: Path) -> None:
    card = card_of(tmp_path, {"ss_base_model_version": "sd_1.5"})
    assert card.family is ModelFamily.SDXL
    assert "sd_1.5" in card.problems[0]


def test_a_model_of_no_published_width_is_what_its_file_says(tmp_path: Path) -> None:
    small = {
        "lora_unet_up_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": (
            4,
            128,
        )
    }
    named = {"modelspec.architecture": "stable-diffusion-v1/lora"}
    assert card_of(tmp_path, named, tensors=small).family is ModelFamily.SD1
    assert card_of(tmp_path, tensors=small).family is ModelFamily.UNKNOWN


def test_shares_are_of_real_pictures(tmp_path: Path) -> None:
    metadata = kohya({"1girl": 20, "Blue_Hair": 10, "hat \\(x\\)": 5}, images=20)
    card = card_of(tmp_path, metadata)
    assert card.image_count == 20
    assert card.tags.kind is TagTableKind.RICH
    assert card.tags.captions == 20
    assert card.tags.shares == {"1girl": 1.0, "blue hair": 0.5, "hat (x)": 0.25}
    assert card.data_width is DataWidth.NARROW


def test_regularisation_and_repeated_folders_do_not_count(tmp_path: Path) -> None:
    subset = {"img_count": 30, "num_repeats": 5, "image_dir": "5_zwx man", "is_reg": False}
    reg = {"img_count": 900, "num_repeats": 1, "image_dir": "1_man", "is_reg": True}
    tables = {"5_zwx man": {"zwx": 30, "tree": 3}, "1_man": {"tree": 900}}
    dataset = {"tag_frequency": tables, "subsets": [subset, reg]}
    card = card_of(tmp_path, {"ss_datasets": json.dumps([dataset, dataset])})
    assert card.image_count == 30
    assert card.tags.shares == {"zwx": 1.0, "tree": 0.1}
    assert texts(card) == ["zwx"]


@pytest.mark.parametrize(
    ("images", "width"),
    [
        (49, DataWidth.NARROW),
        (50, DataWidth.NORMAL),
        (499, DataWidth.NORMAL),
        (500, DataWidth.WIDE),
    ],
)
def test_width(tmp_path: Path, images: int, width: DataWidth) -> None:
    assert card_of(tmp_path, kohya({"a tag": 3, "b tag": 2}, images)).data_width is width


def test_prose_and_fake_tables(tmp_path: Path) -> None:
    prose = {f"a woman standing on a beach number {n}": 1 for n in range(20)}
    card = card_of(tmp_path, kohya(prose, 20, folder="100_GiniS2"))
    assert card.tags.kind is TagTableKind.PROSE
    assert texts(card) == []
    toolkit = {
        "software": json.dumps({"name": "ai-toolkit"}),
        "ss_tag_frequency": json.dumps({"1_zorptok": {"zorptok": 1}}),
    }
    card = card_of(tmp_path, toolkit)
    assert card.tags.kind is TagTableKind.FAKE
    assert [(t.text, t.source) for t in card.triggers] == [("zorptok", "ai-toolkit trigger")]


TRIGGERS: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    ("class token", kohya({}, 20, "10_ohwx woman"), {}, ["ohwx"]),
    ("folder without a noun", kohya({}, 20, "10_sucrose (game) a girl"), {}, ["sucrose (game)"]),
    ("plain folder", kohya({}, 20, "10_img"), {}, []),
    (
        "kept token",
        kohya({"inkwash": 12, "1girl": 20, "tree": 4}, 20, ss_keep_tokens="1"),
        {},
        ["inkwash"],
    ),
    (
        "distinctive tag",
        kohya({"1girl": 20, "zorg armour": 19, "blue hair": 20, "city": 3}, 20),
        {},
        ["zorg armour"],
    ),
    ("trigger phrase", {"modelspec.trigger_phrase": "mychar"}, {}, ["mychar"]),
    ("usage hint", {"modelspec.usage_hint": "Trigger word: mypetcat"}, {}, ["mypetcat"]),
    ("lone word", {}, {".civitai.info": {"trainedWords": ["twin braids"]}}, ["twin braids"]),
    (
        "ordinary tags of a long text",
        {},
        {".civitai.info": {"trainedWords": ["wang liu mei", "twin braids", "double bun"]}},
        ["wang liu mei"],
    ),
    (
        "invented head",
        {},
        {".civitai.info": {"trainedWords": ["in1, side ponytail, long hair, ahoge"]}},
        ["in1"],
    ),
    (
        "ordinary head",
        {},
        {".civitai.info": {"trainedWords": ["side ponytail, long hair, ahoge"]}},
        [],
    ),
    (
        "exclusive texts",
        {},
        {".json": {"activation text": "ch9a, red dress || ch9b, blue dress"}},
        ["ch9a", "ch9b"],
    ),
    ("generic words", {}, {".civitai.info": {"trainedWords": ["1girl", "style", "woman"]}}, []),
    ("a pasted tag", {}, {".civitai.info": {"trainedWords": ["<lora:kebaya:1>"]}}, []),
    (
        "the user's word",
        {"modelspec.trigger_phrase": "mychar"},
        {".json": {"lora_neg": {"schema": 1, "triggers": ["other"]}}},
        ["other"],
    ),
    (
        "no triggers at all, says the user",
        {"modelspec.trigger_phrase": "mychar"},
        {".json": {"lora_neg": {"triggers": []}}},
        [],
    ),
]


@pytest.mark.parametrize(
    ("name", "metadata", "sides", "expected"), TRIGGERS, ids=lambda v: str(v)[:30]
)
def test_triggers(
    tmp_path: Path, name: str, metadata: dict[str, Any], sides: dict[str, Any], expected: list[str]
) -> None:
    assert texts(card_of(tmp_path, metadata, sides)) == expected


def test_every_trigger_names_its_source(tmp_path: Path) -> None:
    card = card_of(tmp_path, {"modelspec.trigger_phrase": "mychar"})
    trigger = card.triggers[0]
    assert trigger.source == "modelspec.trigger_phrase"
    assert 0.9 <= trigger.confidence < 1


def test_an_invented_head_is_less_sure_than_a_lone_word(tmp_path: Path) -> None:
    head = card_of(tmp_path, {}, {".civitai.info": {"trainedWords": ["in1, ahoge"]}})
    lone = card_of(tmp_path, {}, {".civitai.info": {"trainedWords": ["in1"]}})
    assert head.triggers[0].confidence < lone.triggers[0].confidence


def page(name: str = "", tags: tuple[str, ...] = (), text: str = "", **more: Any) -> dict[str, Any]:
    return {
        ".civitai.info": {"model": {"name": name, "tags": list(tags)}, "description": text, **more}
    }


TYPES: list[tuple[str, dict[str, Any], dict[str, Any], LoraType]] = [
    ("x", {}, page(tags=("anime", "style")), LoraType.STYLE),
    ("x", {}, page(tags=("anime", "style", "character")), LoraType.CHARACTER),
    ("x", {}, page(tags=("celebrity",)), LoraType.CHARACTER),
    ("x", {}, page(tags=("clothing",)), LoraType.CONCEPT),
    ("x", {}, page(tags=("style",), skeleton_file=True), LoraType.UNKNOWN),
    ("x", {"modelspec.tags": "Style"}, {}, LoraType.STYLE),
    ("DoctorDiffusion Negative XL", {}, {}, LoraType.DEDICATED_NEGATIVE),
    ("Boring SD XL negative", {}, page(tags=("style",)), LoraType.DEDICATED_NEGATIVE),
    ("sdxl-wrong-lora", {}, {}, LoraType.TRIGGER_NEGATIVE),
    (
        "x",
        {"modelspec.usage_hint": "use `mudcake` as the negative prompt"},
        {},
        LoraType.TRIGGER_NEGATIVE,
    ),
    ("x", {"modelspec.title": "negative LoRA, use at -1"}, {}, LoraType.DEDICATED_NEGATIVE),
    ("x", {"modelspec.usage_hint": "negative LoRA, use at −1"}, {}, LoraType.DEDICATED_NEGATIVE),
    ("age_slider_v2", {}, page(tags=("concept",)), LoraType.SLIDER),
    ("x", {"modelspec.usage_hint": "Slider, -3 to 3"}, {}, LoraType.SLIDER),
    ("x", {}, {".json": {"lora_neg": {"schema": 1, "type": "character"}}}, LoraType.CHARACTER),
]


@pytest.mark.parametrize(("name", "metadata", "sides", "expected"), TYPES)
def test_stated_types(
    tmp_path: Path, name: str, metadata: dict[str, Any], sides: dict[str, Any], expected: LoraType
) -> None:
    inference = card_of(tmp_path, metadata, sides, name=name).inference
    assert inference.type is expected
    if expected is not LoraType.UNKNOWN:
        assert inference.confidence >= 0.9
        assert inference.reasons


def test_the_users_word_is_certain(tmp_path: Path) -> None:
    record = {"schema": 1, "type": "style", "range": {"floor": -0.6}, "guard": "off"}
    card = card_of(tmp_path, {}, {".json": {"lora_neg": record}}, name="age slider")
    assert card.inference.confidence == 1.0
    assert card.guard_off
    assert [(r.floor, r.source) for r in card.ranges] == [(-0.6, RangeSource.USER)]


def test_wrong_brings_its_word(tmp_path: Path) -> None:
    card = card_of(tmp_path, name="sdxl-wrong-lora")
    assert texts(card)[0] == "wrong"


def test_usage_tips_count_only_when_they_speak_of_negative_weights(tmp_path: Path) -> None:
    for tips, expected in (
        ({"strength_min": -0.4, "strength_max": 1.2}, [(-0.4, 1.2)]),
        ({"strength_min": 0.5, "strength_max": 1.2}, []),
        ({}, []),
    ):
        card = card_of(tmp_path, {}, {".metadata.json": {"usage_tips": json.dumps(tips)}})
        assert [(r.floor, r.ceiling) for r in card.ranges] == expected
        assert all(r.source is RangeSource.SIDECAR for r in card.ranges)


def test_the_hosts_own_fields(tmp_path: Path) -> None:
    side = {
        "activation text": "a, b",
        "preferred weight": 0.8,
        "negative text": "bad x",
        "sd version": "SDXL",
        "description": "d",
    }
    card = card_of(tmp_path, {}, {".json": side})
    assert (card.activation_text, card.preferred_weight, card.negative_text) == (
        "a, b",
        0.8,
        "bad x",
    )
    assert card_of(tmp_path, {}, {".json": {"preferred weight": 0}}).preferred_weight is None


BROKEN = ["{", "[]", '{"a": ' + "[" * 100_000, "\x00", '"text"']


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:8])
def test_broken_side_files_are_problems(tmp_path: Path, text: str) -> None:
    card = card_of(tmp_path, {"ss_output_name": "nick"}, {".json": text, ".civitai.info": {}})
    assert card.alias == "nick"
    assert len(card.problems) == 1
    assert "thing.json" in card.problems[0]


def test_a_broken_file_raises(tmp_path: Path) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(b"\x80\x02" + b"}" * 40)
    with pytest.raises(LoraFileError, match=r"bad\.safetensors"):
        read_card(path)


def test_build_card_is_pure_and_needs_nothing() -> None:
    assert build_card(name="x").alias == "x"
    header = Header(
        {"nonsense": TensorInfo("F16", (3,))}, {"ss_tag_frequency": "{", "ss_datasets": 3}
    )
    card = build_card(name="x", header=header)
    assert card.family is ModelFamily.UNKNOWN
    assert card.algorithm == "unknown"


TEXT = "text_model_encoder_layers_{}_mlp_fc1.lora_down.weight"
MID = "lora_unet_mid_block_attentions_0_proj_in.lora_down.weight"


@pytest.mark.parametrize(
    ("tensors", "family", "candidates"),
    [
        ({f"lora_te1_{TEXT.format(3)}": (8, 1024)}, "unknown", ("sdxl", "sd3", "flux")),
        ({f"lora_te1_{TEXT.format(3)}": (8, 768), MID: (8, 1280)}, "sdxl", ()),
        ({f"lora_te_{TEXT.format(3)}": (8, 1024)}, "sd2", ()),
        ({f"lora_te_{TEXT.format(20)}": (8, 3)}, "sd2", ()),
        ({f"lora_te_{TEXT.format(3)}": (8, 768)}, "sd1", ()),
        ({f"lora_te2_{TEXT.format(3)}": (8, 1280)}, "sdxl", ()),
    ],
)
def test_families_by_their_text_encoder(
    tensors: dict[str, tuple[int, ...]], family: str, candidates: tuple[str, ...]
) -> None:
    table = {name: TensorInfo("F16", shape) for name, shape in tensors.items()}
    card = build_card(name="x", header=Header(table, {}))
    assert card.family.value == family
    assert tuple(found.value for found in card.family_candidates) == candidates
