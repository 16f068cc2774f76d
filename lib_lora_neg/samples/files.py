"""Writes LoRA files as trainers and tools leave them: safetensors with side files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..loras.reading.tensors import Shape


@dataclass(frozen=True)
class SampleLora:
    """One LoRA to write.

    Attributes:
        name: the file's stem.
        tensors: shapes by key.
        metadata: of the safetensors header.
        side_files: JSON contents by the suffix that follows the stem.
    """

    name: str
    tensors: Mapping[str, Shape]
    metadata: Mapping[str, str] = field(default_factory=dict)
    side_files: Mapping[str, object] = field(default_factory=dict)


def write_lora(folder: Path, lora: SampleLora) -> Path:
    """Write a LoRA with small random weights and its side files; return the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{lora.name}.safetensors"
    path.write_bytes(safetensors_bytes(lora.tensors, lora.metadata))
    for suffix, content in lora.side_files.items():
        text = json.dumps(content, ensure_ascii=False, indent=2)
        (folder / f"{lora.name}{suffix}").write_text(text, encoding="utf-8")
    return path


def safetensors_bytes(tensors: Mapping[str, Shape], metadata: Mapping[str, str]) -> bytes:
    """Return a safetensors file of half floats, the same for the same arguments."""
    random = np.random.default_rng(seed=0)
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    parts: list[bytes] = []
    offset = 0
    for key, shape in tensors.items():
        data = (random.standard_normal(shape) * 0.01).astype("<f2").tobytes()
        header[key] = {"dtype": "F16", "shape": shape, "data_offsets": [offset, offset + len(data)]}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    # The format asks for data that starts at a multiple of eight.
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def kohya_tensors(modules: Iterable[tuple[str, int, int]], rank: int = 4) -> dict[str, Shape]:
    """Return the three tensors that kohya writes for each ``(module, inputs, outputs)``."""
    tensors: dict[str, Shape] = {}
    for module, inputs, outputs in modules:
        tensors[f"{module}.alpha"] = ()
        tensors[f"{module}.lora_down.weight"] = (rank, inputs)
        tensors[f"{module}.lora_up.weight"] = (outputs, rank)
    return tensors


def peft_tensors(modules: Iterable[tuple[str, int, int]], rank: int = 4) -> dict[str, Shape]:
    """Return the two tensors that diffusers and PEFT write for each module."""
    tensors: dict[str, Shape] = {}
    for module, inputs, outputs in modules:
        tensors[f"{module}.lora_A.weight"] = (rank, inputs)
        tensors[f"{module}.lora_B.weight"] = (outputs, rank)
    return tensors


@dataclass(frozen=True)
class TrainingFolder:
    """One folder of training pictures: ``<repeats>_<token>`` with captions."""

    token: str
    repeats: int
    images: int
    tags: Mapping[str, int]


def kohya_metadata(
    name: str, base: str, architecture: str, folders: Iterable[TrainingFolder], dim: int = 4
) -> dict[str, str]:
    """Return the header metadata that kohya's trainer writes (the keys that tell something)."""
    listed = list(folders)
    frequency = {f"{f.repeats}_{f.token}": dict(f.tags) for f in listed}
    counts = {
        f"{f.repeats}_{f.token}": {"n_repeats": f.repeats, "img_count": f.images} for f in listed
    }
    return {
        "ss_output_name": name,
        "ss_base_model_version": base,
        "ss_v2": "False",
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(dim),
        "ss_network_alpha": "1.0",
        "ss_num_train_images": str(sum(f.repeats * f.images for f in listed)),
        "ss_num_reg_images": "0",
        "ss_epoch": "10",
        "ss_tag_frequency": json.dumps(frequency),
        "ss_dataset_dirs": json.dumps(counts),
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": f"{architecture}/lora",
        "modelspec.title": name,
    }


def civitai_info(
    title: str, tags: Iterable[str], words: Iterable[str], base: str, description: str = ""
) -> dict[str, object]:
    """Return a ``.civitai.info`` as Civitai Helper saves it: a version with its model's tags."""
    return {
        "name": "v1.0",
        "baseModel": base,
        "trainedWords": list(words),
        "description": description,
        "model": {"name": title, "type": "LORA", "tags": list(tags), "description": description},
    }
