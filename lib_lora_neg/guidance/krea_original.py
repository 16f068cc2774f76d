"""Krea 2 in the original layout: one stream, text first; a part before it fuses the text's layers.

That part sees the text alone, so it runs once for each text. Text tokens all stand at
the same position.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from . import exchange
from .exchange import AttentionExchange
from .joint import TokenLayout
from .ownership import exchanged, forwards
from .settings import Settings


def fits(model: Any) -> bool:
    """Return whether a model is one of these."""
    return all(hasattr(model, part) for part in ("txtfusion", "txtmlp", "blocks"))


def problem(model: Any, module: Any) -> str:
    """Return why it cannot be guided; empty when it can."""
    if "forward" in vars(model.txtfusion):
        return "another tool has replaced the part that fuses the text"
    return exchange.problem(module)


@contextmanager
def guided(
    model: Any, module: Any, layout: TokenLayout, settings: Settings, rows: torch.Tensor | None
) -> Iterator[None]:
    """Guide the calls that are made inside with all texts as one context."""
    call = AttentionExchange(layout, settings, rows, active=False)
    plain = model.txtfusion.forward

    def fuse(texts: torch.Tensor, *others: Any, **more: Any) -> torch.Tensor:
        call.active = False
        parts = texts.split([layout.positive, *layout.negatives], dim=1)
        fused = torch.cat([plain(part, *others, **more) for part in parts], dim=1)
        call.active = True
        return fused

    attention = call.around(getattr(module, exchange.NAME))
    with forwards({model.txtfusion: fuse}), exchanged(module, exchange.NAME, attention):
        yield
