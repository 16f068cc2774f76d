"""The host on the diffusers library: the guard, its library and the scan without a WebUI.

    from lib_lora_neg.hosts.diffusers import open_host
    host = open_host("model.safetensors", lora_folders=["loras"])
    made = host.generate(prompt="a lake <lora:inkwash:-0.9>", negative_prompt="blurry", seed=1)
    made.images[0], made.report.findings, made.pictures[0].infotext

or around a pipeline that is there already: `guarded`, and `guard_call` for one call of it.
"""

from .calls import GuardedCall, guard_call
from .errors import (
    HostError,
    JobError,
    LoraError,
    LoraFolderError,
    ModelError,
    UnguardedAdapterWarning,
)
from .host import DiffusersHost, guarded, open_host
from .infotext import save_png
from .job import GeneratedPicture, GenerationJob, GenerationResult, GenerationStep, HiresFix

__all__ = [
    "DiffusersHost",
    "GeneratedPicture",
    "GenerationJob",
    "GenerationResult",
    "GenerationStep",
    "GuardedCall",
    "HiresFix",
    "HostError",
    "JobError",
    "LoraError",
    "LoraFolderError",
    "ModelError",
    "UnguardedAdapterWarning",
    "guard_call",
    "guarded",
    "open_host",
    "save_png",
]
