"""The lab's small trained world as ComfyUI's own MODEL, CLIP and VAE, and as a node that loads it.

Its architecture is that of SD 1, smaller; what ComfyUI writes down as a constant (groups of a
norm, widths as multiples) is set from the world's own ``config.json``. Nothing of ComfyUI is stood
in for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import comfy.ldm.modules.diffusionmodules.model as autoencoder
import comfy.model_base
import comfy.model_management
import comfy.model_patcher
import comfy.sd
import comfy.sd1_clip
import comfy.supported_models
import comfy.supported_models_base
import comfy.utils
import torch
from transformers import CLIPTokenizerFast

ALL_TOKENS = 49408
WORLD = Path(__file__).resolve().parents[2] / "lab" / "world"


class _Times(float):
    """A multiple that gives whole widths."""

    def __mul__(self, width: Any) -> Any:
        return int(float(self) * width)

    __rmul__ = __mul__


class SD15OfTheLab(comfy.supported_models.SD15):
    """What differs from SD 1."""

    unet_extra_config: ClassVar[dict[str, Any]] = {}

    def model_type(self, state_dict: Any, prefix: str = "") -> Any:
        return comfy.model_base.ModelType.V_PREDICTION


def config_of(part: str) -> dict[str, Any]:
    name = "scheduler_config.json" if part == "scheduler" else "config.json"
    found: dict[str, Any] = json.loads((WORLD / part / name).read_text())
    return found


def tensors_of(part: str) -> dict[str, torch.Tensor]:
    (file,) = (WORLD / part).glob("*.safetensors")
    return {name: tensor.float() for name, tensor in comfy.utils.load_torch_file(str(file)).items()}


class TextTimeEmbedding(torch.nn.Module):
    """What this world adds to the embedding of the time: its text, pooled by attention."""

    def __init__(self, weights: dict[str, torch.Tensor], heads: int) -> None:
        super().__init__()
        self._weights, self._heads = weights, heads

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        tokens = self._normed("norm1", text)
        whole = tokens.mean(1, keepdim=True) + self._weights["pool.positional_embedding"]
        tokens = torch.cat([whole, tokens], 1)
        query, key, value = (
            self._linear(f"pool.{part}_proj", x).unflatten(-1, (self._heads, -1)).transpose(1, 2)
            for part, x in (("q", whole), ("k", tokens), ("v", tokens))
        )
        pooled = torch.nn.functional.scaled_dot_product_attention(query, key, value)
        return self._normed("norm2", self._linear("proj", pooled.flatten(1)))

    def _linear(self, name: str, x: torch.Tensor) -> torch.Tensor:
        weights = self._weights
        return torch.nn.functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def _normed(self, name: str, x: torch.Tensor) -> torch.Tensor:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return torch.nn.functional.layer_norm(x, weight.shape, weight, bias)


def add_text_to_time(unet: torch.nn.Module, embedding: TextTimeEmbedding) -> None:
    seen: dict[str, torch.Tensor] = {}

    def before(_: Any, values: tuple[Any, ...], named: dict[str, Any]) -> None:
        seen["text"] = named["context"] if "context" in named else values[2]

    unet.register_forward_pre_hook(before, with_kwargs=True)
    unet.time_embed.register_forward_hook(lambda _, __, time: time + embedding(seen["text"]))


def load_model() -> Any:
    said, noise = config_of("unet"), config_of("scheduler")
    widths = said["block_out_channels"]
    unet = {
        "image_size": 32,
        "in_channels": said["in_channels"],
        "out_channels": said["out_channels"],
        "model_channels": widths[0],
        "channel_mult": tuple(_Times(width / widths[0]) for width in widths),
        "num_res_blocks": [said["layers_per_block"]] * len(widths),
        "transformer_depth": [0, 1],
        "transformer_depth_middle": 1,
        "transformer_depth_output": [0, 0, 1, 1],
        "num_heads": said["attention_head_dim"],
        "num_head_channels": -1,
        "context_dim": said["cross_attention_dim"],
        "use_spatial_transformer": True,
        "use_linear_in_transformer": False,
        "legacy": False,
        "adm_in_channels": None,
    }
    config = SD15OfTheLab(unet)
    config.sampling_settings = {
        "linear_start": noise["beta_start"],
        "linear_end": noise["beta_end"],
    }
    config.latent_format.scale_factor = config_of("vae")["scaling_factor"]
    config.set_inference_dtype(torch.float32, None)
    names = comfy.utils.unet_to_diffusers(unet)
    tensors = tensors_of("unet")
    added = {
        name.removeprefix("add_embedding."): tensors.pop(name)
        for name in list(tensors)
        if name.startswith("add_embedding.")
    }
    weights = {names[name]: tensor for name, tensor in tensors.items()}
    model = config.get_model(weights, "")
    model.load_model_weights(weights, "")
    for module in model.modules():
        if isinstance(module, torch.nn.GroupNorm):
            module.num_groups = said["norm_num_groups"]
    embedding = TextTimeEmbedding(added, said["addition_embed_type_num_heads"])
    add_text_to_time(model.diffusion_model, embedding)
    cpu = torch.device("cpu")
    return comfy.model_patcher.ModelPatcher(model, load_device=cpu, offload_device=cpu)


def load_clip() -> Any:
    said = config_of("text_encoder")
    special = {
        "start": said["bos_token_id"],
        "end": said["eos_token_id"],
        "pad": said["pad_token_id"],
    }
    words = partial(
        comfy.sd1_clip.SDTokenizer,
        str(WORLD / "tokenizer"),
        tokenizer_class=CLIPTokenizerFast,
        embedding_size=said["hidden_size"],
    )

    def tokenizer(embedding_directory: Any = None, tokenizer_data: Any = None) -> Any:
        del embedding_directory
        return comfy.sd1_clip.SD1Tokenizer(tokenizer_data=tokenizer_data or {}, tokenizer=words)

    encoder = partial(
        comfy.sd1_clip.SD1ClipModel,
        clip_model=partial(
            comfy.sd1_clip.SDClipModel, textmodel_json_config=said, special_tokens=special
        ),
    )
    encoder.dtypes = set()
    prefix = "clip_l.transformer.text_model."
    weights = {
        name if name.startswith("clip_l.") else prefix + name.removeprefix("text_model."): tensor
        for name, tensor in tensors_of("text_encoder").items()
    }
    # ComfyUI's table of tokens is as long as CLIP's.
    table = f"{prefix}embeddings.token_embedding.weight"
    missing = ALL_TOKENS - said["vocab_size"]
    weights[table] = torch.nn.functional.pad(weights[table], (0, 0, 0, missing))
    target = comfy.supported_models_base.ClipTarget(tokenizer, encoder)
    return comfy.sd.CLIP(target, state_dict=weights, model_options={"dtype": torch.float32})


@contextmanager
def groups_of(number: int) -> Iterator[None]:
    """Build norms of this many groups; ComfyUI's autoencoders have 32."""
    kept = autoencoder.Normalize.__defaults__
    autoencoder.Normalize.__defaults__ = (number,)
    try:
        yield
    finally:
        autoencoder.Normalize.__defaults__ = kept


def load_vae() -> Any:
    said = config_of("vae")
    widths = said["block_out_channels"]
    weights = tensors_of("vae")
    converted = comfy.sd.diffusers_convert.convert_vae_state_dict(weights)
    # The conversion counts four levels from below.
    less = 4 - len(widths)
    weights = {
        re.sub(r"(?<=^decoder\.up\.)\d", lambda m: str(int(m[0]) - less), name): tensor
        for name, tensor in converted.items()
    }
    # ComfyUI's has attention in the middle: with an output of zeros it is not there.
    for side in ("encoder", "decoder"):
        top = widths[-1]
        for part in ("q", "k", "v", "proj_out"):
            weights[f"{side}.mid.attn_1.{part}.weight"] = torch.zeros(top, top, 1, 1)
            weights[f"{side}.mid.attn_1.{part}.bias"] = torch.zeros(top)
        weights[f"{side}.mid.attn_1.norm.weight"] = torch.ones(top)
        weights[f"{side}.mid.attn_1.norm.bias"] = torch.zeros(top)
    sizes = {
        "double_z": True,
        "z_channels": said["latent_channels"],
        "resolution": 64,
        "in_channels": 3,
        "out_ch": 3,
        "ch": widths[0],
        "ch_mult": [width // widths[0] for width in widths],
        "num_res_blocks": said["layers_per_block"],
        "attn_resolutions": [],
        "dropout": 0.0,
    }
    with groups_of(said["norm_num_groups"]):
        vae = comfy.sd.VAE(
            weights,
            config={"params": {"ddconfig": sizes, "embed_dim": said["latent_channels"]}},
            dtype=torch.float32,
        )
    vae.downscale_ratio = vae.upscale_ratio = 2 ** (len(widths) - 1)
    return vae


class LabWorld:
    """Loads the lab's world."""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {}}

    RETURN_TYPES = ("MODEL", "CLIP", "VAE")
    FUNCTION = "load"
    CATEGORY = "tests"

    def load(self) -> tuple[Any, Any, Any]:
        return load_model(), load_clip(), load_vae()


NODE_CLASS_MAPPINGS = {"LabWorldForTests": LabWorld}
