"""Making pictures as told: seeds, batches, samplers, img2img, interruption."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from lib_lora_neg.infotext import parse_infotext
from tests.hosts.diffusers_host.conftest import SIZE
from tests.hosts.diffusers_host.test_guarded_pictures import pixels, same

CALM = {**SIZE, "seed": 11, "cfg_scale": 6.0, "negative_prompt": "dull", "prompt": "a cat"}

UNET_SAMPLERS = (
    "DPM++ 2M",
    "DPM++ 2M SDE",
    "DPM++ 2M SDE Heun",
    "Euler a",
    "Euler",
    "LMS",
    "Heun",
    "DPM2",
    "DPM2 a",
    "DDIM",
    "PLMS",
    "UniPC",
    "LCM",
)


def difference(first: Any, second: Any) -> float:
    return float(np.abs(pixels(first).astype(int) - pixels(second).astype(int)).mean())


def test_the_same_job_makes_the_same_picture(sd1: Any) -> None:
    assert same(sd1.generate(**CALM), sd1.generate(**CALM))
    assert not same(sd1.generate(**CALM), sd1.generate(**{**CALM, "seed": 12}))


def test_ddim_follows_the_euler_steps(sd1: Any) -> None:
    """Without noise of their own both walk the same path; clipped predictions leave it."""
    ddim = sd1.generate(**{**CALM, "sampler": "DDIM", "steps": 20})
    euler = sd1.generate(**{**CALM, "sampler": "Euler", "steps": 20})
    assert difference(ddim, euler) < 6


def test_a_batch_makes_the_pictures_of_the_following_seeds(sd1: Any) -> None:
    made = sd1.generate(**{**CALM, "batch_size": 2, "batch_count": 2, "sampler": "Euler a"})
    assert [picture.seed for picture in made.pictures] == [11, 12, 13, 14]
    for picture in made.pictures:
        assert parse_infotext(picture.infotext).parameters["Seed"] == str(picture.seed)
    alone = sd1.generate(**{**CALM, "seed": 13, "sampler": "Euler a"})
    ours = np.asarray(made.images[2]).astype(int)
    # Sums in another order; the noise is the same.
    assert np.abs(ours - np.asarray(alone.images[0]).astype(int)).mean() < 1


def test_a_seed_of_minus_one_is_any_and_is_told(sd1: Any) -> None:
    made = sd1.generate(**{**CALM, "seed": -1})
    assert made.job.seed >= 0
    assert same(made, sd1.generate(**{**CALM, "seed": made.job.seed}))


def test_defaults_come_from_the_checkpoint(sd1: Any, sdxl: Any) -> None:
    assert sd1.engine.defaults().width == 512
    assert sdxl.engine.defaults().width == 1024
    assert sd1.samplers()[0] == "DPM++ 2M"
    assert tuple(sd1.samplers()) == UNET_SAMPLERS


@pytest.mark.parametrize("sampler", UNET_SAMPLERS)
def test_every_sampler_makes_a_picture_of_its_own(sd1: Any, sampler: str) -> None:
    made = sd1.generate(**{**CALM, "sampler": sampler})
    told = parse_infotext(made.pictures[0].infotext).parameters
    assert told["Sampler"] == sampler
    assert np.isfinite(made.pictures[0].latent).all()
    assert pixels(made).std() > 1


@pytest.mark.parametrize(
    ("sampler", "scheduler", "told"),
    [
        ("DPM++ 2M", "Automatic", "Karras"),
        ("DPM++ 2M Karras", "Automatic", "Karras"),
        ("dpm++ 2m karras", "", "Karras"),
        ("Euler", "Automatic", "Uniform"),
        ("Euler", "SGM Uniform", "SGM Uniform"),
        ("Euler", "Exponential", "Exponential"),
        ("Euler", "Beta", "Beta"),
        ("", "Automatic", "Karras"),
    ],
)
def test_samplers_and_schedules_have_the_names_of_a1111(
    sd1: Any, sampler: str, scheduler: str, told: str
) -> None:
    made = sd1.generate(**{**CALM, "sampler": sampler, "scheduler": scheduler})
    assert parse_infotext(made.pictures[0].infotext).parameters["Schedule type"] == told


def test_schedules_differ(sd1: Any) -> None:
    uniform = sd1.generate(**{**CALM, "sampler": "Euler", "scheduler": "Uniform"})
    karras = sd1.generate(**{**CALM, "sampler": "Euler", "scheduler": "Karras"})
    assert not same(uniform, karras)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sampler": "Euler b"}, "no such sampler"),
        ({"scheduler": "Sideways"}, "no such schedule"),
        ({"steps": 0}, "steps must be 1 to"),
        ({"width": 7}, "width and height must be at least 8"),
        ({"seed": 1.5j}, "seed must be"),
        ({"batch_size": True}, "batch_size must be"),
        ({"sampler": "DPM2 a", "scheduler": "Nonesuch"}, "no such schedule"),
    ],
)
def test_a_job_that_cannot_be_made_is_refused_with_the_reason(
    api: Any, sd1: Any, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(api.JobError, match=message):
        sd1.generate(**{**CALM, **fields})


def test_sizes_are_cut_to_what_the_model_can_do(sd1: Any) -> None:
    made = sd1.generate(**{**CALM, "width": 70, "height": 64})
    assert made.images[0].size == (64, 64)
    assert parse_infotext(made.pictures[0].infotext).parameters["Size"] == "64x64"


def test_img2img_stays_near_its_picture_the_less_noise_it_is_given(sd1: Any) -> None:
    start = sd1.generate(**CALM)
    fields = {**CALM, "seed": 99, "init_image": start.images[0], "steps": 8}
    little = sd1.generate(**fields, denoising_strength=0.1)
    much = sd1.generate(**fields, denoising_strength=1.0)
    assert difference(start, little) < difference(start, much)
    assert parse_infotext(little.pictures[0].infotext).parameters["Denoising strength"] == "0.1"


def test_progress_counts_every_step_of_every_batch(sd1: Any) -> None:
    steps: list[Any] = []
    sd1.generate(**{**CALM, "batch_count": 2, "sampler": "Heun"}, on_step=steps.append)
    assert [step.done for step in steps] == list(range(1, 9))
    assert {step.total for step in steps} == {8}
    assert steps[-1].share == 1


def test_an_interruption_ends_within_a_step_and_keeps_what_is_finished(sd1: Any) -> None:
    stop = threading.Event()
    seen: list[int] = []

    def on_step(step: Any) -> None:
        seen.append(step.done)
        if step.done == 6:
            stop.set()

    made = sd1.generate(**{**CALM, "batch_count": 3}, cancel=stop, on_step=on_step)
    assert made.interrupted
    assert len(made.pictures) == 1
    assert seen[-1] == 6
    assert same(sd1.generate(**CALM), sd1.generate(**CALM))


def test_cfg_one_has_no_negative_branch(sd1: Any) -> None:
    fields = {**CALM, "cfg_scale": 1.0}
    assert same(
        sd1.generate(**{**fields, "negative_prompt": "dull"}),
        sd1.generate(**{**fields, "negative_prompt": "other words"}),
    )
    assert not same(sd1.generate(**CALM), sd1.generate(**{**CALM, "negative_prompt": "other"}))


@pytest.mark.parametrize(
    ("prompt", "other"),
    [
        ("(a cat:1.4)", "a cat"),
        ("a cat BREAK a dog", "a cat a dog"),
        ("[a cat:a dog:0.5]", "a cat"),
        ("[a cat|a dog]", "a cat"),
        ("a cat AND a dog:0.5", "a cat"),
        ("a cat, " + "many words, " * 60, "a cat, " + "many words, " * 20),
        ("a cat \\(drawn\\)", "a cat (drawn)"),
    ],
)
def test_prompts_are_read_as_a1111_reads_them(sd1: Any, prompt: str, other: str) -> None:
    assert not same(
        sd1.generate(**{**CALM, "prompt": prompt}), sd1.generate(**{**CALM, "prompt": other})
    )


@pytest.mark.parametrize(
    ("prompt", "meant"),
    [
        ("(a cat:1.0)", "a cat"),
        ("a cat <lora:nothing_here:1>", "a cat "),
        ("[a cat:a cat:0.5]", "a cat"),
        ("a cat\n# a remark", "a cat\n"),
    ],
)
def test_what_means_the_same_makes_the_same_picture(sd1: Any, prompt: str, meant: str) -> None:
    assert same(
        sd1.generate(**{**CALM, "prompt": prompt}), sd1.generate(**{**CALM, "prompt": meant})
    )


def test_clip_skip_uses_an_earlier_layer(sd1: Any) -> None:
    assert not same(sd1.generate(**CALM), sd1.generate(**CALM, clip_skip=2))


def test_an_empty_negative_prompt_is_zeros_on_sdxl(sdxl: Any) -> None:
    empty = sdxl.engine.passes.encode("a cat", "", sdxl.engine.defaults(), ())
    blank = sdxl.engine.passes.encode("a cat", " ,", sdxl.engine.defaults(), ())
    assert float(empty.negative.at(0).context.abs().max()) == 0
    assert float(blank.negative.at(0).context.abs().max()) > 0
    assert empty.negative.at(0).pooled is not None
