"""Joint attention of models whose blocks call one attention function of their module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from .joint import TokenLayout, guided_attention
from .ownership import GuidanceError
from .settings import Settings

NAME = "attention_function"


@dataclass(eq=False)
class AttentionExchange:
    """The guided attention of one call of a model.

    Attributes:
        layout: of the tokens in the sequence.
        settings: of the method.
        rows: booleans, one for each entry of the batch: whether it is guided; ``None`` for all.
        active: whether the attention that runs now is that of image and texts; blocks that look
            at one of them alone are left as they are.
    """

    layout: TokenLayout
    settings: Settings
    rows: torch.Tensor | None = None
    active: bool = True

    def around(self, plain: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        """Return what stands in for the module's own function."""

        def attention(
            q: torch.Tensor,
            k: torch.Tensor,
            v: torch.Tensor,
            heads: int,
            mask: torch.Tensor | None = None,
            *others: Any,
            skip_reshape: bool = False,
            skip_output_reshape: bool = False,
            **more: Any,
        ) -> torch.Tensor:
            if not self.active:
                shapes = {"skip_reshape": skip_reshape, "skip_output_reshape": skip_output_reshape}
                return plain(q, k, v, heads, mask, *others, **shapes, **more)
            if mask is not None:
                raise GuidanceError("another tool has set an attention mask")
            if not skip_reshape:
                q, k, v = (_heads(tensor, heads) for tensor in (q, k, v))
            out = guided_attention(q, k, v, self.layout, self.settings, self.rows)
            return out if skip_output_reshape else out.transpose(1, 2).flatten(2)

        return attention


def problem(module: Any) -> str:
    """Return why the attention of a module cannot be exchanged; empty when it can."""
    function = getattr(module, NAME, None)
    if not callable(function):
        return "the attention of this host's model cannot be reached"
    home = str(getattr(function, "__module__", ""))
    if home.partition(".")[0] != module.__name__.partition(".")[0]:
        return f"another tool has replaced the model's attention ({home})"
    return ""


def _heads(x: torch.Tensor, heads: int) -> torch.Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)
