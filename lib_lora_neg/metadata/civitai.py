"""Civitai: LoRAs that its generator and its pages list beside the prompt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..loras.reading.lenient import as_number
from .recipe import NamedLora, UsedVersion, list_of, mapping_of, stem_of, text_of

LORA_TYPES = frozenset(("lora", "locon", "lycoris", "dora", "loha", "lokr"))
"""Kinds of resources that act as a LoRA, in small letters."""


def of_parameters(
    known: Mapping[str, str], prompt: str
) -> tuple[list[NamedLora], tuple[UsedVersion, ...], tuple[str, ...]]:
    """Return the LoRAs of an infotext's ``Civitai resources``, and what was not understood.

    Args:
        known: the parameters, keys in lower case.
        prompt: tags that stand in it are not counted again.
    """
    text = known.get("civitai resources")
    if text is None:
        return [], (), ()
    try:
        resources = json.loads(text)
    except (ValueError, RecursionError):
        return [], (), ("'Civitai resources' cannot be read: LoRAs in it were not checked",)
    return of_resources(resources, prompt)


def of_resources(
    resources: Any, prompt: str
) -> tuple[list[NamedLora], tuple[UsedVersion, ...], tuple[str, ...]]:
    """Return the LoRAs in a list of resources, by number of their version where they have one."""
    named: list[NamedLora] = []
    versions: list[UsedVersion] = []
    notes: list[str] = []
    lower = prompt.lower()
    for item in map(mapping_of, list_of(resources)):
        kind = text_of(item.get("type")).lower()
        if kind not in LORA_TYPES:
            continue
        weight = as_number(item.get("weight", item.get("strength", 1.0)))
        version = as_number(item.get("modelVersionId", item.get("versionId")))
        name = text_of(item.get("modelName")) or text_of(item.get("name"))
        if weight is None:
            notes.append(
                f"a LoRA of weight {item.get('weight')!r} in the resources was not checked"
            )
        elif version is not None and version > 0:
            versions.append(UsedVersion(int(version), weight, name))
        elif name:
            if f"<lora:{stem_of(name).lower()}:" not in lower:
                digest = text_of(item.get("hash")).lower()
                named.append(NamedLora(stem_of(name), weight, digest=digest))
        else:
            notes.append("a LoRA without a name in the resources was not checked")
    return named, tuple(versions), tuple(notes)
