"""The deltas of one layer, added to those rows of its output whose branch has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch.nn.functional import conv2d, linear

from .deltas import BranchError, Delta, DenseDelta, LowRankDelta, convolve, is_linear, problem
from .strengths import Branch, RowSpan, Strengths


@dataclass(frozen=True, eq=False)
class LayerDelta:
    """What one LoRA adds to one layer.

    Attributes:
        delta: at strength 1.
        strengths: of each branch, beside what the layer's weight holds already.
        outputs: the outputs that it changes, from the first up to the second, which is left
            out, where a model has joined layers that the LoRA knows apart (Flux's q, k, v);
            ``None`` for all.
    """

    delta: Delta
    strengths: Strengths
    outputs: tuple[int, int] | None = None


AddToRows: TypeAlias = Callable[[torch.Tensor, torch.Tensor], None]
"""Adds to some rows of an output, in place, what these rows of the input give."""


class BranchedLayer:
    """Adds LoRAs to the output of a layer, whose own forward is not changed."""

    def __init__(self, module: Any, parts: Sequence[LayerDelta]) -> None:
        """Check the parts against the layer.

        Raises:
            BranchError: one of them cannot act on it.
        """
        for part in parts:
            fault = problem(_whole_width(part, module), module)
            if fault:
                raise BranchError(fault)
        self._module = module
        self._parts = [part for part in parts if not part.strengths.none]
        self._ready: dict[tuple[Branch, torch.device, torch.dtype], tuple[AddToRows, ...]] = {}

    def add(self, x: torch.Tensor, out: torch.Tensor, runs: Iterable[RowSpan], rows: int) -> None:
        """Add to ``out``, in place, what each branch has of the LoRAs.

        Args:
            x: the layer's input, rows first.
            out: its output, rows first.
            runs: the branches of the batch's rows.
            rows: how many rows the batch has.

        Raises:
            BranchError: the input's rows are not those of the batch.
        """
        # A tool that cuts pictures into tiles (HyperTile), or a model over frames, makes several
        # rows of one, those of one picture next to each other.
        each, rest = divmod(out.shape[0], rows)
        if rest or not each:
            raise BranchError(f"{out.shape[0]} rows in a layer, {rows} in the batch")
        if x.shape[0] != out.shape[0]:
            raise BranchError("a layer's output has other rows than its input")
        for run in runs:
            adds = self._adds(run.branch, out.device, out.dtype)
            if adds:
                start, stop = run.start * each, run.stop * each
                chosen = x[start:stop].to(out.dtype)
                into = out[start:stop]
                for add in adds:
                    add(chosen, into)

    def _adds(
        self, branch: Branch, device: torch.device, dtype: torch.dtype
    ) -> tuple[AddToRows, ...]:
        key = (branch, device, dtype)
        found = self._ready.get(key)
        if found is None:
            found = self._ready[key] = tuple(self._make(branch, device, dtype))
        return found

    def _make(
        self, branch: Branch, device: torch.device, dtype: torch.dtype
    ) -> Iterable[AddToRows]:
        """Return what is to be called; thin factors of one kind are joined into one pair."""
        joined: dict[tuple[int, int] | None, list[tuple[LowRankDelta, float]]] = {}
        for part in self._parts:
            strength, delta = part.strengths.of(branch), part.delta
            if not strength:
                continue
            if isinstance(delta, LowRankDelta) and delta.mid is None:
                joined.setdefault(part.outputs, []).append((delta, strength))
            else:
                yield self._alone(delta, strength, part.outputs, device, dtype)
        for outputs, pairs in joined.items():
            downs = [pair[0].down.to(device, dtype) for pair in pairs]
            ups = [
                pair[0].up.to(device, torch.float32).flatten(1) * (pair[0].scale * pair[1])
                for pair in pairs
            ]
            shape = (-1, *_input_shape(self._module))
            down = torch.cat([one.reshape(shape) for one in downs])
            yield self._product(down, torch.cat(ups, dim=1).to(dtype), outputs)

    def _product(
        self, down: torch.Tensor, up: torch.Tensor, outputs: tuple[int, int] | None
    ) -> AddToRows:
        if is_linear(self._module):
            return _linear(down, up, outputs)
        module = self._module
        kernel = up[:, :, None, None]

        def add(x: torch.Tensor, out: torch.Tensor) -> None:
            if pointwise and outputs is None and x.is_contiguous() and out.is_contiguous():
                inner = torch.matmul(flat, x.flatten(2))
                if inner.dtype == out.dtype:
                    # One pass over the output instead of two.
                    out.flatten(2).baddbmm_(up.expand(out.shape[0], -1, -1), inner)
                    return
            _narrowed(out, outputs, 1).add_(conv2d(convolve(x, down, module), kernel))

        pointwise = _is_pointwise(module)
        flat = down.flatten(1)
        return add

    def _alone(
        self,
        delta: Delta,
        strength: float,
        outputs: tuple[int, int] | None,
        device: torch.device,
        dtype: torch.dtype,
    ) -> AddToRows:
        module = self._module
        if isinstance(delta, DenseDelta):
            shape = _weight_shape(module, outputs)
            # As it lies there if it can be: such a matrix is as large as the layer's own.
            weight = delta.change.to(device, dtype).reshape(shape)
            if is_linear(module):

                def add_linear(x: torch.Tensor, out: torch.Tensor) -> None:
                    _narrowed(out, outputs, -1).add_(linear(x, weight), alpha=strength)

                return add_linear

            def add_whole(x: torch.Tensor, out: torch.Tensor) -> None:
                _narrowed(out, outputs, 1).add_(convolve(x, weight, module), alpha=strength)

            return add_whole
        assert delta.mid is not None
        down = delta.down.to(device, dtype).reshape(delta.down.shape[0], -1, 1, 1)
        mid = delta.mid.to(device, dtype)
        scaled = delta.up.to(device, torch.float32).flatten(1) * (delta.scale * strength)
        up = scaled.to(dtype)[:, :, None, None]

        def add_three(x: torch.Tensor, out: torch.Tensor) -> None:
            inner = convolve(conv2d(x, down), mid, module)
            _narrowed(out, outputs, 1).add_(conv2d(inner, up))

        return add_three


def _linear(down: torch.Tensor, up: torch.Tensor, outputs: tuple[int, int] | None) -> AddToRows:
    turned = up.t()

    def add(x: torch.Tensor, out: torch.Tensor) -> None:
        inner = linear(x, down)
        if outputs is None and out.is_contiguous() and inner.dtype == out.dtype:
            # One pass over the output instead of two.
            out.view(-1, out.shape[-1]).addmm_(inner.reshape(-1, inner.shape[-1]), turned)
        else:
            _narrowed(out, outputs, -1).add_(linear(inner, up))

    return add


def _is_pointwise(module: torch.nn.Conv2d) -> bool:
    """Whether a convolution looks at one place at a time, and at each."""
    plain = module.kernel_size == (1, 1) and module.stride == (1, 1)
    return plain and module.padding in ((0, 0), 0)


def _narrowed(out: torch.Tensor, outputs: tuple[int, int] | None, dim: int) -> torch.Tensor:
    return out if outputs is None else out.narrow(dim, outputs[0], outputs[1] - outputs[0])


def _input_shape(module: Any) -> tuple[int, ...]:
    return (
        tuple(module.weight.shape[1:])
        if isinstance(module, torch.nn.Conv2d)
        else (module.in_features,)
    )


def _weight_shape(module: Any, outputs: tuple[int, int] | None) -> tuple[int, ...]:
    width = module.out_features if is_linear(module) else module.out_channels
    rows = width if outputs is None else outputs[1] - outputs[0]
    return (rows, *_input_shape(module))


def _whole_width(part: LayerDelta, module: Any) -> Delta:
    """Return the part's delta, or one as wide as the layer where it is for some outputs only."""
    if part.outputs is None or not (is_linear(module) or isinstance(module, torch.nn.Conv2d)):
        return part.delta
    start, stop = part.outputs
    width = module.out_features if is_linear(module) else module.out_channels
    delta = part.delta
    own = delta.up.shape[0] if isinstance(delta, LowRankDelta) else delta.change.shape[0]
    if not 0 <= start < stop <= width or own != stop - start:
        raise BranchError("its shape is another than the layer's")
    if isinstance(delta, LowRankDelta):
        up = delta.up[:1].expand(width, *delta.up.shape[1:])
        return LowRankDelta(delta.down, up, delta.scale, delta.mid)
    return DenseDelta(delta.change[:1].expand(width, *delta.change.shape[1:]))
