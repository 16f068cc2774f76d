"""Anima in the original layout: its image tokens attend to the text by cross attention."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from .cross import CrossCall, guided_cross_attention
from .ownership import GuidanceError, forwards

PARTS = ("q_proj", "k_proj", "v_proj", "q_norm", "k_norm", "v_norm", "output_proj", "n_heads")


def layers_of(model: Any) -> list[Any]:
    """Return the cross attention layers of a model; empty where it has none of this kind."""
    named = getattr(model, "named_modules", None)
    if named is None:
        return []
    return [
        module
        for name, module in named()
        if name.endswith(".cross_attn")
        and getattr(module, "is_SelfAttn", None) is False
        and all(hasattr(module, part) for part in PARTS)
    ]


def problem(model: Any) -> str:
    """Return why it cannot be guided; empty when it can."""
    if any("forward" in vars(layer) for layer in layers_of(model)):
        return "another tool has replaced the cross attention"
    return ""


@contextmanager
def guided(model: Any, call: CrossCall) -> Iterator[None]:
    """Guide the calls that are made inside.

    Raises:
        GuidanceError: another tool has taken over the cross attention.
    """
    with forwards({layer: partial(_forward, layer, call) for layer in layers_of(model)}):
        yield


def _forward(
    layer: Any,
    call: CrossCall,
    x: torch.Tensor,
    context: torch.Tensor | None = None,
    *others: Any,
    **more: Any,
) -> torch.Tensor:
    del others, more  # Positions are the self attention's.
    if context is None:
        raise GuidanceError("the cross attention has no text")
    q = layer.q_norm(_heads(layer.q_proj(x), layer)).transpose(1, 2)
    negatives = [_text(layer, negative.to(context)) for negative in call.negatives]
    mixed = guided_cross_attention(q, _text(layer, context), negatives, call.settings, call.rows)
    out: torch.Tensor = layer.output_proj(mixed.transpose(1, 2).flatten(2).to(x.dtype))
    return layer.output_dropout(out) if hasattr(layer, "output_dropout") else out


def _text(layer: Any, text: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    k = layer.k_norm(_heads(layer.k_proj(text), layer))
    v = layer.v_norm(_heads(layer.v_proj(text), layer))
    return k.transpose(1, 2), v.transpose(1, 2)


def _heads(x: torch.Tensor, layer: Any) -> torch.Tensor:
    """Return batch × tokens × heads × width; a text's tokens may stand in several dimensions."""
    return x.flatten(1, -2).unflatten(-1, (layer.n_heads, -1))
