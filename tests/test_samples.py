from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from lib_lora_neg.console.check import CheckedRequest, check
from lib_lora_neg.library.catalog import Catalog
from lib_lora_neg.loras.card import DataWidth, LoraType
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import GuardSettings
from lib_lora_neg.samples.files import write_lora
from lib_lora_neg.samples.loras import sample_loras
from lib_lora_neg.samples.prompts import sample_scenes

ROOT = Path(__file__).parent.parent
SDXL = ModelFamily.SDXL


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("samples")
    for lora in sample_loras():
        path = write_lora(folder, lora)
        assert load_file(path).keys() == lora.tensors.keys()
    return Catalog([folder])


@pytest.mark.parametrize(
    ("name", "kind", "family"),
    [
        ("inkwash_wide", LoraType.STYLE, SDXL),
        ("gouache_poster", LoraType.STYLE, SDXL),
        ("crt_glow", LoraType.CONCEPT, SDXL),
        ("aria_vale", LoraType.CHARACTER, SDXL),
        ("bad_anatomy_xl", LoraType.DEDICATED_NEGATIVE, SDXL),
        ("sdxl_wrong_lora", LoraType.TRIGGER_NEGATIVE, SDXL),
        ("age_slider_xl", LoraType.SLIDER, SDXL),
        ("final_v3-000012", LoraType.UNKNOWN, SDXL),
        ("oil_flux", LoraType.STYLE, ModelFamily.FLUX),
        ("watercolor_sd15", LoraType.STYLE, ModelFamily.SD1),
    ],
)
def test_each_file_is_read_as_what_it_is(
    catalog: Catalog, name: str, kind: LoraType, family: ModelFamily
) -> None:
    card = catalog.get(name)
    assert card is not None
    assert card.inference.type is kind, card.inference
    assert card.family is family
    assert not card.problems
    assert (card.data_width is DataWidth.WIDE) == (name == "inkwash_wide")


CHANGED = {
    "A style far below its range, and a CFG that burns": ("gouache_poster:-0.5>", 6.0),
    "A style with wide training data may go further": ("inkwash_wide:-0.7>", 5.5),
    "A concept below its range": ("crt_glow:-0.3>", 6.0),
    "A character has no opposite": ("portrait of a knight, oil lamp", 7.0),
    "A dedicated negative at its standard weight": ("bad_anatomy_xl:-1>", 6.0),
    "A slider goes both ways": ("age_slider_xl:-2>", 7.0),
    "Nothing is known of this one, so it is only said": ("final_v3-000012:-0.8>", 6.0),
    "A tag in the negative prompt is only text to the host": ("<lora:gouache_poster:-0.4>", 6.0),
    "guard=off in a tag: hands off": ("gouache_poster:-0.9:guard=off>", 9.0),
}


@pytest.mark.parametrize("title", CHANGED)
def test_prompts_and_cfg_of_the_scenes(catalog: Catalog, title: str) -> None:
    prompt, _, cfg = scene(catalog, title).first
    expected, expected_cfg = CHANGED[title]
    assert expected in prompt
    assert cfg == expected_cfg


def test_negatives_of_the_scenes(catalog: Catalog) -> None:
    trigger = scene(catalog, "A trigger word in the negative prompt switches its LoRA off")
    assert trigger.first[1] == "lowres, twin braids, bad hands"
    assert scene(catalog, "A trigger negative without its word").first[1] == "blurry, wrong"


def test_the_untouched_scene_is_the_same_object(catalog: Catalog) -> None:
    untouched = scene(catalog, "No LoRA, nothing to do").plan
    assert untouched.first is untouched.request.first
    assert untouched.findings == ()


def scene(catalog: Catalog, title: str) -> CheckedRequest:
    [asked] = [scene.asked for scene in sample_scenes() if scene.title == title]
    return check(asked, catalog, GuardSettings())


def test_the_samples_run_on_a_console_without_utf8(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lib_lora_neg", "samples", "--folder", str(tmp_path / "loras")],
        cwd=ROOT,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    output = done.stdout.decode("utf-8")
    for shown in sample_scenes():
        assert shown.title in output
