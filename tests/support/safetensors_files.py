"""Real safetensors files of a few bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

SDXL_LAYER = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k"
SDXL = {
    f"{SDXL_LAYER}.lora_down.weight": (4, 2048),
    f"{SDXL_LAYER}.lora_up.weight": (640, 4),
}


def write_lora(
    path: Path,
    metadata: dict[str, str] | None = None,
    shapes: Mapping[str, tuple[int, ...]] = SDXL,
) -> Path:
    """Write a LoRA of zeros; without ``shapes``, of one layer of SDXL."""
    tensors = {name: np.zeros(shape, np.float16) for name, shape in shapes.items()}
    save_file(tensors, path, metadata)
    return path
