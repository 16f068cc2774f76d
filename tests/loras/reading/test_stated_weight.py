"""The weight that a page recommends in its own words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lib_lora_neg.loras import read_card
from lib_lora_neg.loras.card import LoraType
from lib_lora_neg.loras.reading.stated_weight import LONGEST_TEXT, stated_weight
from tests.support.growth import assert_grows_linearly
from tests.support.planning import guard
from tests.support.safetensors_files import write_lora


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("Recommended weight: 1.5-2.5", 2.0),
        ("The effective range starts at 2.0+", 2.0),
        ("sweet spot is 1.5 – 2.5", 2.0),
        ("Use it at strength 2.", 2.0),
        ("set the LoRA weight to 0.8", 0.8),
        ("recommended weight: 0,8", 0.8),
        ("weight\uff1a0.7~0.9", 0.8),
        ("推荐权重 1.5-2.5", 2.0),
        ("0.7 strength works", 0.7),
        ("weights from 0.5 up to 1.2", 0.85),
        ("Pictures made with weight 0.9.\nI recommend a weight of 0.6.", 0.6),
        ("ControlNet weight 0.5. LoRA weight 0.9", 0.9),
        # Bounds, and numbers of other things.
        ("keep the weight below 0.8", None),
        ("the weight should not exceed 1", None),
        ("Denoising strength 0.5", None),
        ("denoise strength: 0.4", None),
        ("CFG 2.5, 30 steps, v2.0", None),
        ("weight: -1 to 1", None),
        ("negative weight 1", None),
        ("strength 30%", None),
        ("weight 1000", None),
        ("weight 5.1", None),
        ("weight 5", 5.0),
        ("weight 0.05", 0.05),
        ("weight 0.04", None),
        ("", None),
    ],
)
def test_what_pages_say(text: str, weight: float | None) -> None:
    assert stated_weight([text]) == weight


def test_a_field_goes_before_words_and_the_user_before_the_page(tmp_path: Path) -> None:
    lora = write_lora(tmp_path / "x.safetensors")
    page = {"id": 1, "modelId": 2, "model": {"name": "x", "description": "<b>weight</b>: 0.6"}}
    (tmp_path / "x.civitai.info").write_text(json.dumps(page), "utf-8")
    assert read_card(lora).preferred_weight == 0.6
    (tmp_path / "x.json").write_text(json.dumps({"notes": "best at weight 1.4"}), "utf-8")
    assert read_card(lora).preferred_weight == 1.4
    (tmp_path / "x.json").write_text(json.dumps({"preferred weight": 0.9}), "utf-8")
    assert read_card(lora).preferred_weight == 0.9


def test_a_lora_made_for_more_counts_for_less_in_the_budget(tmp_path: Path) -> None:
    lora = write_lora(tmp_path / "ink.safetensors")
    page = {"description": "<p>The effective range starts at <strong>2.0</strong>+</p>"}
    page |= {"modelId": 2, "model": {"name": "Ink style", "tags": ["style"]}}
    (tmp_path / "ink.civitai.info").write_text(json.dumps(page), "utf-8")
    card = read_card(lora)
    assert card.inference.type is LoraType.STYLE
    assert not guard("<lora:ink:2.5>", cards=(card,), cfg=5).findings


@pytest.mark.parametrize("seed", ["weight ", "weight 1 ", "1", "1 to ", "strength: a", "强度"])
def test_long_pages_take_linear_time_and_no_more_than_their_beginning(seed: str) -> None:
    def work(size: int):
        text = (seed * size)[:size]
        return lambda: stated_weight([text])

    assert_grows_linearly(work, 4_000)
    far = "x" * LONGEST_TEXT
    assert stated_weight([far + " weight 0.8"]) is None
