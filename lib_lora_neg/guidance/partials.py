"""Attention over one group of keys with its log-sum-exp, and the exact merge of groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import torch

HALF = (torch.float16, torch.bfloat16)


@dataclass(frozen=True, eq=False)
class Partial:
    """Attention of some queries over some of their keys.

    Attributes:
        out: batch × heads × queries × width of a head, in the dtype of the values.
        lse: batch × heads × queries, float32: the logarithm of the sum of the exponentials of
            the scaled scores. The weight of this group in a softmax over several groups.
    """

    out: torch.Tensor
    lse: torch.Tensor


Kernel: TypeAlias = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], Partial]
"""Takes query, key and value, each batch × heads × tokens × width of a head."""


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Partial | None:
    """Return the attention of ``q`` over ``k`` and ``v`` with its log-sum-exp.

    Args:
        q: queries, batch × heads × tokens × width of a head; scores are divided by the root of
            that width.
        k: keys, likewise.
        v: values, likewise.

    Returns:
        ``None`` where this device and dtype have no fused kernel that returns the log-sum-exp.
    """
    kernel = kernel_for(q.device.type, q.dtype, q.shape[-1])
    return None if kernel is None else kernel(q, k, v)


def merge(parts: Sequence[Partial]) -> Partial:
    """Return the attention over the keys of all parts together; exact, whatever the split.

    Half precision is merged in float32.
    """
    if len(parts) == 1:
        return parts[0]
    # One pass over the outputs for each further part; a product and a sum take several.
    wide = torch.promote_types(parts[0].out.dtype, torch.float32)
    out, lse = parts[0].out.to(wide), parts[0].lse
    for part in parts[1:]:
        share = torch.sigmoid(part.lse - lse).unsqueeze(-1).to(wide)
        out = torch.lerp(out, part.out.to(wide), share)
        lse = torch.logaddexp(lse, part.lse)
    return Partial(out.to(parts[0].out.dtype), lse)


@lru_cache(maxsize=64)
def kernel_for(device: str, dtype: torch.dtype, width: int) -> Kernel | None:
    """Return the first kernel that gives right numbers here; ``None`` where there is none.

    The operators are internal to torch: their names, arguments and layouts differ between
    versions, devices and builds. So each is tried on a small problem and compared.
    """
    for kernel in KERNELS.get(device, ()):
        if _is_right(kernel, device, dtype, width):
            return kernel
    return None


def _is_right(kernel: Kernel, device: str, dtype: torch.dtype, width: int) -> bool:
    generator = torch.Generator().manual_seed(1)
    made = [torch.randn(2, 3, tokens, width, generator=generator) for tokens in (37, 70, 70)]
    q, k, v = (tensor.to(device, dtype) for tensor in made)
    try:
        with torch.no_grad():
            found = kernel(q, k, v)
    except (RuntimeError, AttributeError, TypeError, ValueError, NotImplementedError):
        return False
    scores = q.float() @ k.float().transpose(-1, -2) / math.sqrt(width)
    if found.lse.shape != scores.shape[:-1] or found.out.shape != q.shape:
        return False
    out = scores.softmax(-1) @ v.float()
    tolerance = 0.05 if dtype in HALF else 1e-4
    wrong = max(
        float((found.lse.float() - scores.logsumexp(-1)).abs().max()),
        float((found.out.float() - out).abs().max()),
    )
    return wrong < tolerance


def _flash_cpu(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Partial:
    found = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(q, k, v)
    return Partial(found[0], found[1])


def _flash_cuda(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Partial:
    found = torch.ops.aten._scaled_dot_product_flash_attention(q, k, v)
    return Partial(found[0], found[1][..., : q.shape[2]])


def _efficient_cuda(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Partial:
    found = torch.ops.aten._scaled_dot_product_efficient_attention(q, k, v, None, True)
    # Its rows are padded to a multiple of 32.
    return Partial(found[0], found[1][..., : q.shape[2]])


KERNELS: dict[str, tuple[Kernel, ...]] = {
    "cpu": (_flash_cpu,),
    "cuda": (_flash_cuda, _efficient_cuda),
}
"""By device type, the fastest first."""
