"""Models in the original layout, as WebUIs have them: which adapter is whose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch

from . import (
    anima_original,
    cross_original,
    flux_original,
    krea_original,
    qwen_original,
    zimage_original,
)
from .cross import CrossCall
from .flux_original import JointCall
from .joint import TokenLayout
from .ownership import blocks_of, replaced
from .settings import Settings

_JOINT: dict[str, ModuleType] = {
    "qwen": qwen_original,
    "zimage": zimage_original,
    "krea": krea_original,
}


def kind_of(model: Any, module: Any) -> tuple[str, str]:
    """Return the kind of a model as `choice.DEFAULTS` names it, or why there is none.

    Args:
        model: the denoiser.
        module: the Python module that its blocks are from.
    """
    if hasattr(model, "input_blocks"):
        known = cross_original.layers_of(model)
        problem = replaced(known) if known else "this U-Net has no cross attention"
        return ("", problem) if problem else ("unet", "")
    kind, problem = _kind_of_transformer(model, module)
    if not problem:
        problem = replaced(blocks_of(model))
    return ("", problem) if problem else (kind, "")


def _kind_of_transformer(model: Any, module: Any) -> tuple[str, str]:
    for kind, adapter in _JOINT.items():
        if adapter.fits(model):
            problem = adapter.problem(model, module)
            return ("", problem) if problem else (kind, "")
    if anima_original.layers_of(model):
        problem = anima_original.problem(model)
        return ("", problem) if problem else ("anima", "")
    problem = flux_original.problem(model, module)
    if problem:
        return "", problem
    return ("klein" if flux_original.counts_text(model) else "flux"), ""


@contextmanager
def guided(
    kind: str,
    model: Any,
    module: Any,
    context: torch.Tensor,
    negatives: tuple[torch.Tensor, ...],
    settings: Settings,
    rows: torch.Tensor | None = None,
) -> Iterator[torch.Tensor]:
    """Guide the calls of a model that are made inside; yields the context to pass to them.

    Args:
        kind: as `kind_of` returns it.
        model: the denoiser.
        module: the Python module that its blocks are from.
        context: the encoded prompts, batch × … × tokens × width.
        negatives: of each negative concept, likewise.
        settings: of the method.
        rows: booleans, one for each entry of the batch: whether it is guided; ``None`` for all.

    Raises:
        GuidanceError: another tool has taken over what is needed, or an input cannot be guided.
    """
    if kind in ("unet", "anima"):
        call = CrossCall(negatives, settings, rows)
        with (cross_original if kind == "unet" else anima_original).guided(model, call):
            yield context
        return
    layout = TokenLayout(context.shape[-2], tuple(negative.shape[-2] for negative in negatives))
    texts = torch.cat([context, *negatives], dim=-2)
    if kind in _JOINT:
        with _JOINT[kind].guided(model, module, layout, settings, rows):
            yield texts
        return
    joint = JointCall(layout, settings, rows, counted=kind == "klein")
    with flux_original.guided(module, joint):
        yield texts
