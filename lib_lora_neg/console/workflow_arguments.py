"""The arguments of `lora-neg export --to comfyui`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from ..export.comfy_loras import WiringOption


def add_workflow(
    group: argparse._ArgumentGroup,
    number: Callable[[str], float],
    family: Callable[[str], str],
) -> None:
    """Add what only a workflow needs; a picture's infotext tells most of it.

    Args:
        group: to add them to.
        number: reads a finite number.
        family: reads the name of a model family.
    """
    group.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the workflow as ComfyUI's page opens it, and beside it FILE_api.json as its "
        "server takes it (default: both as one line of JSON)",
    )
    group.add_argument(
        "--option",
        choices=[option.value for option in WiringOption],
        default=WiringOption.A.value,
        help="a LoRA at a negative weight: A on the model, B into the negative text encode with "
        "its sign flipped (default: A)",
    )
    group.add_argument("--checkpoint", metavar="NAME", help="file of the checkpoint in ComfyUI")
    group.add_argument("--family", type=family, help="of the checkpoint (default: the LoRAs' own)")
    group.add_argument("--cfg", type=number, help="CFG scale, where no infotext says it")
    group.add_argument("--seed", type=int, help="instead of the infotext's")
