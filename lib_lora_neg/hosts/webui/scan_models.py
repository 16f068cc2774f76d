"""The model that a host has loaded, asked as its samplers ask it: one class per kind of backend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from ...loras.families import ModelFamily
from ...scan.ports import Sampling
from . import capabilities
from .checkpoint import selected_family

_CLASSIC = frozenset({ModelFamily.SD1, ModelFamily.SD2, ModelFamily.SDXL})
"""Families that A1111 runs through k-diffusion's wrapper."""


class HostModel(Protocol):
    """A loaded checkpoint whose denoiser can be asked alone."""

    def load(self) -> None:
        """Have the selected checkpoint in memory, without what earlier generations patched."""

    def ready(self, sampling: Sampling) -> AbstractContextManager[tuple[int, int, int]]:
        """Take the LoRAs that are loaded now; yield the latent's channels, height and width."""

    def encode(self, text: str, sampling: Sampling, step: int = 0) -> Any:
        """Return a prompt's conditioning as it is at a step, for `denoise`."""

    def denoise(
        self, latent: Any | None, noise: Any, level: float, cond: Any
    ) -> tuple[Any, Any, Any]:
        """Return the noisy latent, the model's estimate of the clean one, and the noise level.

        Args:
            latent: a batch of one; ``None`` for noise alone.
            noise: standard normal, of the same shape.
            level: 0 is the schedule's lowest, 1 its highest.
            cond: from `encode`.
        """


def model_of_host() -> HostModel | None:
    """Return the selected checkpoint's model; ``None`` where it cannot be asked alone."""
    if capabilities.has_forge_backend():
        return _ForgeModel()
    if capabilities.has_patched_denoiser():
        return _PatchedModel()
    if capabilities.has_classic_denoiser() and selected_family()[0] in _CLASSIC:
        return _ClassicModel()
    return None


def _prompts(text: str, sampling: Sampling, **more: Any) -> Any:
    from modules import prompt_parser

    return prompt_parser.SdConditioning(
        [text], width=sampling.width, height=sampling.height, **more
    )


def _encoded(model: Any, prompts: Any, steps: int, step: int) -> Any:
    from modules import prompt_parser

    schedules = prompt_parser.get_learned_conditioning(model, prompts, steps)
    return prompt_parser.reconstruct_cond_batch(schedules, step)


def _sigma(sigmas: Any, level: float) -> Any:
    """Return the noise level: 0 is the schedule's lowest, 1 its highest."""
    return sigmas[round(min(max(level, 0.0), 1.0) * (len(sigmas) - 1))]


class _ClassicModel:
    """A1111: k-diffusion's wrapper around the model, as its samplers have it."""

    def load(self) -> None:
        from modules import sd_models

        sd_models.reload_model_weights()

    @contextmanager
    def ready(self, sampling: Sampling) -> Iterator[tuple[int, int, int]]:
        import torch
        from modules import sd_samplers, shared
        from modules.processing import opt_C, opt_f

        self._sd_model = shared.sd_model
        self._wrap = sd_samplers.create_sampler("Euler", self._sd_model).model_wrap
        self._size = (sampling.width, sampling.height)
        channels = getattr(self._sd_model, "latent_channels", opt_C)
        with torch.no_grad(), self._sd_model.ema_scope():
            yield (channels, sampling.height // opt_f, sampling.width // opt_f)

    def encode(self, text: str, sampling: Sampling, step: int = 0) -> Any:
        from modules import devices

        with devices.autocast():
            return _encoded(self._sd_model, _prompts(text, sampling), sampling.steps, step)

    def denoise(
        self, latent: Any | None, noise: Any, level: float, cond: Any
    ) -> tuple[Any, Any, Any]:
        from modules import devices
        from modules.processing import txt2img_image_conditioning

        sigma = _sigma(self._wrap.sigmas, level).to(noise)
        x = noise * sigma if latent is None else latent + noise * sigma
        blank = txt2img_image_conditioning(self._sd_model, x, *self._size)
        text = cond if isinstance(cond, dict) else {"c_crossattn": [cond]}
        upcast = devices.unet_needs_upcast
        with devices.without_autocast() if upcast else devices.autocast():
            denoised = self._wrap(x, sigma.reshape(1), cond={**text, "c_concat": [blank]})
        return x, denoised, sigma


class _ObjectsModel:
    """What the two backends share that keep a model's parts in ``forge_objects``, to be patched."""

    def _channels(self) -> int:
        """Return the latent's channels."""
        raise NotImplementedError

    def _sampling(self) -> Any:
        """Return the module with ``sampling_prepare`` and ``sampling_cleanup``."""
        raise NotImplementedError

    @contextmanager
    def ready(self, sampling: Sampling) -> Iterator[tuple[int, int, int]]:
        import torch
        from modules import shared
        from modules.processing import opt_f

        self._model = shared.sd_model
        self._model.forge_objects = self._model.forge_objects_after_applying_lora.shallow_copy()
        self._unet = self._model.forge_objects.unet
        self._size, self._prepared = (sampling.width, sampling.height), False
        with torch.inference_mode():
            try:
                yield (self._channels(), sampling.height // opt_f, sampling.width // opt_f)
            finally:
                self._sampling().sampling_cleanup(self._unet)

    def _be_prepared(self, x: Any) -> None:
        """Prepare once, after the text encoder has left the device."""
        if not self._prepared:
            self._sampling().sampling_prepare(self._unet, x)
            self._prepared = True


class _ForgeModel(_ObjectsModel):
    """Forge: the function that its samplers call, on the patched model."""

    def load(self) -> None:
        from modules import sd_models

        model, _ = sd_models.forge_model_reload()
        model.forge_objects = model.forge_objects_original.shallow_copy()

    def _sampling(self) -> Any:
        from backend.sampling import sampling_function

        return sampling_function

    def _channels(self) -> int:
        return int(self._model.forge_objects.vae.latent_channels)

    def encode(self, text: str, sampling: Sampling, step: int = 0) -> Any:
        from backend.sampling.condition import compile_conditions
        from modules.shared import opts

        more = {}
        if sampling.distilled_cfg is not None:
            more["distilled_cfg_scale"] = sampling.distilled_cfg
        self._model.set_clip_skip(int(opts.CLIP_stop_at_last_layers))
        cond = _encoded(self._model, _prompts(text, sampling, **more), sampling.steps, step)
        return compile_conditions(cond)

    def denoise(
        self, latent: Any | None, noise: Any, level: float, cond: Any
    ) -> tuple[Any, Any, Any]:
        import torch
        from backend.sampling.condition import Condition
        from backend.sampling.sampling_function import calc_cond_uncond_batch
        from modules.processing import txt2img_image_conditioning

        predictor = self._unet.model.predictor
        sigma = _sigma(predictor.sigmas, level).to(noise)
        clean = torch.zeros_like(noise) if latent is None else latent
        x = predictor.noise_scaling(sigma.reshape([1] * noise.ndim), noise, clean)
        self._be_prepared(x)
        if self._model.is_inpaint:
            blank = txt2img_image_conditioning(self._model, x, *self._size)
            cond[0]["model_conds"]["c_concat"] = Condition(blank)
        denoised, _ = calc_cond_uncond_batch(
            self._unet.model, cond, None, x, sigma.reshape(1), self._unet.model_options
        )
        return x, denoised, sigma


class _PatchedModel(_ObjectsModel):
    """reForge: the function that its samplers call, on the patched model of its own backend."""

    def load(self) -> None:
        from modules import sd_models, shared

        sd_models.reload_model_weights()
        shared.sd_model.forge_objects = shared.sd_model.forge_objects_original.shallow_copy()

    def _sampling(self) -> Any:
        from modules_forge import forge_sampler

        return forge_sampler

    def _channels(self) -> int:
        from modules.processing import opt_C

        return int(getattr(self._model, "latent_channels", opt_C))

    def encode(self, text: str, sampling: Sampling, step: int = 0) -> Any:
        from modules import devices
        from modules_forge.forge_sampler import cond_from_a1111_to_patched_ldm

        with devices.autocast():
            cond = _encoded(self._model, _prompts(text, sampling), sampling.steps, step)
        return cond_from_a1111_to_patched_ldm(cond)

    def denoise(
        self, latent: Any | None, noise: Any, level: float, cond: Any
    ) -> tuple[Any, Any, Any]:
        import torch
        from ldm_patched.modules.conds import CONDRegular
        from ldm_patched.modules.samplers import sampling_function
        from modules.processing import txt2img_image_conditioning

        schedule = self._unet.model.model_sampling
        sigma = _sigma(schedule.sigmas, level).to(noise)
        clean = torch.zeros_like(noise) if latent is None else latent
        x = schedule.noise_scaling(sigma.reshape(1), noise, clean)
        self._be_prepared(x)
        blank = txt2img_image_conditioning(self._model, x, *self._size)
        if blank.shape[0] == x.shape[0] and blank.shape[2:] == x.shape[2:]:  # inpainting models
            cond[0]["model_conds"]["c_concat"] = CONDRegular(blank)
        # At scale 1 the prompt alone is asked.
        denoised = sampling_function(
            self._unet.model, x, sigma.reshape(1), None, cond, 1.0, self._unet.model_options
        )
        return x, denoised, sigma
