"""What a LoRA adds to one weight of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch.nn.functional import conv2d, pad


class BranchError(Exception):
    """A LoRA cannot act on one branch here; the text says why, for people."""


@dataclass(frozen=True, eq=False)
class LowRankDelta:
    """A low-rank change: ``up @ down · scale``.

    Attributes:
        down: rank × inputs; of a convolution rank × inputs × height × width.
        up: outputs × rank; of a convolution outputs × rank × 1 × 1.
        scale: alpha / rank.
        mid: of a convolution in three factors (LoCon with Tucker decomposition), rank × rank ×
            height × width; ``down`` is then 1 × 1.
    """

    down: torch.Tensor
    up: torch.Tensor
    scale: float
    mid: torch.Tensor | None = None

    def dense(self, like: torch.Tensor) -> torch.Tensor:
        """Return the change in the shape and on the device of ``like``, in float32.

        Raises:
            ValueError: the factors do not make a change of this shape.
        """
        down = self.down.to(like.device, torch.float32)
        up = self.up.to(like.device, torch.float32)
        if up.ndim == 4 and up.shape[2:] != (1, 1):
            raise ValueError("a convolution whose second factor is not 1 × 1")
        if self.mid is not None:
            mid = self.mid.to(like.device, torch.float32)
            product = torch.einsum("or,rqhw,qi->oihw", up.flatten(1), mid, down.flatten(1))
        else:
            product = up.flatten(1) @ down.flatten(1)
        if product.numel() != like.numel():
            raise ValueError(f"a change of {product.numel()} numbers for {tuple(like.shape)}")
        return product.reshape(like.shape) * self.scale


@dataclass(frozen=True, eq=False)
class DenseDelta:
    """A change that has another structure (LoHa, LoKr), or depends on the weight (DoRA, OFT)."""

    change: torch.Tensor

    def dense(self, like: torch.Tensor) -> torch.Tensor:
        """As `LowRankDelta.dense`."""
        if self.change.numel() != like.numel():
            raise ValueError(f"a change of {self.change.numel()} numbers for {tuple(like.shape)}")
        return self.change.to(like.device, torch.float32).reshape(like.shape)


Delta: TypeAlias = LowRankDelta | DenseDelta


def is_linear(module: Any) -> bool:
    """Whether a module is a linear layer, PyTorch's own or one of its shape (Forge's)."""
    if isinstance(module, torch.nn.Linear):
        return True
    extents = (getattr(module, "in_features", None), getattr(module, "out_features", None))
    return isinstance(module, torch.nn.Module) and all(type(each) is int for each in extents)


def problem(delta: Delta, module: Any) -> str:
    """Return why a delta cannot act on a layer beside its weight; empty when it can."""
    if not is_linear(module) and not isinstance(module, torch.nn.Conv2d):
        return f"its layer is a {type(module).__name__}"
    inputs, outputs = _extents(module)
    if isinstance(delta, DenseDelta):
        wanted = outputs * inputs * _area(module)
        return "" if delta.change.numel() == wanted else "its shape is another than the layer's"
    if delta.up.ndim == 4 and delta.up.shape[2:] != (1, 1):
        return "a convolution whose second factor is not 1 × 1"
    if isinstance(module, torch.nn.Conv2d) and module.groups != 1:
        return "a convolution in groups"
    rank = delta.up.shape[1]
    if delta.mid is not None:
        fits = delta.mid.shape[0] == rank and delta.mid.shape[1] == delta.down.shape[0]
        fits = fits and _kernel(delta.mid) == _kernel(module.weight)
        fits = fits and delta.down[0].numel() == inputs
    else:
        area = _area(module)
        fits = delta.down.shape[0] == rank and delta.down[0].numel() == inputs * area
    fits = fits and delta.up.shape[0] == outputs
    return "" if fits else "its shape is another than the layer's"


def _extents(module: Any) -> tuple[int, int]:
    if is_linear(module):
        return module.in_features, module.out_features
    return module.in_channels // module.groups, module.out_channels


def _area(module: Any) -> int:
    if is_linear(module):
        return 1
    return int(module.kernel_size[0]) * int(module.kernel_size[1])


def _kernel(weight: torch.Tensor) -> tuple[int, ...]:
    return tuple(weight.shape[2:]) or (1, 1)


def convolve(x: torch.Tensor, weight: torch.Tensor, like: torch.nn.Conv2d) -> torch.Tensor:
    """Convolve as a layer does, with another weight and no bias.

    Tools for seamless textures change the padding mode of a model's layers while it is in use.
    """
    padding: Any = like.padding
    if like.padding_mode != "zeros":
        around = [width for height in reversed(_sides(like)) for width in (height, height)]
        x, padding = pad(x, around, mode=like.padding_mode), 0
    return conv2d(x, weight, None, like.stride, padding, like.dilation, like.groups)


def _sides(like: torch.nn.Conv2d) -> tuple[int, ...]:
    if isinstance(like.padding, str):
        raise BranchError(f"a convolution with padding {like.padding!r}")
    return tuple(like.padding)
