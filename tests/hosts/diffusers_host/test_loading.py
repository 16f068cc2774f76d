"""Checkpoints from files and folders; what is wrong with one is said so that it can be mended."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lib_lora_neg.loras.families import ModelFamily
from tests.hosts.diffusers_host.conftest import SIZE
from tests.hosts.diffusers_host.test_guarded_pictures import pixels, same
from tests.support import checkpoints
from tests.support.checkpoints import Unet

CALM = {**SIZE, "seed": 5, "prompt": "a cat", "negative_prompt": "dull", "cfg_scale": 5.0}


def test_the_family_is_told_from_the_file(sd1: Any, sdxl: Any) -> None:
    assert sd1.engine.family is ModelFamily.SD1
    assert sdxl.engine.family is ModelFamily.SDXL
    assert type(sdxl.engine.pipe).__name__ == "StableDiffusionXLPipeline"


def test_a_real_sd15_gets_the_configuration_that_its_makers_published(api: Any) -> None:
    from lib_lora_neg.hosts.diffusers.configs import clip_config, unet_config

    shapes = dict(Unet(320, (1, 2, 4, 4), (1, 1, 1, 0), 768).shapes())
    config = unet_config(shapes, {}, None)
    assert config["block_out_channels"] == [320, 640, 1280, 1280]
    assert config["attention_head_dim"] == 8
    assert config["cross_attention_dim"] == 768
    assert config["layers_per_block"] == 2
    assert not config["use_linear_projection"]
    assert config["down_block_types"] == ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"]
    clip = clip_config(dict(checkpoints.clip_shapes(768, 12, 49408)))
    assert (clip["num_attention_heads"], clip["intermediate_size"]) == (12, 3072)
    assert (clip["bos_token_id"], clip["eos_token_id"]) == (49406, 49407)


def test_a_real_sdxl_gets_the_configuration_that_its_makers_published(api: Any) -> None:
    from lib_lora_neg.hosts.diffusers.configs import open_clip_config, unet_config

    unet = Unet(320, (1, 2, 4), (0, 2, 10), 2048, linear=True, vector=2816)
    config = unet_config(dict(unet.shapes()), {}, 1280)
    assert config["block_out_channels"] == [320, 640, 1280]
    assert config["transformer_layers_per_block"] == [1, 2, 10]
    assert config["attention_head_dim"] == [5, 10, 20]
    assert config["addition_time_embed_dim"] == 256
    assert config["projection_class_embeddings_input_dim"] == 2816
    clip = open_clip_config(dict(checkpoints.open_clip_shapes(1280, 32, 49408)), drop_last=False)
    assert (clip["num_attention_heads"], clip["projection_dim"]) == (20, 1280)


def test_a_folder_makes_the_pictures_of_the_file_it_came_from(
    api: Any, sd1: Any, models: Path, tmp_path: Path
) -> None:
    sd1.engine.networks.apply(())
    sd1.engine.pipe.save_pretrained(tmp_path / "folder")
    host = api.open_host(tmp_path / "folder", [models / "loras"], device="cpu")
    assert same(host.generate(**CALM), sd1.generate(**CALM))
    host.close()


def test_the_digest_is_that_of_the_file(sd1: Any, models: Path) -> None:
    import hashlib

    content = (models / "sd1.safetensors").read_bytes()
    assert sd1.engine.digest() == hashlib.sha256(content).hexdigest()


def test_hashes_are_kept_and_follow_the_file(api: Any, tmp_path: Path) -> None:
    from lib_lora_neg.library.hashes import Hashes

    file, kept = tmp_path / "model.safetensors", tmp_path / "data" / "hashes.json"
    file.write_bytes(b"first")
    first = Hashes(kept).of_file(file)
    assert list(json.loads(kept.read_text()).values()) == [first]
    file.write_bytes(b"second one")
    assert Hashes(kept).of_file(file) != first
    kept.write_text("not JSON")
    assert Hashes(kept).of_file(file) != first


def broken(models: Path, folder: Path, name: str) -> Path:
    """Return a model that cannot be used, named after what is wrong with it."""
    path = folder / f"{name}.safetensors"
    whole = models / "sd1.safetensors"
    if name == "missing":
        return path
    if name == "pickle":
        path = path.with_suffix(".ckpt")
        path.write_bytes(b"\x80\x04")
    elif name == "text":
        path.write_text("<html>404</html>")
    elif name == "truncated":
        path.write_bytes(whole.read_bytes()[:-1000])
    elif name == "lora":
        shutil.copy(models / "loras" / "lnt_style.safetensors", path)
    elif name == "other family":
        save_file({"joint_blocks.0.x_block.attn.qkv.weight": np.zeros((3, 1), np.float16)}, path)
    elif name == "folder":
        path = folder / "empty"
        path.mkdir()
    else:
        tensors = load_file(whole)
        drop = {"no vae": "first_stage_model.", "no text encoder": "cond_stage_model."}.get(name)
        if drop:
            tensors = {key: value for key, value in tensors.items() if not key.startswith(drop)}
        else:
            tensors.pop("model.diffusion_model.middle_block.0.in_layers.2.weight")
        save_file(tensors, path)
        shutil.copytree(models / "tokenizer", folder / "tokenizer")
    return path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "no such file"),
        ("pickle", "convert it to .safetensors first"),
        ("text", "text.safetensors"),
        ("truncated", "truncated.safetensors"),
        ("lora", "this is a LoRA, not a checkpoint"),
        ("other family", "Stable Diffusion 3, which this host cannot run"),
        ("folder", "there is no model_index.json in it"),
        ("no vae", "no VAE in this file; give one with --vae"),
        ("no text encoder", "it has no text encoder"),
        ("incomplete", "its unet is incomplete: 1 tensors are missing"),
    ],
)
def test_a_model_that_cannot_be_used_says_why(
    api: Any, models: Path, tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(api.ModelError, match=message):
        api.open_host(broken(models, tmp_path, name), device="cpu")


def test_without_a_tokenizer_it_says_how_to_get_one(
    api: Any, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    shutil.copy(models / "sd1.safetensors", tmp_path / "sd1.safetensors")
    with pytest.raises(api.ModelError, match="there is no CLIP tokenizer on this machine"):
        api.open_host(tmp_path / "sd1.safetensors", device="cpu")
    host = api.open_host(tmp_path / "sd1.safetensors", device="cpu", tokenizer=models / "tokenizer")
    assert pixels(host.generate(**CALM)).std() > 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [({"device": "toaster"}, "no such device"), ({"dtype": "int3"}, "no such number format")],
)
def test_devices_and_formats_that_do_not_exist(
    api: Any, models: Path, fields: dict[str, str], message: str
) -> None:
    with pytest.raises(api.HostError, match=message):
        api.open_host(models / "sd1.safetensors", **{"device": "cpu", **fields})


def test_half_precision_makes_about_the_same_picture(api: Any, sd1: Any, models: Path) -> None:
    host = api.open_host(models / "sd1.safetensors", device="cpu", dtype="bfloat16")
    theirs, ours = pixels(host.generate(**CALM)), pixels(sd1.generate(**CALM))
    assert np.abs(theirs.astype(int) - ours.astype(int)).mean() < 12
