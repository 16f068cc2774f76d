"""PyTorch's own multi-head attention, whose weights are used without their layers being called.

Text encoders of OpenCLIP (SD 2, SDXL's second one) have it. A LoRA knows its query, key, value and
output apart.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.nn.functional import multi_head_attention_forward

from .deltas import BranchError
from .layers import LayerDelta
from .strengths import Branch

PROJECTIONS = ("q", "k", "v", "out")

_SIGNATURE = inspect.signature(torch.nn.MultiheadAttention.forward)


class Attention:
    """One attention: what it gives with LoRAs beside its weights, which stay as they are."""

    def __init__(
        self, module: torch.nn.MultiheadAttention, parts: Mapping[str, Sequence[LayerDelta]]
    ) -> None:
        """Check the parts against the attention.

        Args:
            module: the attention.
            parts: what each LoRA adds, by the name of one of `PROJECTIONS`.

        Raises:
            BranchError: one of them cannot act on it.
        """
        if not module._qkv_same_embed_dim:
            raise BranchError("an attention whose keys have another width than its queries")
        self._module = module
        self._parts = parts
        self._change(Branch.UNCOND)

    def acts(self, branch: Branch) -> bool:
        """Whether a branch has anything beside the weights."""
        return any(part.strengths.of(branch) for parts in self._parts.values() for part in parts)

    def _change(self, branch: Branch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what is added to the joined weight of q, k, v and to that of the output.

        Raises:
            BranchError: a delta is of another shape.
        """
        with torch.no_grad():
            return self._summed(branch)

    def _summed(self, branch: Branch) -> tuple[torch.Tensor, torch.Tensor]:
        whole, last = self._module.in_proj_weight, self._module.out_proj.weight
        joined = torch.zeros_like(whole, dtype=torch.float32)
        out = torch.zeros_like(last, dtype=torch.float32)
        width = out.shape[0]
        for name, parts in self._parts.items():
            place = PROJECTIONS.index(name)
            into = out if name == "out" else joined[place * width : (place + 1) * width]
            for part in parts:
                try:
                    into.add_(part.delta.dense(into), alpha=part.strengths.of(branch))
                except (RuntimeError, ValueError) as error:
                    raise BranchError("its shape is another than the attention's") from error
        return joined.to(whole.dtype), out.to(last.dtype)

    def __call__(self, branch: Branch, args: Any, kwargs: Any) -> Any:
        """Return what the attention gives on a branch, with its weights as they are now.

        Args:
            branch: of all rows.
            args: that it was called with.
            kwargs: likewise.
        """
        module = self._module
        given = _SIGNATURE.bind(module, *args, **kwargs)
        given.apply_defaults()
        own = given.arguments
        inputs = [own["query"], own["key"], own["value"]]
        if module.batch_first and inputs[0].ndim == 3:
            inputs = [each.transpose(0, 1) for each in inputs]
        joined, out = self._change(branch)
        found, weights = multi_head_attention_forward(
            *inputs,
            module.embed_dim,
            module.num_heads,
            module.in_proj_weight + joined,
            module.in_proj_bias,
            module.bias_k,
            module.bias_v,
            module.add_zero_attn,
            module.dropout,
            module.out_proj.weight + out,
            module.out_proj.bias,
            training=module.training,
            key_padding_mask=own["key_padding_mask"],
            need_weights=own["need_weights"],
            attn_mask=own["attn_mask"],
            average_attn_weights=own["average_attn_weights"],
            is_causal=own["is_causal"],
        )
        if module.batch_first and found.ndim == 3:
            found = found.transpose(0, 1)
        return found, weights
