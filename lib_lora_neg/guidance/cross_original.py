"""Cross attention of SD 1, SD 2 and SDXL in the original layout, as WebUIs have it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from .cross import CrossCall, guided_cross_attention
from .ownership import GuidanceError, forwards

PARTS = ("to_q", "to_k", "to_v", "to_out", "heads")


def layers_of(unet: Any) -> list[Any]:
    """Return the cross attention layers of a U-Net; empty where it has none of this kind."""
    named = getattr(unet, "named_modules", None)
    if named is None:
        return []
    return [
        module
        for name, module in named()
        if name.endswith(".attn2") and all(hasattr(module, part) for part in PARTS)
    ]


@contextmanager
def guided(
    unet: Any, call: CrossCall, refused: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Guide the calls of a U-Net that are made inside.

    Args:
        unet: in the original layout.
        call: the texts of the calls inside, and the method.
        refused: called with the reason where a layer returns its own result because guidance
            failed; with ``None`` the error is raised.

    Raises:
        GuidanceError: another tool has taken over the cross attention.
    """
    layers = layers_of(unet)
    with forwards({layer: partial(_forward_or_plain, layer, call, refused) for layer in layers}):
        yield


def _forward_or_plain(
    layer: Any, call: CrossCall, refused: Callable[[str], None] | None, *args: Any, **more: Any
) -> torch.Tensor:
    try:
        return _forward(layer, call, *args, **more)
    except Exception as error:
        if refused is None:
            raise
        refused(str(error) or type(error).__name__)
        plain: torch.Tensor = type(layer).forward(layer, *args, **more)
        return plain


def _forward(
    layer: Any,
    call: CrossCall,
    x: torch.Tensor,
    context: torch.Tensor | None = None,
    value: torch.Tensor | None = None,
    mask: torch.Tensor | None = None,
    **others: Any,
) -> torch.Tensor:
    del others
    if context is None or mask is not None:
        raise GuidanceError("another tool has set an attention mask, or the layer has no text")
    q = _heads(layer.to_q(x), layer.heads)
    own = context if value is None else value
    prompt = (_heads(layer.to_k(context), layer.heads), _heads(layer.to_v(own), layer.heads))
    negatives = [
        (_heads(layer.to_k(text), layer.heads), _heads(layer.to_v(text), layer.heads))
        for text in (negative.to(context) for negative in call.negatives)
    ]
    mixed = guided_cross_attention(q, prompt, negatives, call.settings, call.rows)
    out: torch.Tensor = layer.to_out(mixed.transpose(1, 2).flatten(2).to(q.dtype))
    return out


def _heads(x: torch.Tensor, heads: int) -> torch.Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)
