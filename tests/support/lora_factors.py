"""Small plain LoRA files whose directions are known.

Written by hand: the pages of the browser tests run where there is no safetensors.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

LAYERS = (
    "lora_unet_input_blocks_4_1_proj_in",
    "lora_unet_middle_block_1_proj_in",
    "lora_unet_output_blocks_3_1_proj_in",
)


def write_factors(path: Path, sign: float = 1.0, layers: Sequence[str] = LAYERS) -> Path:
    """Write a LoRA whose change of each layer is ``sign`` times that of every other such file."""
    tensors = {}
    for number, layer in enumerate(layers):
        rng = np.random.default_rng(number)
        tensors[f"{layer}.lora_down.weight"] = rng.standard_normal((4, 16)).astype(np.float32)
        up = rng.standard_normal((16, 4)).astype(np.float32)
        tensors[f"{layer}.lora_up.weight"] = sign * up
        tensors[f"{layer}.alpha"] = np.array(4.0, np.float32)
    header, parts, offset = {}, [], 0
    for key, tensor in tensors.items():
        data = tensor.tobytes()
        spans = [offset, offset + len(data)]
        header[key] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": spans}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(b"".join([len(text).to_bytes(8, "little"), text, *parts]))
    return path
