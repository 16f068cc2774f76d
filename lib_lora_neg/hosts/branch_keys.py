"""LoRAs with a strength of their own on the negative branch, as infotexts tell them."""

from __future__ import annotations

from collections.abc import Iterable

from ..prompts import format_number
from ..scan.ports import LoraSetting

KEY = "LoRA Neg branches"
BLOCKS_KEY = "LoRA Neg blocks"
KEYS = (KEY, BLOCKS_KEY)
NO_BLOCKS = "blocks= is ignored without LoRA Negative Guard"
IGNORED = "neg= and negte= are ignored without LoRA Negative Guard"


def infotext_keys(loras: Iterable[LoraSetting], cfg: float) -> dict[str, str]:
    """Return the key of a picture in which the negative branch had strengths of its own."""
    loras = tuple(loras)
    told = [_told(lora) for lora in loras if lora.branched] if cfg != 1 else []
    masked = [f"{lora.name} {lora.blocks}" for lora in loras if lora.blocks]
    found = {KEY: f"{'; '.join(told)} ({IGNORED})"} if told else {}
    return {**found, BLOCKS_KEY: f"{'; '.join(masked)} ({NO_BLOCKS})"} if masked else found


def _told(lora: LoraSetting) -> str:
    unet = lora.unet if lora.negative_unet is None else lora.negative_unet
    te = lora.text_encoder if lora.negative_text_encoder is None else lora.negative_text_encoder
    text = f"{lora.name} {format_number(lora.unet)}, negative branch {format_number(unet)}"
    if te != unet:
        text += f" with text encoder {format_number(te)}"
    return text
