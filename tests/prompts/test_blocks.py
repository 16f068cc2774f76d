"""Masks of blocks: what a tag's argument says, and where a module lies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_lora_neg.prompts.blocks import block_name, read_blocks


@pytest.mark.parametrize(
    ("value", "kept", "left_out"),
    [
        ("-S7-S20", ["S6", "D7", "S0", ""], ["S7", "S20"]),
        ("-face", ["S8", "D7"], ["S7", "S20"]),
        ("+IN+MID", ["IN0", "IN11", "MID"], ["OUT0", "S1", ""]),
        ("+OUT-OUT3", ["OUT0", "OUT11"], ["OUT3", "IN1"]),
        ("-M00", ["IN1"], ["MID"]),
        ("-IN04", ["IN40", "IN0"], ["IN4"]),
        ("-DOUBLE", ["S1", ""], ["D0", "D18"]),
        (" +single3 ", ["S3"], ["S30", "D3"]),
        ("-NEGATE", ["D0", "D13", "S0", "S22", ""], ["D14", "D18", "S23", "S37"]),
    ],
)
def test_what_a_mask_keeps(value: str, kept: list[str], left_out: list[str]) -> None:
    mask = read_blocks(value)
    assert mask is not None
    assert [block for block in kept + left_out if mask.keeps(block)] == kept


@pytest.mark.parametrize("value", ["", "S7", "-", "-X3", "-S7 -S20", "-FACE3", "+" * 300, "-S1234"])
def test_what_means_nothing(value: str) -> None:
    assert read_blocks(value) is None


@given(st.text(alphabet="+-SDINOUTMFACE0123456789 ,", max_size=60))
def test_any_text_is_read_or_refused(value: str) -> None:
    mask = read_blocks(value)
    assert mask is None or mask.only or mask.without


@pytest.mark.parametrize(
    ("module", "block"),
    [
        ("diffusion_model.input_blocks.4.1.proj_in.weight", "IN4"),
        ("diffusion_model_input_blocks_4_1_transformer_blocks_0_attn1_to_q", "IN4"),
        ("down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q", "IN4"),
        ("lora_unet_down_blocks_1_attentions_0_proj_in", "IN4"),
        ("down_blocks.0.downsamplers.0.conv", "IN3"),
        ("down_blocks.0.resnets.1.conv1", "IN2"),
        ("mid_block.attentions.0.proj_in", "MID"),
        ("diffusion_model.middle_block.1.proj_in", "MID"),
        ("up_blocks.0.upsamplers.0.conv", "OUT2"),
        ("up_blocks.1.attentions.2.proj_in", "OUT5"),
        ("diffusion_model.output_blocks.5.1.proj_in", "OUT5"),
        ("diffusion_model.double_blocks.7.img_attn.qkv", "D7"),
        ("lora_unet_single_blocks_20_linear1", "S20"),
        ("transformer_blocks.7.attn.to_q", "D7"),
        ("single_transformer_blocks.20.attn.to_q", "S20"),
        ("joint_blocks.11.x_block.attn.qkv", "D11"),
        ("lora_unet_blocks_9_self_attn_q", "S9"),
        ("diffusion_model.layers.29.attention.qkv", "S29"),
        ("blocks.0.attn.wq", "S0"),
        ("txt_in.individual_token_refiner.blocks.0.mlp.fc1", ""),
        ("context_refiner.layers.1.attention.qkv", ""),
        ("llm_adapter.blocks.0.self_attn.q_proj", ""),
        ("time_embedding.linear_1", ""),
        ("text_model.encoder.layers.0.mlp.fc1", ""),
    ],
)
def test_where_a_module_lies(module: str, block: str) -> None:
    assert block_name(module) == block
