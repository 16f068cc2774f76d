"""The node pack and the exported workflow in a real ComfyUI.

``COMFY_ROOT`` is ComfyUI's folder, ``COMFY_PYTHON`` its Python, ``COMFY_CHECKPOINT`` a checkpoint
of SD 1 or SDXL (``.safetensors``; random weights will do). ComfyUI runs as a program of its own on
the CPU, with LoRA files that fit the checkpoint; nothing is written into its folder.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lib_lora_neg.export.comfy_loras import WiringOption
from lib_lora_neg.export.comfyui import to_comfyui
from lib_lora_neg.export.generation import GenerationParameters
from lib_lora_neg.loras.families import ModelFamily
from tests.host.support import lora_files

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
NEEDED = ("COMFY_ROOT", "COMFY_PYTHON", "COMFY_CHECKPOINT")
CLOSE = 2e-4
"""Largest difference relative to the largest value, in single precision on other code paths."""

missing = [name for name in NEEDED if not os.environ.get(name)]
pytestmark = pytest.mark.skipif(
    bool(missing), reason=f"no ComfyUI to test in: set {', '.join(missing)}"
)

GENERATION = GenerationParameters(
    "a cat on a sofa <lora:lnt_style:-0.5> <lora:lnt_concept:0.4:0.7>",
    "blurry, lowres",
    6.0,
    steps=2,
    sampler="Euler",
    seed=11,
    width=64,
    height=64,
)


@pytest.fixture(scope="module")
def loras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loras")
    lora_files.make_lora_files(checkpoint(), folder)
    add_second_encoder(folder / f"{lora_files.STYLE}.safetensors")
    return folder


def add_second_encoder(path: Path) -> None:
    """Let a LoRA change SDXL's second text encoder, too, as those do that train any."""
    start = "conditioner.embedders.1.model.transformer.resblocks."
    parts = {"mlp.c_fc": "mlp_fc1", "mlp.c_proj": "mlp_fc2", "attn.out_proj": "self_attn_out_proj"}
    tensors, random = load_file(path), np.random.default_rng(2)
    for key, (size_out, *size_in) in lora_files.read_shapes(checkpoint()).items():
        number, _, part = key.removeprefix(start).removesuffix(".weight").partition(".")
        if not key.startswith(start) or part not in parts or not size_in:
            continue
        name = f"lora_te2_text_model_encoder_layers_{number}_{parts[part]}"
        down = random.normal(0.0, size_in[0] ** -0.5, (4, size_in[0]))
        up = random.normal(0.0, 0.05, (size_out, 4))
        tensors[f"{name}.lora_down.weight"] = down.astype(np.float16)
        tensors[f"{name}.lora_up.weight"] = up.astype(np.float16)
        tensors[f"{name}.alpha"] = np.array(4, np.float16)
    save_file(tensors, path)


def checkpoint() -> Path:
    return Path(os.environ["COMFY_CHECKPOINT"])


def family() -> ModelFamily:
    xl = lora_files.checkpoint_family(checkpoint()) == "sdxl"
    return ModelFamily.SDXL if xl else ModelFamily.SD1


def run_inside(loras: Path, output: Path, *workflow: Path) -> None:
    root, python = (os.environ[name] for name in NEEDED[:2])
    command = [python, HERE / "inside.py", root, REPOSITORY, checkpoint(), loras, output, *workflow]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def differences(loras: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    output = tmp_path_factory.mktemp("nodes") / "out.json"
    run_inside(loras, output)
    found: dict[str, float] = json.loads(output.read_text())
    return found


@pytest.mark.parametrize("name", ["A cond", "A picture", "B cond", "B picture", "B positive"])
def test_options_a_and_b_are_what_they_are_by_hand(
    differences: dict[str, float], name: str
) -> None:
    assert differences["A moves"] > 100 * CLOSE  # else the LoRA does nothing to be seen
    assert differences[name] < CLOSE


def test_a_strength_of_its_own_on_the_negative_branch_is_exact(
    differences: dict[str, float],
) -> None:
    assert differences["neg cond"] < CLOSE
    assert differences["neg picture"] < CLOSE


@pytest.mark.parametrize("name", ["mask picture", "mask picture through hooks"])
def test_a_saved_mask_of_blocks_is_what_it_is_by_hand(
    differences: dict[str, float], name: str
) -> None:
    assert differences["mask moves"] > 100 * CLOSE  # else the blocks do nothing to be seen
    assert differences[name] < CLOSE
    assert differences["mask leaves the base"] == 0
    assert differences["mask is said"] == 1


def test_what_the_nodes_give_on(differences: dict[str, float]) -> None:
    assert differences["A cfg"] == 6
    assert differences["A text"] == 1
    assert differences["B cfg"] == 9
    assert differences["B model is untouched"] == 1


@pytest.fixture(scope="module")
def exported(loras: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What ComfyUI computes for the exported workflow."""
    made = to_comfyui(
        replace(GENERATION, checkpoint=checkpoint().name),
        family=family(),
        option=WiringOption.A,
        file_of=lambda name: f"{name}.safetensors",
    )
    folder = tmp_path_factory.mktemp("workflow")
    workflow, output = folder / "workflow.json", folder / "seen.npz"
    workflow.write_text(json.dumps(made.prompt))
    run_inside(loras, output, workflow)
    return dict(np.load(output))


@pytest.fixture(scope="module")
def host(loras: Path) -> Iterator[Any]:
    """The diffusers host on the same checkpoint, with the same LoRAs."""
    diffusers = pytest.importorskip("lib_lora_neg.hosts.diffusers", exc_type=ImportError)
    tokenizer = Path(os.environ["COMFY_ROOT"]) / "comfy" / "sd1_tokenizer"
    host = diffusers.open_host(
        checkpoint(), [loras], dtype="float32", tokenizer=tokenizer, device="cpu"
    )
    yield host
    host.close()


@pytest.fixture(scope="module")
def conditioning(host: Any) -> Any:
    from lib_lora_neg.hosts.diffusers.requests import loras_in

    engine = host.engine
    loras, problems = loras_in(GENERATION.prompt)
    assert not problems
    engine.networks.apply(loras)
    job = engine.completed(engine.defaults(), 0)
    return engine.passes.encode(GENERATION.prompt, GENERATION.negative_prompt, job, loras)


def test_the_exported_workflow_encodes_as_the_diffusers_host(
    exported: Any, conditioning: Any
) -> None:
    sides = {"positive": conditioning.positive[0][1].at(0), "negative": conditioning.negative.at(0)}
    for side, cond in sides.items():
        assert close(exported[side][0], cond.context)
        if cond.pooled is not None:
            assert close(exported[f"{side}_pooled"].reshape(-1), cond.pooled.reshape(-1))


def test_the_exported_workflow_denoises_as_the_diffusers_host(
    exported: Any, host: Any, conditioning: Any
) -> None:
    import torch

    from lib_lora_neg.hosts.diffusers.denoisers import AddedConditioning

    x, sigma = torch.from_numpy(exported["input"]), float(exported["sigma"].reshape(-1)[0])
    added = AddedConditioning(GENERATION.width, GENERATION.height, 0.0)
    sides = {
        "cond_denoised": conditioning.positive[0][1].at(0),
        "uncond_denoised": conditioning.negative.at(0),
    }
    for name, cond in sides.items():
        with torch.inference_mode():
            scaled = x / (sigma**2 + 1) ** 0.5
            noise = host.engine.passes.denoiser.evaluate(scaled, torch.tensor(999), [cond], added)
        assert close(exported[name], x - sigma * noise.float())


def close(found: Any, expected: Any) -> bool:
    wanted = np.asarray(expected.float())
    difference = float(np.abs(found - wanted).max() / np.abs(wanted).max())
    print(f"largest difference {difference:.2e}")
    return difference < CLOSE
