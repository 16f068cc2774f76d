"""A pipeline from a single-file checkpoint, without asking a network for its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ...loras.families import ModelFamily
from . import configs, layouts
from .errors import ModelError
from .flux_weights import flux_to_diffusers
from .layouts import Shapes, below
from .tokenizers import clip_tokenizer, t5_tokenizer
from .weights import Tensors, filled, read_tensors

SD_SCHEDULE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}
"""Of SD 1, 2 and SDXL (``linear_start`` and ``linear_end`` in their yaml files)."""

FLUX_VAE_PREFIXES = ("vae.", "first_stage_model.")


@dataclass(frozen=True)
class Sources:
    """The files that one pipeline is made of.

    Attributes:
        checkpoint: the file.
        tokenizer: folder with tokenizer files, or ``None``.
        vae: file with a VAE that is used instead of the checkpoint's, or ``None``.
        text_encoders: files with text encoders that the checkpoint lacks.
    """

    checkpoint: Path
    tokenizer: Path | None = None
    vae: Path | None = None
    text_encoders: tuple[Path, ...] = ()


def load_single_file(sources: Sources, dtype: torch.dtype) -> tuple[Any, ModelFamily]:
    """Return a diffusers pipeline on the CPU, and its family.

    Raises:
        ModelError: the checkpoint cannot be used; the text names the file and the reason.
    """
    shapes = layouts.read_shapes(sources.checkpoint)
    family = layouts.family_of_file(shapes, sources.checkpoint)
    loader = _Loader(sources, shapes, dtype)
    try:
        if family is ModelFamily.FLUX:
            return loader.flux(), family
        return (loader.sdxl() if family is ModelFamily.SDXL else loader.sd(family)), family
    except ModelError as error:
        if str(sources.checkpoint) in str(error) or " on this machine" in str(error):
            raise
        raise ModelError(f"{sources.checkpoint}: {error}") from error


class _Loader:
    def __init__(self, sources: Sources, shapes: Shapes, dtype: torch.dtype) -> None:
        self._sources = sources
        self._path = sources.checkpoint
        self._shapes = shapes
        self._dtype = dtype

    def sd(self, family: ModelFamily) -> Any:
        from diffusers import StableDiffusionPipeline

        hints = configs.read_hints(self._path)
        text_encoder = (
            self._sd2_text() if family is ModelFamily.SD2 else self._clip_l(layouts.CLIP_OF_SD1)
        )
        unet = self._unet(hints, None)
        tokenizer = clip_tokenizer(self._path, self._sources.tokenizer)
        if family is ModelFamily.SD2:
            tokenizer.pad_token = "!"
        velocity = hints.get("parameterization") == "v" or "v_pred" in self._shapes
        if family is ModelFamily.SD2 and not hints:
            velocity = predicts_velocity(unet)
        return StableDiffusionPipeline(
            vae=self._vae("sd"),
            text_encoder=text_encoder,
            tokenizer=tokenizer,
            unet=unet,
            scheduler=_ddim(velocity, "ztsnr" in self._shapes),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )

    def sdxl(self) -> Any:
        from diffusers import StableDiffusionXLPipeline

        hints = configs.read_hints(self._path)
        if not any(name.startswith(layouts.CLIP_L_OF_SDXL) for name in self._shapes):
            raise ModelError("it has only one text encoder: an SDXL refiner cannot be used alone")
        second = self._open_clip(layouts.CLIP_G_OF_SDXL)
        tokenizers = [clip_tokenizer(self._path, self._sources.tokenizer) for _ in range(2)]
        tokenizers[1].pad_token = "!"  # as OpenCLIP pads: token 0
        return StableDiffusionXLPipeline(
            vae=self._vae("sdxl"),
            text_encoder=self._clip_l(layouts.CLIP_L_OF_SDXL),
            text_encoder_2=second,
            tokenizer=tokenizers[0],
            tokenizer_2=tokenizers[1],
            unet=self._unet(hints, second.config.projection_dim),
            scheduler=_ddim("v_pred" in self._shapes, "ztsnr" in self._shapes),
            add_watermarker=False,
        )

    def flux(self) -> Any:
        from diffusers import (
            FlowMatchEulerDiscreteScheduler,
            FluxPipeline,
            FluxTransformer2DModel,
        )

        prefix = layouts.UNET if f"{layouts.UNET}img_in.weight" in self._shapes else ""
        config = configs.flux_config(below(self._shapes, prefix))
        weights = flux_to_diffusers(self._tensors(self._path, self._shapes, prefix))
        transformer = filled(lambda: FluxTransformer2DModel(**config), weights, "transformer")
        guidance = bool(config["guidance_embeds"])
        texts = self._flux_texts()
        return FluxPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(
                # Flux schnell was distilled without a shift (its own ``get_schedule`` call).
                shift=3.0 if guidance else 1.0,
                use_dynamic_shifting=guidance,
                base_shift=0.5,
                max_shift=1.15,
            ),
            vae=self._vae("flux"),
            text_encoder=texts["CLIP"],
            tokenizer=clip_tokenizer(self._path, self._sources.tokenizer),
            text_encoder_2=texts["T5"],
            tokenizer_2=t5_tokenizer(self._path, self._sources.tokenizer),
            transformer=transformer,
        )

    def _tensors(self, path: Path, shapes: Shapes, prefix: str) -> Tensors:
        names = [name for name in shapes if name.startswith(prefix)]
        return read_tensors(path, names, self._dtype, prefix)

    def _unet(self, hints: Mapping[str, Any], pooled: int | None) -> Any:
        from diffusers import UNet2DConditionModel
        from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint

        shapes = below(self._shapes, layouts.UNET)
        config = configs.unet_config(shapes, configs.unet_hints(hints), pooled)
        names = [name for name in self._shapes if name.startswith(layouts.UNET)]
        tensors = read_tensors(self._path, names, self._dtype)
        converted = convert_ldm_unet_checkpoint(tensors, config)
        return filled(lambda: UNet2DConditionModel(**config), converted, "unet")

    def _vae(self, kind: str) -> Any:
        from diffusers import AutoencoderKL
        from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

        path, shapes = self._path, self._shapes
        if self._sources.vae is not None:
            path = self._sources.vae
            shapes = layouts.read_shapes(path)
        prefix = next(
            (p for p in FLUX_VAE_PREFIXES if f"{p}decoder.conv_in.weight" in shapes),
            "" if "decoder.conv_in.weight" in shapes and path != self._path else None,
        )
        if prefix is None:
            raise ModelError(
                f"{path}: there is no VAE in this file; give one with --vae "
                "(a file in the original naming, decoder.conv_in and so on)"
            )
        config = configs.vae_config(below(shapes, prefix), kind)
        converted = convert_ldm_vae_checkpoint(self._tensors(path, shapes, prefix), config)
        return filled(lambda: AutoencoderKL(**config), converted, "VAE")

    def _clip_l(self, prefix: str) -> Any:
        if not any(name.startswith(prefix) for name in self._shapes):
            raise ModelError("it has no text encoder")
        return self._clip(self._path, self._shapes, prefix)

    def _clip(self, path: Path, shapes: Shapes, prefix: str) -> Any:
        from transformers import CLIPTextConfig, CLIPTextModel

        inner = below(shapes, prefix)
        if not any(name.startswith("text_model.") for name in inner):
            # Very old merges lack the middle of the name (A1111 mends them in the same way).
            inner = {f"text_model.{name}": shape for name, shape in inner.items()}
        config = CLIPTextConfig(**configs.clip_config(inner))
        tensors = self._tensors(path, shapes, prefix)
        wrapped = _wraps_text_model()
        fitted = {_fit(name, wrapped): tensor for name, tensor in tensors.items()}
        return filled(lambda: CLIPTextModel(config), fitted, "text encoder")

    def _sd2_text(self) -> Any:
        from diffusers.loaders.single_file_utils import convert_open_clip_checkpoint
        from transformers import CLIPTextConfig, CLIPTextModel

        prefix = layouts.CLIP_OF_SD2
        config = CLIPTextConfig(
            **configs.open_clip_config(below(self._shapes, prefix), drop_last=True)
        )
        names = [name for name in self._shapes if name.startswith(prefix)]
        tensors = read_tensors(self._path, names, self._dtype)
        converted = convert_open_clip_checkpoint(_Sized(config), tensors, prefix)
        wrapped = _wraps_text_model()
        fitted = {_fit(name, wrapped): tensor for name, tensor in converted.items()}
        return filled(lambda: CLIPTextModel(config), fitted, "text encoder")

    def _open_clip(self, prefix: str) -> Any:
        from diffusers.loaders.single_file_utils import convert_open_clip_checkpoint
        from transformers import CLIPTextConfig, CLIPTextModelWithProjection

        shapes = below(self._shapes, prefix)
        config = CLIPTextConfig(**configs.open_clip_config(shapes, drop_last=False))
        names = [name for name in self._shapes if name.startswith(prefix)]
        tensors = read_tensors(self._path, names, self._dtype)
        converted = convert_open_clip_checkpoint(_Sized(config), tensors, prefix)
        return filled(lambda: CLIPTextModelWithProjection(config), converted, "second text encoder")

    def _t5(self, path: Path, shapes: Shapes, prefix: str) -> Any:
        from transformers import T5Config, T5EncoderModel

        config = T5Config(**configs.t5_config(below(shapes, prefix)))
        tensors = self._tensors(path, shapes, prefix)
        tensors["encoder.embed_tokens.weight"] = tensors["shared.weight"]
        return filled(lambda: T5EncoderModel(config), tensors, "T5 encoder")

    def _flux_texts(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path, shapes in self._text_sources():
            for prefix in ("", "text_encoders.clip_l.transformer.", "text_encoders.clip_l."):
                if f"{prefix}text_model.encoder.layers.0.mlp.fc1.weight" in shapes:
                    found.setdefault("CLIP", self._clip(path, shapes, prefix))
            for prefix in ("", "text_encoders.t5xxl.transformer.", "text_encoders.t5xxl."):
                if f"{prefix}encoder.block.0.layer.0.SelfAttention.q.weight" in shapes:
                    found.setdefault("T5", self._t5(path, shapes, prefix))
        for name in ("CLIP", "T5"):
            if name not in found:
                raise ModelError(
                    f"it has no {name} text encoder; give the file that has one with --text-encoder"
                )
        return found

    def _text_sources(self) -> list[tuple[Path, Shapes]]:
        given = [(path, layouts.read_shapes(path)) for path in self._sources.text_encoders]
        return [*given, (self._path, self._shapes)]


@dataclass(frozen=True)
class _Sized:
    """What diffusers' converter looks at of a text model: its configuration."""

    config: Any


def _wraps_text_model() -> bool:
    """Whether ``CLIPTextModel`` has its model below ``text_model`` (transformers before 5.6)."""
    from transformers import CLIPTextConfig, CLIPTextModel

    tiny = CLIPTextConfig(
        vocab_size=4,
        hidden_size=4,
        intermediate_size=4,
        num_hidden_layers=1,
        num_attention_heads=1,
        max_position_embeddings=4,
    )
    return hasattr(CLIPTextModel(tiny), "text_model")


def _fit(name: str, wrapped: bool) -> str:
    bare = name.removeprefix("text_model.")
    return f"text_model.{bare}" if wrapped else bare


def _ddim(velocity: bool, zero_terminal: bool) -> Any:
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        **SD_SCHEDULE,
        prediction_type="v_prediction" if velocity else "epsilon",
        rescale_betas_zero_snr=zero_terminal,
    )


def predicts_velocity(unet: Any) -> bool:
    """Whether an SD 2 unet predicts velocity instead of noise, tried as A1111 does.

    At the last timestep a flat input comes back about as it was from a unet that predicts
    noise (A1111 ``sd_models_config.is_using_v_parameterization_for_sd2``).
    """
    dtype, context = unet.dtype, unet.config.cross_attention_dim
    x = torch.full((1, unet.config.in_channels, 8, 8), 0.5, dtype=dtype)
    text = torch.full((1, 2, context), 0.5, dtype=dtype)
    with torch.inference_mode():
        out = unet(x, torch.tensor([999]), encoder_hidden_states=text).sample
    return bool((out - x).mean().item() < -1)
