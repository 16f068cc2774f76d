"""Fooocus: its own scheme, and the labels of its log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..loras.reading.lenient import as_number
from .recipe import NamedLora, Recipe, list_of, stem_of, text_of


def of_record(record: Mapping[str, Any]) -> list[Recipe]:
    """Return the recipe of a picture's record; none where it is another tool's."""
    known = {str(key).lower().replace(" ", "_"): value for key, value in record.items()}
    if "guidance_scale" not in known or not {"base_model", "performance", "sharpness"} & set(known):
        return []
    return [
        Recipe(
            source="Fooocus",
            prompt=_whole(known, "full_prompt", "prompt"),
            negative_prompt=_whole(known, "full_negative_prompt", "negative_prompt"),
            cfg_scale=as_number(known["guidance_scale"]),
            loras=tuple(_loras(known)),
        )
    ]


def _whole(known: Mapping[str, Any], full: str, typed: str) -> str:
    """Return the prompt with its styles, where the record has it, else as it was typed."""
    parts = known.get(full)
    if isinstance(parts, list) and parts and all(isinstance(part, str) for part in parts):
        return ", ".join(parts)
    return text_of(parts) or text_of(known.get(typed))


def _loras(known: Mapping[str, Any]) -> list[NamedLora]:
    found: dict[str, NamedLora] = {}
    for item in list_of(known.get("loras")):
        weight = as_number(item[1]) if isinstance(item, list) and len(item) > 1 else None
        if weight is not None:
            name = stem_of(text_of(item[0]))
            digest = text_of(item[2]) if len(item) > 2 else ""
            found[name] = NamedLora(name, weight, digest=digest.lower())
    for key, value in known.items():
        if key.startswith("lora") and isinstance(value, str) and " : " in value:
            called, _, behind = value.rpartition(" : ")
            number = as_number(behind)
            if number is not None:
                found.setdefault(stem_of(called), NamedLora(stem_of(called), number))
    return [lora for name, lora in found.items() if name and name != "None"]
