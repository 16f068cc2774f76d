"""From a job to what the guard is asked, and from texts with tags to raw weights."""

from __future__ import annotations

from ...policy import GenerationRequest, PromptSet
from ...prompts import parse
from ...prompts.tags import NetworkTag
from ...scan.ports import LoraSetting
from .engine import Engine
from .job import Job


def read_request(engine: Engine, job: Job) -> GenerationRequest:
    """Return the job as the guard sees it; all pictures of a job have the same texts."""
    first = PromptSet((job.prompt,), (job.negative_prompt,), float(job.cfg_scale))
    hires = None
    if job.hires is not None:
        own = job.hires
        hires = PromptSet(
            (own.prompt or job.prompt,),
            (own.negative_prompt or job.negative_prompt,),
            own.cfg_scale,
        )
    return GenerationRequest(
        first=first,
        hires=hires,
        family=engine.family,
        distilled_guidance=engine.distilled,
        negative_guidance=job.guidance is not None and job.guidance.strength > 0,
        bad_weight_drops_all=False,
        weight_schedules=False,
    )


def loras_in(prompt: str) -> tuple[tuple[LoraSetting, ...], list[str]]:
    """Return the LoRAs that a prompt's tags ask for, and what is wrong with the other tags.

    A LoRA that stands several times has the sum of its weights, once.
    """
    found: dict[str, LoraSetting] = {}
    problems: list[str] = []
    for tag in parse(prompt).tags:
        fault = _fault(tag)
        if fault:
            problems.append(fault)
            continue
        te, unet = tag.te.value or 0.0, tag.unet.value or 0.0
        before = found.get(tag.name)
        if before is not None:
            te, unet = te + before.text_encoder, unet + before.unet
        found[tag.name] = LoraSetting(tag.name, te, unet)
    return tuple(lora for lora in found.values() if lora.text_encoder or lora.unet), problems


def _fault(tag: NetworkTag) -> str:
    if not tag.is_lora:
        return f"<{tag.type}:{tag.name}>: this host has no networks of this kind; left out"
    for weight in (tag.te, tag.unet):
        if weight.scheduled:
            return f"LoRA {tag.name}: this host knows no weight schedules ({weight.raw}); left out"
        if weight.value is None:
            return f"LoRA {tag.name}: {weight.raw!r} is no weight; left out"
    return ""
