"""The model that a host has loaded, asked as its samplers ask it: one class per kind of backend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from ...loras.families import ModelFamily
from ...scan.ports import Sampling
from . import capabilities, options
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

    def at_once(self, latent: Any, sampling: Sampling) -> int:
        """Return how many latents of a shape `denoise` may be given: no more than the host
        evaluates at once while it makes the pictures of the scan.

        Args:
            latent: a batch of one.
            sampling: of the scan.
        """

    def denoise(
        self, latents: Any | None, noise: Any, levels: Sequence[float], cond: Any
    ) -> tuple[Any, Any, Any]:
        """Return the noisy latents, the model's estimate of the clean ones, and the noise levels.

        Args:
            latents: a batch; ``None`` for noise alone.
            noise: standard normal, of the same shape.
            levels: one for each; 0 is the schedule's lowest, 1 its highest.
            cond: from `encode`, for all of them.
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


def _sigmas(schedule: Any, levels: Sequence[float], noise: Any) -> tuple[Any, Any]:
    """Return the noise levels of a batch: in a row, and shaped to be multiplied with it."""
    import torch

    row = torch.stack([_sigma(schedule, level) for level in levels]).to(noise)
    return row, row.reshape([-1] + [1] * (noise.ndim - 1))


def _usual_batch(sampling: Sampling) -> int:
    """Return how many latents the host evaluates at once while it makes the scan's pictures: with
    CFG both branches, unless the user has switched that off."""
    from modules.shared import opts

    both = sampling.cfg > 1 and getattr(opts, "batch_cond_uncond", True)
    return options.scan_batch() * (2 if both else 1)


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

    def at_once(self, latent: Any, sampling: Sampling) -> int:
        return _usual_batch(sampling)

    def denoise(
        self, latents: Any | None, noise: Any, levels: Sequence[float], cond: Any
    ) -> tuple[Any, Any, Any]:
        from modules import devices
        from modules.processing import txt2img_image_conditioning

        row, sigma = _sigmas(self._wrap.sigmas, levels, noise)
        x = noise * sigma if latents is None else latents + noise * sigma
        blank = txt2img_image_conditioning(self._sd_model, x, *self._size)
        text = (
            {key: _repeated(value, len(x)) for key, value in cond.items()}
            if isinstance(cond, dict)
            else {"c_crossattn": [_repeated(cond, len(x))]}
        )
        upcast = devices.unet_needs_upcast
        with devices.without_autocast() if upcast else devices.autocast():
            denoised = self._wrap(x, row, cond={**text, "c_concat": [blank]})
        return x, denoised, sigma


def _repeated(value: Any, count: int) -> Any:
    return value.repeat(count, *[1] * (value.ndim - 1))


class _ObjectsModel(ABC):
    """What the two backends share that keep a model's parts in ``forge_objects``, to be patched."""

    @abstractmethod
    def _channels(self) -> int:
        """Return the latent's channels."""

    @abstractmethod
    def _sampling(self) -> Any:
        """Return the module with ``sampling_prepare`` and ``sampling_cleanup``."""

    @abstractmethod
    def _fits(self, shape: list[int], device: Any) -> bool:
        """Whether the backend evaluates so many at once in the memory that is free now."""

    def at_once(self, latent: Any, sampling: Sampling) -> int:
        shape = list(latent.shape[1:])
        # As for a batch of the scan, so that the same parts of the model stay on the device.
        self._be_prepared(latent.expand(options.scan_batch(), *shape))
        most = _usual_batch(sampling)
        while most > 1 and not self._fits([most, *shape], latent.device):
            most //= 2
        return most

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

    def _fits(self, shape: list[int], device: Any) -> bool:
        from backend import memory_management

        free: float = memory_management.get_free_memory(device)
        return bool(self._unet.memory_required(shape) < free)

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
        self, latents: Any | None, noise: Any, levels: Sequence[float], cond: Any
    ) -> tuple[Any, Any, Any]:
        import torch
        from backend.sampling.condition import Condition
        from backend.sampling.sampling_function import calc_cond_uncond_batch
        from modules.processing import txt2img_image_conditioning

        predictor = self._unet.model.predictor
        row, sigma = _sigmas(predictor.sigmas, levels, noise)
        clean = torch.zeros_like(noise) if latents is None else latents
        x = predictor.noise_scaling(sigma, noise, clean)
        self._be_prepared(x)
        if self._model.is_inpaint:
            blank = txt2img_image_conditioning(self._model, x, *self._size)
            cond[0]["model_conds"]["c_concat"] = Condition(blank)
        denoised, _ = calc_cond_uncond_batch(
            self._unet.model, cond, None, x, row, self._unet.model_options
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

    def _fits(self, shape: list[int], device: Any) -> bool:
        from ldm_patched.modules import model_management

        free: float = model_management.get_free_memory(device)
        return bool(self._unet.memory_required(shape) * 1.5 < free)  # with reForge's own margin

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
        self, latents: Any | None, noise: Any, levels: Sequence[float], cond: Any
    ) -> tuple[Any, Any, Any]:
        import torch
        from ldm_patched.modules.conds import CONDRegular
        from ldm_patched.modules.samplers import sampling_function
        from modules.processing import txt2img_image_conditioning

        schedule = self._unet.model.model_sampling
        row, sigma = _sigmas(schedule.sigmas, levels, noise)
        clean = torch.zeros_like(noise) if latents is None else latents
        x = schedule.noise_scaling(sigma, noise, clean)
        self._be_prepared(x)
        blank = txt2img_image_conditioning(self._model, x, *self._size)
        if blank.shape[0] == x.shape[0] and blank.shape[2:] == x.shape[2:]:  # inpainting models
            cond[0]["model_conds"]["c_concat"] = CONDRegular(blank)
        # At scale 1 the prompt alone is asked.
        denoised = sampling_function(
            self._unet.model, x, row, None, cond, 1.0, self._unet.model_options
        )
        return x, denoised, sigma
