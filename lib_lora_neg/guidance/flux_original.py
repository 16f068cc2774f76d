"""FLUX.1 and Flux.2 in the original layout, as WebUIs have them: their attention is exchanged.

The blocks call one function of their module for the attention of the whole sequence, text first.
The texts are passed one behind the other, so that function alone has to tell them apart.
All texts share the prompt's modulation vector. Flux.2 counts the tokens of a text in its positional
embedding: each negative is given the positions that it would have alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from .joint import TokenLayout, guided_attention
from .ownership import GuidanceError, exchanged
from .settings import Settings


@dataclass(frozen=True, eq=False)
class JointCall:
    """What one call of the model is guided by.

    Attributes:
        layout: of the text tokens that are passed as context.
        settings: of the method.
        rows: booleans, one for each entry of the batch: whether it is guided; ``None`` for all.
        counted: the model numbers its text tokens (Flux.2), see `counts_text`.
    """

    layout: TokenLayout
    settings: Settings
    rows: torch.Tensor | None = None
    counted: bool = False


def counts_text(model: Any) -> bool:
    """Return whether the text tokens have positions of their own, from 0 on (Flux.2 Klein)."""
    return bool(getattr(model, "txt_ids_dims", None))


def problem(model: Any, module: Any) -> str:
    """Return why the model cannot be guided by this adapter; empty when it can.

    Args:
        model: the denoiser.
        module: the Python module that its blocks are from.
    """
    if not hasattr(model, "double_blocks") or not hasattr(model, "single_blocks"):
        return f"no adapter for this model ({type(model).__name__})"
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
            q, k = module.apply_rope(q, k, _from_zero(pe, call.layout) if call.counted else pe)
        out = guided_attention(q, k, v, call.layout, call.settings, call.rows)
        return out.transpose(1, 2).flatten(2)

    with exchanged(module, "attention", attention):
        yield


def _from_zero(pe: torch.Tensor, layout: TokenLayout) -> torch.Tensor:
    """Return the embedding with each text's positions from 0 on.

    Args:
        pe: batch × 1 × tokens × …, with the texts numbered as if they were one.
        layout: which tokens are which.
    """
    texts = [pe[:, :, :length] for length in (layout.positive, *layout.negatives)]
    return torch.cat([*texts, pe[:, :, layout.texts :]], dim=2)
