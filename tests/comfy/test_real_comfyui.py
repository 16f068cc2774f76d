"""The node pack and the exported workflow in a real ComfyUI.

``COMFY_ROOT`` is ComfyUI's folder, ``COMFY_PYTHON`` its Python, ``COMFY_CHECKPOINT`` a checkpoint
of SD 1 or SDXL (``.safetensors``; random weights will do). ComfyUI runs as a program of its own on
the CPU, with LoRA files that fit the checkpoint; nothing is written into its folder.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lib_lora_neg.export.comfyui import Option, to_comfyui
from lib_lora_neg.export.generation import Generation
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

GENERATION = Generation(
    "a cat on a sofa <lora:lnt_style:-0.5> <lora:lnt_concept:0.4:0.7>",
    "blurry, lowres",
    6.0,
    steps=2,
    sampler="Euler",
    seed=11,
    width=64,
    height=64,
)


@dataclass(frozen=True)
class Ran:
    """What came back from within ComfyUI."""

    checkpoint: Path
    loras: Path
    differences: dict[str, float]
    workflow: Any


def family() -> ModelFamily:
    kind = lora_files.checkpoint_family(Path(os.environ["COMFY_CHECKPOINT"]))
    return ModelFamily.SDXL if kind == "sdxl" else ModelFamily.SD1


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    root, python, checkpoint = (Path(os.environ[name]) for name in NEEDED)
    folder = tmp_path_factory.mktemp("comfy")
    loras = folder / "loras"
    lora_files.make_lora_files(checkpoint, loras)
    from dataclasses import replace

    made = to_comfyui(
        replace(GENERATION, checkpoint=checkpoint.name),
        family=family(),
        option=Option.A,
        file_of=lambda name: f"{name}.safetensors",
    )
    workflow, output = folder / "workflow.json", folder / "out.json"
    workflow.write_text(json.dumps(made.prompt))
    command = [python, HERE / "inside.py", root, REPOSITORY, checkpoint, loras, output, workflow]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    seen = dict(np.load(f"{output}-0.npz"))
    return Ran(checkpoint, loras, json.loads(output.read_text()), seen)


@pytest.mark.parametrize("name", ["A cond", "A picture", "B cond", "B picture", "B positive"])
def test_options_a_and_b_are_what_they_are_by_hand(ran: Ran, name: str) -> None:
    assert ran.differences["A moves"] > 100 * CLOSE  # else the LoRA does nothing to be seen
    assert ran.differences[name] < CLOSE


def test_a_strength_of_its_own_on_the_negative_branch_is_exact(ran: Ran) -> None:
    assert ran.differences["neg cond"] < CLOSE
    assert ran.differences["neg picture"] < CLOSE


def test_what_the_nodes_give_on(ran: Ran) -> None:
    assert ran.differences["A cfg"] == 6
    assert ran.differences["A text"] == 1
    assert ran.differences["B cfg"] == 9
    assert ran.differences["B model is untouched"] == 1


class TestExported:
    """The workflow computes what the diffusers host computes for the same generation."""

    @pytest.fixture(scope="class")
    def host(self, ran: Ran) -> Any:
        diffusers = pytest.importorskip("lib_lora_neg.hosts.diffusers", exc_type=ImportError)
        tokenizer = Path(os.environ["COMFY_ROOT"]) / "comfy" / "sd1_tokenizer"
        host = diffusers.open_host(
            ran.checkpoint, [ran.loras], dtype="float32", tokenizer=tokenizer, device="cpu"
        )
        yield host
        host.close()

    @pytest.fixture(scope="class")
    def told(self, host: Any) -> Any:
        from lib_lora_neg.hosts.diffusers.requests import loras_in

        engine = host.engine
        loras, problems = loras_in(GENERATION.prompt)
        assert not problems
        engine.networks.apply(loras)
        job = engine.completed(engine.defaults(), 0)
        return engine.passes.encode(GENERATION.prompt, GENERATION.negative_prompt, job, loras)

    def test_conditioning(self, ran: Ran, told: Any) -> None:
        for side, cond in (
            ("positive", told.positive[0][1].at(0)),
            ("negative", told.negative.at(0)),
        ):
            expected = cond.context.float().numpy()
            found = ran.workflow[side][0]
            assert np.abs(found - expected).max() < CLOSE * np.abs(expected).max()
            if cond.pooled is not None:
                pooled = cond.pooled.float().numpy().reshape(-1)
                assert (
                    np.abs(ran.workflow[f"{side}_pooled"][0] - pooled).max()
                    < CLOSE * np.abs(pooled).max()
                )

    def test_first_step_of_the_denoiser(self, ran: Ran, host: Any, told: Any) -> None:
        import torch

        from lib_lora_neg.hosts.diffusers.denoisers import AddedConditioning

        x, sigma = torch.from_numpy(ran.workflow["input"]), float(ran.workflow["sigma"][0])
        scaled = x / (sigma**2 + 1) ** 0.5
        t = torch.tensor(999)
        added = AddedConditioning(GENERATION.width, GENERATION.height, 0.0)
        sides = {"cond_denoised": told.positive[0][1].at(0), "uncond_denoised": told.negative.at(0)}
        for name, cond in sides.items():
            with torch.inference_mode():
                noise = host.engine.passes.denoiser.evaluate(scaled, t, [cond], added)
            expected = (x - sigma * noise.float()).numpy()
            found = ran.workflow[name]
            assert np.abs(found - expected).max() < CLOSE * np.abs(expected).max()
