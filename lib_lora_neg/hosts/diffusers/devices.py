"""Where a model computes, and in which number format."""

from __future__ import annotations

import torch

from .errors import HostError

DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}


def choose_device(name: str) -> torch.device:
    """Return the device called ``name``; ``auto`` takes the best one there is.

    Raises:
        HostError: there is no such device here.
    """
    if name == "auto":
        return torch.device(_best())
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise HostError(f"no such device: {name!r} (cpu, cuda, cuda:1, mps or auto)") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise HostError("this torch sees no CUDA device; use --device cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise HostError("this torch sees no MPS device; use --device cpu")
    return device


def choose_dtype(name: str, device: torch.device, *, flux: bool = False) -> torch.dtype:
    """Return the number format called ``name``; ``auto`` takes what fits the device.

    On a CPU that is float32: half precision is emulated there and slower. Flux was trained in
    bfloat16 and overflows in float16.

    Raises:
        HostError: there is no such format.
    """
    if name == "auto":
        if device.type == "cpu":
            return torch.float32
        return torch.bfloat16 if flux else torch.float16
    if name not in DTYPES:
        raise HostError(f"no such number format: {name!r} ({', '.join(DTYPES)} or auto)")
    return DTYPES[name]


def _best() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
