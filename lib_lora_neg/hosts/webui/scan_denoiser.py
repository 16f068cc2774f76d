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

from ...scan.ports import LatentArray, LoraSetting, Picture, Probe, Question, Sampling
from .branches import kept_to_blocks
from .scan_loras import ScanLoras, missing
from .scan_models import HostModel, model_of_host
from .scan_pictures import ScanPictureError
from .scan_queue import in_generation_thread


def denoiser() -> WebuiDenoiser | None:
    """Return the denoiser of the selected checkpoint; ``None`` where it cannot be asked alone."""
    model = model_of_host()
    return None if model is None else WebuiDenoiser(model)


def critic() -> WebuiCritic | None:
    """Return what lets the selected checkpoint judge pictures; ``None`` as `denoiser`."""
    model = model_of_host()
    return None if model is None else WebuiCritic(model)


class WebuiDenoiser:
    """A `ScanDenoiser`, to be used within a turn."""

    def __init__(self, model: HostModel) -> None:
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
                        None, _noise(probe.seed, shape), [probe.level], conds[probe.prompt]
                    )
                )
                for probe in probes
            ]


class WebuiCritic:
    """A `Critic`, to be used within a turn."""

    def __init__(self, model: HostModel) -> None:
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
            pictures = {id(question.picture): question.picture for question in questions}
            latents = {key: _latent(picture) for key, picture in pictures.items()}
            conds = {
                text: self._model.encode(text, sampling, sampling.steps - 1)
                for text in dict.fromkeys(question.prompt for question in questions)
            }
            found: dict[int, LatentArray] = {}
            for prompt, indexes in _alike(questions).items():
                first = latents[id(questions[indexes[0]].picture)]
                most = self._model.at_once(first, sampling)
                for start in range(0, len(indexes), most):
                    part = indexes[start : start + most]
                    clean = [latents[id(questions[index].picture)] for index in part]
                    asked = [questions[index] for index in part]
                    found.update(zip(part, self._wrong(clean, asked, conds[prompt]), strict=True))
            return [found[index] for index in range(len(questions))]

    def _wrong(
        self, latents: Sequence[Any], questions: Sequence[Question], cond: Any
    ) -> Iterator[LatentArray]:
        """Evaluate one batch, whose latents are of one shape, with one conditioning."""
        import torch

        clean = torch.cat(list(latents))
        noise = torch.cat([_noise(q.seed, tuple(clean.shape[1:])) for q in questions]).to(clean)
        levels = [question.level for question in questions]
        _, denoised, _ = self._model.denoise(clean, noise, levels, cond)
        yield from (denoised - clean).float().cpu().numpy().astype(np.float32)


def _alike(questions: Sequence[Question]) -> dict[str, list[int]]:
    """Return which questions have the same prompt: these can be asked at once."""
    found: dict[str, list[int]] = {}
    for index, question in enumerate(questions):
        found.setdefault(question.prompt, []).append(index)
    return found


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


def _direction(x: Any, denoised: Any, sigma: Any) -> LatentArray:
    direction: LatentArray = ((x - denoised) / sigma)[0].float().cpu().numpy().astype(np.float32)
    return direction
