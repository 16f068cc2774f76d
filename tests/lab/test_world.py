"""The committed world, its LoRAs and the committed numbers; needs the lab's requirements."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

ROOT = Path(__file__).resolve().parents[2]
WORLD = ROOT / "lab" / "world"
LORAS = ROOT / "lab" / "loras"
RESULTS = ROOT / "lab" / "results.json"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not WORLD.exists(), reason="there is no trained world"),
    # What the libraries say to their own users.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def world():
    import torch

    from lab.sampler import World

    torch.set_num_threads(2)
    return World.load(WORLD)


def test_the_world_is_small():
    size = sum(path.stat().st_size for path in WORLD.rglob("*") if path.is_file())
    assert size < 8_000_000


def test_loras_are_small_and_fit_the_world(world):
    from lab.lora import LoraFile, targets

    layers = {**targets(world.unet, "lora_unet"), **targets(world.text_encoder, "lora_te")}
    files = sorted(LORAS.glob("*.safetensors"))
    assert len(files) == 8
    for path in files:
        assert path.stat().st_size < 200_000
        for name, delta in LoraFile.read(path).deltas.items():
            assert delta.shape == layers[name].weight.shape


def test_a_lora_is_taken_out_again(world):
    import torch

    from lab.lora import LoraFile, applied

    before = {name: value.clone() for name, value in world.unet.state_dict().items()}
    lora = LoraFile.read(LORAS / "ink_style.safetensors")
    with applied(world.unet, world.text_encoder, lora, -0.7, -0.7):
        changed = [n for n, v in world.unet.state_dict().items() if not torch.equal(v, before[n])]
    assert len(changed) == len(lora.deltas)
    assert all(torch.equal(value, before[n]) for n, value in world.unet.state_dict().items())


def test_it_draws_what_is_asked(world):
    """40 pictures; the floor is the committed figure less what 40 pictures may vary."""
    from lab.captions import full_tags
    from lab.judge import compare, read
    from lab.sampler import sample
    from lab.scenes import random_scene

    committed = json.loads((WORLD.parent / "world.json").read_text("utf-8"))
    rng = np.random.default_rng(77)
    scenes = [random_scene(rng) for _ in range(40)]
    prompts = [", ".join(full_tags(scene)) for scene in scenes]
    pictures = sample(world, prompts, list(range(40)))
    found = np.mean(
        [
            compare(scene, read(picture)).both
            for scene, picture in zip(scenes, pictures, strict=True)
        ]
    )
    share = committed["shape and colour"]
    assert found >= share - 3 * np.sqrt(share * (1 - share) / 40) - 0.01


def test_a_sample_of_the_experiment_repeats_its_numbers(world):
    """One condition in twenty, judged anew, lies within the committed intervals."""
    from lab.matrix_report import interval, measure
    from lab.type_matrix import Condition, conditions, pictures

    results = json.loads(RESULTS.read_text("utf-8"))["conditions"]
    base = np.stack(pictures(world, LORAS, Condition()))
    for condition in conditions()[::20]:
        found = np.stack(pictures(world, LORAS, condition))
        for name, values in measure(found, base).items():
            mean, low, high = results[condition.name][name]
            if not np.isnan(mean):
                # A little wider than the interval: other processors round differently.
                slack = 0.1 * (high - low) + 1e-3
                assert low - slack <= interval(values)[0] <= high + slack, (condition.name, name)
