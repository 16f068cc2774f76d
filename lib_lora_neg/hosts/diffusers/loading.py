"""A checkpoint, file or folder, as a diffusers pipeline on its device."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from ...loras.families import ModelFamily
from ...regular import read_regular
from .devices import choose_device, choose_dtype
from .errors import ModelError
from .layouts import family_of_file, read_shapes
from .quiet import quiet
from .single_file import Sources, load_single_file

INDEX = "model_index.json"

_FAMILIES = {
    "StableDiffusionPipeline": ModelFamily.SD1,
    "StableDiffusionImg2ImgPipeline": ModelFamily.SD1,
    "StableDiffusionXLPipeline": ModelFamily.SDXL,
    "StableDiffusionXLImg2ImgPipeline": ModelFamily.SDXL,
    "FluxPipeline": ModelFamily.FLUX,
    "FluxImg2ImgPipeline": ModelFamily.FLUX,
}
_CONTEXT_OF_SD2 = 1024


def load_pipeline(sources: Sources, device_name: str, dtype_name: str) -> tuple[Any, ModelFamily]:
    """Return a pipeline on its device, ready for use, and its family.

    Raises:
        ModelError: the checkpoint cannot be used.
        HostError: there is no such device or number format.
    """
    path = sources.checkpoint
    if not path.exists():
        raise ModelError(f"{path}: no such file or folder")
    device = choose_device(device_name)
    dtype = choose_dtype(dtype_name, device, flux=_is_flux(path))
    if path.is_dir():
        pipe = _load_folder(path, dtype)
        family = family_of_pipeline(pipe)
    else:
        with quiet():
            pipe, family = load_single_file(sources, dtype)
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            part.to(device).eval().requires_grad_(False)
    pipe.set_progress_bar_config(disable=True)
    return pipe, family


def family_of_pipeline(pipe: Any) -> ModelFamily:
    """Return the family of a pipeline.

    Raises:
        ModelError: this host cannot run it.
    """
    family = _FAMILIES.get(type(pipe).__name__)
    if family is None:
        raise ModelError(
            f"a {type(pipe).__name__} cannot be run by this host; it runs pipelines of "
            "Stable Diffusion 1 and 2, SDXL and Flux"
        )
    for name in ("unet", "transformer"):
        if hasattr(pipe, name) and getattr(pipe, name) is None:
            raise ModelError(f"this pipeline has no {name}")
    return family_of_parts(pipe)


def family_of_parts(pipe: Any) -> ModelFamily:
    """Return the family of any pipeline (ControlNet, inpainting …) by its parts."""
    if type(getattr(pipe, "transformer", None)).__name__ == "FluxTransformer2DModel":
        return ModelFamily.FLUX
    unet = getattr(pipe, "unet", None)
    if type(unet).__name__ != "UNet2DConditionModel" or unet is None:
        return ModelFamily.UNKNOWN
    if unet.config.addition_embed_type == "text_time":
        return ModelFamily.SDXL
    context = unet.config.cross_attention_dim
    return ModelFamily.SD2 if context == _CONTEXT_OF_SD2 else ModelFamily.SD1


def _is_flux(path: Path) -> bool:
    if path.is_dir():
        return "Flux" in str(_read_index(path).get("_class_name"))
    return family_of_file(read_shapes(path), path) is ModelFamily.FLUX


def _read_index(folder: Path) -> dict[str, Any]:
    index = folder / INDEX
    if not index.is_file():
        raise ModelError(f"{folder}: no model in the diffusers layout: there is no {INDEX} in it")
    try:
        content = json.loads(read_regular(index))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{index}: cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{index}: is no object")
    return content


def _load_folder(folder: Path, dtype: torch.dtype) -> Any:
    import diffusers

    name = str(_read_index(folder).get("_class_name"))
    if name not in _FAMILIES:
        raise ModelError(
            f"{folder}: a {name} cannot be run by this host; it runs pipelines of "
            "Stable Diffusion 1 and 2, SDXL and Flux"
        )
    options: dict[str, Any] = {}
    if name.startswith("StableDiffusion") and "XL" not in name:
        options = {"safety_checker": None, "requires_safety_checker": False}
    try:
        with quiet():
            return getattr(diffusers, name).from_pretrained(
                str(folder),
                torch_dtype=dtype,
                local_files_only=True,
                use_safetensors=True,
                variant=_variant(folder),
                **options,
            )
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, AttributeError) as error:
        raise ModelError(f"{folder}: cannot be loaded: {error}") from error


def _variant(folder: Path) -> str | None:
    """Return ``fp16`` where the weights are there in that variant only."""
    for part in ("unet", "transformer"):
        files = [file.name for file in (folder / part).glob("*.safetensors")]
        if files and all(".fp16." in file for file in files):
            return "fp16"
    return None
