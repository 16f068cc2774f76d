"""NovelAI: the comment of its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..loras.reading.lenient import as_number
from .recipe import Recipe, list_of, mapping_of, text_of


def of_record(record: Mapping[str, Any]) -> list[Recipe]:
    """Return the recipe of a picture's comment; none where it is another tool's."""
    marks = {"v4_prompt", "request_type", "cfg_rescale", "uncond_scale", "sm_dyn", "signed_hash"}
    if not ("uc" in record or "v4_negative_prompt" in record) or not marks & record.keys():
        return []
    prompt = _with_characters(record, "prompt", "v4_prompt")
    negative = _with_characters(record, "uc", "v4_negative_prompt")
    return [
        Recipe(
            source="NovelAI",
            prompt=prompt,
            negative_prompt=negative,
            cfg_scale=as_number(record.get("scale")),
            notes=("NovelAI weighs words in its own way ({} and ::); it has no LoRA files",),
        )
    ]


def _with_characters(record: Mapping[str, Any], plain: str, structured: str) -> str:
    caption = mapping_of(mapping_of(record.get(structured)).get("caption"))
    texts = [text_of(record.get(plain)) or text_of(caption.get("base_caption"))]
    characters = map(mapping_of, list_of(caption.get("char_captions")))
    texts += [text_of(character.get("char_caption")) for character in characters]
    return "\n".join(text for text in texts if text)
