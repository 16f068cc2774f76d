"""Samplers and noise schedules by the names that A1111 gives them, as schedulers of diffusers."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ...loras.families import ModelFamily
from .errors import JobError

AUTOMATIC = "Automatic"


@dataclass(frozen=True)
class Sampler:
    """One sampler.

    Attributes:
        name: A1111's.
        kind: class in ``diffusers``.
        options: for its constructor.
        schedule: what *Automatic* means for it (A1111 ``samplers_k_diffusion``).
        scheduled: whether A1111 lets the user choose its schedule.
    """

    name: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    schedule: str = "Uniform"
    scheduled: bool = True


_DPM = "DPMSolverMultistepScheduler"
_SDE = {"algorithm_type": "sde-dpmsolver++", "solver_order": 2}
_UNET_SAMPLERS = (
    Sampler("DPM++ 2M", _DPM, {"algorithm_type": "dpmsolver++", "solver_order": 2}, "Karras"),
    Sampler("DPM++ 2M SDE", _DPM, _SDE, "Exponential"),
    Sampler("DPM++ 2M SDE Heun", _DPM, {**_SDE, "solver_type": "heun"}, "Exponential"),
    Sampler("Euler a", "EulerAncestralDiscreteScheduler"),
    Sampler("Euler", "EulerDiscreteScheduler"),
    Sampler("LMS", "LMSDiscreteScheduler"),
    Sampler("Heun", "HeunDiscreteScheduler"),
    Sampler("DPM2", "KDPM2DiscreteScheduler", schedule="Karras"),
    Sampler("DPM2 a", "KDPM2AncestralDiscreteScheduler", schedule="Karras"),
    Sampler(
        "DDIM",
        "DDIMScheduler",
        {
            "clip_sample": False,
            "set_alpha_to_one": False,
            "steps_offset": 1,
            "timestep_spacing": "leading",
        },
        scheduled=False,
    ),
    Sampler(
        "PLMS",
        "PNDMScheduler",
        {"skip_prk_steps": True, "set_alpha_to_one": False, "steps_offset": 1},
        scheduled=False,
    ),
    Sampler("UniPC", "UniPCMultistepScheduler", {"solver_order": 3}, scheduled=False),
    Sampler("LCM", "LCMScheduler", scheduled=False),
)
_FLOW_SAMPLERS = (Sampler("Euler", "FlowMatchEulerDiscreteScheduler", schedule="Simple"),)

_UNET_SCHEDULES: Mapping[str, Mapping[str, Any]] = {
    "Uniform": {"timestep_spacing": "linspace"},
    "Karras": {"timestep_spacing": "linspace", "use_karras_sigmas": True},
    "Exponential": {"timestep_spacing": "linspace", "use_exponential_sigmas": True},
    "SGM Uniform": {"timestep_spacing": "trailing"},
    "Normal": {"timestep_spacing": "linspace"},
    "Beta": {"timestep_spacing": "linspace", "use_beta_sigmas": True},
}
_FLOW_SCHEDULES: Mapping[str, Mapping[str, Any]] = {
    "Simple": {},
    "Karras": {"use_karras_sigmas": True},
    "Exponential": {"use_exponential_sigmas": True},
    "Beta": {"use_beta_sigmas": True},
}

_KEPT = (
    "num_train_timesteps",
    "beta_start",
    "beta_end",
    "beta_schedule",
    "trained_betas",
    "prediction_type",
    "rescale_betas_zero_snr",
)
"""What of a model's own scheduler is the model's and not the scheduler's."""

_KEPT_FLOW = (
    "num_train_timesteps",
    "shift",
    "use_dynamic_shifting",
    "base_shift",
    "max_shift",
    "base_image_seq_len",
    "max_image_seq_len",
    "shift_terminal",
    "time_shift_type",
)


@dataclass(frozen=True)
class SamplerChoice:
    """A sampler and a schedule that go together, with A1111's names for the infotext."""

    sampler: Sampler
    schedule: str
    options: Mapping[str, Any] = field(default_factory=dict)


def sampler_names(family: ModelFamily) -> list[str]:
    """Return the samplers of a family, the default first."""
    return [sampler.name for sampler in _samplers(family)]


def schedule_names(family: ModelFamily) -> list[str]:
    """Return the schedules of a family, *Automatic* first."""
    return [AUTOMATIC, *_schedules(family)]


def choose(family: ModelFamily, name: str, schedule: str) -> SamplerChoice:
    """Return what the names stand for; an empty name is the family's default.

    Older names of A1111 have the schedule in them (``DPM++ 2M Karras``).

    Raises:
        JobError: there is no such sampler or schedule, or the two do not go together.
    """
    samplers = {sampler.name.lower(): sampler for sampler in _samplers(family)}
    schedules = {known.lower(): known for known in _schedules(family)}
    wanted = (name or sampler_names(family)[0]).strip().lower()
    asked = (schedule or AUTOMATIC).strip().lower()
    if wanted not in samplers:
        for known in sorted(schedules, key=len, reverse=True):
            stem = wanted.removesuffix(f" {known}")
            if stem != wanted and stem in samplers:
                wanted, asked = stem, known if asked == AUTOMATIC.lower() else asked
                break
    sampler = samplers.get(wanted)
    if sampler is None:
        raise JobError(f"no such sampler: {name!r} ({', '.join(sampler_names(family))})")
    if asked == AUTOMATIC.lower() or not sampler.scheduled:
        chosen = sampler.schedule
    elif asked in schedules:
        chosen = schedules[asked]
    else:
        raise JobError(f"no such schedule: {schedule!r} ({', '.join(schedule_names(family))})")
    options = _schedules(family)[chosen] if sampler.scheduled else {}
    refused = [key for key in options if key not in _parameters(sampler.kind)]
    if refused:
        raise JobError(f"the sampler {sampler.name} has no schedule {chosen} in this diffusers")
    return SamplerChoice(sampler, chosen if sampler.scheduled else AUTOMATIC, options)


def make_scheduler(choice: SamplerChoice, own: Any) -> Any:
    """Return a fresh scheduler for a model.

    Args:
        choice: of `choose`.
        own: the scheduler that the model came with: it knows the noise of the training.
    """
    import diffusers

    kind = getattr(diffusers, choice.sampler.kind)
    accepted = _parameters(choice.sampler.kind)
    kept = _KEPT_FLOW if choice.sampler in _FLOW_SAMPLERS else _KEPT
    config = {key: own.config[key] for key in kept if key in own.config and key in accepted}
    return kind(**{**config, **choice.sampler.options, **choice.options})


@lru_cache(maxsize=64)
def _parameters(kind: str) -> frozenset[str]:
    import diffusers

    return frozenset(inspect.signature(getattr(diffusers, kind).__init__).parameters)


def _samplers(family: ModelFamily) -> tuple[Sampler, ...]:
    return _FLOW_SAMPLERS if family is ModelFamily.FLUX else _UNET_SAMPLERS


def _schedules(family: ModelFamily) -> Mapping[str, Mapping[str, Any]]:
    return _FLOW_SCHEDULES if family is ModelFamily.FLUX else _UNET_SCHEDULES
