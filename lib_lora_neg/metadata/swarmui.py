"""SwarmUI: ``sui_image_params``, in PNG ``parameters`` and in EXIF's user comment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..loras.reading.lenient import as_number
from .recipe import NamedLora, Recipe, list_of, mapping_of, stem_of, text_of

_TAG = re.compile(r"<lora:([^<>:\n]{1,200}):([^<>:\n]{1,40}):([^<>:\n]{1,40})>", re.IGNORECASE)


def of_record(record: Mapping[str, Any]) -> list[Recipe]:
    """Return the recipe of a picture's record; none where it is another tool's."""
    params = mapping_of(record.get("sui_image_params"))
    if not params:
        return []
    notes: list[str] = []
    digests = _digests(record.get("sui_models"))
    loras = [replace(lora, digest=digests.get(lora.name, "")) for lora in _loras(params, notes)]
    prompt = model_first(text_of(params.get("prompt")))
    if text_of(params.get("negativeprompt")) == "" and "negativeprompt" in record:
        notes.append("the negative prompt stands outside the parameters and was not checked")
    return [
        Recipe(
            source="SwarmUI",
            prompt=prompt,
            negative_prompt=text_of(params.get("negativeprompt")),
            cfg_scale=as_number(params.get("cfgscale")),
            distilled=as_number(params.get("fluxguidancescale")) is not None,
            loras=tuple(lora for lora in loras if f"<lora:{lora.name}:" not in prompt),
            notes=tuple(notes),
        )
    ]


def _digests(models: Any) -> dict[str, str]:
    """Return the hashes of the tensors of the LoRAs that a record lists."""
    found = {}
    for entry in map(mapping_of, list_of(models)):
        name = stem_of(text_of(entry.get("name")))
        digest = text_of(entry.get("hash")).lower().removeprefix("0x")
        if "lora" in text_of(entry.get("param")).lower() and name and digest:
            found[name] = digest
    return found


def model_first(text: str) -> str:
    """Return a text with its tags in the WebUI's order: they have the model's strength first."""
    return _TAG.sub(r"<lora:\1:\3:\2>", text)


def _loras(params: Mapping[str, Any], notes: list[str]) -> list[NamedLora]:
    names, weights = _items(params.get("loras")), _items(params.get("loraweights"))
    te = _items(params.get("loratencweights"))
    places = _items(params.get("lorasectionconfinement"))
    found = []
    for number, name in enumerate(names):
        weight = as_number(weights[number]) if number < len(weights) else 1.0
        if not isinstance(name, str) or weight is None:
            notes.append(f"LoRA {number + 1} has no name or weight that is understood")
            continue
        own = as_number(te[number]) if number < len(te) else None
        if number < len(places) and as_number(places[number]) not in (None, -1, 0):
            notes.append(f"{stem_of(name)} acts on a part of the picture or a later stage only")
        found.append(NamedLora(stem_of(name), weight, own))
    return found


def _items(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return list_of(value)
