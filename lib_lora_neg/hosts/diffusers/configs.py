"""Configurations of a single-file checkpoint's parts, from the shapes of its own tensors.

diffusers would fetch them from a network. What no shape tells is the number of attention heads
and the kind of prediction; those are the families' own, unless a configuration of the kind that
A1111 uses (``<name>.yaml``) lies beside the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...regular import read_regular
from .errors import ModelError
from .layouts import Shapes, below, count

Config = dict[str, Any]

HEADS_OF_SD1 = 8
"""Attention heads on every level (CompVis v1-inference.yaml, ``num_heads``)."""

HEAD_CHANNELS = 64
"""Channels of one head in SD 2, SDXL and every CLIP text encoder of them (their yaml files)."""

SCALING = {"sd": 0.18215, "sdxl": 0.13025, "flux": 0.3611}
"""Scale of the latents (``scale_factor`` in the original yaml files; Flux ``autoencoder.py``)."""

FLUX_SHIFT = 0.1159
"""Shift of Flux's latents (``autoencoder.py``)."""

FLUX_ROPE = (16, 56, 56)
"""Split of a head's 128 channels over the axes of Flux's position encoding."""


def unet_config(shapes: Shapes, hints: Mapping[str, Any], pooled: int | None) -> Config:
    """Return the configuration of ``UNet2DConditionModel``.

    Args:
        shapes: of the unet in the original naming, without its prefix.
        hints: of a yaml file beside the checkpoint (``unet_config.params``), or empty.
        pooled: width of the pooled text embedding, for SDXL.
    """
    levels = _unet_levels(shapes)
    channels = [level[0] for level in levels]
    depths = [level[1] for level in levels]
    conv_in = shapes["input_blocks.0.0.weight"]
    linear = any(name.endswith("1.proj_in.weight") and len(shapes[name]) == 2 for name in shapes)
    context = next(shape[1] for name, shape in shapes.items() if name.endswith("attn2.to_k.weight"))
    config: Config = {
        # Latents of the pictures it was trained on: 512, or for SDXL 1024 pixels wide.
        "sample_size": 128 if "label_emb.0.0.weight" in shapes else 64,
        "in_channels": conv_in[1],
        "out_channels": shapes["out.2.weight"][0],
        "block_out_channels": channels,
        "layers_per_block": levels[0][2],
        "down_block_types": ["CrossAttnDownBlock2D" if d else "DownBlock2D" for d in depths],
        "up_block_types": ["CrossAttnUpBlock2D" if d else "UpBlock2D" for d in reversed(depths)],
        # The middle block has as many layers as the last entry says, where the level has none.
        "transformer_layers_per_block": [depth or 1 for depth in depths],
        "cross_attention_dim": context,
        "use_linear_projection": linear,
        "attention_head_dim": _heads(channels, linear, hints),
    }
    label = shapes.get("label_emb.0.0.weight")
    if label is not None:
        if pooled is None or (label[1] - pooled) % 6 or label[1] <= pooled:
            raise ModelError("its unet's label_emb does not fit its second text encoder")
        config |= {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": (label[1] - pooled) // 6,
            "projection_class_embeddings_input_dim": label[1],
        }
    return config


def _unet_levels(shapes: Shapes) -> list[tuple[int, int, int]]:
    """Return (channels, transformer layers, resnets) of each level of the unet's way down."""
    levels: list[tuple[int, int, int]] = []
    channels, depth, resnets = 0, 0, 0
    for index in range(1, count(shapes, r"input_blocks\.(\d+)\.")):
        block = f"input_blocks.{index}."
        if f"{block}0.op.weight" in shapes:
            levels.append((channels, depth, resnets))
            depth = resnets = 0
            continue
        try:
            channels = shapes[f"{block}0.in_layers.2.weight"][0]
        except KeyError as error:
            raise ModelError(f"its unet has no {error.args[0]}") from error
        depth = max(depth, count(below(shapes, f"{block}1."), r"transformer_blocks\.(\d+)\."))
        resnets += 1
    if not resnets:
        raise ModelError("its unet has no blocks")
    return [*levels, (channels, depth, resnets)]


def _heads(channels: list[int], linear: bool, hints: Mapping[str, Any]) -> int | list[int]:
    """Return what diffusers calls ``attention_head_dim`` and uses as the number of heads."""
    per_head = hints.get("num_head_channels", -1)
    if not isinstance(per_head, int) or per_head < 1:
        heads = hints.get("num_heads", -1)
        if isinstance(heads, int) and heads > 0:
            return heads
        if not linear:
            return HEADS_OF_SD1
        per_head = HEAD_CHANNELS
    return [max(1, width // per_head) for width in channels]


def vae_config(shapes: Shapes, kind: str) -> Config:
    """Return the configuration of ``AutoencoderKL``.

    Args:
        shapes: of the VAE in the original naming, without its prefix.
        kind: a key of `SCALING`.
    """
    try:
        levels = count(shapes, r"encoder\.down\.(\d+)\.")
        channels = [shapes[f"encoder.down.{i}.block.0.conv1.weight"][0] for i in range(levels)]
        config: Config = {
            "in_channels": shapes["encoder.conv_in.weight"][1],
            "out_channels": shapes["decoder.conv_out.weight"][0],
            "latent_channels": shapes["decoder.conv_in.weight"][1],
            "layers_per_block": count(shapes, r"encoder\.down\.0\.block\.(\d+)\."),
        }
    except KeyError as error:
        raise ModelError(f"its VAE has no {error.args[0]}") from error
    quant = "quant_conv.weight" in shapes
    config |= {
        "block_out_channels": channels,
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "sample_size": 64 << (levels - 1),
        "scaling_factor": SCALING[kind],
        "shift_factor": FLUX_SHIFT if kind == "flux" else None,
        "use_quant_conv": quant,
        "use_post_quant_conv": quant,
        # SDXL's own VAE overflows in half precision.
        "force_upcast": kind == "sdxl",
    }
    return config


def clip_config(shapes: Shapes) -> Config:
    """Return the configuration of a CLIP text encoder in the naming of transformers.

    ``shapes`` are those of the model, ``text_model.`` and all.
    """
    root = "text_model."
    try:
        vocabulary, width = shapes[f"{root}embeddings.token_embedding.weight"]
        config = _clip(
            vocabulary,
            width,
            shapes[f"{root}embeddings.position_embedding.weight"][0],
            shapes[f"{root}encoder.layers.0.mlp.fc1.weight"][0],
            count(shapes, r"text_model\.encoder\.layers\.(\d+)\."),
        )
    except KeyError as error:
        raise ModelError(f"its text encoder has no {error.args[0]}") from error
    return {**config, "hidden_act": "quick_gelu", "projection_dim": width}


def open_clip_config(shapes: Shapes, *, drop_last: bool) -> Config:
    """Return the configuration of an OpenCLIP text encoder (SD 2, the second one of SDXL).

    Args:
        shapes: in OpenCLIP's naming, without their prefix.
        drop_last: leave the last layer out, as SD 2 does.
    """
    try:
        vocabulary, width = shapes["token_embedding.weight"]
        layers = count(shapes, r"transformer\.resblocks\.(\d+)\.")
        projection = shapes.get("text_projection", (width, width))
        config = _clip(
            vocabulary,
            width,
            shapes["positional_embedding"][0],
            shapes["transformer.resblocks.0.mlp.c_fc.weight"][0],
            layers - 1 if drop_last else layers,
        )
    except KeyError as error:
        raise ModelError(f"its text encoder has no {error.args[0]}") from error
    return {**config, "hidden_act": "gelu", "projection_dim": projection[1]}


def _clip(vocabulary: int, width: int, positions: int, inner: int, layers: int) -> Config:
    return {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": max(1, width // HEAD_CHANNELS),
        "max_position_embeddings": positions,
        "bos_token_id": vocabulary - 2,
        "eos_token_id": vocabulary - 1,
        "pad_token_id": 1,
    }


def flux_config(shapes: Shapes) -> Config:
    """Return the configuration of ``FluxTransformer2DModel``; ``shapes`` in Flux's own naming."""
    try:
        inner, channels = shapes["img_in.weight"]
        head = shapes["double_blocks.0.img_attn.norm.query_norm.scale"][0]
        rope = FLUX_ROPE if head == sum(FLUX_ROPE) else (head // 8, head * 7 // 16, head * 7 // 16)
        return {
            "patch_size": 1,
            "in_channels": channels,
            "num_layers": count(shapes, r"double_blocks\.(\d+)\."),
            "num_single_layers": count(shapes, r"single_blocks\.(\d+)\."),
            "attention_head_dim": head,
            "num_attention_heads": inner // head,
            "joint_attention_dim": shapes["txt_in.weight"][1],
            "pooled_projection_dim": shapes["vector_in.in_layer.weight"][1],
            "guidance_embeds": "guidance_in.in_layer.weight" in shapes,
            "axes_dims_rope": rope,
        }
    except KeyError as error:
        raise ModelError(f"its transformer has no {error.args[0]}") from error


def t5_config(shapes: Shapes) -> Config:
    """Return the configuration of a T5 encoder in the naming of transformers."""
    first = "encoder.block.0.layer."
    try:
        vocabulary, width = shapes["shared.weight"]
        heads = shapes[f"{first}0.SelfAttention.relative_attention_bias.weight"]
        return {
            "vocab_size": vocabulary,
            "d_model": width,
            "num_layers": count(shapes, r"encoder\.block\.(\d+)\."),
            "num_heads": heads[1],
            "relative_attention_num_buckets": heads[0],
            "d_kv": shapes[f"{first}0.SelfAttention.q.weight"][0] // heads[1],
            "d_ff": shapes[f"{first}1.DenseReluDense.wi_0.weight"][0],
            "feed_forward_proj": "gated-gelu",
            "is_encoder_decoder": False,
            "use_cache": False,
        }
    except KeyError as error:
        raise ModelError(f"its T5 text encoder has no {error.args[0]}") from error


def read_hints(checkpoint: Path) -> Config:
    """Return ``params`` of the yaml file beside a checkpoint, as A1111 takes it; else nothing."""
    path = checkpoint.with_suffix(".yaml")
    if not path.is_file():
        return {}
    import yaml

    try:
        document = yaml.safe_load(read_regular(path))
        params = document["model"]["params"]
    except (OSError, ValueError, RecursionError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: no configuration of a model: {error}") from error
    return params if isinstance(params, dict) else {}


def unet_hints(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the unet's part of `read_hints`, as SD and SDXL write it."""
    for key in ("unet_config", "network_config"):
        found = params.get(key)
        if isinstance(found, dict) and isinstance(found.get("params"), dict):
            hints: Mapping[str, Any] = found["params"]
            return hints
    return {}
