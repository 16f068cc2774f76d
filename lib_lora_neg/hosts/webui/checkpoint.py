"""Which checkpoint is selected, looked at without loading one."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from ...loras.families import ModelFamily
from ...loras.families.base_names import family_of_name
from ...loras.reading.header import LoraFileError, read_header
from . import capabilities

_MARKS = (
    ("joint_blocks.", ModelFamily.SD3),
    ("distilled_guidance_layer.", ModelFamily.CHROMA),
    ("double_stream_modulation_img.", ModelFamily.FLUX2),
    ("individual_token_refiner.", ModelFamily.HUNYUAN),
    ("double_blocks.", ModelFamily.FLUX),
    ("conditioner.embedders.1.", ModelFamily.SDXL),
    ("model.diffusion_model.label_emb.", ModelFamily.SDXL),
    ("cond_stage_model.model.transformer.", ModelFamily.SD2),
    ("cond_stage_model.transformer.", ModelFamily.SD1),
    ("lq_proj.latent_proj.", ModelFamily.PID),
    ("cap_pad_token", ModelFamily.ZIMAGE),
    ("cap_embedder.", ModelFamily.LUMINA),
    ("head.modulation", ModelFamily.WAN),
    ("llm_adapter.blocks.", ModelFamily.ANIMA),
    ("txtfusion.projector.", ModelFamily.KREA),
    ("layers.0.mlp.linear_fc2.", ModelFamily.ERNIE),
    ("txt_norm.weight", ModelFamily.QWEN),
)
"""Pieces of tensor names that only one family's checkpoints have, the surest first."""


def loaded_model() -> Any | None:
    """Return the checkpoint in memory, or ``None``; never loads one."""
    from modules import sd_models

    # `shared.sd_model` would load it.
    model = getattr(sd_models.model_data, "sd_model", None)
    return model if getattr(model, "sd_checkpoint_info", None) is not None else None


def selected_info() -> Any | None:
    """Return the host's record of the checkpoint that the next generation uses, if known."""
    from modules import sd_models, shared

    loading = getattr(sd_models.model_data, "forge_loading_parameters", None) or {}
    info = loading.get("checkpoint_info")
    if info is None:
        aliases = getattr(sd_models, "checkpoint_aliases", None) or {}
        info = aliases.get(getattr(shared.opts, "sd_model_checkpoint", None))
    return info


def selected_file() -> str | None:
    """Return the file of the checkpoint that the next generation uses, if that is known."""
    filename = getattr(selected_info(), "filename", None)
    return str(filename) if filename else None


def file_of(model: Any) -> str | None:
    """Return the file that a loaded model came from, if that is known."""
    filename = getattr(getattr(model, "sd_checkpoint_info", None), "filename", None)
    return str(filename) if filename else None


def selected_family() -> tuple[ModelFamily, Any | None]:
    """Return the family of the selected checkpoint, and the model if that is the loaded one."""
    model, path = loaded_model(), selected_file()
    if model is not None and path in (None, str(model.sd_checkpoint_info.filename)):
        return capabilities.model_family(model), model
    if path is None:
        return ModelFamily.UNKNOWN, None
    try:
        changed = Path(path).stat().st_mtime_ns
    except OSError:
        return ModelFamily.UNKNOWN, None
    return _family_of_file(path, changed), None


def family_of_preset() -> ModelFamily:
    """Return the family that the page is set up for (Forge's and Neo's *UI preset*), if it says.

    It is what the user last chose, not what a file is: only a guess where no file tells.
    """
    from modules import shared

    preset = getattr(shared.opts, "forge_preset", None)
    return family_of_name(preset) if isinstance(preset, str) else ModelFamily.UNKNOWN


@lru_cache(maxsize=64)
def _family_of_file(path: str, changed: int) -> ModelFamily:
    """Tell the family from the tensors' names; ``changed`` is there to forget an old file."""
    try:
        names = list(read_header(path).tensors)
    except LoraFileError:
        return ModelFamily.UNKNOWN
    for mark, family in _MARKS:
        if any(mark in name for name in names):
            return family
    return ModelFamily.UNKNOWN
