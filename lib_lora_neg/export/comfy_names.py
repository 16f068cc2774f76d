"""Samplers, schedules and upscalers of A1111 and Forge by ComfyUI's names."""

from __future__ import annotations

from typing import NamedTuple

SAMPLERS = {
    "euler": "euler",
    "euler a": "euler_ancestral",
    "euler cfg++": "euler_cfg_pp",
    "euler a cfg++": "euler_ancestral_cfg_pp",
    "lms": "lms",
    "heun": "heun",
    "heunpp2": "heunpp2",
    "dpm2": "dpm_2",
    "dpm2 a": "dpm_2_ancestral",
    "dpm++ 2s a": "dpmpp_2s_ancestral",
    "dpm++ 2s a cfg++": "dpmpp_2s_ancestral_cfg_pp",
    "dpm++ 2m": "dpmpp_2m",
    "dpm++ 2m cfg++": "dpmpp_2m_cfg_pp",
    "dpm++ sde": "dpmpp_sde",
    "dpm++ 2m sde": "dpmpp_2m_sde",
    "dpm++ 2m sde heun": "dpmpp_2m_sde_heun",
    "dpm++ 3m sde": "dpmpp_3m_sde",
    "dpm fast": "dpm_fast",
    "dpm adaptive": "dpm_adaptive",
    "ddim": "ddim",
    "ddpm": "ddpm",
    "unipc": "uni_pc",
    "lcm": "lcm",
    "ipndm": "ipndm",
    "ipndm_v": "ipndm_v",
    "deis": "deis",
    "res multistep": "res_multistep",
    "res multistep cfg++": "res_multistep_cfg_pp",
    "gradient estimation": "gradient_estimation",
    "er sde": "er_sde",
    "sa solver": "sa_solver",
    "seeds 2": "seeds_2",
    "seeds 3": "seeds_3",
}
NEAR_SAMPLERS = {"plms": "ipndm", "restart": "euler", "ddim cfg++": "ddim"}
"""Samplers that ComfyUI's core lacks, with the nearest one that it has."""

SCHEDULES = {
    "uniform": "normal",
    "normal": "normal",
    "karras": "karras",
    "exponential": "exponential",
    "sgm uniform": "sgm_uniform",
    "simple": "simple",
    "ddim": "ddim_uniform",
    "beta": "beta",
    "kl optimal": "kl_optimal",
    "linear quadratic": "linear_quadratic",
}
NEAR_SCHEDULES = {
    "polyexponential": "exponential",
    "align your steps": "karras",
    "align your steps gits": "karras",
    "align your steps 11": "karras",
    "align your steps 32": "karras",
    "turbo": "sgm_uniform",
}

_OWN_SCHEDULES = {
    "dpm2": "karras",
    "dpm2 a": "karras",
    "dpm++ 2s a": "karras",
    "dpm++ 2m": "karras",
    "dpm++ sde": "karras",
    "dpm++ 2m sde": "exponential",
    "dpm++ 2m sde heun": "exponential",
    "dpm++ 3m sde": "exponential",
    "ddim": "ddim_uniform",
}
"""What *Automatic* means in A1111 (``sd_samplers_kdiffusion``), where it is not uniform."""

LATENT_UPSCALERS = {
    "latent": "bilinear",
    "latent (antialiased)": "bilinear",
    "latent (bicubic)": "bicubic",
    "latent (bicubic antialiased)": "bicubic",
    "latent (nearest)": "nearest-exact",
    "latent (nearest-exact)": "nearest-exact",
}
PIXEL_UPSCALERS = {"lanczos": "lanczos", "nearest": "nearest-exact"}


class ComfyName(NamedTuple):
    """ComfyUI's name, and whether it is the very same thing."""

    name: str
    same: bool = True


class ComfySampling(NamedTuple):
    """A sampler and a schedule by ComfyUI's names."""

    sampler: ComfyName
    schedule: ComfyName


def choose(sampler: str, schedule: str, *, flow: bool = False) -> ComfySampling:
    """Return what A1111's names stand for; older ones have the schedule in them.

    Args:
        sampler: empty takes Euler.
        schedule: empty or ``Automatic`` takes the sampler's own.
        flow: of a model of rectified flow, whose own schedule is ``simple``.
    """
    name, asked = sampler.strip().lower() or "euler", schedule.strip().lower()
    if name not in SAMPLERS and name not in NEAR_SAMPLERS:
        for known in (*SCHEDULES, *NEAR_SCHEDULES):
            stem = name.removesuffix(f" {known}")
            if stem != name and (stem in SAMPLERS or stem in NEAR_SAMPLERS):
                name, asked = stem, asked if asked not in ("", "automatic") else known
                break
    chosen = _named(name, SAMPLERS, NEAR_SAMPLERS, "euler")
    if asked in ("", "automatic"):
        own = "simple" if flow else _OWN_SCHEDULES.get(name, "normal")
        return ComfySampling(chosen, ComfyName(own))
    return ComfySampling(chosen, _named(asked, SCHEDULES, NEAR_SCHEDULES, "normal"))


def _named(name: str, same: dict[str, str], near: dict[str, str], other: str) -> ComfyName:
    if name in same:
        return ComfyName(same[name])
    if name.replace(" ", "_") in same.values():
        return ComfyName(name.replace(" ", "_"))
    return ComfyName(near.get(name, other), same=False)


def file_name(name: str) -> str:
    """Return a model's file name; one without an ending gets the usual one."""
    known = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf")
    return name if name.lower().endswith(known) else f"{name}.safetensors"
