"""JSON objects: payloads of the WebUI's API, lines of other tools, records of other formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any

from ..loras.reading.lenient import as_number
from . import civitai, comfyui, drawthings, fooocus, infotexts, invokeai, novelai, swarmui
from .recipe import (
    HiresRecipe,
    MetadataError,
    NamedLora,
    Recipe,
    plain_key,
    shortened,
)
from .record_loras import loras_of, loras_side_by_side

MAX_RECORDS = 100_000
"""Recipes of one document."""

_DEPTH = 4

_PROMPT = ("prompt", "positiveprompt", "positive", "promptpositive")
_NEGATIVE = (
    "negativeprompt",
    "negative",
    "negprompt",
    "promptnegative",
    "uc",
    "undesiredcontent",
)
_CFG = ("cfgscale", "cfg", "guidancescale", "guidance")
_FAMILY = ("family", "basemodel", "modelfamily", "baseversion")
_HR_PROMPT = ("hrprompt", "hiresprompt")
_HR_NEGATIVE = ("hrnegativeprompt", "hiresnegativeprompt")
_HR_CFG = ("hrcfg", "hirescfg", "hirescfgscale")
_OWN_LORAS = ("loras", "lora", "loraweights", "additionalnetworks", "networks")
_SIDE_BY_SIDE = (("lorapaths", "lorascales"), ("useloramodel", "loraalpha"))
"""Names and strengths in two lists: mflux, Easy Diffusion."""
_RESOURCES = ("resources", "civitairesources")
_READ = frozenset(
    (
        *(*_PROMPT, *_NEGATIVE, *_CFG, *_FAMILY, *_HR_PROMPT, *_HR_NEGATIVE, *_HR_CFG),
        *(key for keys in _SIDE_BY_SIDE for key in keys),
        *(*_OWN_LORAS, *_RESOURCES, "enablehr", "distilled", "distilledcfgscale", "styles"),
    )
)
_INNER = (
    *("meta", "metadata", "params", "parameters", "generationparameters", "generationparams"),
    *("payload", "request", "input", "inputs", "arguments", "args", "data", "body", "result"),
    *("items", "images", "prompts", "requests", "jobs", "infotexts", "results"),
    *("usercomment", "comment", "imagedescription", "description"),
)
_TEXT_FIELDS = frozenset(("prompt", "negative_prompt"))
_NEGATIVE_OPEN = frozenset(("negative_prompt",))
_ABOUT = ("prompt", "negative", "cfg", "guidance", "lora")


def recipes_of_json(value: Any) -> list[Recipe]:
    """Return the recipes of a JSON document: an object, or a list of objects or prompts.

    Raises:
        MetadataError: there is none in it.
    """
    found = list(islice(_recipes(value, _DEPTH, bare=True), MAX_RECORDS + 1))
    if len(found) > MAX_RECORDS:
        raise MetadataError(f"more than {MAX_RECORDS} records")
    if not found:
        raise MetadataError(f"no prompt in this JSON: {_outline(value)}")
    return found


def recipe_of_record(value: Any) -> Recipe:
    """Return the recipe of one line of JSON; an object without known keys has none.

    Raises:
        MetadataError: it is no object, or holds none or several recipes, or a value of a wrong
            type.
    """
    if not isinstance(value, Mapping):
        raise MetadataError(f"a JSON object is needed, not {type(value).__name__}")
    if not value:
        return Recipe(source="JSON", has_parameters=False, open=_TEXT_FIELDS)
    found = recipes_of_json(value)
    if len(found) > 1:
        raise MetadataError(f"{len(found)} records in one line")
    return found[0]


def _recipes(value: Any, depth: int, bare: bool = False) -> Iterator[Recipe]:
    """Yield what is in a value; ``bare``: texts in a list may be prompts and nothing else."""
    if isinstance(value, str):
        yield from _of_text(value)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, str):
                yield from _of_text(item, prompt=bare)
            elif depth:
                yield from _recipes(item, depth - 1, bare)
    elif isinstance(value, Mapping):
        for reader in _FORMATS:
            recipes = reader(value)
            if recipes:
                yield from recipes
                return
        yield from _of_object(value, depth)


_FORMATS: tuple[Callable[[Mapping[str, Any]], list[Recipe]], ...] = (
    swarmui.of_record,
    comfyui.of_record,
    invokeai.of_record,
    novelai.of_record,
    fooocus.of_record,
    drawthings.of_record,
)


def _of_text(text: str, prompt: bool = False) -> list[Recipe]:
    found = infotexts.infotexts_of(text)
    if not found and prompt and text.strip():
        return [Recipe(source="JSON", prompt=text, has_parameters=False, open=_NEGATIVE_OPEN)]
    return found


def _of_object(record: Mapping[str, Any], depth: int) -> Iterator[Recipe]:
    by_key = {plain_key(key): key for key in record}
    own = [key for key in (*_PROMPT, *_NEGATIVE, *_HR_PROMPT) if key in by_key]
    # What an exporter wraps around the generation is looked into only without an own prompt.
    if not own and depth:
        inner = [
            recipe
            for key in _INNER
            if key in by_key
            for recipe in _recipes(record[by_key[key]], depth - 1, bare=key == "prompts")
        ]
        if inner:
            yield from inner
            return
    if own or _READ & by_key.keys():
        yield from _payload(record, by_key)


def _payload(record: Mapping[str, Any], by_key: Mapping[str, str]) -> Iterator[Recipe]:
    """Yield the recipe of a payload; one for each prompt where there is a list of them."""
    prompts = _texts(record, by_key, _PROMPT)
    negatives = _texts(record, by_key, _NEGATIVE)
    whole = _whole(record, by_key)
    for number in range(max(len(prompts), len(negatives), 1)):
        text = prompts[min(number, len(prompts) - 1)] if prompts else ""
        negative = negatives[min(number, len(negatives) - 1)] if negatives else ""
        loras, versions, notes = _loras(record, by_key, text)
        yield Recipe(
            source="JSON",
            prompt=text,
            negative_prompt=negative,
            cfg_scale=_number(record, by_key, _CFG),
            hires=_hires(record, by_key),
            family=_text(record, by_key, _FAMILY) or None,
            distilled="distilled" in by_key and record[by_key["distilled"]] is True,
            loras=tuple(loras),
            versions=versions,
            has_parameters=False,
            notes=(*notes, *_unread(record, by_key)),
            open=_TEXT_FIELDS - _names(record, by_key).keys(),
            extra=whole,
            keys=MappingProxyType(_names(record, by_key)),
        )


def names_prompt_and_more(record: Mapping[str, Any]) -> bool:
    """Whether a record has a prompt by any of its names, and a negative prompt or CFG scale."""
    keys = set(map(plain_key, record))
    return bool(keys & set(_PROMPT)) and bool(keys & {*_NEGATIVE, *_CFG})


def _names(record: Mapping[str, Any], by_key: Mapping[str, str]) -> dict[str, str]:
    names = {}
    for ours, theirs in (("prompt", _PROMPT), ("negative_prompt", _NEGATIVE), ("cfg_scale", _CFG)):
        found = next(
            (by_key[k] for k in theirs if k in by_key and record[by_key[k]] is not None), None
        )
        if found is not None:
            names[ours] = found
    return names


def _whole(record: Mapping[str, Any], by_key: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the plain values that are kept beside what was understood."""
    kept = {
        key: record[key]
        for plain, key in by_key.items()
        if (plain not in _READ or plain == "styles")
        and isinstance(record[key], str | int | float | bool | None)
        and (not isinstance(record[key], str) or len(record[key]) <= 10_000)
    }
    return MappingProxyType(kept)


def _texts(
    record: Mapping[str, Any], by_key: Mapping[str, str], keys: tuple[str, ...]
) -> list[str]:
    for key in keys:
        value = record[by_key[key]] if key in by_key else None
        if value is None:
            continue
        if isinstance(value, str):
            return [value]
        if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            return value
        raise MetadataError(f"{by_key[key]} must be text, not {shortened(repr(value), 40)}")
    return []


def _text(record: Mapping[str, Any], by_key: Mapping[str, str], keys: tuple[str, ...]) -> str:
    return (_texts(record, by_key, keys) or [""])[0]


def _number(
    record: Mapping[str, Any], by_key: Mapping[str, str], keys: tuple[str, ...]
) -> float | None:
    for key in keys:
        value = record[by_key[key]] if key in by_key else None
        if value is None:
            continue
        number = as_number(value)
        if number is None:
            shown = shortened(repr(value), 40)
            raise MetadataError(f"{by_key[key]} must be a finite number, not {shown}")
        return number
    return None


def _hires(record: Mapping[str, Any], by_key: Mapping[str, str]) -> HiresRecipe | None:
    prompt = _text(record, by_key, _HR_PROMPT) or None
    negative = _text(record, by_key, _HR_NEGATIVE) or None
    cfg = _number(record, by_key, _HR_CFG) or None
    on = record[by_key["enablehr"]] if "enablehr" in by_key else None
    # The API sends the second pass's texts also where it is switched off.
    if on is False or (on is None and (prompt, negative, cfg) == (None, None, None)):
        return None
    return HiresRecipe(prompt, negative, cfg)


def _loras(
    record: Mapping[str, Any], by_key: Mapping[str, str], prompt: str
) -> tuple[list[NamedLora], tuple[Any, ...], tuple[str, ...]]:
    named: list[NamedLora] = []
    versions: list[Any] = []
    notes: list[str] = []
    for key in _RESOURCES:
        found, numbers, said = civitai.of_resources(
            record[by_key[key]] if key in by_key else None, prompt
        )
        named += found
        versions += numbers
        notes += said
    for names, weights in _SIDE_BY_SIDE:
        if names in by_key and record[by_key[names]]:
            pair = (record[by_key[names]], record[by_key[weights]] if weights in by_key else None)
            beside = loras_side_by_side(*pair)
            if beside is None:
                notes.append(f"{by_key[names]!r} is not understood: LoRAs in it were not checked")
            named += beside or ()
    for key in _OWN_LORAS:
        value = record[by_key[key]] if key in by_key else None
        if not value:
            continue
        own = loras_of(value)
        if own is None:
            notes.append(f"{by_key[key]!r} is not understood: LoRAs in it were not checked")
        else:
            lower = prompt.lower()
            named += [lora for lora in own if f"<lora:{lora.name.lower()}:" not in lower]
    return named, tuple(versions), tuple(notes)


def _unread(record: Mapping[str, Any], by_key: Mapping[str, str]) -> Iterator[str]:
    for plain, key in by_key.items():
        value = record[key]
        if plain == "styles" and value:
            yield "styles are not merged here: what they add to the prompts was not checked"
        elif plain not in _READ and any(word in plain for word in _ABOUT) and value:
            yield f"the key {shortened(key)!r} is not known and was not checked"


def _outline(value: Any) -> str:
    if isinstance(value, Mapping):
        keys = ", ".join(shortened(str(key), 30) for key in islice(value, 12))
        return f"its keys are {keys}" if keys else "it is empty"
    if isinstance(value, list):
        return f"a list of {len(value)}" + (f", the first: {_outline(value[0])}" if value else "")
    return f"it is {type(value).__name__}"
