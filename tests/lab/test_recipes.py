"""What the LoRAs' files say of their data is so, and our own reader reads their types from it."""

import json
from pathlib import Path

import numpy as np
import pytest

from lab.judge import read
from lab.lora_metadata import kohya_metadata
from lab.lora_recipes import RECIPES, spoilt_picture, style_picture
from lib_lora_neg.loras import DataWidth, LoraType, read_card

LORAS = Path(__file__).resolve().parents[2] / "lab" / "loras"

TYPES = {
    "ink_style": LoraType.STYLE,
    "ink_style_20": LoraType.STYLE,
    "hat_concept": LoraType.CONCEPT,
    "mira_character": LoraType.CHARACTER,
    "spoilt_negative": LoraType.DEDICATED_NEGATIVE,
    "wrong": LoraType.TRIGGER_NEGATIVE,
    "size_slider": LoraType.SLIDER,
    "inkwash_style": LoraType.STYLE,
}


def card(name):
    path = LORAS / f"{name}.safetensors"
    if not path.exists():
        pytest.skip("the LoRA has not been trained")
    return read_card(path)


def recipe(name):
    return next(found for found in RECIPES if found.name == name)


@pytest.mark.parametrize(("name", "expected"), TYPES.items())
def test_the_files_are_read_as_what_they_are(name, expected):
    inference = card(name).inference
    assert inference.type is expected
    assert inference.confidence >= 0.85


def test_wide_and_narrow_data_are_told_apart():
    assert card("ink_style").data_width is DataWidth.WIDE
    assert card("ink_style_20").data_width is DataWidth.NARROW
    assert card("mira_character").data_width is DataWidth.NARROW


@pytest.mark.parametrize("name", TYPES)
def test_metadata_counts_what_was_trained_on(name):
    chosen = recipe(name)
    rng = np.random.default_rng(1)
    texts = [chosen.make(rng)[1] for _ in range(chosen.pictures)]
    metadata = kohya_metadata(chosen, texts, seed=1, alpha=4.0, rate=1e-3, batch=16)
    assert all(isinstance(value, str) for value in metadata.values())
    if chosen.slider:
        assert "ss_tag_frequency" not in metadata
        return
    counts = json.loads(metadata["ss_tag_frequency"])[chosen.folder]
    if chosen.trigger:
        assert counts[chosen.trigger] == chosen.pictures
    folders = json.loads(metadata["ss_dataset_dirs"])
    assert folders == {chosen.folder: {"n_repeats": chosen.repeats, "img_count": chosen.pictures}}
    assert int(metadata["ss_num_train_images"]) == chosen.pictures * chosen.repeats


def test_the_character_is_one_figure_in_one_frame():
    rng = np.random.default_rng(3)
    seen = [read(recipe("mira_character").make(rng)[0]) for _ in range(20)]
    assert {found.shape for found in seen} == {"circle"}
    assert {found.place for found in seen} == {"center"}
    assert all(found.eyes for found in seen)


def test_the_style_is_on_every_picture_and_in_no_caption():
    rng = np.random.default_rng(4)
    examples = [style_picture(rng) for _ in range(30)]
    assert not any("outlined" in text for _, text in examples)
    rims = [read(picture).outline for picture, _ in examples]
    assert np.nanmean(rims) > 0.7


def test_spoilt_pictures_do_not_say_so():
    rng = np.random.default_rng(5)
    examples = [spoilt_picture(rng) for _ in range(30)]
    words = " ".join(text for _, text in examples)
    assert not any(word in words for word in ("blurry", "noisy", "smeared", "broken", "quality"))
