"""The LoRAs that are on a model already when it reaches a node.

The guard's own loaders leave a note on the model, since what they load is not what stands in the
workflow. Of every other loader the workflow tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ...metadata.comfyui import loras_before
from ...metadata.recipe import stem_of
from .planning import LoadedLora

KEY = "lora_neg"
"""Of the note, among a patcher's attachments."""

OWN_LOADERS = frozenset({"NegGuardLoraLoader", "NegGuardPrompts"})


def noted_loras(patcher: Any) -> tuple[LoadedLora, ...]:
    """Return what the guard's loaders have loaded onto a MODEL, or the patcher of a CLIP."""
    found = getattr(patcher, "attachments", {}).get(KEY, ())
    return found if isinstance(found, tuple) else ()


def note(patcher: Any, loaded: Iterable[LoadedLora]) -> None:
    """Leave a note on a patcher that the guard has made; older ComfyUI has no place for notes."""
    if hasattr(patcher, "attachments"):
        patcher.attachments[KEY] = (*noted_loras(patcher), *loaded)


_stacks: dict[str, tuple[tuple[LoadedLora, ...], tuple[LoadedLora, ...]]] = {}
"""What the guard's stack nodes were given and gave on when they last ran, by their numbers."""
_MOST_STACKS = 200


def note_stack(node: object, before: tuple[LoadedLora, ...], after: tuple[LoadedLora, ...]) -> None:
    """Remember what a stack became: the workflow tells only what it was."""
    if node is None:
        return
    _stacks.pop(str(node), None)
    _stacks[str(node)] = before, after
    while len(_stacks) > _MOST_STACKS:
        del _stacks[next(iter(_stacks))]


def _as_guarded(lora: LoadedLora, workflow: Mapping[str, Any]) -> LoadedLora:
    """Return a LoRA of the workflow with the strengths that a stack node of the guard gave it."""
    for key, node in workflow.items():
        if not isinstance(node, Mapping) or node.get("class_type") != "NegGuardLoraStack":
            continue
        for before, after in zip(*_stacks.get(str(key), ((), ())), strict=False):
            strengths = (before.model, before.clip)
            if stem_of(before.name) == lora.name and strengths == (lora.model, lora.clip):
                return replace(lora, model=after.model, clip=after.clip)
    return lora


def loras_before_node(
    patcher: Any, workflow: object, node: object
) -> tuple[tuple[LoadedLora, ...], tuple[str, ...]]:
    """Return the LoRAs that are loaded before a node, and what could not be followed.

    Args:
        patcher: the MODEL that reaches it, or the patcher of its CLIP.
        workflow: ComfyUI's hidden input ``PROMPT``.
        node: its hidden input ``UNIQUE_ID``.
    """
    own = tuple(
        LoadedLora(lora.name, lora.model, lora.clip, held=True) for lora in noted_loras(patcher)
    )
    if not isinstance(workflow, Mapping) or node is None:
        return own, ()
    others, notes = loras_before(workflow, str(node), OWN_LOADERS)
    loaded = (
        LoadedLora(lora.name, lora.unet, lora.unet if lora.te is None else lora.te, held=True)
        for lora in others
        if lora.name
    )
    loaded = (_as_guarded(lora, workflow) for lora in loaded)
    return (*(lora for lora in loaded if lora.active), *own), notes
