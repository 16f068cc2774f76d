"""The layouts of side files as their writers make them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.loras import RangeSource, read_card
from lib_lora_neg.policy.matrix import explicit_range
from tests.loras.reading.beside import card_beside
from tests.support.safetensors_files import write_lora

VERSION: dict[str, Any] = {
    "id": 20,
    "modelId": 5,
    "name": "v2",
    "baseModel": "Illustrious",
    "trainedWords": ["inkwrd9"],
    "model": {"name": "Ink", "type": "LORA", "tags": ["style"]},
}
MODEL: dict[str, Any] = {
    "id": 5,
    "name": "Ink",
    "type": "LORA",
    "tags": ["style"],
    "modelVersions": [
        {"id": 30, "baseModel": "Pony", "trainedWords": ["otherwrd"], "files": [{"name": "n.x"}]},
        {
            "id": 20,
            "baseModel": "Illustrious",
            "trainedWords": ["inkwrd9"],
            "files": [{"name": "x.safetensors"}],
        },
    ],
}
SWARM = {
    "modelspec.title": "Ink",
    "modelspec.trigger_phrase": "inkwrd9",
    "modelspec.tags": "style, ink",
    "modelspec.usage_hint": "use 0.8",
    "modelspec.architecture": "stable-diffusion-xl-v1-base/lora",
    "modelspec.lora_default_weight": "0.8",
}

_BOTH = ("b0th", "inkwrd9")

# InvokeAI keeps trigger phrases and default weights in its own database: no side file is its.
# writer, file name behind the stem, what it writes, preferred weight, range
LAYOUTS: list[tuple[str, str, Any, float | None, tuple[float | None, float | None] | None]] = [
    (
        "AUTOMATIC1111, Forge, Neo: ui_extra_networks_user_metadata",
        ".json",
        {"sd version": "SDXL", "activation text": "inkwrd9", "preferred weight": 0.7},
        0.7,
        None,
    ),
    ("SD.Next: modules/civitai save_civit_meta", ".json", MODEL, None, None),
    (
        "SD.Next with the host's own keys in the same file",
        ".json",
        {**MODEL, "activation text": "inkwrd9", "preferred weight": 0.6},
        0.6,
        None,
    ),
    ("Civitai Helper: a version with its model", ".civitai.info", VERSION, None, None),
    (
        "Civitai Helper: process_sd15_info, prompts that exclude each other",
        ".json",
        {
            "description": "<p>Ink</p>",
            "notes": "<p>v2</p>",
            "sd version": "Unknown",
            "activation text": "inkwrd9, 1girl || inkwrd9, 1boy",
            "preferred weight": 0,
            "extensions": {"sd_civitai_helper": {"version": "1.8"}},
        },
        None,
        None,
    ),
    (
        "sd-civitai-browser-plus: save_json, gen_sha256 and get_models",
        ".json",
        {"activation text": "inkwrd9", "sha256": "ab" * 32, "modelId": 5},
        None,
        None,
    ),
    (
        "sd-civitai-browser-neo: the page's words beside those of the captions",
        ".json",
        {
            "activation text": "1girl, solo, inkwrd9, brush, otherwrd",
            "activation text groups": ["inkwrd9, brush"],
            "description": "Ink",
            "sd version": "Illustrious",
            "modelId": 5,
            "modelVersionId": "Model not found",
            "sha256": "ab" * 32,
        },
        None,
        None,
    ),
    ("downloaders: a whole model", ".civitai.info", MODEL, None, None),
    (
        "Civitai API: recommended strengths of a version",
        ".civitai.info",
        {**VERSION, "settings": {"strength": 0.5, "minStrength": -3, "maxStrength": 3}},
        0.5,
        (-3.0, 3.0),
    ),
    (
        "Civitai API: strengths above zero say nothing of negative ones",
        ".civitai.info",
        {**VERSION, "settings": {"strength": 0.8, "minStrength": 0.0, "maxStrength": 1.2}},
        0.8,
        None,
    ),
    ("sd-civitai-browser-plus, Browser Neo", ".api_info.json", MODEL, None, None),
    (
        "ComfyUI-Lora-Manager: docs/metadata-json-schema.md",
        ".metadata.json",
        {
            "file_name": "x",
            "model_name": "Ink",
            "base_model": "Illustrious",
            "tags": ["style"],
            "civitai": VERSION,
            "usage_tips": json.dumps({"strength": 0.9, "strength_min": -1.5, "strength_max": 2}),
        },
        0.9,
        (-1.5, 2.0),
    ),
    (
        "ComfyUI-Lora-Manager: a range in one text",
        ".metadata.json",
        {"civitai": VERSION, "usage_tips": json.dumps({"strength_range": "-2.5 - 3"})},
        None,
        (-2.5, 3.0),
    ),
    (
        "StabilityMatrix: ConnectedModelInfo",
        ".cm-info.json",
        {
            "ModelId": 5,
            "ModelName": "Ink",
            "ModelDescription": "<p>Recommended weight: 0.8</p>",
            "Nsfw": False,
            "Tags": ["style"],
            "ModelType": "LORA",
            "VersionId": 20,
            "VersionName": "v2",
            "BaseModel": "Pony",
            "FileMetadata": {"fp": None},
            "Hashes": {"SHA256": "AB" * 32, "CRC32": "12345678", "BLAKE3": "CD" * 32},
            "TrainedWords": ["inkwrd9"],
            "InferenceDefaults": {"Sampler": None, "CfgScale": 5},
            "Source": 0,
        },
        0.8,
        None,
    ),
    (
        "rgthree-comfy: py/server/utils_info.py, the page's words",
        ".safetensors.rgthree-info.json",
        {
            "file": "x.safetensors",
            "name": "Ink - v2",
            "baseModel": "Illustrious",
            "trainedWords": [{"word": "inkwrd9", "civitai": True}, {"word": "1girl", "count": 3}],
            "raw": {"civitai": VERSION},
        },
        None,
        None,
    ),
    (
        "rgthree-comfy: words, notes and strengths typed in its dialog",
        ".safetensors.rgthree-info.json",
        {
            "trainedWords": [{"word": "inkwrd9", "user": True}],
            "strengthMin": "-1.50",
            "strengthMax": "2.00",
            "userNote": "best at dusk",
        },
        None,
        (-1.5, 2.0),
    ),
    (
        "rgthree-comfy: its older list",
        ".rgthree-info.json",
        {"triggerWords": ["inkwrd9"], "strengthMin": 0.4, "strengthMax": 1},
        None,
        None,
    ),
    ("SwarmUI: T2IModel.ToNetObject", ".swarm.json", SWARM, 0.8, None),
    (
        "SwarmUI: a page's words, joined; a list of tags; a picture in the record",
        ".swarm.json",
        {
            **SWARM,
            "modelspec.trigger_phrase": "inkwrd9, brush strokes",
            "modelspec.tags": ["style", "ink"],
            "modelspec.preview_image": "data:image/jpg;base64," + "A" * 200_000,
            "modelspec.lora_default_weight": "",
            "modelspec.hash": "0x" + "ab" * 32,
        },
        None,
        None,
    ),
    (
        "SwarmUI: without the prefix, beside other formats than safetensors",
        ".json",
        {key.removeprefix("modelspec."): value for key, value in SWARM.items()},
        0.8,
        None,
    ),
    ("older tools", ".txt", "inkwrd9", None, None),
]


@pytest.mark.parametrize(
    ("suffix", "data", "preferred", "signed"),
    [row[1:] for row in LAYOUTS],
    ids=[row[0] for row in LAYOUTS],
)
def test_every_layout(
    tmp_path: Path,
    suffix: str,
    data: Any,
    preferred: float | None,
    signed: tuple[float | None, float | None] | None,
) -> None:
    card = card_beside(tmp_path, suffix, data)
    assert card.problems == ()
    assert "inkwrd9" in [trigger.text for trigger in card.triggers]
    assert "otherwrd" not in [trigger.text for trigger in card.triggers]
    assert card.preferred_weight == preferred
    found = explicit_range(card)
    assert (found and (found.floor, found.ceiling)) == signed
    assert found is None or found.source is RangeSource.SIDECAR


HEADERS: list[tuple[str, dict[str, str], tuple[str, ...], float | None]] = [
    ("OneTrainer's forks: a list", {"ot_trigger_words": '["inkwrd9", "b0th"]'}, _BOTH, None),
    ("OneTrainer's forks: with commas", {"ot_trigger_words": "inkwrd9, b0th"}, _BOTH, None),
    ("OneTrainer's forks: in lines", {"ot_trigger_words": "inkwrd9\nb0th\n"}, _BOTH, None),
    ("OneTrainer's forks: none", {"ot_trigger_words": "[]"}, (), None),
    (
        "SwarmUI: T2IModel.ResaveModel",
        {"modelspec.trigger_phrase": "inkwrd9", "modelspec.lora_default_weight": "0.7"},
        ("inkwrd9",),
        0.7,
    ),
]


@pytest.mark.parametrize(
    ("metadata", "words", "preferred"),
    [row[1:] for row in HEADERS],
    ids=[row[0] for row in HEADERS],
)
def test_what_tools_write_into_the_file_itself(
    tmp_path: Path, metadata: dict[str, str], words: tuple[str, ...], preferred: float | None
) -> None:
    card = read_card(write_lora(tmp_path / "x.safetensors", metadata))
    assert tuple(sorted(trigger.text for trigger in card.triggers)) == tuple(sorted(words))
    assert (card.preferred_weight, card.problems) == (preferred, ())


# ---- what there is more of than is read ------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "data"),
    [
        (".json", {"notes": "x" * 100_001}),
        (".civitai.info", {"modelId": 1, "model": {"name": "x", "description": "x" * 100_001}}),
        (".api_info.json", {"modelVersions": [{"id": 1, "description": "x" * 100_001}]}),
        (".swarm.json", {"modelspec.description": "x" * 100_001}),
    ],
)
def test_a_text_that_is_cut_is_a_problem(tmp_path: Path, suffix: str, data: Any) -> None:
    (problem,) = card_beside(tmp_path, suffix, data).problems
    assert problem.startswith(f"x{suffix}: ")
    assert "100,001" in problem
    shorter = json.loads(json.dumps(data).replace("x" * 100_001, "x" * 100_000))
    assert card_beside(tmp_path, suffix, shorter).problems == ()


def test_a_list_that_is_cut_is_a_problem(tmp_path: Path) -> None:
    words = [f"w0rd{number} a" for number in range(2_001)]
    card = card_beside(tmp_path, ".civitai.info", {**VERSION, "trainedWords": words})
    (problem,) = card.problems
    assert "2,001" in problem
    assert (
        card_beside(tmp_path, ".civitai.info", {**VERSION, "trainedWords": words[1:]}).problems
        == ()
    )


@pytest.mark.parametrize(
    ("suffix", "data", "words"),
    [
        (".civitai.info", {**VERSION, "trainedWords": "inkwrd9, 1girl"}, ["inkwrd9"]),
        (".civitai.info", {**VERSION, "trainedWords": [["x9"], 5, None, "inkwrd9"]}, ["inkwrd9"]),
        (".civitai.info", {**VERSION, "trainedWords": {"a": "inkwrd9"}}, []),
        (
            ".rgthree-info.json",
            {"trainedWords": [{"word": "b0th", "user": True}, "inkwrd9", {"word": 5, "user": 1}]},
            ["b0th", "inkwrd9"],
        ),
        (".cm-info.json", {"TrainedWords": "inkwrd9"}, ["inkwrd9"]),
        (".json", {"activation text": "\x1b[2Jinkwrd9\u202e"}, ["[2Jinkwrd9"]),
        (".json", {"activation text": "ink\x00wrd9"}, ["inkwrd9"]),
    ],
)
def test_words_of_odd_kinds(tmp_path: Path, suffix: str, data: Any, words: list[str]) -> None:
    card = card_beside(tmp_path, suffix, data)
    assert sorted(trigger.text for trigger in card.triggers) == sorted(words)


@pytest.mark.parametrize(
    ("settings", "preferred", "signed"),
    [
        ({"strength": "0.8", "minStrength": "-2", "maxStrength": "x"}, 0.8, (-2.0, None)),
        ({"strength": 100, "minStrength": -100, "maxStrength": 100}, 100.0, (-100.0, 100.0)),
        ({"strength": 101, "minStrength": -101, "maxStrength": 101}, None, None),
        ({"strength": 1e30, "minStrength": -1e30}, None, None),
        ({"minStrength": 3, "maxStrength": -2}, None, (-2.0, 3.0)),
        ({"strength": True, "minStrength": [1], "maxStrength": {}}, None, None),
    ],
)
def test_strengths_of_odd_kinds(
    tmp_path: Path, settings: Any, preferred: float | None, signed: Any
) -> None:
    card = card_beside(tmp_path, ".civitai.info", {**VERSION, "settings": settings})
    found = explicit_range(card)
    assert card.preferred_weight == preferred
    assert (found and (found.floor, found.ceiling)) == signed


def test_metadata_that_is_cut_is_a_problem(tmp_path: Path) -> None:
    folders = {f"1_{number}": {"a": 1} for number in range(20_001)}
    metadata = {
        "modelspec.description": "x" * 100_001,
        "ss_tag_frequency": json.dumps(folders),
    }
    long, many = read_card(write_lora(tmp_path / "x.safetensors", metadata)).problems
    assert "100,001" in long
    assert "20,000" in many


def test_a_note_typed_in_rgthree_is_kept(tmp_path: Path) -> None:
    note = {"userNote": "Trigger word: dusk9wrd"}
    card = card_beside(tmp_path, ".safetensors.rgthree-info.json", note)
    assert [trigger.text for trigger in card.triggers] == ["dusk9wrd"]


def test_rgthree_names_the_file_with_its_suffix(tmp_path: Path) -> None:
    data = {"trainedWords": [{"word": "inkwrd9", "user": True}]}
    assert card_beside(tmp_path, ".pt.rgthree-info.json", data).triggers == ()


def test_what_the_user_typed_goes_before_what_a_page_recommends(tmp_path: Path) -> None:
    page = {**VERSION, "settings": {"minStrength": -3, "maxStrength": 3}}
    (tmp_path / "x.civitai.info").write_text(json.dumps(page), "utf-8")
    card = card_beside(tmp_path, ".rgthree-info.json", {"strengthMin": -0.5, "strengthMax": 1})
    found = explicit_range(card)
    assert found is not None
    assert found.floor == -0.5


def test_an_error_of_the_api_says_nothing(tmp_path: Path) -> None:
    for suffix in (".civitai.info", ".json", ".api_info.json"):
        card = card_beside(tmp_path, suffix, {"error": "Model not found"})
        assert (card.triggers, card.problems) == ((), ())
