"""FLUX.1 in the diffusers library: double and single blocks with one image and several texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention as sdpa

from .joint import TokenLayout, guided_attention
from .ownership import GuidanceError, forwards
from .settings import Settings

FP16_MOST = 65504


@dataclass(frozen=True, eq=False)
class Call:
    """What one call of the model is guided by.

    Attributes:
        layout: of the text tokens that are passed as ``encoder_hidden_states``.
        settings: of the method.
        shifts: for each negative, what its own pooled vector adds to the model's modulation
            vector, batch × width; empty when all texts share the prompt's.
        rows: booleans, one for each entry of the batch: whether it is guided; ``None`` for all.
        single_blocks: guide in the single blocks too; without, the negatives end before them.
    """

    layout: TokenLayout
    settings: Settings
    shifts: tuple[torch.Tensor, ...] = ()
    rows: torch.Tensor | None = None
    single_blocks: bool = True


def modulation_shifts(
    model: Any, positive: torch.Tensor, negatives: Sequence[torch.Tensor]
) -> tuple[torch.Tensor, ...]:
    """Return what each negative's pooled vector adds to the modulation vector.

    Args:
        model: ``FluxTransformer2DModel``.
        positive: the prompt's pooled vectors, batch × width.
        negatives: those of the negatives, likewise.
    """
    embedder = model.time_text_embed.text_embedder
    base = embedder(positive)
    return tuple(embedder(negative) - base for negative in negatives)


@contextmanager
def guided(model: Any, call: Call) -> Iterator[None]:
    """Guide the calls of a ``FluxTransformer2DModel`` that are made inside.

    Raises:
        GuidanceError: another tool has taken over the blocks.
    """
    replacements = {
        block: partial(_double, block, call, index == len(model.transformer_blocks) - 1)
        for index, block in enumerate(model.transformer_blocks)
    }
    replacements |= {
        block: partial(_single, block, call) for block in model.single_transformer_blocks
    }
    with forwards(replacements):
        yield


def _double(
    block: Any,
    call: Call,
    last: bool,
    hidden_states: torch.Tensor,
    encoder_hidden_states: torch.Tensor,
    temb: torch.Tensor,
    image_rotary_emb: tuple[torch.Tensor, torch.Tensor] | None = None,
    joint_attention_kwargs: dict[str, Any] | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    _refuse(joint_attention_kwargs)
    image, text = hidden_states, encoder_hidden_states
    streams = _streams(call, temb)
    normed_image, *of_image = block.norm1(image, emb=temb)
    normed_text, *of_text = _modulated(block.norm1_context, text, streams)
    attn = block.attn
    tokens = [
        torch.cat(pair, dim=1)
        for pair in zip(_added(attn, normed_text), _own(attn, normed_image), strict=True)
    ]
    mixed = _attention(tokens, image_rotary_emb, call)
    mixed_text, mixed_image = mixed.split([text.shape[1], image.shape[1]], dim=1)
    mixed_image = attn.to_out[1](attn.to_out[0](mixed_image.contiguous()))
    mixed_text = attn.to_add_out(mixed_text.contiguous())
    image = _finished(image, mixed_image, block.norm2, block.ff, of_image)
    text = _finished(text, mixed_text, block.norm2_context, block.ff_context, of_text)
    if last and not call.single_blocks:
        text = text[:, : call.layout.positive]
    if text.dtype == torch.float16:
        text = text.clip(-FP16_MOST, FP16_MOST)
    return text, image


def _single(
    block: Any,
    call: Call,
    hidden_states: torch.Tensor,
    encoder_hidden_states: torch.Tensor,
    temb: torch.Tensor,
    image_rotary_emb: tuple[torch.Tensor, torch.Tensor] | None = None,
    joint_attention_kwargs: dict[str, Any] | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    _refuse(joint_attention_kwargs)
    texts = encoder_hidden_states.shape[1]
    x = torch.cat([encoder_hidden_states, hidden_states], dim=1)
    if call.single_blocks:
        streams = [*_streams(call, temb), (hidden_states.shape[1], temb)]
    else:
        streams = [(x.shape[1], temb)]
        image_rotary_emb = _without_negatives(image_rotary_emb, call.layout)
    normed, gate = _modulated(block.norm, x, streams)
    mlp = block.act_mlp(block.proj_mlp(normed))
    tokens = _own(block.attn, normed)
    mixed = _attention(tokens, image_rotary_emb, call if call.single_blocks else None)
    x = x + gate * block.proj_out(torch.cat([mixed, mlp], dim=2))
    if x.dtype == torch.float16:
        x = x.clip(-FP16_MOST, FP16_MOST)
    return x[:, :texts], x[:, texts:]


def _refuse(joint_attention_kwargs: dict[str, Any] | None) -> None:
    if joint_attention_kwargs:
        names = ", ".join(joint_attention_kwargs)
        raise GuidanceError(f"not together with arguments of the attention ({names})")


def _streams(call: Call, temb: torch.Tensor) -> list[tuple[int, torch.Tensor]]:
    """Return the number of tokens of each text, with its modulation vector."""
    if not call.shifts:
        return [(call.layout.texts, temb)]
    sizes = (call.layout.positive, *call.layout.negatives)
    vectors = [temb, *(temb + shift.to(temb.dtype) for shift in call.shifts)]
    return list(zip(sizes, vectors, strict=True))


def _modulated(
    norm: Any, x: torch.Tensor, streams: Sequence[tuple[int, torch.Tensor]]
) -> list[torch.Tensor]:
    """Return the modulated tokens and the further modulations, each batch × (1 or tokens) × width.

    Neighbours with one vector are modulated together.
    """
    merged: list[tuple[int, torch.Tensor]] = []
    for size, vector in streams:
        if merged and merged[-1][1] is vector:
            merged[-1] = (merged[-1][0] + size, vector)
        else:
            merged.append((size, vector))
    sizes = [size for size, _ in merged]
    found = [
        norm(part, emb=vector)
        for part, (_, vector) in zip(x.split(sizes, dim=1), merged, strict=True)
    ]
    if len(found) == 1:
        return [found[0][0], *(extra[:, None] for extra in found[0][1:])]
    extras = [
        torch.cat(
            [part[:, None].expand(-1, size, -1) for part, size in zip(parts, sizes, strict=True)],
            dim=1,
        )
        for parts in zip(*(result[1:] for result in found), strict=True)
    ]
    return [torch.cat([result[0] for result in found], dim=1), *extras]


def _finished(
    x: torch.Tensor,
    attention: torch.Tensor,
    norm: Any,
    feed_forward: Any,
    modulation: Sequence[torch.Tensor],
) -> torch.Tensor:
    """Return a stream after a double block: attention and feed-forward added with their gates."""
    gate, shift, scale, gate_mlp = (
        part if part.ndim == x.ndim else part[:, None] for part in modulation
    )
    x = x + gate * attention
    return x + gate_mlp * feed_forward(norm(x) * (1 + scale) + shift)


def _own(attn: Any, x: torch.Tensor) -> list[torch.Tensor]:
    if attn.fused_projections:
        q, k, v = attn.to_qkv(x).chunk(3, dim=-1)
    else:
        q, k, v = attn.to_q(x), attn.to_k(x), attn.to_v(x)
    q, k, v = (part.unflatten(-1, (-1, attn.head_dim)) for part in (q, k, v))
    return [attn.norm_q(q), attn.norm_k(k), v]


def _added(attn: Any, x: torch.Tensor) -> list[torch.Tensor]:
    if attn.fused_projections:
        q, k, v = attn.to_added_qkv(x).chunk(3, dim=-1)
    else:
        q, k, v = attn.add_q_proj(x), attn.add_k_proj(x), attn.add_v_proj(x)
    q, k, v = (part.unflatten(-1, (-1, attn.head_dim)) for part in (q, k, v))
    return [attn.norm_added_q(q), attn.norm_added_k(k), v]


def _attention(
    tokens: Sequence[torch.Tensor],
    rotary: tuple[torch.Tensor, torch.Tensor] | None,
    call: Call | None,
) -> torch.Tensor:
    """Return the mixed tokens, batch × tokens × width; plain attention without a call."""
    q, k, v = tokens
    if rotary is not None:
        q, k = rotated(q, rotary), rotated(k, rotary)
    q, k, v = (part.transpose(1, 2) for part in (q, k, v))
    if call is None:
        out = sdpa(q, k, v)
    else:
        out = guided_attention(q, k, v, call.layout, call.settings, call.rows)
    return out.transpose(1, 2).flatten(2, 3).to(q.dtype)


def rotated(x: torch.Tensor, rotary: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Return queries or keys with their rotary positional embedding.

    Args:
        x: batch × tokens × heads × width; neighbours in the width make up one rotated pair.
        rotary: cosine and sine, tokens × width each.
    """
    cos, sin = (part[None, :, None, :].to(x.device) for part in rotary)
    real, imaginary = x.unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack([-imaginary, real], dim=-1).flatten(3)
    return (x.float() * cos + turned.float() * sin).to(x.dtype)


def _without_negatives(
    rotary: tuple[torch.Tensor, torch.Tensor] | None, layout: TokenLayout
) -> tuple[torch.Tensor, torch.Tensor] | None:
    if rotary is None:
        return None
    cos, sin = (
        torch.cat([part[: layout.positive], part[layout.texts :]], dim=0) for part in rotary
    )
    return cos, sin
