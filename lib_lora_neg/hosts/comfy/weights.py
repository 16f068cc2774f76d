"""LoRAs onto ComfyUI's MODEL and CLIP, by ComfyUI's own means."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from typing import Any, NamedTuple

from ...loras.reading.keys import TEXT_ENCODER, block_of
from ...prompts.blocks import block_name, read_blocks
from .planning import LoadedLora
from .upstream import note


class LoraUnreadableError(RuntimeError):
    """A LoRA file that is missing or damaged; the text names it and says why."""


class ModelAndClip(NamedTuple):
    """A MODEL and a CLIP; either may be ``None``."""

    model: Any
    clip: Any


class LoraFileCache:
    """The tensors of the LoRA that was read last: a node asks for the same one again and again."""

    def __init__(self) -> None:
        self._known: tuple[tuple[str, int, int], Any] | None = None

    def read(self, name: str, path: str | None) -> Any:
        """Return a file's tensors as ComfyUI reads them.

        Raises:
            LoraUnreadableError: it is not there, or cannot be read.
        """
        import comfy.utils

        if path is None:
            raise LoraUnreadableError(f"LoRA {name}: not found in ComfyUI's LoRA folders")
        try:
            status = os.stat(path)  # noqa: PTH116
            if not stat.S_ISREG(status.st_mode):
                # ComfyUI would wait for what a pipe may never give.
                raise OSError("it is no regular file")
            key = (path, status.st_size, status.st_mtime_ns)
            if self._known is None or self._known[0] != key:
                self._known = None
                self._known = (key, comfy.utils.load_torch_file(path, safe_load=True))
        except Exception as error:
            raise LoraUnreadableError(f"LoRA {name}: cannot be read: {error}") from error
        return self._known[1]


def loaded_onto(pair: ModelAndClip, tensors: Any, lora: LoadedLora) -> ModelAndClip:
    """Return copies of a pair with a LoRA on them; the same pair at the strengths 0 and 0."""
    if not lora.active:
        return pair
    import comfy.sd

    tensors = within_blocks(tensors, lora.blocks)
    model, clip = comfy.sd.load_lora_for_models(
        pair.model, pair.clip, tensors, lora.model, lora.clip
    )
    for patcher in patchers(model, clip):
        note(patcher, (lora,))
    return ModelAndClip(model, clip)


def within_blocks(tensors: Any, blocks: str) -> Any:
    """Return a LoRA's tensors without those of blocks that it is kept out of.

    What belongs to a text encoder stays; the tensors themselves are shared.
    """
    mask = read_blocks(blocks) if blocks else None
    if mask is None:
        return tensors
    return {
        key: tensor
        for key, tensor in tensors.items()
        if block_of(key) == TEXT_ENCODER or mask.keeps(block_name(key))
    }


def hooked(clip: Any, tensors: Any, lora: LoadedLora) -> Any:
    """Return a copy of a CLIP whose conditionings bring the LoRA along, for model and encoder.

    ComfyUI's sampler evaluates conditionings of different hooks apart, each with its own weights,
    so the LoRA acts on the branch that this CLIP encodes and nowhere else.
    """
    if not lora.active:
        return clip
    import comfy.hooks

    tensors = within_blocks(tensors, lora.blocks)
    group = comfy.hooks.create_hook_lora(
        lora=tensors, strength_model=lora.model, strength_clip=lora.clip
    )
    clip = clip.clone()
    before = clip.apply_hooks_to_conds
    if before is not None:
        group = before.clone_and_combine(group)
    clip.apply_hooks_to_conds = group
    clip.patcher.forced_hooks = group.clone()
    clip.use_clip_schedule = False
    clip.patcher.forced_hooks.set_keyframes_on_hooks(None)
    target = comfy.hooks.create_target_dict(comfy.hooks.EnumWeightTarget.Clip)
    clip.patcher.register_all_hook_patches(group, target)
    return clip


def patchers(model: Any, clip: Any) -> Iterable[Any]:
    """Return the patchers of a pair that are there."""
    return [patcher for patcher in (model, getattr(clip, "patcher", None)) if patcher is not None]
