"""Negative guidance written plainly: whole sequences, masked scores, one token's equation a line.

Works in any dtype; the tests use float64 as the truth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from lib_lora_neg.guidance import (
    NagSettings,
    OngFeature,
    OngSettings,
    OngTau,
    Settings,
    VsfSettings,
)
from lib_lora_neg.guidance.joint import TokenLayout


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, bias: Any = 0.0) -> torch.Tensor:
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + bias
    return scores.softmax(-1) @ v


def joint(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, layout: TokenLayout, settings: Settings
) -> torch.Tensor:
    """Two lanes (or more): each text with the image, as if there were no other text."""
    sizes = layout.sizes(q.shape[2])
    qs, ks, vs = (tensor.split(sizes, dim=2) for tensor in (q, k, v))
    lanes = [
        attention(
            torch.cat([qs[i], qs[-1]], 2),
            torch.cat([ks[i], ks[-1]], 2),
            torch.cat([vs[i], vs[-1]], 2),
        )
        for i in range(len(sizes) - 1)
    ]
    texts = [lane[:, :, : sizes[i]] for i, lane in enumerate(lanes)]
    images = [lane[:, :, sizes[i] :] for i, lane in enumerate(lanes)]
    if isinstance(settings, VsfSettings):
        image = _vsf(qs, ks, vs, settings)
    elif isinstance(settings, NagSettings):
        image = _nag(images[0], images[1:], settings)
    else:
        features = images
        if settings.feature is OngFeature.TEXT:
            features = [
                attention(
                    qs[-1],
                    torch.cat([ks[i], ks[-1]], 2),
                    torch.cat([vs[i], torch.zeros_like(vs[-1])], 2),
                )
                for i in range(len(sizes) - 1)
            ]
        image = _ong(images[0], features, settings)
    return torch.cat([*texts, image], 2)


def _norm(z: torch.Tensor) -> torch.Tensor:
    return z.abs().sum((1, 3), keepdim=True)


def _nag(z: torch.Tensor, negatives: Sequence[torch.Tensor], settings: NagSettings) -> torch.Tensor:
    mean = torch.stack(list(negatives)).mean(0)
    tilde = z + settings.phi * (z - mean)
    ratio = _norm(tilde) / _norm(z)
    hat = tilde * torch.minimum(ratio, torch.full_like(ratio, settings.tau)) / ratio
    return settings.alpha * hat + (1 - settings.alpha) * z


def _vsf(
    qs: Sequence[torch.Tensor],
    ks: Sequence[torch.Tensor],
    vs: Sequence[torch.Tensor],
    settings: VsfSettings,
) -> torch.Tensor:
    negatives = sum(part.shape[2] for part in ks[1:-1])
    k = torch.cat([ks[0], ks[-1], *ks[1:-1]], 2)
    v = torch.cat([vs[0], vs[-1], *[-settings.strength * part for part in vs[1:-1]]], 2)
    bias = torch.zeros(k.shape[2], dtype=k.dtype)
    bias[k.shape[2] - negatives :] = settings.bias
    return attention(qs[-1], k, v, bias)


def _ong(z: torch.Tensor, features: Sequence[torch.Tensor], settings: OngSettings) -> torch.Tensor:
    """Each token (or head) as one vector, concept after concept."""
    out = z.clone()
    batch, heads, tokens, width = z.shape
    groups = [[head] for head in range(heads)] if settings.per_head else [list(range(heads))]
    for b in range(batch):
        for t in range(tokens):
            for group in groups:
                basis = [features[0][b, group, t].flatten()]
                removed = torch.zeros_like(basis[0])
                for feature in features[1:]:
                    rest = feature[b, group, t].flatten().clone()
                    for direction in basis:
                        rest = rest - (rest @ direction) / (direction @ direction) * direction
                    basis.append(rest)
                    removed = removed + rest
                factor = settings.strength
                if settings.tau_bounds is OngTau.STRENGTH:
                    factor *= settings.tau
                out[b, group, t] -= factor * removed.view(len(group), width)
    if settings.tau_bounds is OngTau.NORM:
        ratio = _norm(out) / _norm(z)
        out = out * torch.minimum(ratio, torch.full_like(ratio, settings.tau)) / ratio
    return out


# Flux blocks of the diffusers library.


def _modulation(norm: Any, vector: torch.Tensor, parts: int) -> list[torch.Tensor]:
    return list(norm.linear(norm.silu(vector)).chunk(parts, dim=1))


def _qkv(x: torch.Tensor, layers: Sequence[Any], heads: int) -> list[torch.Tensor]:
    return [layer(x).unflatten(-1, (heads, -1)) for layer in layers]


def _rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    out = torch.empty_like(x)
    a, b = x[..., 0::2], x[..., 1::2]
    c, s = cos[None, :, None, 0::2], sin[None, :, None, 0::2]
    out[..., 0::2], out[..., 1::2] = a * c - b * s, a * s + b * c
    return out


def double_block(
    block: Any,
    image: torch.Tensor,
    texts: Sequence[torch.Tensor],
    vectors: Sequence[torch.Tensor],
    rotary: tuple[torch.Tensor, torch.Tensor],
    layout: TokenLayout,
    settings: Settings,
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """``vectors`` modulate the texts, the first one the image too."""
    attn, heads = block.attn, block.attn.heads
    found, told = [], []
    for text, vector in zip(texts, vectors, strict=True):
        shift, scale, *rest = _modulation(block.norm1_context, vector, 6)
        normed = block.norm1_context.norm(text) * (1 + scale[:, None]) + shift[:, None]
        q, k, v = _qkv(normed, (attn.add_q_proj, attn.add_k_proj, attn.add_v_proj), heads)
        found.append((attn.norm_added_q(q), attn.norm_added_k(k), v))
        told.append(rest)
    shift, scale, *of_image = _modulation(block.norm1, vectors[0], 6)
    normed = block.norm1.norm(image) * (1 + scale[:, None]) + shift[:, None]
    q, k, v = _qkv(normed, (attn.to_q, attn.to_k, attn.to_v), heads)
    found.append((attn.norm_q(q), attn.norm_k(k), v))
    mixed = _mixed(found, rotary, layout, settings)
    new_texts = []
    for text, part, rest in zip(texts, mixed[:-1], told, strict=True):
        new_texts.append(
            _feed(text, attn.to_add_out(part), rest, block.norm2_context, block.ff_context)
        )
    new_image = _feed(image, attn.to_out[0](mixed[-1]), of_image, block.norm2, block.ff)
    return new_image, new_texts


def _feed(x: torch.Tensor, attended: torch.Tensor, rest: Any, norm: Any, ff: Any) -> torch.Tensor:
    gate, shift, scale, gate_mlp = (part[:, None] for part in rest)
    x = x + gate * attended
    return x + gate_mlp * ff(norm(x) * (1 + scale) + shift)


def _mixed(
    found: Sequence[Any], rotary: Any, layout: TokenLayout, settings: Settings
) -> list[torch.Tensor]:
    q, k, v = (torch.cat(parts, 1) for parts in zip(*found, strict=True))
    q, k = _rotate(q, *rotary), _rotate(k, *rotary)
    out = joint(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), layout, settings)
    joined = out.transpose(1, 2).flatten(2)
    return list(joined.split(layout.sizes(joined.shape[1]), dim=1))


def single_block(
    block: Any,
    image: torch.Tensor,
    texts: Sequence[torch.Tensor],
    vectors: Sequence[torch.Tensor],
    rotary: tuple[torch.Tensor, torch.Tensor],
    layout: TokenLayout,
    settings: Settings,
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    attn, heads = block.attn, block.attn.heads
    streams = [*zip(texts, vectors, strict=True), (image, vectors[0])]
    found, mlps, gates = [], [], []
    for stream, vector in streams:
        shift, scale, gate = _modulation(block.norm, vector, 3)
        normed = block.norm.norm(stream) * (1 + scale[:, None]) + shift[:, None]
        q, k, v = _qkv(normed, (attn.to_q, attn.to_k, attn.to_v), heads)
        found.append((attn.norm_q(q), attn.norm_k(k), v))
        mlps.append(block.act_mlp(block.proj_mlp(normed)))
        gates.append(gate[:, None])
    mixed = _mixed(found, rotary, layout, settings)
    new = [
        stream + gate * block.proj_out(torch.cat([part, mlp], 2))
        for (stream, _), part, mlp, gate in zip(streams, mixed, mlps, gates, strict=True)
    ]
    return new[-1], new[:-1]
