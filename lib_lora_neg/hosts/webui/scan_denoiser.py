"""Single evaluations of the host's denoiser, for the quick scan and for the model's own judgement.

A prediction is what a sampler follows: (noisy latent − denoised latent) / noise level. For models
that predict noise that is the noise, for flow models the velocity. The quick scan's input is noise
alone at the level, so that it needs no picture; the judgement's is a finished picture with noise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from typing import Any

import numpy as np

from ...loras.families import ModelFamily
from ...scan.ports import LatentArray, LoraSetting, Picture, Probe, Question, Sampling
from . import capabilities
from .branches import kept_to_blocks
from .checkpoint import selected_family
from .scan_loras import ScanLoras, missing
from .scan_pictures import ScanPictureError
from .scan_queue import in_generation_thread

_CLASSIC = frozenset({ModelFamily.SD1, ModelFamily.SD2, ModelFamily.SDXL})
"""Families that A1111 runs through k-diffusion's wrapper."""


def denoiser() -> WebuiDenoiser | None:
    """Return the denoiser of the selected checkpoint; ``None`` where it cannot be asked alone."""
    model = _model()
    return None if model is None else WebuiDenoiser(model)


def critic() -> WebuiCritic | None:
    """Return what lets the selected checkpoint judge pictures; ``None`` as `denoiser`."""
    model = _model()
    return None if model is None else WebuiCritic(model)


def _model() -> _ClassicModel | _ForgeModel | None:
    if capabilities.has_forge_backend():
        return _ForgeModel()
    if capabilities.has_classic_denoiser() and selected_family()[0] in _CLASSIC:
        return _ClassicModel()
    return None


class WebuiDenoiser:
    """A `ScanDenoiser`, to be used within a turn."""

    def __init__(self, model: _ClassicModel | _ForgeModel) -> None:
        self._model = model

    def predict(
        self, loras: tuple[LoraSetting, ...], probes: Sequence[Probe], sampling: Sampling
    ) -> Sequence[LatentArray]:
        """Return the prediction for each probe, with these LoRAs and no others."""
        with ScanLoras().in_use():
            return in_generation_thread(lambda: self._predict(loras, probes, sampling))

    def _predict(
        self, loras: tuple[LoraSetting, ...], probes: Sequence[Probe], sampling: Sampling
    ) -> list[LatentArray]:
        self._model.load()
        _load(loras)
        with self._model.ready(sampling) as shape, _masked(loras):
            conds = {
                text: self._model.encode(text, sampling)
                for text in dict.fromkeys(probe.prompt for probe in probes)
            }
            return [
                _direction(
                    *self._model.denoise(
                        None, _noise(probe.seed, shape), probe.level, conds[probe.prompt]
                    )
                )
                for probe in probes
            ]


class WebuiCritic:
    """A `Critic`, to be used within a turn."""

    def __init__(self, model: _ClassicModel | _ForgeModel) -> None:
        self._model = model

    def residuals(
        self, loras: tuple[LoraSetting, ...], questions: Sequence[Question], sampling: Sampling
    ) -> Sequence[LatentArray]:
        """Return what the model gets wrong, with these LoRAs and no others."""
        with ScanLoras().in_use():
            return in_generation_thread(lambda: self._residuals(loras, questions, sampling))

    def _residuals(
        self, loras: tuple[LoraSetting, ...], questions: Sequence[Question], sampling: Sampling
    ) -> list[LatentArray]:
        self._model.load()
        _load(loras)
        with self._model.ready(sampling), _masked(loras):
            # Encoders first, then the denoiser: hosts move one of them to the device at a time.
            latents = {id(q.picture): _latent(q.picture) for q in questions}
            conds = {
                text: self._model.encode(text, sampling, sampling.steps - 1)
                for text in dict.fromkeys(question.prompt for question in questions)
            }
            return [
                self._residual(latents[id(question.picture)], question, conds[question.prompt])
                for question in questions
            ]

    def _residual(self, latent: Any, question: Question, cond: Any) -> LatentArray:
        noise = _noise(question.seed, tuple(latent.shape[1:])).to(latent)
        _, denoised, _ = self._model.denoise(latent, noise, question.level, cond)
        wrong: LatentArray = (denoised - latent)[0].float().cpu().numpy().astype(np.float32)
        return wrong


def _latent(picture: Picture) -> Any:
    """Return a picture's latent as the sampler left it, a batch of one; else it is encoded."""
    import torch
    from modules import devices, sd_samplers_common

    if picture.latent is not None:
        return torch.from_numpy(picture.latent)[None].to(devices.device, torch.float32)
    pixels = torch.from_numpy(picture.pixels.astype(np.float32) / 255).permute(2, 0, 1)[None]
    # 0: by the VAE itself, whatever the user has set for img2img.
    encoded = sd_samplers_common.images_tensor_to_samples(pixels.to(devices.device), 0)
    return encoded.to(devices.device, torch.float32)


def _load(loras: Sequence[LoraSetting]) -> None:
    """Load LoRAs past the prompt, hence past the guard and the host's own additions.

    Raises:
        ScanPictureError: the host did not load one.
    """
    import networks

    names = [lora.name for lora in loras]
    more: dict[str, Any] = {}
    if "dyn_dims" in signature(networks.load_networks).parameters:
        more["dyn_dims"] = [None] * len(names)  # A1111's default is a number that it cannot use
    networks.load_networks(
        names,
        te_multipliers=[lora.text_encoder for lora in loras],
        unet_multipliers=[lora.unet for lora in loras],
        **more,
    )
    absent = missing(names)
    if absent:
        raise ScanPictureError(f"the host did not load {', '.join(absent)}")


@contextmanager
def _masked(loras: Sequence[LoraSetting]) -> Iterator[None]:
    """Let LoRAs that have a mask act in their blocks alone."""
    if not any(lora.blocks for lora in loras):
        yield
        return
    from modules import shared

    with kept_to_blocks(shared.sd_model, loras):
        yield


def _noise(seed: int, shape: tuple[int, int, int]) -> Any:
    from modules import devices, rng

    return rng.ImageRNG(shape, [seed]).first().to(devices.device)


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


def _direction(x: Any, denoised: Any, sigma: Any) -> LatentArray:
    direction: LatentArray = ((x - denoised) / sigma)[0].float().cpu().numpy().astype(np.float32)
    return direction


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
        """Return the noisy latent, the model's estimate of the clean one, and the noise level."""
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


class _ForgeModel:
    """Forge: the function that its samplers call, on the patched model."""

    def load(self) -> None:
        from modules import sd_models

        model, _ = sd_models.forge_model_reload()
        model.forge_objects = model.forge_objects_original.shallow_copy()

    @contextmanager
    def ready(self, sampling: Sampling) -> Iterator[tuple[int, int, int]]:
        import torch
        from backend.sampling.sampling_function import sampling_cleanup, sampling_prepare
        from modules import shared
        from modules.processing import opt_f

        self._model = shared.sd_model
        self._model.forge_objects = self._model.forge_objects_after_applying_lora.shallow_copy()
        self._unet = self._model.forge_objects.unet
        self._size, self._prepared = (sampling.width, sampling.height), False
        self._prepare, channels = sampling_prepare, self._model.forge_objects.vae.latent_channels
        with torch.inference_mode():
            try:
                yield (channels, sampling.height // opt_f, sampling.width // opt_f)
            finally:
                sampling_cleanup(self._unet)

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
        """Return the noisy latent, the model's estimate of the clean one, and the noise level."""
        import torch
        from backend.sampling.condition import Condition
        from backend.sampling.sampling_function import calc_cond_uncond_batch
        from modules.processing import txt2img_image_conditioning

        predictor = self._unet.model.predictor
        sigma = _sigma(predictor.sigmas, level).to(noise)
        clean = torch.zeros_like(noise) if latent is None else latent
        x = predictor.noise_scaling(sigma.reshape([1] * noise.ndim), noise, clean)
        if not self._prepared:  # after the text encoder has left the device
            self._prepare(self._unet, x)
            self._prepared = True
        if self._model.is_inpaint:
            blank = txt2img_image_conditioning(self._model, x, *self._size)
            cond[0]["model_conds"]["c_concat"] = Condition(blank)
        denoised, _ = calc_cond_uncond_batch(
            self._unet.model, cond, None, x, sigma.reshape(1), self._unet.model_options
        )
        return x, denoised, sigma
