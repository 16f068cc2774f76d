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


@pytest.fixture(scope="session")
def flux(api: Any, models: Any) -> Any:
    """Return a host on a Flux pipeline of small width with the real numbers of blocks."""
    import torch
    from diffusers import (
        AutoencoderKL,
        FlowMatchEulerDiscreteScheduler,
        FluxPipeline,
        FluxTransformer2DModel,
    )
    from tokenizers import Tokenizer, pre_tokenizers
    from tokenizers import models as kinds
    from transformers import (
        CLIPTextConfig,
        CLIPTextModel,
        CLIPTokenizer,
        PreTrainedTokenizerFast,
        T5Config,
        T5EncoderModel,
    )

    from lib_lora_neg.hosts.diffusers.engine import Engine
    from lib_lora_neg.hosts.diffusers.host import DiffusersHost

    torch.manual_seed(1)
    clip_tokenizer = CLIPTokenizer.from_pretrained(str(models / "tokenizer"))
    words = ["<pad>", "</s>", "<unk>", "a", "cat", "dull", "dog", ",", "red"]
    raw = Tokenizer(kinds.WordLevel({word: at for at, word in enumerate(words)}, "<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    t5_tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    clip = CLIPTextConfig(
        vocab_size=len(clip_tokenizer), hidden_size=16, intermediate_size=32,
        num_hidden_layers=2, num_attention_heads=2, projection_dim=16,
    )  # fmt: skip
    t5 = T5Config(
        vocab_size=len(words), d_model=24, d_kv=8, d_ff=32, num_layers=2, num_heads=2,
        feed_forward_proj="gated-gelu",
    )  # fmt: skip
    pipe = FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(
            shift=3.0, use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15,
            base_image_seq_len=256, max_image_seq_len=4096,
        ),
        vae=AutoencoderKL(
            block_out_channels=(8, 8, 8, 8), layers_per_block=1, latent_channels=16,
            norm_num_groups=4, down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4, use_quant_conv=False,
            use_post_quant_conv=False, shift_factor=0.1, scaling_factor=0.36,
        ),
        text_encoder=CLIPTextModel(clip),
        tokenizer=clip_tokenizer,
        text_encoder_2=T5EncoderModel(t5),
        tokenizer_2=t5_tokenizer,
        transformer=FluxTransformer2DModel(
            in_channels=64, num_layers=19, num_single_layers=38, attention_head_dim=16,
            num_attention_heads=2, joint_attention_dim=24, pooled_projection_dim=16,
            guidance_embeds=True, axes_dims_rope=(4, 6, 6),
        ),
    )  # fmt: skip
    host = DiffusersHost(Engine.around(pipe))
    yield host
    host.close()


@pytest.fixture(params=["sd1", "sdxl", "flux"])
def any_host(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("method", METHODS)
def test_it_changes_the_picture_at_cfg_1_and_leaves_nothing(any_host: Any, method: str) -> None:
    plain = any_host.generate(**CALM, cfg_scale=1.0)
    on = any_host.generate(**CALM, cfg_scale=1.0, guidance=guidance(method))
    other = any_host.generate(
        **{**CALM, "negative_prompt": "red"}, cfg_scale=1.0, guidance=guidance(method)
    )
    after = any_host.generate(**CALM, cfg_scale=1.0)
    assert not same(plain, on)
    assert not same(on, other)
    assert same(plain, after)


def test_at_strength_0_and_without_steps_it_is_off(any_host: Any) -> None:
    plain = any_host.generate(**CALM, cfg_scale=1.0)
    for fields in ({"strength": 0.0}, {"share": 0.0}):
        off = any_host.generate(**CALM, cfg_scale=1.0, guidance=guidance(**fields))
        assert same(plain, off)


def test_a_share_of_the_steps_is_something_between(any_host: Any) -> None:
    job = {**CALM, "cfg_scale": 1.0}
    half = any_host.generate(**job, guidance=guidance(share=0.5))
    assert not same(half, any_host.generate(**job, guidance=guidance()))
    assert not same(half, any_host.generate(**job))


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
    plain = flux.generate(**CALM, cfg_scale=1.0)
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
    plain = flux.generate(**CALM, cfg_scale=1.0)
    assert "LoRA Neg guidance" not in plain.pictures[0].infotext


def test_blocks_of_another_tool_are_said_and_the_picture_is_made_without(flux: Any) -> None:
    plain = flux.generate(**CALM, cfg_scale=1.0)
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
    off = sd1.generate(**CALM, cfg_scale=1.0)
    on = sd1.generate(**CALM, cfg_scale=1.0, guidance=guidance())
    assert "cfg-1" in [finding.rule for finding in off.report.findings]
    assert "cfg-1" not in [finding.rule for finding in on.report.findings]


@pytest.mark.parametrize(
    "fields", [{"strength": -0.1}, {"strength": float("nan")}, {"strength": 10.1}, {"share": 1.01}]
)
def test_numbers_out_of_range_are_refused(api: Any, fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="negative guidance must be"):
        guidance(**fields)
