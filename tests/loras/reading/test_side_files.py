from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.loras import SideFacts, read_side_files
from lib_lora_neg.loras.reading.side_layouts import plain_text

VERSION = {
    "name": "v2",
    "baseModel": "SDXL 1.0",
    "trainedWords": ["inkwash", "wash, ink"],
    "description": "<p>Version &amp; more</p>",
    "files": [{"name": "a.safetensors"}],
    "images": [
        {
            "meta": {
                "negativePrompt": "blurry",
                "resources": [{"name": "a", "weight": -0.5}, {"name": "other", "weight": 1}],
            }
        },
        {"meta": None},
        None,
    ],
    "model": {"name": "Ink", "tags": ["Style", "INK"], "description": "<h1>Ink</h1>line"},
}

FILES: list[tuple[str, Any, dict[str, Any]]] = [
    (
        ".json",
        {"sd version": "SD1", "activation text": "x", "preferred weight": "0.8", "notes": "n"},
        {"base_model": "SD1", "activation_text": "x", "preferred_weight": 0.8, "notes": "n"},
    ),
    (
        ".civitai.info",
        VERSION,
        {
            "title": "Ink",
            "version": "v2",
            "base_model": "SDXL 1.0",
            "categories": ("style", "ink"),
            "trained_words": ("inkwash", "wash, ink"),
            "sample_negatives": ("blurry",),
            "sample_weights": (-0.5,),
            "description": "Ink\nline\nVersion & more",
        },
    ),
    (
        ".civitai.info",
        {**VERSION, "skeleton_file": True, "tags": ["1girl"]},
        {"categories": (), "trained_words": ()},
    ),
    (
        ".api_info.json",
        {"name": "Ink", "tags": ["style"], "modelVersions": [VERSION], "description": "page"},
        {"title": "Ink", "categories": ("style",), "trained_words": ("inkwash", "wash, ink")},
    ),
    (
        ".metadata.json",
        {
            "model_name": "Ink",
            "base_model": "Flux.1 D",
            "tags": ["style"],
            "civitai": VERSION,
            "usage_tips": '{"strength": 0.9, "strength_min": -1.5, "strength_max": 2}',
        },
        {"title": "Ink", "base_model": "Flux.1 D", "preferred_weight": 0.9},
    ),
    (
        ".cm-info.json",
        {"ModelName": "Ink", "Tags": ["Style"], "TrainedWords": ["w"], "BaseModel": "Pony"},
        {"title": "Ink", "categories": ("style",), "trained_words": ("w",), "base_model": "Pony"},
    ),
    (
        ".rgthree-info.json",
        {
            "name": "Ink",
            "trainedWords": [{"word": "w", "civitai": True}, {"word": "tree", "metadata": True}],
        },
        {"title": "Ink", "trained_words": ("w",)},
    ),
    (".txt", "inkwash, brush", {"activation_text": "inkwash, brush"}),
]


@pytest.mark.parametrize(("suffix", "data", "expected"), FILES)
def test_each_kind(tmp_path: Path, suffix: str, data: Any, expected: dict[str, Any]) -> None:
    text = data if isinstance(data, str) else json.dumps(data)
    (tmp_path / f"a.b{suffix}").write_text(text, "utf-8")
    facts, problems = read_side_files(tmp_path / "a.b.safetensors")
    assert problems == ()
    assert len(facts) == 1
    for name, value in expected.items():
        assert getattr(facts[0], name) == value, name


def test_the_range_of_lora_manager(tmp_path: Path) -> None:
    tips = json.dumps({"strength_min": -1.5, "strength_max": 2})
    (tmp_path / "a.metadata.json").write_text(json.dumps({"usage_tips": tips}), "utf-8")
    facts, _ = read_side_files(tmp_path / "a.safetensors")
    found = facts[0].weight_range
    assert found is not None
    assert (found.floor, found.ceiling) == (-1.5, 2.0)


@pytest.mark.parametrize("text", ["", "MIT licence\n" * 9, "x" * 30_000])
def test_texts_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text, "utf-8")
    assert read_side_files(tmp_path / "a.safetensors") == ((), ())


def test_a_huge_side_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"notes": "' + "x" * 9_000_000 + '"}', "utf-8")
    facts, problems = read_side_files(tmp_path / "a.safetensors")
    assert facts == ()
    assert "not read" in problems[0]


def test_byte_order_marks(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('\ufeff{"notes": "n"}', "utf-8")
    assert read_side_files(tmp_path / "a.safetensors")[0][0].notes == "n"


def test_nothing_says_nothing() -> None:
    assert SideFacts() == SideFacts(source="")
    assert plain_text("a &lt; b<br>c<script>x</script>") == "a < b\ncx"
