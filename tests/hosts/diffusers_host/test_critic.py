"""The critic on this host: what it answers, for each kind of model, and that it leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from lib_lora_neg.scan import LoraSetting, Picture, Sampling
from lib_lora_neg.scan.ports import Question
from tests.host.support import lora_files as files
from tests.hosts.diffusers_host.conftest import SIZE
from tests.hosts.diffusers_host.test_guarded_pictures import same
from tests.hosts.diffusers_host.test_networks import all_prints

SAMPLING = Sampling(cfg=5.0, steps=3, width=64, height=64, sampler="Euler")
CALM = {**SIZE, "seed": 11, "sampler": "Euler"}
LONG = ", ".join(["a cat on a wall"] * 30)
"""More tokens than one chunk has."""


@pytest.fixture(params=["sd1", "sdxl", "flux"])
def any_host(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def velocity(sd1: Any) -> Iterator[Any]:
    """Return the host on the SD 1 checkpoint, taken for a model that predicts velocities."""
    scheduler = sd1.engine.pipe.scheduler
    own = scheduler.config.prediction_type
    scheduler.register_to_config(prediction_type="v_prediction")
    yield sd1
    scheduler.register_to_config(prediction_type=own)


def picture_of(host: Any, prompt: str = "a cat", **fields: Any) -> Picture:
    made = host.generate(prompt=prompt, **{**CALM, **fields}).pictures[0]
    return Picture(np.asarray(made.image), np.asarray(made.latent))


@pytest.mark.parametrize("name", ["sd1", "velocity"])
@pytest.mark.parametrize("level", [0.05, 0.3, 0.5])
def test_it_is_what_the_librarys_own_scheduler_says_of_the_clean_latent(
    name: str, level: float, request: pytest.FixtureRequest
) -> None:
    import torch
    from diffusers import DDIMScheduler

    host = request.getfixturevalue(name)
    picture, pipe = picture_of(host), host.engine.pipe
    (found,) = host.critic().residuals((), [Question(picture, "a cat", 9, level)], SAMPLING)
    theirs = DDIMScheduler.from_config(pipe.scheduler.config, clip_sample=False, thresholding=False)
    theirs.set_timesteps(1000)
    clean = torch.from_numpy(picture.latent)[None]
    noise = torch.randn(clean.shape[1:], generator=torch.Generator().manual_seed(9))[None]
    t = torch.tensor(round(level * 999))
    x = theirs.add_noise(clean, noise, t[None])
    job = host.engine.completed(host.engine.defaults(), 0)
    cond = host.engine.passes.encode("a cat", "", job, ()).positive[0][1].at(0)
    with torch.inference_mode():
        predicted = pipe.unet(x, t, cond.context[None], return_dict=False)[0]
    wanted = theirs.step(predicted, int(t), x).pred_original_sample - clean
    assert np.allclose(found, wanted[0].numpy(), atol=1e-4)


def test_flux_says_it_on_the_straight_line_from_noise(flux: Any) -> None:
    import torch

    from lib_lora_neg.hosts.diffusers.denoisers import AddedConditioning

    picture, engine = picture_of(flux), flux.engine
    sampling = replace(SAMPLING, distilled_cfg=2.5)
    (found,) = flux.critic().residuals((), [Question(picture, "a cat", 9, 0.25)], sampling)
    clean = torch.from_numpy(picture.latent)[None]
    noise = torch.randn(clean.shape[1:], generator=torch.Generator().manual_seed(9))[None]
    x = 0.75 * clean + 0.25 * noise
    job = engine.completed(engine.defaults(), 0)
    cond = engine.passes.encode("a cat", "", job, ()).positive[0][1].at(0)
    added = AddedConditioning(64, 64, 2.5)
    with torch.inference_mode():
        velocity = engine.passes.denoiser.evaluate(x, torch.tensor(250.0), [cond], added)
    assert np.allclose(found, (x - 0.25 * velocity - clean)[0].numpy(), atol=1e-5)


def test_the_next_picture_is_byte_identical(any_host: Any) -> None:
    lora = {"sdxl": files.XL_PREFIX}.get(any_host.engine.family.value, "") + files.STYLE
    tag = "" if any_host.engine.family.value == "flux" else f"<lora:{lora}:0.8>"
    plain, with_lora = (any_host.generate(prompt=text, **CALM) for text in ("a cat", "a cat" + tag))
    picture = picture_of(any_host, "a cat" + tag)
    asked = [Question(picture, "a cat", 9, 0.3), Question(picture, "", 9, 0.3)]
    first = any_host.critic().residuals((), asked, SAMPLING)
    assert same(any_host.generate(prompt="a cat" + tag, **CALM), with_lora)
    again = any_host.critic().residuals((), asked, SAMPLING)
    assert all(np.array_equal(*pair) for pair in zip(first, again, strict=True))
    assert same(any_host.generate(prompt="a cat", **CALM), plain)
    assert not np.array_equal(first[0], first[1])


def test_the_lora_is_off_for_the_call_and_its_weights_are_the_checkpoints(sd1: Any) -> None:
    before = all_prints(sd1.engine.pipe)
    picture = picture_of(sd1, f"a cat <lora:{files.STYLE}:-0.9>", mode="off")
    assert all_prints(sd1.engine.pipe) != before
    asked = [Question(picture, "a cat", 9, 0.3)]
    (base,) = sd1.critic().residuals((), asked, SAMPLING)
    assert all_prints(sd1.engine.pipe) == before
    (own,) = sd1.critic().residuals((LoraSetting(files.STYLE, -0.9, -0.9),), asked, SAMPLING)
    (again,) = sd1.critic().residuals((), asked, SAMPLING)
    assert not np.allclose(base, own)
    assert np.array_equal(base, again)


def test_questions_of_all_kinds_together_are_answered_as_alone(any_host: Any) -> None:
    shown = [picture_of(any_host), picture_of(any_host, seed=12)]
    asked = [
        Question(picture, prompt, seed, level)
        for picture in shown
        for prompt in ("a cat", LONG, "")
        for seed, level in ((1, 0.05), (2, 0.3))
    ]
    critic = any_host.critic()
    together = critic.residuals((), asked, SAMPLING)
    assert len(together) == len(asked)
    for question, found in zip(asked, together, strict=True):
        (alone,) = critic.residuals((), [question], SAMPLING)
        assert alone.dtype == found.dtype == np.float32
        assert found.shape == question.picture.latent.shape
        assert np.allclose(alone, found, atol=1e-4)
    assert list(critic.residuals((), [], SAMPLING)) == []


def test_a_picture_without_its_latent_is_encoded(any_host: Any) -> None:
    from PIL import Image

    from lib_lora_neg.hosts.diffusers.latents import encode_picture

    whole = picture_of(any_host)
    image = Image.fromarray(whole.pixels)
    encoded = encode_picture(any_host.engine.pipe.vae, image, *image.size)[0].detach().numpy()
    asked = [
        Question(picture, "a cat", 9, 0.3)
        for picture in (Picture(whole.pixels), Picture(whole.pixels, encoded))
    ]
    first, second = any_host.critic().residuals((), asked, SAMPLING)
    assert np.allclose(first, second, atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_the_trained_world_balks_at_what_is_spoilt(api: Any) -> None:
    """Six of the lab's drawings; how often it does is told by ``bench/scan_spoilers.py``."""
    from lab.captions import full_tags
    from lab.scenes import draw, random_scene
    from lab.spoil import PART_SPOILERS, SPOILERS
    from lib_lora_neg.scan.critic import read, unlikely

    lab = Path(__file__).resolve().parents[3] / "lab"
    host = api.open_host(lab / "world", [lab / "loras"], device="cpu", dtype="float32")
    rng = np.random.default_rng(5)
    scenes = [random_scene(rng) for _ in range(6)]
    spoilers = (SPOILERS["smeared"], SPOILERS["broken"], PART_SPOILERS["doubled part"])

    def shown(pixels: np.ndarray) -> Picture:
        return Picture((np.clip(pixels, 0, 1) * 255).round().astype(np.uint8))

    asked = []
    for index, scene in enumerate(scenes):
        drawn, text = draw(scene), ", ".join(full_tags(scene))
        spoilt = [spoil(drawn, 0.5, np.random.default_rng(index)) for spoil in spoilers]
        asked += [(shown(pixels), text, index + 1) for pixels in (drawn, *spoilt)]
    found = read(host.critic(), asked, SAMPLING)
    host.close()
    for kind in range(len(spoilers)):
        grown = [unlikely(found[at + 1 + kind], found[at]) for at in range(0, len(found), 4)]
        assert np.median(grown) > 0.3
