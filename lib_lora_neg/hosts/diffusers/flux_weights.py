"""A Flux transformer's weights under diffusers' names, for any width of the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch

from .errors import ModelError
from .layouts import count

StateDict = Mapping[str, torch.Tensor]

_OUTER = {
    "time_in.in_layer": "time_text_embed.timestep_embedder.linear_1",
    "time_in.out_layer": "time_text_embed.timestep_embedder.linear_2",
    "vector_in.in_layer": "time_text_embed.text_embedder.linear_1",
    "vector_in.out_layer": "time_text_embed.text_embedder.linear_2",
    "guidance_in.in_layer": "time_text_embed.guidance_embedder.linear_1",
    "guidance_in.out_layer": "time_text_embed.guidance_embedder.linear_2",
    "txt_in": "context_embedder",
    "img_in": "x_embedder",
    "final_layer.linear": "proj_out",
}
_DOUBLE = {
    "img_mod.lin": "norm1.linear",
    "txt_mod.lin": "norm1_context.linear",
    "img_mlp.0": "ff.net.0.proj",
    "img_mlp.2": "ff.net.2",
    "txt_mlp.0": "ff_context.net.0.proj",
    "txt_mlp.2": "ff_context.net.2",
    "img_attn.proj": "attn.to_out.0",
    "txt_attn.proj": "attn.to_add_out",
}
_SINGLE = {"modulation.lin": "norm.linear", "linear2": "proj_out"}
_PARTS = ("weight", "bias")


def flux_to_diffusers(weights: StateDict) -> dict[str, torch.Tensor]:
    """Return the weights of Flux's own naming (without prefix) under diffusers' names.

    Raises:
        ModelError: a tensor is missing.
    """
    try:
        return dict(_converted(weights))
    except KeyError as error:
        raise ModelError(f"its transformer has no {error.args[0]}") from error


def _converted(weights: StateDict) -> Iterator[tuple[str, torch.Tensor]]:
    for old, new in _OUTER.items():
        if old.startswith("guidance_in") and f"{old}.weight" not in weights:
            continue
        for part in _PARTS:
            yield f"{new}.{part}", weights[f"{old}.{part}"]
    for part in _PARTS:
        # Flux has shift before scale, diffusers scale before shift.
        shift, scale = weights[f"final_layer.adaLN_modulation.1.{part}"].chunk(2)
        yield f"norm_out.linear.{part}", torch.cat([scale, shift])
    shapes = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    for index in range(count(shapes, r"double_blocks\.(\d+)\.")):
        yield from _double(weights, f"double_blocks.{index}.", f"transformer_blocks.{index}.")
    for index in range(count(shapes, r"single_blocks\.(\d+)\.")):
        yield from _single(
            weights, f"single_blocks.{index}.", f"single_transformer_blocks.{index}."
        )


def _double(weights: StateDict, old: str, new: str) -> Iterator[tuple[str, torch.Tensor]]:
    for source, target in _DOUBLE.items():
        for part in _PARTS:
            yield f"{new}{target}.{part}", weights[f"{old}{source}.{part}"]
    streams = (
        ("img", ("to_q", "to_k", "to_v")),
        ("txt", ("add_q_proj", "add_k_proj", "add_v_proj")),
    )
    for stream, names in streams:
        for part in _PARTS:
            pieces = weights[f"{old}{stream}_attn.qkv.{part}"].chunk(3)
            for name, piece in zip(names, pieces, strict=True):
                yield f"{new}attn.{name}.{part}", piece.contiguous()
    for stream, prefix in (("img", ""), ("txt", "added_")):
        norm = f"{old}{stream}_attn.norm."
        yield f"{new}attn.norm_{prefix}q.weight", weights[f"{norm}query_norm.scale"]
        yield f"{new}attn.norm_{prefix}k.weight", weights[f"{norm}key_norm.scale"]


def _single(weights: StateDict, old: str, new: str) -> Iterator[tuple[str, torch.Tensor]]:
    for source, target in _SINGLE.items():
        for part in _PARTS:
            yield f"{new}{target}.{part}", weights[f"{old}{source}.{part}"]
    inner = weights[f"{old}linear1.weight"].shape[1]
    for part in _PARTS:
        whole = weights[f"{old}linear1.{part}"]
        pieces = whole.split([inner, inner, inner, whole.shape[0] - 3 * inner])
        names = ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp")
        for name, piece in zip(names, pieces, strict=True):
            yield f"{new}{name}.{part}", piece.contiguous()
    yield f"{new}attn.norm_q.weight", weights[f"{old}norm.query_norm.scale"]
    yield f"{new}attn.norm_k.weight", weights[f"{old}norm.key_norm.scale"]
