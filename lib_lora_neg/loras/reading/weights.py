"""What the numbers in a LoRA file tell: how many directions it uses, and where it acts.

Read on demand only: this is the one thing that needs more of a file than its header. One pair of
matrices is in memory at a time. The delta itself (out × in) is never formed: its singular values
are those of a rank × rank matrix.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from ...regular import open_regular
from ..card import LoraType, TypeInference
from ..families import ModelFamily
from .header import LoraFileError, read_header
from .keys import block_of
from .tensors import TensorTable

MAX_ELEMENTS = 1 << 26
"""A larger matrix is passed over: 256 MB as float32, far more than any LoRA has."""

MOST_CONFIDENT = 0.5
"""Weak evidence: below every confidence from which the guard acts (0.7)."""

_PAIRS = (
    (".lora_down.weight", ".lora_up.weight"),
    (".lora_A.weight", ".lora_B.weight"),
    (".lora_A.default.weight", ".lora_B.default.weight"),
    (".lora.down.weight", ".lora.up.weight"),
    ("_lora.down.weight", "_lora.up.weight"),
    (".lora_linear_layer.down.weight", ".lora_linear_layer.up.weight"),
    (":down", ":up"),
)
_DTYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "BF16": "<u2"}


@dataclass(frozen=True)
class WeightFacts:
    """What was measured.

    Attributes:
        layers: layers that were measured.
        passed_over: matrices that were not: other algorithms, element types or sizes.
        rank: the largest rank of a layer.
        effective_rank: mean over the layers, weighted by energy, of the exponential of the
            entropy of the singular values (Roy and Vetterli 2007); 1 to ``rank``.
        energy: share of the squared norm of all deltas, by block, the largest first.
    """

    layers: int
    passed_over: int
    rank: int
    effective_rank: float
    energy: Mapping[str, float]


def measure_weights(path: str | os.PathLike[str]) -> WeightFacts:
    """Measure the deltas of a plain LoRA file (up × down).

    Raises:
        LoraFileError: the file is broken, or holds no matrices that can be measured.
    """
    header = read_header(path)
    table = header.tensors
    assert isinstance(table, TensorTable)
    energies: dict[str, float] = {}
    ranks, weighted, used = [0], 0.0, 0
    try:
        with open_regular(path) as file:
            reader = DeltaReader(file, table, header.data_start)
            for module, down, up in pairs(table):
                values = reader.singular_values(module, down, up)
                if values is None:
                    continue
                used += 2
                energy = float(np.square(values).sum())
                block = block_of(module)
                energies[block] = energies.get(block, 0.0) + energy
                weighted += energy * _effective_rank(values)
                ranks.append(len(values))
    except OSError as error:
        raise LoraFileError(path, f"cannot be read: {error.strerror or error}") from error
    total = sum(energies.values())
    if not total:
        raise LoraFileError(path, "holds no matrices of a plain LoRA that could be measured")
    order = sorted(energies, key=lambda block: -energies[block])
    matrices = sum(len(shape) >= 2 for shape in table.shapes)
    return WeightFacts(
        layers=used // 2,
        passed_over=matrices - used,
        rank=max(ranks),
        effective_rank=weighted / total,
        energy={block: energies[block] / total for block in order},
    )


def pairs(table: TensorTable) -> Iterator[tuple[str, str, str]]:
    """Yield each module of a plain LoRA with the names of its two matrices, down and up."""
    known = set(table.names)
    for name in table.names:
        for down, up in _PAIRS:
            if name.endswith(down):
                module = name.removesuffix(down)
                if module + up in known:
                    yield module, name, module + up
                break


class DeltaReader:
    """Reads the matrices of an open file."""

    def __init__(self, file: BinaryIO, table: TensorTable, start: int) -> None:
        self._file, self._table, self._start = file, table, start

    def singular_values(self, module: str, down: str, up: str) -> Any | None:
        """Return the delta's singular values, scaled by alpha; ``None`` if not measurable."""
        into, out = self._matrix(down), self._matrix(up)
        if into is None or out is None or into.shape[0] != out.shape[1]:
            return None
        rank = into.shape[0]
        left: Any = np.linalg.qr(out, mode="r")
        right: Any = np.linalg.qr(into.T, mode="r")
        inner = left @ right.T
        alpha = self._scalar(f"{module}.alpha")
        scale = 1.0 if alpha is None else abs(alpha) / rank
        found = np.linalg.svd(inner, compute_uv=False) * scale
        return found if np.isfinite(found).all() and found.any() else None

    def delta(self, module: str, down: str, up: str) -> Any | None:
        """Return the delta as outputs × everything else; ``None`` if it is none or too large."""
        into, out = self._matrix(down), self._matrix(up)
        if into is None or out is None or into.shape[0] != out.shape[1]:
            return None
        if out.shape[0] * into.shape[1] > MAX_ELEMENTS:
            return None
        alpha = self._scalar(f"{module}.alpha")
        scale = 1.0 if alpha is None else alpha / into.shape[0]
        found = (out @ into) * scale
        return found if np.isfinite(found).all() else None

    def _matrix(self, name: str) -> Any | None:
        """Read as rows × everything else; the kernel of a convolution belongs to its input."""
        values = self._values(name)
        if values is None or not np.isfinite(values).all():
            return None
        shape = self._table.shapes[self._table.place(name)]
        return values.reshape(shape[0], -1) if len(shape) >= 2 and values.size else None

    def _scalar(self, name: str) -> float | None:
        values = self._values(name) if name in self._table.names else None
        if values is None or values.size != 1 or not np.isfinite(values).all():
            return None
        return float(values[0])

    def _values(self, name: str) -> Any | None:
        place = self._table.place(name)
        kind = self._table.dtypes[place]
        count = 1
        for extent in self._table.shapes[place]:
            count *= extent
        if kind not in _DTYPES or count > MAX_ELEMENTS:
            return None
        self._file.seek(self._start + self._table.starts[place])
        raw = np.fromfile(self._file, dtype=_DTYPES[kind], count=count)
        if raw.size < count:
            return None
        if kind == "BF16":
            # The upper half of a float32.
            return (raw.astype(np.uint32) << 16).view(np.float32)
        return raw.astype(np.float64 if kind == "F64" else np.float32)


def _effective_rank(values: Any) -> float:
    shares = values[values > 0] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


_SDXL_CONTENT = ("up_blocks.0.attentions.0", "output_blocks.0")
_SDXL_STYLE = ("up_blocks.0.attentions.1", "output_blocks.1")
"""Where SDXL keeps content and style (Frenkel et al. 2024, B-LoRA), as diffusers and kohya name
the blocks."""


def type_from_weights(facts: WeightFacts, family: ModelFamily) -> TypeInference:
    """Return what the weights lean to. Weak evidence: it never lets the guard act."""
    if facts.rank >= 4 and facts.effective_rank < 1.5:
        reason = f"uses {facts.effective_rank:.1f} of {facts.rank} directions, as sliders do"
        return TypeInference(LoraType.SLIDER, 0.4, (reason,))
    content, style = (
        sum(facts.energy.get(block, 0.0) for block in blocks)
        for blocks in (_SDXL_CONTENT, _SDXL_STYLE)
    )
    # A LoRA that was trained on these two alone says nothing by being there.
    if family is ModelFamily.SDXL and 0.05 < content + style < 0.999:
        for kind, part, other, what in (
            (LoraType.STYLE, style, content, "style"),
            (LoraType.CHARACTER, content, style, "content"),
        ):
            if part > 3 * other:
                reason = (
                    f"acts {part / max(other, 1e-9):.0f} times as strongly where SDXL keeps "
                    f"{what} (B-LoRA)"
                )
                return TypeInference(
                    kind, MOST_CONFIDENT if kind is LoraType.STYLE else 0.4, (reason,)
                )
    return TypeInference(reasons=("its weights lean to no type",))
