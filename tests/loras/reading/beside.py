"""A LoRA with one file beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lib_lora_neg.loras import LoraCard, read_card
from tests.support.safetensors_files import write_lora


def card_beside(folder: Path, suffix: str, data: Any) -> LoraCard:
    lora = write_lora(folder / "x.safetensors")
    text = data if isinstance(data, str) else json.dumps(data)
    (folder / f"x{suffix}").write_text(text, "utf-8")
    return read_card(lora)
