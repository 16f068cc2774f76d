"""A safetensors file's tensors, in memory, and models filled with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from .errors import ModelError

Tensors = dict[str, torch.Tensor]

_MOST_NAMED = 3


def read_tensors(path: Path, names: Iterable[str], dtype: torch.dtype, prefix: str = "") -> Tensors:
    """Return the tensors of those names, the prefix taken off, floats as ``dtype``.

    Raises:
        ModelError: the file cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    found: Tensors = {}
    try:
        with safe_open(str(path), framework="pt", device="cpu") as file:
            for name in names:
                tensor = file.get_tensor(name)
                # A copy in any case: the file may be replaced while the model is in use.
                kept = tensor.to(dtype, copy=True) if tensor.is_floating_point() else tensor.clone()
                found[name[len(prefix) :]] = kept
    except (SafetensorError, OSError, RuntimeError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error
    return found


def filled(make: Callable[[], Any], tensors: Mapping[str, torch.Tensor], part: str) -> Any:
    """Return the model that ``make`` builds, with these weights, ready for use.

    Raises:
        ModelError: weights are missing, or of another shape.
    """
    from accelerate import init_empty_weights

    with init_empty_weights():
        model = make()
    try:
        outcome = model.load_state_dict(dict(tensors), strict=False, assign=True)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()[1 : 1 + _MOST_NAMED]]
        raise ModelError(
            f"its {part} has other shapes than its kind: {'; '.join(lines)}"
        ) from error
    # Older checkpoints have no tensor for what is computed when a model is built.
    missing = [name for name in outcome.missing_keys if not name.endswith("position_ids")]
    if missing:
        named = ", ".join(missing[:_MOST_NAMED]) + (" …" if len(missing) > _MOST_NAMED else "")
        raise ModelError(f"its {part} is incomplete: {len(missing)} tensors are missing ({named})")
    return model.eval().requires_grad_(False)
