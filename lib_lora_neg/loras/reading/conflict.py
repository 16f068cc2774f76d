"""Whether two LoRAs fight: how far their deltas lie on the same weights, and agree there.

Read on demand, layer by layer, with one pair of deltas in memory at a time.
"""

from __future__ import annotations

import math
import os
import re
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np

from ...regular import open_regular
from .header import LoraFileError, read_header
from .keys import block_of
from .tensors import TensorTable
from .weights import DeltaReader, pairs

_PREFIX = re.compile(r"^(?:base_model_model_|lora_unet_|unet_|transformer_|diffusion_model_)+")


@dataclass(frozen=True)
class LayerConflict:
    """What two LoRAs do to one layer, each at weight 1.

    Attributes:
        module: as the first file names it.
        block: where it lies.
        overlap: 0 to 1, how far the two change the same weights: the cosine of the absolute values.
        agreement: 0 to 1, the share of what they change in common that goes the same way; 0.5 is
            chance.
        energy: of both deltas together, the sum of their squares.
        inner: the inner product of the deltas.
    """

    module: str
    block: str
    overlap: float
    agreement: float
    energy: float
    inner: float

    @property
    def cosine(self) -> float:
        """Between −1, straight against each other, and 1."""
        return self.overlap * (2.0 * self.agreement - 1.0)


@dataclass(frozen=True)
class Conflict:
    """What two LoRAs do to the layers that both change.

    Attributes:
        layers: these layers, the one with the most energy first.
        norms: of each LoRA's whole delta, as far as it could be read.
        alone: layers that only one of them changes.
        passed_over: layers that could not be compared: other algorithms or shapes.
    """

    layers: tuple[LayerConflict, ...]
    norms: tuple[float, float]
    alone: int
    passed_over: int

    @property
    def cosine(self) -> float:
        """Of the two deltas, over all layers; 0 where they share none."""
        product = self.norms[0] * self.norms[1]
        return sum(layer.inner for layer in self.layers) / product if product else 0.0

    def length(self, first: float, second: float) -> float:
        """Return the length of both deltas' sum at two weights.

        In the lab it ranked the damage of stacks far better than the sum of the weights did
        (docs/lab.md). Lengths compare LoRAs of one checkpoint family only.
        """
        one, two = first * self.norms[0], second * self.norms[1]
        squares = one * one + two * two + 2.0 * one * two * self.cosine
        return math.sqrt(max(0.0, squares))

    @property
    def turned(self) -> Conflict:
        """The same, the other LoRA first."""
        return replace(self, norms=(self.norms[1], self.norms[0]))

    def opposed(self, first: float, second: float) -> tuple[LayerConflict, ...]:
        """Return the layers that two weights pull in opposite directions, the strongest first."""
        sign = 1.0 if first * second > 0.0 else -1.0
        found = [layer for layer in self.layers if sign * layer.cosine < -LEAST_COSINE]
        return tuple(sorted(found, key=lambda layer: -abs(layer.inner)))


LEAST_COSINE = 0.05
"""Below this two deltas of thousands of numbers are as good as unrelated."""


def measure_conflict(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> Conflict:
    """Compare the deltas of two plain LoRA files.

    Raises:
        LoraFileError: a file is broken, or the two share no layer that could be compared.
    """
    with ExitStack() as stack:
        mine, theirs = (_opened(path, stack) for path in (first, second))
        layers, norms, alone, passed = [], [0.0, 0.0], 0, 0
        for key in dict.fromkeys((*mine.modules, *theirs.modules)):
            found = [own.delta(key) for own in (mine, theirs)]
            for index, delta in enumerate(found):
                norms[index] += float(np.square(delta).sum()) if delta is not None else 0.0
            if key not in mine.modules or key not in theirs.modules:
                alone += 1
            elif found[0] is None or found[1] is None or found[0].shape != found[1].shape:
                passed += 1
            else:
                layers.append(_compared(mine.modules[key][0], found[0], found[1]))
    if not layers:
        raise LoraFileError(first, "shares no layer with the other LoRA that could be compared")
    layers.sort(key=lambda layer: -layer.energy)
    return Conflict(tuple(layers), (norms[0] ** 0.5, norms[1] ** 0.5), alone, passed)


def _compared(module: str, first: Any, second: Any) -> LayerConflict:
    products = first * second
    common, inner = float(np.abs(products).sum()), float(products.sum())
    squares = float(np.square(first).sum()), float(np.square(second).sum())
    scale = (squares[0] * squares[1]) ** 0.5
    return LayerConflict(
        module=module,
        block=block_of(module),
        overlap=common / scale if scale else 0.0,
        agreement=0.5 * (1.0 + inner / common) if common else 0.5,
        energy=sum(squares),
        inner=inner,
    )


class _Opened:
    """The deltas of one open file, by a name that files of other layouts share."""

    def __init__(self, file: BinaryIO, table: TensorTable, start: int) -> None:
        self._reader = DeltaReader(file, table, start)
        self.modules = {_common_name(found[0]): found for found in pairs(table)}

    def delta(self, key: str) -> Any | None:
        """Return one delta as outputs × everything else; ``None`` if it cannot be read."""
        return self._reader.delta(*self.modules[key]) if key in self.modules else None


def _opened(path: str | os.PathLike[str], stack: ExitStack) -> _Opened:
    header = read_header(path)
    assert isinstance(header.tensors, TensorTable)
    try:
        file = stack.enter_context(open_regular(path))
    except OSError as error:
        raise LoraFileError(path, f"cannot be read: {error.strerror or error}") from error
    return _Opened(file, header.tensors, header.data_start)


def _common_name(module: str) -> str:
    """Return a module's name as kohya and diffusers both have it, without what stands before."""
    return _PREFIX.sub("", module.replace(".", "_"))
