"""The scan's way to ComfyUI: pictures with raw weights, made by ComfyUI's own sampler."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...library.hashes import SHORT, Hashes
from ...scan.ports import Abilities, Cancellation, ImageRequest, Picture, Sampling, ScanBatch
from . import place
from .planning import LoadedLora
from .weights import LoraFileCache, ModelAndClip, loaded_onto


class ScanModels(NamedTuple):
    """What a scan works with: ComfyUI's MODEL, CLIP and VAE, as they reach the node."""

    model: Any
    clip: Any
    vae: Any


class ComfyGenerator:
    """Makes a scan's pictures; the guard has no part in it.

    Args:
        models: with whatever is loaded onto them already.
        stopped: set when somebody interrupts ComfyUI.
    """

    def __init__(self, models: ScanModels, stopped: threading.Event) -> None:
        self._models = models
        self._stopped = stopped
        self._file = LoraFileCache()

    def abilities(self) -> Abilities:
        return Abilities(max_batch=1, latents=True)

    def generate(self, batch: ScanBatch, cancel: Cancellation) -> Iterator[Picture]:
        """Yield the batch's pictures.

        Raises:
            LoraUnreadableError: a LoRA cannot be used here.
        """
        import comfy.model_management

        pair = ModelAndClip(self._models.model, self._models.clip)
        for lora in batch.loras:
            tensors = self._file.read(lora.name, place.loras().path(lora.name))
            wanted = LoadedLora(lora.name, lora.unet, lora.text_encoder, blocks=lora.blocks)
            pair = loaded_onto(pair, tensors, wanted)
        for request in batch.requests:
            if cancel.is_set():
                return
            try:
                yield self._picture(pair, request, batch.sampling)
            except comfy.model_management.InterruptProcessingException:
                self._stopped.set()
                return

    def _picture(self, pair: ModelAndClip, request: ImageRequest, sampling: Sampling) -> Picture:
        import comfy.sample
        import torch

        side = _pixels_of_a_latent(self._models.vae)
        sides = (sampling.height // side, sampling.width // side)
        empty = torch.zeros([1, 4, *sides])
        latent = comfy.sample.fix_empty_latent_channels(pair.model, empty)
        noise = comfy.sample.prepare_noise(latent, request.seed)
        positive = self._encode(pair.clip, request.prompt, sampling.distilled_cfg)
        made = comfy.sample.sample(
            pair.model,
            noise,
            sampling.steps,
            sampling.cfg,
            sampling.sampler,
            sampling.scheduler,
            positive,
            self._encode(pair.clip, request.negative_prompt, None),
            latent,
            disable_pbar=True,
            seed=request.seed,
        )
        decoded = self._models.vae.decode(made)
        while decoded.ndim > 4:  # models of films give their frames a dimension of their own
            decoded = decoded[:, 0]
        pixels = (decoded[0].float().clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
        return Picture(np.ascontiguousarray(pixels), made[0].float().cpu().numpy())

    @staticmethod
    def _encode(clip: Any, text: str, guidance: float | None) -> Any:
        added = {"guidance": guidance} if guidance is not None else {}
        return clip.encode_from_tokens_scheduled(clip.tokenize(text), add_dict=added)


def _pixels_of_a_latent(vae: Any) -> int:
    """Return how many pixels a latent's side stands for; older ComfyUI does not say it."""
    told = getattr(vae, "spacial_compression_encode", None)
    side = told() if told is not None else 8
    return side if isinstance(side, int) and side > 0 else 8


_hashes: dict[Path, Hashes] = {}


def hashes() -> Hashes:
    """Return the hashes that are kept in the guard's own folder."""
    file = place.data_folder() / "hashes.json"
    if file not in _hashes:
        file.parent.mkdir(parents=True, exist_ok=True)
        _hashes[file] = Hashes(file)
    return _hashes[file]


def checkpoint_of(workflow: object, node: object) -> tuple[str, str]:
    """Return name and short hash of the checkpoint behind a node; empty where it cannot be told."""
    import folder_paths

    seen: set[str] = set()
    key = str(node)
    nodes = workflow if isinstance(workflow, dict) else {}
    while key in nodes and key not in seen:
        seen.add(key)
        inputs = nodes[key].get("inputs", {}) if isinstance(nodes[key], dict) else {}
        for name, folder in (("ckpt_name", "checkpoints"), ("unet_name", "diffusion_models")):
            chosen = inputs.get(name)
            if isinstance(chosen, str):
                path = folder_paths.get_full_path(folder, chosen)
                try:
                    return chosen, hashes().of_file(Path(path))[:SHORT] if path else ""
                except OSError:
                    return chosen, ""
        link = inputs.get("model")
        key = str(link[0]) if isinstance(link, list) and link else ""
    return "", ""
