"""InvokeAI: ``invokeai_metadata`` of its pictures, and ``sd-metadata`` of its older ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..loras.reading.lenient import as_number
from .recipe import NamedLora, Recipe, list_of, mapping_of, stem_of, text_of

_OLD_NEGATIVE = re.compile(r"\[([^\[\]]*)\]")


def of_record(record: Mapping[str, Any]) -> list[Recipe]:
    """Return the recipe of a picture's record; none where it is another tool's."""
    old = mapping_of(record.get("image"))
    if "app_version" in record and "prompt" in old:
        return [_old(old)]
    marks = {"app_version", "generation_mode", "invokeai_version", "cfg_rescale_multiplier"}
    if "positive_prompt" not in record or not marks & record.keys():
        return []
    styles = [text_of(record.get(f"{kind}_style_prompt")) for kind in ("positive", "negative")]
    notes = ["a style prompt of its own was not checked"] if any(styles) else []
    return [
        Recipe(
            source="InvokeAI",
            prompt=text_of(record["positive_prompt"]),
            negative_prompt=text_of(record.get("negative_prompt")),
            cfg_scale=_cfg(record, notes),
            loras=tuple(_loras(record, notes)),
            notes=tuple(notes),
        )
    ]


def _cfg(record: Mapping[str, Any], notes: list[str]) -> float | None:
    value = record.get("cfg_scale")
    if isinstance(value, list) and value:
        numbers = [number for item in value if (number := as_number(item)) is not None]
        if numbers:
            notes.append("the CFG scale changes over the steps; its largest value is checked")
            return max(numbers)
    return as_number(value)


def _loras(record: Mapping[str, Any], notes: list[str]) -> list[NamedLora]:
    found = []
    for item in map(mapping_of, list_of(record.get("loras"))):
        model = mapping_of(item.get("lora") or item.get("model"))
        name = text_of(model.get("name")) or text_of(model.get("model_name"))
        weight = as_number(item.get("weight", 1.0))
        if not name or weight is None:
            notes.append("a LoRA without a name or weight was not checked")
        else:
            found.append(NamedLora(stem_of(name), weight))
    return found


def _old(image: Mapping[str, Any]) -> Recipe:
    """Read the record of versions 2: negative words stand in square brackets of the prompt."""
    parts = image.get("prompt")
    if isinstance(parts, list):
        texts = [text_of(mapping_of(part).get("prompt")) for part in parts]
        text = " ".join(part for part in texts if part)
    else:
        text = text_of(parts)
    negative = ", ".join(part.strip() for part in _OLD_NEGATIVE.findall(text))
    prompt = " ".join(_OLD_NEGATIVE.sub(" ", text).split())
    return Recipe(
        source="InvokeAI 2",
        prompt=prompt,
        negative_prompt=negative,
        cfg_scale=as_number(image.get("cfg_scale")),
    )
