"""LoRA files of every type for a given checkpoint: its own layers, random weights.

A WebUI that is already running (``WEBUI_URL``) needs them in its LoRA folder:
``python -m tests.host.support.lora_files CHECKPOINT.safetensors FOLDER``
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

RANK = 4
STRENGTH = 0.3
"""Size of the change at weight 1, relative to a layer with unit-variance outputs."""

Shape = tuple[int, ...]


@dataclass(frozen=True)
class LoraFile:
    """One LoRA file: how it is called, what its side files say."""

    name: str
    sidecar: Mapping[str, Any] | None = None
    civitai: Mapping[str, Any] | None = None


def _decided(kind: str, *triggers: str, **more: Any) -> dict[str, Any]:
    return {"lora_neg": {"schema": 1, "type": kind, "triggers": list(triggers), **more}}


STYLE = "lnt_style"
STYLE_B = "lnt_style_b"
STYLE_PAGE = "lnt_style_page"
CONCEPT = "lnt_concept"
CHARACTER = "lnt_character"
DEDICATED = "lnt_dedicated"
WRONG = "lnt_trigneg"
SLIDER = "lnt_slider"
UNKNOWN = "lnt_unknown"
EMBEDDING = "lnt_embedding"

STYLE_TRIGGER = "inkwashx"
CHARACTER_TRIGGER = "zkarax"
WRONG_TRIGGER = "wrong"

FILES = (
    LoraFile(STYLE, _decided("style", STYLE_TRIGGER)),
    LoraFile(STYLE_B, _decided("style")),
    LoraFile(STYLE_PAGE, civitai={"model": {"name": "Some page", "tags": ["style"]}}),
    LoraFile(CONCEPT, _decided("concept")),
    LoraFile(CHARACTER, _decided("character", CHARACTER_TRIGGER)),
    LoraFile(DEDICATED, _decided("dedicated_negative")),
    LoraFile(WRONG, _decided("trigger_negative", WRONG_TRIGGER)),
    LoraFile(SLIDER, _decided("slider")),
    LoraFile(UNKNOWN),
)
XL_PREFIX = "xl_"
"""Before the names of the files made for an SDXL checkpoint beside an SD1 one."""

TRANSFORMERS: Mapping[str, str] = {
    "klein": "double_stream_modulation_img.",
    "flux": "double_blocks.0.img_mod.",
    "zimage": "cap_embedder.",
    "krea": "txtfusion.",
    "anima": "llm_adapter.",
    "qwen": "txt_norm.weight",
}
"""By the name that these tests give a family: a piece of names that only its checkpoints have. The
LoRA files of each have the name and ``_`` before theirs."""


def make_lora_files(checkpoint: Path, folder: Path, prefix: str = "") -> None:
    """Write all `FILES` for a checkpoint, with their side files."""
    layers = dict(_layers(read_shapes(checkpoint)))
    folder.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        path = folder / f"{prefix}{file.name}.safetensors"
        save_file(_tensors(layers, path.stem), path)
        if file.sidecar is not None:
            path.with_suffix(".json").write_text(json.dumps(file.sidecar), encoding="utf-8")
        if file.civitai is not None:
            page = path.with_name(path.stem + ".civitai.info")
            page.write_text(json.dumps(file.civitai), encoding="utf-8")


def make_embedding(folder: Path) -> None:
    """Write a textual-inversion embedding for SD1 checkpoints."""
    folder.mkdir(parents=True, exist_ok=True)
    vectors = np.random.default_rng(1).normal(0.0, 0.02, (1, 768)).astype(np.float32)
    save_file({"emb_params": vectors}, folder / f"{EMBEDDING}.safetensors")


def read_shapes(checkpoint: Path) -> dict[str, Shape]:
    """Return the shapes of all tensors, from the file's header alone."""
    with checkpoint.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return {key: tuple(entry["shape"]) for key, entry in header.items()}


def checkpoint_family(checkpoint: Path) -> str:
    """Return ``sd1``, ``sdxl``, one of `TRANSFORMERS` or ``other``."""
    if checkpoint.suffix != ".safetensors" or not checkpoint.is_file():
        return "other"
    keys = read_shapes(checkpoint)
    if any(key.startswith("conditioner.embedders.1.model.transformer.") for key in keys):
        return "sdxl"
    if any(key.startswith("cond_stage_model.transformer.text_model.") for key in keys):
        return "sd1"
    marked = (name for name, mark in TRANSFORMERS.items() if any(mark in key for key in keys))
    return next(marked, "other")


_ATTENTION = (
    *(f"{block}.{part}" for block in ("attn1", "attn2") for part in ("to_q", "to_k", "to_v")),
    "attn1.to_out.0",
    "attn2.to_out.0",
)


_JOINT = (
    *("img_attn.qkv", "txt_attn.qkv", "linear1", "attention.qkv", "attn.to_q", "attn.to_v"),
    *("attn.wq", "attn.wv", "cross_attn.q_proj", "cross_attn.v_proj"),
)
"""Layers of the attention of transformers, by their last names."""


def _layers(shapes: Mapping[str, Shape]) -> Iterator[tuple[str, Shape]]:
    """Yield kohya names and shapes of the layers that a LoRA usually trains."""
    sdxl = any(key.startswith("conditioner.") for key in shapes)
    unet, text = "model.diffusion_model.", "cond_stage_model.transformer."
    if sdxl:
        text = "conditioner.embedders.0.transformer."
    for key, shape in shapes.items():
        name, is_weight = key.removesuffix(".weight"), key.endswith(".weight")
        if not is_weight:
            continue
        if key.startswith(unet) and name.endswith(_JOINT) and len(shape) == 2:
            yield f"lora_unet_{name.removeprefix(unet).replace('.', '_')}", shape
        if key.startswith(unet) and "transformer_blocks" in key and name.endswith(_ATTENTION):
            yield f"lora_unet_{_unet_name(name.removeprefix(unet), sdxl)}", shape
        elif key.startswith(f"{text}text_model.encoder.layers.") and len(shape) == 2:
            start = "lora_te1_" if sdxl else "lora_te_"
            yield start + name.removeprefix(text).replace(".", "_"), shape


def _unet_name(name: str, sdxl: bool) -> str:
    """Return kohya's name of a layer: SDXL keeps the checkpoint's, SD1 has diffusers' names."""
    if sdxl:
        return name.replace(".", "_")
    parts = name.split(".")
    if parts[0] == "middle_block":
        return "_".join(["mid_block_attentions_0", *parts[2:]])
    down = parts[0] == "input_blocks"
    index = int(parts[1]) - 1 if down else int(parts[1])
    block = f"{'down' if down else 'up'}_blocks_{index // 3}_attentions_{index % 3}"
    return "_".join([block, *parts[3:]])


def _tensors(layers: Mapping[str, Shape], name: str) -> dict[str, np.ndarray]:
    random = np.random.default_rng(zlib.crc32(name.encode()))
    tensors: dict[str, np.ndarray] = {}
    for layer, (size_out, size_in, *_) in layers.items():
        down = random.normal(0.0, size_in**-0.5, (RANK, size_in))
        up = random.normal(0.0, STRENGTH * RANK**-0.5, (size_out, RANK))
        tensors[f"{layer}.lora_down.weight"] = down.astype(np.float16)
        tensors[f"{layer}.lora_up.weight"] = up.astype(np.float16)
        tensors[f"{layer}.alpha"] = np.array(RANK, np.float16)
    return tensors


if __name__ == "__main__":
    make_lora_files(Path(sys.argv[1]), Path(sys.argv[2]))
