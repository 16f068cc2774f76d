"""The parts of the world's model and their sizes; reading and writing the diffusers folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from lab.tokenizer import END, LENGTH, START, make_tokenizer, vocabulary

#: Noise schedule: SD's form with a darker end, so that a picture's mean colour does not leak.
SCHEDULE: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.02,
    "prediction_type": "v_prediction",
    "steps_offset": 1,
}


def make_vae() -> AutoencoderKL:
    """64×64×3 to 16×16×4 and back."""
    return AutoencoderKL(
        block_out_channels=(16, 32, 64),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        norm_num_groups=8,
        mid_block_add_attention=False,
        latent_channels=4,
        sample_size=64,
        force_upcast=False,
    )


def make_unet() -> UNet2DConditionModel:
    """Attention only at 8×8, where it costs little; the text as a whole goes to every block."""
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        block_out_channels=(64, 96),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=128,
        attention_head_dim=4,
        norm_num_groups=16,
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
    )


def make_text_encoder() -> CLIPTextModel:
    ids = vocabulary()
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(ids),
            hidden_size=128,
            intermediate_size=384,
            projection_dim=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=LENGTH,
            bos_token_id=ids[START],
            eos_token_id=ids[END],
            pad_token_id=ids[END],
        )
    )


def make_scheduler() -> DDIMScheduler:
    return DDIMScheduler(
        **SCHEDULE, clip_sample=False, set_alpha_to_one=False, timestep_spacing="trailing"
    )


def alphas_cumprod() -> torch.Tensor:
    """Share of the picture's power that is left at each of the 1000 steps of noise."""
    low, high = SCHEDULE["beta_start"] ** 0.5, SCHEDULE["beta_end"] ** 0.5
    betas = torch.linspace(low, high, SCHEDULE["num_train_timesteps"], dtype=torch.float64) ** 2
    return torch.cumprod(1.0 - betas, dim=0).float()


def save_world(
    folder: Path,
    vae: AutoencoderKL,
    unet: UNet2DConditionModel,
    text_encoder: CLIPTextModel,
) -> None:
    """Write the diffusers layout in half precision."""
    pipeline = StableDiffusionPipeline(
        vae=vae.half(),
        unet=unet.half(),
        text_encoder=text_encoder.half(),
        tokenizer=make_tokenizer(),
        scheduler=make_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder, safe_serialization=True)


def load_world(folder: Path) -> StableDiffusionPipeline:
    """Read the diffusers layout in single precision, which two cores are faster in."""
    return StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)
