"""Draw Things: one object in the user comment of its pictures, keys of one or two letters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..loras.reading.lenient import as_number
from .recipe import NamedLora, Recipe, list_of, mapping_of, stem_of, text_of


def of_record(record: Mapping[str, Any]) -> list[Recipe]:
    """Return the recipe of a picture's record; none where it is another tool's."""
    prompt = record.get("c")
    if not isinstance(prompt, str) or not {"sampler", "v2", "model"} & record.keys():
        return []
    loras, notes = [], []
    for item in map(mapping_of, list_of(record.get("lora"))):
        name, weight = stem_of(text_of(item.get("model"))), as_number(item.get("weight"))
        if name and weight is not None:
            loras.append(NamedLora(name, weight))
        else:
            notes.append("a LoRA without a name or weight was not checked")
    return [
        Recipe(
            source="Draw Things",
            prompt=prompt,
            negative_prompt=text_of(record.get("uc")),
            cfg_scale=as_number(record.get("scale")),
            loras=tuple(loras),
            notes=tuple(notes),
        )
    ]
