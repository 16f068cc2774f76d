"""From a `GuardPlan` to the host's processing object: picture and infotext."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...policy import GuardPlan
from .reading import batch_slice

HIRES_CFG_KEY = "Hires CFG Scale"

_JOB_LISTS = ("all_prompts", "all_negative_prompts", "all_hr_prompts", "all_hr_negative_prompts")
_VALUES = ("main_prompt", "main_negative_prompt", "cfg_scale", "hr_cfg")


def apply_plan(p: Any, plan: GuardPlan, batch_number: int) -> None:
    """Write the guarded texts and CFG scales where the host reads them for this batch.

    The lists in ``p`` are changed in place: other scripts hold them too. Nothing is written
    that the plan did not change.
    """
    here = batch_slice(p, batch_number)
    request = plan.request
    if plan.first.prompts is not request.first.prompts:
        p.prompts[:] = plan.first.prompts
        p.all_prompts[here] = plan.first.prompts
        if batch_number == 0 and p.main_prompt == request.first.prompts[0]:
            p.main_prompt = plan.first.prompts[0]
    if plan.first.negative_prompts is not request.first.negative_prompts:
        p.negative_prompts[:] = plan.first.negative_prompts
        p.all_negative_prompts[here] = plan.first.negative_prompts
        if batch_number == 0 and p.main_negative_prompt == request.first.negative_prompts[0]:
            p.main_negative_prompt = plan.first.negative_prompts[0]
    if plan.first.cfg_scale != request.first.cfg_scale:
        p.cfg_scale = plan.first.cfg_scale
    if plan.hires is not None and request.hires is not None:
        p.all_hr_prompts[here] = plan.hires.prompts
        p.all_hr_negative_prompts[here] = plan.hires.negative_prompts
        if plan.hires.cfg_scale != request.hires.cfg_scale:
            set_hires_cfg(p, plan.hires.cfg_scale)


def as_asked(p: Any, batch_number: int) -> Callable[[], None]:
    """Return a function that restores what `apply_plan` may change for this batch."""
    here = batch_slice(p, batch_number)
    own = {name: list(getattr(p, name)) for name in ("prompts", "negative_prompts")}
    job = {name: list(getattr(p, name)[here]) for name in _JOB_LISTS if getattr(p, name, None)}
    values = {name: getattr(p, name) for name in _VALUES if hasattr(p, name)}
    hires_cfg = p.extra_generation_params.get(HIRES_CFG_KEY)

    def undo() -> None:
        for name, texts in own.items():
            getattr(p, name)[:] = texts
        for name, texts in job.items():
            getattr(p, name)[here] = texts
        for name, value in values.items():
            setattr(p, name, value)
        if HIRES_CFG_KEY in p.extra_generation_params:
            p.extra_generation_params[HIRES_CFG_KEY] = hires_cfg

    return undo


def set_hires_cfg(p: Any, value: float | None) -> None:
    """Set the hires pass's CFG scale and the infotext key that the host wrote earlier."""
    p.hr_cfg = value
    if HIRES_CFG_KEY in p.extra_generation_params:
        p.extra_generation_params[HIRES_CFG_KEY] = value
