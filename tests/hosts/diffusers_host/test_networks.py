"""LoRAs on a pipeline: applied as told, taken out without a trace."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lib_lora_neg.scan.ports import LoraSetting
from tests.host.support import lora_files as files
from tests.hosts.diffusers_host.conftest import SIZE
from tests.hosts.diffusers_host.test_guarded_pictures import same

CALM = {**SIZE, "seed": 5, "negative_prompt": "dull", "cfg_scale": 5.0}


def prints(pipe: Any, part: str) -> str:
    digest = hashlib.sha256()
    for tensor in getattr(pipe, part).state_dict().values():
        digest.update(tensor.detach().cpu().numpy().tobytes())
    return digest.hexdigest()


def all_prints(pipe: Any) -> dict[str, str]:
    return {part: prints(pipe, part) for part in ("unet", "text_encoder", "vae")}


def weight_of(pipe: Any, part: str, name: str) -> np.ndarray:
    return getattr(pipe, part).get_submodule(name).weight.detach().numpy().copy()


QUERY = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"


def test_taking_out_leaves_the_very_same_bytes(sd1: Any) -> None:
    networks, pipe = sd1.engine.networks, sd1.engine.pipe
    networks.apply(())
    before = all_prints(pipe)
    for te, unet in ((1.0, 1.0), (-0.3, 0.7), (0.0, -2.5)):
        networks.apply([LoraSetting(files.STYLE, te, unet), LoraSetting(files.CONCEPT, 0.1, 0.2)])
        assert prints(pipe, "unet") != before["unet"]
    networks.apply(())
    assert all_prints(pipe) == before
    assert not [name for name, _ in pipe.unet.named_modules() if "lora" in name.lower()]


def test_a_weight_is_the_checkpoints_own_plus_the_files_change(sd1: Any, models: Path) -> None:
    networks, pipe = sd1.engine.networks, sd1.engine.pipe
    networks.apply(())
    own = weight_of(pipe, "unet", QUERY)
    tensors = load_file(models / "loras" / f"{files.STYLE}.safetensors")
    stem = f"lora_unet_{QUERY.replace('.', '_')}"
    up = tensors[f"{stem}.lora_up.weight"].astype(np.float32)
    down = tensors[f"{stem}.lora_down.weight"].astype(np.float32)
    networks.apply([LoraSetting(files.STYLE, 0.0, -0.7)])
    assert np.allclose(weight_of(pipe, "unet", QUERY), own - 0.7 * up @ down, atol=1e-5)


def test_text_encoder_and_unet_have_weights_of_their_own(sd1: Any) -> None:
    networks, pipe = sd1.engine.networks, sd1.engine.pipe
    networks.apply(())
    before = all_prints(pipe)
    networks.apply([LoraSetting(files.STYLE, 0.5, 0.0)])
    text_only = all_prints(pipe)
    assert text_only["unet"] == before["unet"]
    assert text_only["text_encoder"] != before["text_encoder"]
    networks.apply([LoraSetting(files.STYLE, 0.0, 0.5)])
    unet_only = all_prints(pipe)
    assert unet_only["unet"] != before["unet"]
    assert unet_only["text_encoder"] == before["text_encoder"]


def test_what_was_loaded_before_leaves_no_trace(sd1: Any) -> None:
    networks, pipe = sd1.engine.networks, sd1.engine.pipe
    networks.apply([LoraSetting(files.STYLE, -0.5, -0.5)])
    direct = all_prints(pipe)
    networks.apply([LoraSetting(files.CONCEPT, 2.0, 2.0), LoraSetting(files.STYLE, 1.0, 1.0)])
    networks.apply([LoraSetting(files.STYLE, -0.5, -0.5)])
    assert all_prints(pipe) == direct
    networks.apply(())


def test_reading_a_lora_while_another_is_applied_changes_neither(api: Any, models: Path) -> None:
    host = api.open_host(models / "sd1.safetensors", [models / "loras"], device="cpu")
    networks, pipe = host.engine.networks, host.engine.pipe
    networks.apply([LoraSetting(files.STYLE, -0.5, -0.5)])
    networks.apply([LoraSetting(files.STYLE, -0.5, -0.5), LoraSetting(files.SLIDER, 0.3, 0.3)])
    both = all_prints(pipe)
    networks.apply(())
    networks.apply([LoraSetting(files.STYLE, -0.5, -0.5), LoraSetting(files.SLIDER, 0.3, 0.3)])
    assert all_prints(pipe) == both


def as_peft(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rename a kohya LoRA's unet part as diffusers and PEFT write it; alpha equals rank here."""
    stem = f"lora_unet_{QUERY.replace('.', '_')}"
    return {
        f"unet.{QUERY}.lora_A.weight": tensors[f"{stem}.lora_down.weight"],
        f"unet.{QUERY}.lora_B.weight": tensors[f"{stem}.lora_up.weight"],
    }


def as_kohya(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    stem = f"lora_unet_{QUERY.replace('.', '_')}"
    return {name: tensor for name, tensor in tensors.items() if name.startswith(stem)}


def test_peft_and_kohya_keys_mean_the_same(api: Any, models: Path, tmp_path: Path) -> None:
    tensors = load_file(models / "loras" / f"{files.STYLE}.safetensors")
    save_file(as_peft(tensors), tmp_path / "as_peft.safetensors")
    save_file(as_kohya(tensors), tmp_path / "as_kohya.safetensors")
    host = api.open_host(models / "sd1.safetensors", [tmp_path], device="cpu")
    networks, pipe = host.engine.networks, host.engine.pipe
    networks.apply([LoraSetting("as_peft", 0.0, -0.8)])
    peft = weight_of(pipe, "unet", QUERY)
    networks.apply([LoraSetting("as_kohya", 0.0, -0.8)])
    assert np.array_equal(peft, weight_of(pipe, "unet", QUERY))


def test_a_changed_file_is_read_again(api: Any, models: Path, tmp_path: Path) -> None:
    target = tmp_path / "changing.safetensors"
    shutil.copy(models / "loras" / f"{files.STYLE}.safetensors", target)
    host = api.open_host(models / "sd1.safetensors", [tmp_path], device="cpu")
    networks, pipe = host.engine.networks, host.engine.pipe
    networks.apply([LoraSetting("changing", 0.0, 1.0)])
    first = weight_of(pipe, "unet", QUERY)
    shutil.copy(models / "loras" / f"{files.CONCEPT}.safetensors", target)
    networks.apply([LoraSetting("changing", 0.0, 1.0)])
    assert not np.array_equal(first, weight_of(pipe, "unet", QUERY))


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("nowhere", "not found in the LoRA folders"),
        ("broken", "truncated"),
        (f"{files.XL_PREFIX}{files.STYLE}", "does not fit|made for|of another family"),
    ],
)
def test_a_lora_that_cannot_be_used_is_left_out_and_named(
    api: Any, models: Path, tmp_path: Path, name: str, fault: str
) -> None:
    whole = (models / "loras" / f"{files.STYLE}.safetensors").read_bytes()
    (tmp_path / "broken.safetensors").write_bytes(whole[:-500])
    host = api.open_host(models / "sd1.safetensors", [models / "loras", tmp_path], device="cpu")
    before = all_prints(host.engine.pipe)
    made = host.generate(prompt=f"a cat <lora:{name}:0.8>", **CALM)
    assert same(made, host.generate(prompt="a cat ", **CALM))
    assert all_prints(host.engine.pipe) == before
    (problem,) = made.problems
    assert problem.startswith(f"LoRA {name}: ")
    import re

    assert re.search(fault, problem)


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("<hypernet:old:1>", "no networks of this kind"),
        (f"<lora:{files.STYLE}:abc>", "'abc' is no weight"),
        (f"<lora:{files.STYLE}:1@0,0.5@1>", "no weight schedules"),
    ],
)
def test_tags_that_this_host_cannot_obey_are_named(sd1: Any, tag: str, words: str) -> None:
    made = sd1.generate(prompt=f"a cat {tag}", **CALM)
    assert words in made.problems[0]
