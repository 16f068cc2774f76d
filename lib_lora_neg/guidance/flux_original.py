"""FLUX.1 in its original layout, as WebUIs have it: the attention of its blocks is exchanged.

The blocks ask one function of their module for the attention of the whole sequence, text first.
When the texts are passed one behind the other, that function is all that needs to know of them.
All texts share the prompt's modulation vector.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from .joint import Layout, guided_attention
from .ownership import GuidanceError
from .settings import Settings


@dataclass(frozen=True, eq=False)
class JointCall:
    """What one call of the model is guided by.

    Attributes:
        layout: of the text tokens that are passed as context.
        settings: of the method.
        rows: booleans, one for each entry of the batch: whether it is guided; ``None`` for all.
    """

    layout: Layout
    settings: Settings
    rows: torch.Tensor | None = None


def problem(model: Any, module: Any) -> str:
    """Return why the model cannot be guided by this adapter; empty when it can.

    Args:
        model: the denoiser.
        module: the Python module that its blocks are from.
    """
    if not hasattr(model, "double_blocks") or not hasattr(model, "single_blocks"):
        return f"no adapter for this model ({type(model).__name__})"
    if getattr(model, "txt_ids_dims", None) or getattr(model, "global_modulation", False):
        return "no adapter for Flux.2 yet"
    if not callable(getattr(module, "attention", None)):
        return "the attention of this host's Flux cannot be reached"
    if not callable(getattr(module, "apply_rope", None)):
        return "the positional embedding of this host's Flux cannot be reached"
    if getattr(module.attention, "__module__", None) != module.__name__:
        return f"another tool has replaced Flux's attention ({module.attention.__module__})"
    return ""


@contextmanager
def guided(module: Any, call: JointCall) -> Iterator[None]:
    """Guide the calls of a Flux model that are made inside.

    What was there before is there afterwards. What somebody else puts in its place meanwhile is
    left alone.

    Args:
        module: the Python module that the model's blocks are from.
        call: the texts of the calls inside, and the method.
    """
    before = module.attention

    def attention(
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        pe: torch.Tensor | None,
        mask: torch.Tensor | None = None,
        transformer_options: Any = None,
    ) -> torch.Tensor:
        del transformer_options
        if mask is not None:
            raise GuidanceError("another tool has set an attention mask")
        if pe is not None:
            q, k = module.apply_rope(q, k, pe)
        out = guided_attention(q, k, v, call.layout, call.settings, call.rows)
        return out.transpose(1, 2).flatten(2)

    module.attention = attention
    try:
        yield
    finally:
        if module.attention is attention:
            module.attention = before
