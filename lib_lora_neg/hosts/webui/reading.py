"""From the host's processing object to a `GenerationRequest`."""

from __future__ import annotations

from typing import Any

from ...policy import GenerationRequest, InjectedLora, PromptSet
from . import capabilities, checkpoint, guidance
from .tools import active_tools, cfg_tools_among, prompt_tools_among


def read_request(p: Any, batch_number: int) -> GenerationRequest:
    """Return one batch as it is about to be made.

    To be called in ``before_process_batch``: styles are merged, other scripts have written
    their prompts, tags are still in the text.
    """
    from modules import shared

    sd_model = p.sd_model
    family = capabilities.model_family(sd_model)
    tools = active_tools(p)
    return GenerationRequest(
        first=PromptSet(tuple(p.prompts), tuple(p.negative_prompts), float(p.cfg_scale)),
        hires=_hires(p, batch_number),
        family=family,
        distilled=capabilities.distilled(family, checkpoint.file_of(sd_model)),
        distilled_guidance=capabilities.distilled_guidance(sd_model),
        embeddings=capabilities.loaded_embeddings(sd_model),
        injected=injected_loras(),
        cfg_tools=cfg_tools_among(tools),
        prompt_tools=prompt_tools_among(tools, capabilities.reads_weight_words()),
        emphasis=getattr(shared.opts, "emphasis", "Original") != "None",
        unknown_lora_drops_all=capabilities.unknown_lora_drops_all(),
        weight_schedules=capabilities.reads_weight_schedules(),
        negative_guidance=guidance.is_on(p),
    )


def batch_slice(p: Any, batch_number: int) -> slice:
    """Return the place of a batch in the job's lists."""
    return slice(batch_number * p.batch_size, (batch_number + 1) * p.batch_size)


def _hires(p: Any, batch_number: int) -> PromptSet | None:
    if not getattr(p, "enable_hr", False) or not getattr(p, "all_hr_prompts", None):
        return None
    here = batch_slice(p, batch_number)
    return PromptSet(
        tuple(p.all_hr_prompts[here]),
        tuple(p.all_hr_negative_prompts[here]),
        capabilities.hires_cfg(p),
    )


def injected_loras() -> tuple[InjectedLora, ...]:
    """Return the LoRA that the host adds to every prompt by itself (``opts.sd_lora``)."""
    from modules.shared import opts

    name = getattr(opts, "sd_lora", "None")
    if not name or name == "None":
        return ()
    return (InjectedLora(str(name), float(opts.extra_networks_default_multiplier)),)
