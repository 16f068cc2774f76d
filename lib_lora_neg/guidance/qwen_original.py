"""Qwen-Image in the original layout: two streams whose attention is joint, text first.

The text is numbered in the positional embedding, from the same number on whatever its length is,
so each negative gets the positions that it would have alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from . import exchange
from .exchange import AttentionExchange
from .joint import TokenLayout
from .ownership import exchanged
from .settings import Settings

ROPE = "apply_rotary_emb"


def fits(model: Any) -> bool:
    """Return whether a model is one of these."""
    return all(hasattr(model, part) for part in ("transformer_blocks", "txt_norm", "txt_in"))


def problem(model: Any, module: Any) -> str:
    """Return why it cannot be guided; empty when it can."""
    if not callable(getattr(module, ROPE, None)):
        return "the positional embedding of this host's Qwen-Image cannot be reached"
    return exchange.problem(module)


@contextmanager
def guided(
    model: Any, module: Any, layout: TokenLayout, settings: Settings, rows: torch.Tensor | None
) -> Iterator[None]:
    """Guide the calls that are made inside with all texts as one context."""
    rope = getattr(module, ROPE)

    def from_zero(x: torch.Tensor, freqs: torch.Tensor, *others: Any, **more: Any) -> torch.Tensor:
        texts = [freqs[:, :length] for length in (layout.positive, *layout.negatives)]
        mended = torch.cat([*texts, freqs[:, layout.texts :]], dim=1)
        out: torch.Tensor = rope(x, mended, *others, **more)
        return out

    attention = AttentionExchange(layout, settings, rows).around(getattr(module, exchange.NAME))
    with exchanged(module, ROPE, from_zero), exchanged(module, exchange.NAME, attention):
        yield
