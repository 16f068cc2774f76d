"""Which kind of checkpoint a file is, told by its tensors' names; and its header's shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ...loras.families import ModelFamily
from ...loras.reading.header import LoraFileError, read_header
from .errors import ModelError

Shapes = Mapping[str, tuple[int, ...]]
"""Shapes of a file's tensors, by name."""

UNET = "model.diffusion_model."
CLIP_OF_SD1 = "cond_stage_model.transformer."
CLIP_OF_SD2 = "cond_stage_model.model."
CLIP_L_OF_SDXL = "conditioner.embedders.0.transformer."
CLIP_G_OF_SDXL = "conditioner.embedders.1.model."

_LORA_KEY = re.compile(r"\.(?:lora_(?:up|down|A|B)|hada_w1_a|lokr_w1|oft_blocks)\b")
_OTHER_FAMILIES = (
    ("joint_blocks.", "Stable Diffusion 3"),
    ("distilled_guidance_layer.", "Chroma"),
    ("double_stream_modulation_img.", "Flux.2"),
    ("cap_embedder.", "Lumina or Z-Image"),
)


def read_shapes(path: Path) -> Shapes:
    """Return the shapes in a safetensors file; nothing but its header is read.

    Raises:
        ModelError: the file is missing, damaged or of another format.
    """
    if not path.exists():
        raise ModelError(f"{path}: no such file")
    if path.suffix.lower() in (".ckpt", ".pt", ".bin", ".pth"):
        raise ModelError(
            f"{path}: a pickle can run any program when it is opened, so it is not read; "
            "convert it to .safetensors first"
        )
    try:
        tensors = read_header(path).tensors
    except LoraFileError as error:
        raise ModelError(str(error)) from error
    return {name: tensors[name].shape for name in tensors}


def family_of_file(shapes: Shapes, path: Path) -> ModelFamily:
    """Return the family of a single-file checkpoint.

    Raises:
        ModelError: it is a LoRA, or no checkpoint that this host can use.
    """
    if any(_LORA_KEY.search(name) for name in shapes):
        raise ModelError(f"{path}: this is a LoRA, not a checkpoint; its place is a LoRA folder")
    if _has(shapes, "double_blocks.0.img_attn.qkv.weight"):
        _refuse_others(shapes, path)
        return ModelFamily.FLUX
    if not _has(shapes, f"{UNET}input_blocks.0.0.weight"):
        _refuse_others(shapes, path)
        raise ModelError(
            f"{path}: no Stable Diffusion 1 or 2, SDXL or Flux checkpoint: "
            "neither a unet nor a Flux transformer is in it"
        )
    if f"{UNET}label_emb.0.0.weight" in shapes:
        return ModelFamily.SDXL
    return ModelFamily.SD2 if any(k.startswith(CLIP_OF_SD2) for k in shapes) else ModelFamily.SD1


def _refuse_others(shapes: Shapes, path: Path) -> None:
    for mark, name in _OTHER_FAMILIES:
        if _has(shapes, mark):
            raise ModelError(
                f"{path}: this is {name}, which this host cannot run "
                "(it runs Stable Diffusion 1 and 2, SDXL and Flux)"
            )


def _has(shapes: Shapes, part: str) -> bool:
    return any(part in name for name in shapes)


def below(shapes: Shapes, prefix: str) -> dict[str, tuple[int, ...]]:
    """Return the shapes whose names begin with ``prefix``, by the rest of their names."""
    return {name[len(prefix) :]: shape for name, shape in shapes.items() if name.startswith(prefix)}


def count(shapes: Shapes, pattern: str) -> int:
    """Return one more than the highest number that stands at ``(\\d+)`` in matching names."""
    found = [int(match[1]) for name in shapes if (match := re.match(pattern, name))]
    return max(found, default=-1) + 1
