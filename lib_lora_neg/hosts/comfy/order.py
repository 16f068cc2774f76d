"""Two orders of a LoRA tag's strengths: ComfyUI's packs write the model's first, A1111 the other.

``<lora:name:a:b>`` means model ``a``, text encoder ``b`` to Lora-Manager, Impact, prompt-control
and SwarmUI, and text encoder ``a``, unet ``b`` to A1111 and Forge. Nothing in the text tells which
was meant, so it is chosen and shown, never guessed. Tags with one strength mean the same to both.
"""

from __future__ import annotations

import re
from enum import Enum

_TWO = re.compile(
    r"<(lora|lyco):([^<>:\n]{1,300}):([^<>:=\n]{1,40}):([^<>:=\n]{1,40})(?=[:>])", re.IGNORECASE
)


class TagOrder(str, Enum):
    """Which of a tag's two strengths comes first; the values are what people choose from."""

    MODEL_FIRST = "ComfyUI: model first"
    TEXT_ENCODER_FIRST = "A1111: text encoder first"

    @classmethod
    def parse(cls, name: object) -> TagOrder:
        """Return the order of this name; ComfyUI's where it is none."""
        return cls.TEXT_ENCODER_FIRST if name == cls.TEXT_ENCODER_FIRST.value else cls.MODEL_FIRST


def swapped(text: str, order: TagOrder) -> str:
    """Return a text as A1111 writes it, or one of A1111's in ``order``: the same step both ways.

    The length stays the same, and a text without such tags is the same object.
    """
    if order is TagOrder.TEXT_ENCODER_FIRST:
        return text
    found = _TWO.sub(r"<\1:\2:\4:\3", text)
    return text if found == text else found
