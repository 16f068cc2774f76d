"""What this host can do: one small question per function, asked of the host itself.

No function looks at a version; each makes the one test that decides its question.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...loras.families import ModelFamily
from .dry_run import reads_weight, survives_unknown_name

_ENGINE_FAMILIES = {
    "Flux": ModelFamily.FLUX,
    "Flux2": ModelFamily.FLUX2,
    "Chroma": ModelFamily.CHROMA,
    "ZImage": ModelFamily.ZIMAGE,
    "QwenImage": ModelFamily.QWEN,
    "Qwen": ModelFamily.QWEN,
    "Wan": ModelFamily.WAN,
    "Krea": ModelFamily.KREA,
    "Krea2": ModelFamily.KREA,
    "Mugen": ModelFamily.SDXL,
    "PiD": ModelFamily.PID,
    "PID": ModelFamily.PID,
    "Lumina2": ModelFamily.LUMINA,
    "Anima": ModelFamily.ANIMA,
    "Ernie": ModelFamily.ERNIE,
    "ErnieImage": ModelFamily.ERNIE,
}
_SCHEDULERS = ("loracontrol", "loractlscript")
"""Classes of scripts that read weight schedules before the loader sees them, in small letters:
*LoRA Control Integrated* of later versions of Forge Neo, and loractl."""

_SCHEDULE = "[1@0,0@1]"
_WORD_FOR_A_WEIGHT = "OUTALL"
"""A preset of LoRA Block Weight, as its users wrote it while loaders did not look at it."""

_FLAGS = (
    ("is_sd3", ModelFamily.SD3),
    ("is_sdxl", ModelFamily.SDXL),
    ("is_ssd", ModelFamily.SDXL),
    ("is_sd2", ModelFamily.SD2),
    ("is_sd1", ModelFamily.SD1),
)


_WORD = re.compile(r"[a-z]+")
_OFFICIAL_KLEIN = re.compile(r"^flux[-_. ]?2[-_. ]klein[-_. ][49]b(?![a-z])")
"""Black Forest Labs' own names of the distilled models, with any suffix for a format."""


def model_family(sd_model: Any) -> ModelFamily:
    """Return the family of a loaded checkpoint, from its engine's name or its flags.

    Forge and Neo have one engine class per family and flags for SD only; A1111 and reForge
    have one class and flags for all that they load.
    """
    name = type(sd_model).__name__
    if name in _ENGINE_FAMILIES:
        return _ENGINE_FAMILIES[name]
    for flag, family in _FLAGS:
        if getattr(sd_model, flag, False):
            return family
    repository = getattr(getattr(sd_model, "model_config", None), "huggingface_repo", "") or ""
    if "flux" in str(repository).lower():
        return ModelFamily.FLUX
    return ModelFamily.UNKNOWN


def distilled_guidance(sd_model: Any) -> bool:
    """Whether guidance is an input of the model instead of a second pass (Flux dev)."""
    return bool(getattr(sd_model, "use_distilled_cfg_scale", False))


def distilled(family: ModelFamily, filename: str | None) -> bool | None:
    """Whether a checkpoint is a distilled one, where its family comes as both (Flux.2 Klein).

    Both have the same layers, so only the file's name tells: ``flux-2-klein-base-4b`` is the base
    model, ``flux-2-klein-4b`` the distilled one. ``None`` where it does not, or the family comes
    as one.
    """
    if family is not ModelFamily.FLUX2 or not filename:
        return None
    name = Path(filename).stem.lower()
    if "undistill" in name or "de-distill" in name or "dedistill" in name:
        return False
    if "distill" in name:
        return True
    if "klein" not in name:
        return None
    if "base" in _WORD.findall(name):
        return False
    return True if _OFFICIAL_KLEIN.search(name) else None


def _has_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def loads_flux() -> bool:
    """Whether the host has an engine for Flux checkpoints."""
    return _has_module("backend.diffusion_engine.flux")


def hires_has_own_cfg() -> bool:
    """Whether the hires pass has a CFG scale of its own."""
    from modules.processing import StableDiffusionProcessingTxt2Img

    return hasattr(StableDiffusionProcessingTxt2Img, "hr_cfg")


def unknown_lora_drops_all() -> bool:
    """Whether one unknown LoRA name makes the host drop all LoRAs of the prompt.

    That is so where the host's ``load_networks`` raises for a LoRA that it cannot find (Forge,
    reForge); other hosts skip it.
    """
    try:
        import networks
    except ImportError:  # the host's Lora extension is switched off
        return False
    return survives_unknown_name(getattr(networks, "load_networks", None)) is False


def reads_weight_schedules() -> bool | None:
    """Whether something on this host reads weights such as ``[1@0,0@0.5]``; ``None``: not known.

    Either a script takes them out of the prompt before the LoRA loader sees them, or the loader
    itself reads them. All others fail on a weight that is no number.
    """
    try:
        from modules import extra_networks, scripts
    except ImportError:
        return None
    classes = [getattr(data, "script_class", None) for data in getattr(scripts, "scripts_data", ())]
    if any(getattr(kind, "__name__", "").lower() in _SCHEDULERS for kind in classes):
        return True
    return reads_weight(_activate_of(extra_networks), _SCHEDULE)


def reads_weight_words() -> bool | None:
    """Whether the LoRA loader takes a word for a weight; ``None``: not known.

    Where it does not, a tool that gives words a meaning comes too late: no LoRA is loaded. A loader
    that an extension has put before the host's own (loractl) hands on what it does not read.
    """
    try:
        from modules import extra_networks
    except ImportError:
        return None
    loader = getattr(extra_networks, "extra_network_registry", {}).get("lora")
    for kind in type(loader).__mro__:
        answer = reads_weight(vars(kind).get("activate"), _WORD_FOR_A_WEIGHT)
        if answer is not None:
            return answer
    return None


def _activate_of(extra_networks: Any) -> Any:
    loader = getattr(extra_networks, "extra_network_registry", {}).get("lora")
    return getattr(type(loader), "activate", None)


def generates_elsewhere() -> bool:
    """Whether the host sends its requests to a remote service, past all scripts.

    A fork of Forge Neo does so in its *API* mode: nothing of an extension runs then.
    """
    from modules.shared import opts

    return getattr(opts, "forge_model_mode", "local") == "api"


def hires_cfg(p: Any) -> float | None:
    """Return the hires pass's own CFG scale; ``None`` where it uses the first pass's.

    A1111 has no such attribute; on reForge 0 means the first pass's.
    """
    value = getattr(p, "hr_cfg", None)
    return float(value) if value is not None and value > 0 else None


def loaded_embeddings(sd_model: Any) -> frozenset[str]:
    """Return the names of the textual-inversion embeddings the checkpoint can use."""
    for engine in ("text_processing_engine", "text_processing_engine_l"):
        embeddings = getattr(getattr(sd_model, engine, None), "embeddings", None)
        if embeddings is not None:
            return frozenset(getattr(embeddings, "word_embeddings", {}))
    try:
        from modules.sd_hijack import model_hijack
    except ImportError:
        return frozenset()
    database = getattr(model_hijack, "embedding_db", None)
    return frozenset(getattr(database, "word_embeddings", {}))


def has_forge_backend() -> bool:
    """Whether models run on Forge's own backend, patched in layers (Forge, Neo)."""
    return _has_module("backend.sampling.sampling_function")


def has_classic_denoiser() -> bool:
    """Whether samplers call k-diffusion's wrapper around the model itself (A1111).

    reForge has that wrapper too, but its samplers go past it.
    """
    return _has_module("k_diffusion.external") and not _has_module("ldm_patched")


def has_patched_denoiser() -> bool:
    """Whether models run on a copy of ComfyUI's backend, by a function of its own (reForge)."""
    return _has_module("modules_forge.forge_sampler") and _has_module("ldm_patched.modules")
