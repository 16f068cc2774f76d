"""The text beside a picture, as A1111 writes it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import BinaryIO

from PIL.PngImagePlugin import PngInfo

from ... import __version__
from ...infotext import (
    CFG,
    DISTILLED_CFG,
    HIRES_CFG,
    HIRES_NEGATIVE,
    HIRES_PROMPT,
    Infotext,
    format_infotext,
)
from ...library.hashes import SHORT
from ...scan.ports import LoraSetting
from .. import branch_keys, guidance_keys
from .engine import Engine
from .errors import HostError
from .job import GeneratedPicture, GenerationJob
from .passes import PassTexts
from .samplers import AUTOMATIC


def write_infotext(
    engine: Engine,
    job: GenerationJob,
    seed: int,
    first: PassTexts,
    hires: PassTexts | None,
    guard: dict[str, str],
) -> str:
    """Return the infotext of one picture: A1111's keys in its order, then the guard's.

    Args:
        engine: what made it.
        job: with its defaults filled in.
        seed: of this picture.
        first: what the first pass was made of, tags in the prompt.
        hires: likewise of the second pass.
        guard: the guard's keys.
    """
    parameters: dict[str, str] = {"Steps": str(job.steps), "Sampler": job.sampler}
    if job.scheduler != AUTOMATIC:
        parameters["Schedule type"] = job.scheduler
    parameters[CFG] = _number(first.cfg)
    if job.distilled_cfg is not None:
        parameters[DISTILLED_CFG] = _number(job.distilled_cfg)
    parameters |= {"Seed": str(seed), "Size": f"{job.width}x{job.height}"}
    parameters |= _model(engine)
    if job.init_image is not None:
        parameters["Denoising strength"] = _number(job.denoising_strength)
    elif job.hires is not None:
        parameters["Denoising strength"] = _number(job.hires.denoising_strength)
    # The noise is that of the CPU's generator, which in A1111 is a setting.
    parameters["RNG"] = "CPU"
    if job.clip_skip > 1:
        parameters["Clip skip"] = str(job.clip_skip)
    if hires is not None:
        parameters |= _hires(job, first, hires)
    if job.guidance is not None:
        parameters |= guidance_keys.infotext_keys(job.guidance, engine.passes.denoiser.kind)
    hashes = _lora_hashes(engine, (*first.loras, *(hires.loras if hires else ())))
    if hashes:
        parameters["Lora hashes"] = hashes
    parameters |= branch_keys.infotext_keys(first.loras, first.cfg)
    parameters |= guard
    parameters["Version"] = f"lora-neg {__version__}"
    return format_infotext(Infotext(first.prompt, first.negative_prompt, parameters))


def save_png(picture: GeneratedPicture, path: str | os.PathLike[str] | BinaryIO) -> None:
    """Write a picture with its infotext where A1111 has it, as a PNG.

    Raises:
        OSError: the disk does not take it.
    """
    info = PngInfo()
    info.add_text("parameters", picture.infotext)
    target = path if hasattr(path, "write") else os.fspath(path)
    picture.image.save(target, format="PNG", pnginfo=info)


def _model(engine: Engine) -> dict[str, str]:
    parameters = {}
    try:
        digest = engine.digest()
    except HostError:  # the file was moved away; the picture is there nevertheless
        digest = ""
    if digest:
        parameters["Model hash"] = digest[:SHORT]
    parameters["Model"] = engine.name.replace(",", "").replace(":", "")
    return parameters


def _hires(job: GenerationJob, first: PassTexts, hires: PassTexts) -> dict[str, str]:
    assert job.hires is not None
    parameters = {}
    if hires.prompt != first.prompt:
        parameters[HIRES_PROMPT] = hires.prompt
    if hires.negative_prompt != first.negative_prompt:
        parameters[HIRES_NEGATIVE] = hires.negative_prompt
    if hires.cfg != first.cfg:
        parameters[HIRES_CFG] = _number(hires.cfg)
    parameters["Hires upscale"] = _number(job.hires.scale)
    if job.hires.steps:
        parameters["Hires steps"] = str(job.hires.steps)
    parameters["Hires upscaler"] = "Latent"
    return parameters


def _lora_hashes(engine: Engine, loras: Sequence[LoraSetting]) -> str:
    pairs = {}
    for lora in loras:
        card = engine.get(lora.name)
        digest = engine.hashes.of_lora(card) if card is not None else ""
        if digest:
            pairs[lora.name.replace(":", "").replace(",", "")] = digest
    return ", ".join(f"{name}: {digest}" for name, digest in pairs.items())


def _number(value: float) -> str:
    return f"{value:g}"
