"""Negative guidance in the diffusers host: what it changes, and that it leaves nothing behind."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from lib_lora_neg.infotext import parse_infotext
from tests.hosts.diffusers_host.conftest import SIZE
from tests.hosts.diffusers_host.test_guarded_pictures import same

CALM = {**SIZE, "seed": 11, "prompt": "a cat", "negative_prompt": "dull dog", "sampler": "Euler"}
METHODS = ("NAG", "VSF", "ONG")


def guidance(method: str = "NAG", **fields: Any) -> Any:
    from lib_lora_neg.guidance import Guidance, Method

    return Guidance(Method(method), **fields)


_MADE: dict[str, Any] = {}


def made_once(host: Any, method: str = "", **fields: Any) -> Any:
    """Return the calm picture at CFG 1, guided where a method is named; each is made once.

    For what a picture is compared with. Whether something is left behind is seen in a picture
    that is made afterwards.
    """
    if method:
        fields["guidance"] = guidance(method)
    key = f"{id(host)} {method} {sorted(fields.items(), key=str)}"
    if key not in _MADE:
        _MADE[key] = host.generate(**{**CALM, "cfg_scale": 1.0, **fields})
    return _MADE[key]


@pytest.fixture(params=["sd1", "sdxl", "flux"])
def any_host(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("method", METHODS)
def test_it_changes_the_picture_at_cfg_1_and_leaves_nothing(any_host: Any, method: str) -> None:
    plain = made_once(any_host)
    on = made_once(any_host, method)
    other = any_host.generate(
        **{**CALM, "negative_prompt": "red"}, cfg_scale=1.0, guidance=guidance(method)
    )
    after = any_host.generate(**CALM, cfg_scale=1.0)
    assert not same(plain, on)
    assert not same(on, other)
    assert same(plain, after)


def test_at_strength_0_and_without_steps_it_is_off(any_host: Any) -> None:
    plain = made_once(any_host)
    for fields in ({"strength": 0.0}, {"share": 0.0}):
        off = any_host.generate(**CALM, cfg_scale=1.0, guidance=guidance(**fields))
        assert same(plain, off)


def test_a_share_of_the_steps_is_something_between(any_host: Any) -> None:
    half = any_host.generate(**CALM, cfg_scale=1.0, guidance=guidance(share=0.5))
    assert not same(half, made_once(any_host, "NAG"))
    assert not same(half, made_once(any_host))


def test_it_acts_beside_cfg(sd1: Any) -> None:
    plain = sd1.generate(**CALM, cfg_scale=5.0)
    assert not same(plain, sd1.generate(**CALM, cfg_scale=5.0, guidance=guidance()))


def test_it_acts_with_a_lora_hires_batches_and_img2img(sd1: Any, api: Any) -> None:
    from lib_lora_neg.hosts.diffusers.job import HiresFix

    start = sd1.generate(**CALM).images[0]
    for fields in (
        {"prompt": "a cat <lora:poster_style:0.8>"},
        {"hires": HiresFix(scale=1.5, denoising_strength=0.5)},
        {"batch_size": 2, "batch_count": 2},
        {"init_image": start, "denoising_strength": 0.6},
    ):
        job = {**CALM, "cfg_scale": 1.0, **fields}
        plain, on = sd1.generate(**job), sd1.generate(**job, guidance=guidance())
        assert len(on.pictures) == len(plain.pictures)
        assert not same(plain, on)


def test_each_picture_of_a_batch_is_the_one_made_alone(flux: Any) -> None:
    import numpy as np

    job = {**CALM, "cfg_scale": 1.0, "guidance": guidance()}
    both = flux.generate(**job, batch_size=2)
    alone = flux.generate(**{**job, "seed": 12})
    # Sums in another order.
    assert np.allclose(both.pictures[1].latent, alone.pictures[0].latent, atol=1e-3)


def test_interrupted_in_the_middle_the_next_picture_is_clean(flux: Any) -> None:
    plain = made_once(flux)
    cancel = threading.Event()
    stopped = flux.generate(
        **CALM, cfg_scale=1.0, guidance=guidance(), cancel=cancel, on_step=lambda _: cancel.set()
    )
    assert stopped.interrupted
    assert same(plain, flux.generate(**CALM, cfg_scale=1.0))


def test_the_infotext_tells_what_guided(flux: Any) -> None:
    made = flux.generate(**CALM, cfg_scale=1.0, guidance=guidance("NAG", strength=0.5, share=0.75))
    told = parse_infotext(made.pictures[0].infotext).parameters
    assert told["LoRA Neg guidance"] == "NAG"
    assert told["LoRA Neg guidance strength"] == "0.5"
    assert told["LoRA Neg guidance settings"] == "phi 2, tau 2.5, alpha 0.25"
    assert told["LoRA Neg guidance share"] == "0.75"
    plain = made_once(flux)
    assert "LoRA Neg guidance" not in plain.pictures[0].infotext


@pytest.mark.parametrize("method", METHODS)
def test_concepts_that_and_divides_are_guided_away_from_one_after_another(
    any_host: Any, method: str
) -> None:
    job = {**CALM, "cfg_scale": 1.0, "negative_prompt": "dull dog AND red"}
    one = any_host.generate(**job, guidance=guidance(method))
    two = any_host.generate(**job, guidance=guidance(method, several=True))
    assert not same(one, two)
    told = parse_infotext(two.pictures[0].infotext).parameters
    assert told["LoRA Neg guidance concepts"] == "AND"
    only = {**job, "negative_prompt": CALM["negative_prompt"]}
    alone = made_once(any_host, method)
    assert same(alone, any_host.generate(**only, guidance=guidance(method, several=True)))
    assert not same(alone, two)


def test_too_many_concepts_are_said_and_the_picture_is_made_without(flux: Any) -> None:
    job = {**CALM, "cfg_scale": 1.0, "negative_prompt": " AND ".join(["red"] * 9)}
    made = flux.generate(**job, guidance=guidance(several=True))
    assert same(made, flux.generate(**job))
    assert any("9 negative concepts" in problem for problem in made.problems)


def test_own_numbers_act_and_stand_in_the_infotext(flux: Any) -> None:
    from lib_lora_neg.guidance.numbers import read_numbers

    own = guidance(numbers=read_numbers(guidance().method, "phi 1, tau 1.5"))
    made = flux.generate(**CALM, cfg_scale=1.0, guidance=own)
    assert not same(made, made_once(flux, "NAG"))
    told = parse_infotext(made.pictures[0].infotext).parameters
    assert told["LoRA Neg guidance numbers"] == "phi 1, tau 1.5"
    assert told["LoRA Neg guidance settings"] == "phi 1, tau 1.5, alpha 0.25"


def test_blocks_of_another_tool_are_said_and_the_picture_is_made_without(flux: Any) -> None:
    plain = made_once(flux)
    block = flux.engine.pipe.transformer.transformer_blocks[3]
    block.forward = block.forward
    try:
        made = flux.generate(**CALM, cfg_scale=1.0, guidance=guidance())
    finally:
        del block.forward
    assert same(plain, made)
    assert any("guidance is off" in problem for problem in made.problems)
    assert "LoRA Neg guidance" not in made.pictures[0].infotext


def test_the_guard_does_not_call_a_guided_negative_without_effect(sd1: Any) -> None:
    off, on = made_once(sd1), made_once(sd1, "NAG")
    assert "cfg-1" in [finding.rule for finding in off.report.findings]
    assert "cfg-1" not in [finding.rule for finding in on.report.findings]


@pytest.mark.parametrize(
    "fields", [{"strength": -0.1}, {"strength": float("nan")}, {"strength": 10.1}, {"share": 1.01}]
)
def test_numbers_out_of_range_are_refused(api: Any, fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="negative guidance must be"):
        guidance(**fields)
