"""Lists of LoRAs in JSON objects, in the shapes that tools write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..loras.reading.lenient import as_number
from .recipe import NamedLora, list_of, mapping_of, plain_key, stem_of, text_of

_NAME_KEYS = ("name", "lora", "loraname", "model", "modelname", "path", "file", "filename", "id")
_WEIGHT_KEYS = ("weight", "strength", "strengthmodel", "modelstrength", "scale", "multiplier")
_TE_KEYS = ("strengthclip", "clipstrength", "clipweight", "te")


def loras_of(value: Any) -> list[NamedLora] | None:
    """Return the LoRAs of a list or a mapping of names and weights; ``None`` if not understood."""
    if isinstance(value, Mapping):
        by_key = {plain_key(key): key for key in value}
        if set(_NAME_KEYS) & by_key.keys() and set(_WEIGHT_KEYS) & by_key.keys():
            value = [value]
        else:
            value = [
                {"name": key, **item}
                if isinstance(item, Mapping)
                else {"name": key, "weight": item}
                for key, item in value.items()
            ]
    found = []
    for item in list_of([value] if isinstance(value, str) else value):
        lora = _one_lora(item)
        if lora is None:
            return None
        found.append(lora)
    return found if isinstance(value, list | str) else None


def _one_lora(item: Any) -> NamedLora | None:
    if isinstance(item, str):
        before, colon, behind = item.rpartition(":")
        number = as_number(behind) if colon else None
        return NamedLora(stem_of(item)) if number is None else NamedLora(stem_of(before), number)
    if isinstance(item, list) and len(item) in (2, 3) and isinstance(item[0], str):
        numbers = [as_number(part) for part in item[1:]]
        if None in numbers:
            return None
        return NamedLora(stem_of(item[0]), *numbers)  # type: ignore[arg-type]
    by_key = {plain_key(key): key for key in mapping_of(item)}
    names = (item[by_key[key]] for key in _NAME_KEYS if key in by_key)
    name = next((n for n in map(_name, names) if n), "")
    weights = [item[by_key[key]] for key in _WEIGHT_KEYS if key in by_key]
    weight = as_number(weights[0]) if weights else 1.0
    te = next((as_number(item[by_key[key]]) for key in _TE_KEYS if key in by_key), None)
    return NamedLora(stem_of(name), weight, te) if name and weight is not None else None


def _name(value: Any) -> str:
    inner = mapping_of(value)
    return text_of(value) or text_of(inner.get("name")) or text_of(inner.get("model_name"))


def loras_side_by_side(names: Any, weights: Any) -> list[NamedLora] | None:
    """Return the LoRAs of a list of names and one of strengths; without these they are 1."""
    names = [names] if isinstance(names, str) else list_of(names)
    weights = weights if isinstance(weights, list) else [weights] * len(names)
    weights = [1.0] * len(names) if weights == [None] * len(names) else weights
    numbers = [as_number(weight) for weight in weights]
    if len(numbers) != len(names) or None in numbers or not all(map(text_of, names)):
        return None
    pairs = zip(map(text_of, names), numbers, strict=True)
    return [NamedLora(stem_of(name), number or 0.0) for name, number in pairs]
