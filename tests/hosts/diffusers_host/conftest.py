"""Small checkpoints and LoRAs with random weights, and hosts on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.host.support.lora_files import XL_PREFIX, make_lora_files
from tests.support import checkpoints

SIZE = {"width": 64, "height": 64, "steps": 4}
"""Of the pictures in these tests."""


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with ``sd1.safetensors``, ``sdxl.safetensors``, tokenizer and LoRAs."""
    folder = tmp_path_factory.mktemp("models")
    vocabulary = checkpoints.make_tokenizer(folder / "tokenizer")
    sd1 = folder / "sd1.safetensors"
    sdxl = folder / "sdxl.safetensors"
    checkpoints.save_checkpoint(sd1, checkpoints.sd1_shapes(vocabulary))
    checkpoints.save_checkpoint(sdxl, checkpoints.sdxl_shapes(vocabulary))
    make_lora_files(sd1, folder / "loras")
    make_lora_files(sdxl, folder / "loras" / "xl", XL_PREFIX)
    return folder


@pytest.fixture(scope="session")
def api() -> Any:
    """Return the host's package; tests skip where the diffusers extra is not installed."""
    return pytest.importorskip(
        "lib_lora_neg.hosts.diffusers", reason="needs the diffusers extra", exc_type=ImportError
    )


@pytest.fixture(scope="session")
def sd1(api: Any, models: Path) -> Iterator[Any]:
    """Return a host on the SD 1 checkpoint."""
    host = api.open_host(models / "sd1.safetensors", [models / "loras"], device="cpu")
    yield host
    host.close()


@pytest.fixture(scope="session")
def sdxl(api: Any, models: Path) -> Iterator[Any]:
    """Return a host on the SDXL checkpoint."""
    host = api.open_host(models / "sdxl.safetensors", [models / "loras"], device="cpu")
    yield host
    host.close()


@pytest.fixture(scope="session")
def flux(api: Any, models: Any) -> Any:
    """Return a host on a Flux pipeline of small width with the real numbers of blocks."""
    import torch
    from diffusers import (
        AutoencoderKL,
        FlowMatchEulerDiscreteScheduler,
        FluxPipeline,
        FluxTransformer2DModel,
    )
    from tokenizers import Tokenizer, pre_tokenizers
    from tokenizers import models as kinds
    from transformers import (
        CLIPTextConfig,
        CLIPTextModel,
        CLIPTokenizer,
        PreTrainedTokenizerFast,
        T5Config,
        T5EncoderModel,
    )

    from lib_lora_neg.hosts.diffusers.engine import Engine
    from lib_lora_neg.hosts.diffusers.host import DiffusersHost

    torch.manual_seed(1)
    clip_tokenizer = CLIPTokenizer.from_pretrained(str(models / "tokenizer"))
    words = ["<pad>", "</s>", "<unk>", "a", "cat", "dull", "dog", ",", "red"]
    raw = Tokenizer(kinds.WordLevel({word: at for at, word in enumerate(words)}, "<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    t5_tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    clip = CLIPTextConfig(
        vocab_size=len(clip_tokenizer), hidden_size=16, intermediate_size=32,
        num_hidden_layers=2, num_attention_heads=2, projection_dim=16,
    )  # fmt: skip
    t5 = T5Config(
        vocab_size=len(words), d_model=24, d_kv=8, d_ff=32, num_layers=2, num_heads=2,
        feed_forward_proj="gated-gelu",
    )  # fmt: skip
    pipe = FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(
            shift=3.0, use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15,
            base_image_seq_len=256, max_image_seq_len=4096,
        ),
        vae=AutoencoderKL(
            block_out_channels=(8, 8, 8, 8), layers_per_block=1, latent_channels=16,
            norm_num_groups=4, down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4, use_quant_conv=False,
            use_post_quant_conv=False, shift_factor=0.1, scaling_factor=0.36,
        ),
        text_encoder=CLIPTextModel(clip),
        tokenizer=clip_tokenizer,
        text_encoder_2=T5EncoderModel(t5),
        tokenizer_2=t5_tokenizer,
        transformer=FluxTransformer2DModel(
            in_channels=64, num_layers=19, num_single_layers=38, attention_head_dim=16,
            num_attention_heads=2, joint_attention_dim=24, pooled_projection_dim=16,
            guidance_embeds=True, axes_dims_rope=(4, 6, 6),
        ),
    )  # fmt: skip
    for part in (pipe.text_encoder, pipe.text_encoder_2, pipe.transformer, pipe.vae):
        part.eval()  # as the library loads them: T5 has dropout
    host = DiffusersHost(Engine.around(pipe))
    yield host
    host.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the libraries' own use of older numpy pass: it is not ours to mend."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings("ignore::DeprecationWarning"))
