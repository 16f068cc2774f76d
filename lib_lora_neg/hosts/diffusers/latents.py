"""Noise, latents and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

MOST_AT_ONCE = 1024 * 1024
"""Pixels that are decoded together; a decoder takes more memory than the denoiser."""


class Noise:
    """A stream of noise for each picture, from its seed alone.

    As in A1111 with the random numbers of the CPU: a picture's noise does not depend on the
    other pictures of its batch, nor on the device.
    """

    def __init__(self, seeds: Sequence[int], device: torch.device) -> None:
        self.generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        self._device = device

    def draw(self, shape: tuple[int, int, int]) -> torch.Tensor:
        """Return the next noise of every picture: pictures × ``shape``, float32."""
        drawn = [torch.randn(shape, generator=generator) for generator in self.generators]
        return torch.stack(drawn).to(self._device)


def encode_picture(vae: Any, image: Image.Image, width: int, height: int) -> torch.Tensor:
    """Return the latent of a picture that is scaled to this size: 1 × channels × h × w."""
    resized = image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    pixels = torch.from_numpy(np.asarray(resized, dtype=np.float32) / 127.5 - 1)
    batch = pixels.permute(2, 0, 1).unsqueeze(0)
    with _Upcast(vae) as dtype:
        found = vae.encode(batch.to(vae.device, dtype)).latent_dist.mode()
    shift = vae.config.get("shift_factor") or 0.0
    latent: torch.Tensor = (found.float() - shift) * vae.config.scaling_factor
    return latent


def decode(vae: Any, latents: torch.Tensor) -> list[Image.Image]:
    """Return the pictures of latents (pictures × channels × h × w)."""
    shift = vae.config.get("shift_factor") or 0.0
    scaled = latents / vae.config.scaling_factor + shift
    scale = scale_of(vae)
    area = latents.shape[2] * latents.shape[3] * scale * scale
    images: list[Image.Image] = []
    with _Upcast(vae) as dtype:
        for part in scaled.split(max(1, MOST_AT_ONCE // area)):
            decoded = vae.decode(part.to(dtype), return_dict=False)[0]
            images.extend(Image.fromarray(pixels) for pixels in to_pixels(decoded))
    return images


def to_pixels(decoded: torch.Tensor) -> NDArray[np.uint8]:
    """Return pictures of −1…1 as bytes: pictures × height × width × 3, cut as A1111 cuts."""
    clipped = ((decoded.float() + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1)
    pixels: NDArray[np.uint8] = (255 * clipped.cpu().numpy()).astype(np.uint8)
    return pixels


def scale_of(vae: Any) -> int:
    """Return how many pixels one latent is wide."""
    return int(2 ** (len(vae.config.block_out_channels) - 1))


class _Upcast:
    """The VAE in float32 where it would overflow in half precision (SDXL's own)."""

    def __init__(self, vae: Any) -> None:
        self._vae = vae
        self._own: torch.dtype = vae.dtype
        self._wanted = bool(vae.config.get("force_upcast")) and self._own == torch.float16

    def __enter__(self) -> torch.dtype:
        if self._wanted:
            self._vae.to(torch.float32)
            return torch.float32
        return self._own

    def __exit__(self, *_error: object) -> None:
        if self._wanted:
            self._vae.to(self._own)
