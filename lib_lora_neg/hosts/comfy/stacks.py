"""``LORA_STACK``: what Efficiency, Comfyroll, Lora-Manager and others hand from node to node.

A list of (name, strength on the model, strength on the text encoder); the name is the one of
ComfyUI's menus.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .loras import NONE
from .planning import LoadedLora

MOST = 1000
"""Entries that are looked at."""


def read_stack(stack: Any, *, held: bool = False) -> tuple[tuple[LoadedLora, ...], tuple[str, ...]]:
    """Return a stack's LoRAs in their order, and what is wrong with the other entries."""
    loaded, odd = [], []
    for number, entry in enumerate(_entries(stack)[:MOST], 1):
        lora = _read(entry, held)
        if lora is None:
            odd.append(f"entry {number} of the stack is no LoRA with two strengths; it stays as is")
        elif lora.name != NONE:
            loaded.append(lora)
    return tuple(loaded), tuple(odd)


def write_stack(stack: Any, loaded: Sequence[LoadedLora]) -> list[Any]:
    """Return a stack with the strengths of ``loaded``, which `read_stack` gave and a plan changed.

    Entries that did not change are the same objects; those whose strengths are 0 now are left out,
    those that had 0 before stay.
    """
    waiting = list(loaded)
    written = []
    for entry in _entries(stack):
        before = _read(entry, False)
        if before is None or before.name == NONE or not waiting:
            written.append(entry)
            continue
        after = waiting.pop(0)
        if (after.model, after.clip) == (before.model, before.clip):
            written.append(entry)
        elif after.active:
            written.append(type(entry)((entry[0], after.model, after.clip, *entry[3:])))
    return written


def count(stack: Any) -> int:
    """Return how many entries a stack has; what is none (``None``, a text) has none."""
    return len(_entries(stack))


def _entries(stack: Any) -> list[Any]:
    return list(stack) if isinstance(stack, list | tuple) else []


def _read(entry: Any, held: bool) -> LoadedLora | None:
    if not isinstance(entry, list | tuple) or len(entry) < 3 or not isinstance(entry[0], str):
        return None
    try:
        model, clip = float(entry[1]), float(entry[2])
    except (TypeError, ValueError):
        return None
    if not (math.isfinite(model) and math.isfinite(clip)):
        return None
    return LoadedLora(entry[0], model, clip, held)
