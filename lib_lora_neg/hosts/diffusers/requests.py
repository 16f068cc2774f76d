"""From a job to what the guard is asked, and from texts with tags to raw weights."""

from __future__ import annotations

from dataclasses import replace

from ...policy import GenerationRequest, PromptSet
from ...prompts import parse
from ...prompts.blocks import read_blocks
from ...prompts.tags import NetworkTag
from ...scan.ports import LoraSetting
from .engine import Engine
from .job import GenerationJob


def read_request(engine: Engine, job: GenerationJob) -> GenerationRequest:
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
        wanted, fault = _setting(tag)
        if fault:
            problems.append(fault)
        before = found.get(tag.name)
        found[tag.name] = wanted if before is None else _sum(before, wanted)
    return tuple(lora for lora in found.values() if lora.acts), problems


def _setting(tag: NetworkTag) -> tuple[LoraSetting, str]:
    """Return what a tag of plain weights asks for, and what is wrong with its ``neg``."""
    te, unet = tag.te.value or 0.0, tag.unet.value or 0.0
    plain, fault = LoraSetting(tag.name, te, unet), ""
    if tag.blocks and read_blocks(tag.blocks) is None:
        fault = f"LoRA {tag.name}: blocks {tag.blocks!r} name no blocks; it acts in all"
    elif tag.blocks:
        plain = replace(plain, blocks=tag.blocks)
    if not tag.branched:
        return plain, fault
    if tag.branches is None:
        return plain, f"LoRA {tag.name}: neg is no weight; it acts on both branches alike"
    neg, negte = tag.branches
    return replace(plain, negative_unet=neg, negative_text_encoder=negte), fault


def _sum(first: LoraSetting, second: LoraSetting) -> LoraSetting:
    """Return both tags of one LoRA as one."""
    total = LoraSetting(
        first.name,
        first.text_encoder + second.text_encoder,
        first.unet + second.unet,
        blocks=first.blocks,
    )
    if not first.branched and not second.branched:
        return total
    both = (first, second)
    return replace(
        total,
        negative_unet=sum(
            one.unet if one.negative_unet is None else one.negative_unet for one in both
        ),
        negative_text_encoder=sum(
            one.text_encoder if one.negative_text_encoder is None else one.negative_text_encoder
            for one in both
        ),
    )


def _fault(tag: NetworkTag) -> str:
    if not tag.is_lora:
        return f"<{tag.type}:{tag.name}>: this host has no networks of this kind; left out"
    for weight in (tag.te, tag.unet):
        if weight.scheduled:
            return f"LoRA {tag.name}: this host knows no weight schedules ({weight.raw}); left out"
        if weight.value is None:
            return f"LoRA {tag.name}: {weight.raw!r} is no weight; left out"
    return ""
