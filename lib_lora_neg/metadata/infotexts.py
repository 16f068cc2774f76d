"""Infotexts as people and tools pass them on: on one line, several in a file, with appendices.

`lib_lora_neg.infotext` reads what the host wrote, by the host's own grammar. What people copy has
been through pages, tables and other tools, which join its lines or append to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from ..infotext import unquote
from ..loras.reading.lenient import as_number
from . import civitai
from .recipe import HiresRecipe, NamedLora, Recipe, mapping_of, shortened, stem_of

_KEYS = (
    r"Steps|Sampler|Schedule type|Scheduler|Schedule|(?:Distilled |Hires )?CFG scale|"
    r"Guidance(?: scale)?|Seed|Size|Width|Height|Model(?: hash)?|VAE(?: hash)?|Base model|"
    r"Denoising strength|Denoise|Clip skip|ENSD|RNG|Eta|Version|App|Pipeline|Parser|Operations|"
    r"Created Date|Civitai (?:resources|metadata)|Hires [\w ]{1,30}|Lora (?:hashes|weights)|"
    r"LoRA networks|TI hashes|Hashes|Module \d|Variation seed(?: strength)?|Face restoration|"
    r"Batch (?:size|pos)|LoRA Neg[\w ]{0,20}|AddNet [\w ]{1,20}"
)
_STARTS = re.compile(rf"\s*(?:{_KEYS})\s?:", re.IGNORECASE)
_STEPS = re.compile(
    r"(?:^|(?<=[\s.,;]))Steps:\s{0,4}\d{1,6}\s{0,4}(?=,|;|$)|"
    r"Steps:\s{0,4}\d{1,6},\s{0,4}(?=Sampler|Schedule|Size|Seed|CFG)"
)
_TEMPLATE = re.compile(r"\s*(?:Negative )?Template:", re.IGNORECASE)
_NEGATIVE = re.compile(r"Negative prompt\s?:", re.IGNORECASE)
_NEGATIVE_LINE = re.compile(r"^[ \t]*Negative prompt\s?:", re.IGNORECASE | re.MULTILINE)
_LABEL = re.compile(r"\s*(?:Positive )?Prompt\s?:", re.IGNORECASE)
_KEY = re.compile(r"\s{0,8}(\w[\w \-/]{0,120}?)\s?:\s{0,8}")
_NEXT = re.compile(r",(?=\s{0,4}\w[\w \-/]{0,120}:)|$")
_SEPARATOR = re.compile(r"\s*[-=_*#~]{3,}\s*$")
_MOST_FAULTS = 50
_MOST_LINES = 100


def infotexts_of(text: str) -> list[Recipe]:
    """Return the recipes of all infotexts in a text; none where it holds no parameters.

    Text without parameters but with negative prompts counts: its blocks are divided by empty lines.
    """
    lines = text.split("\n")
    ends = [number for number, line in enumerate(lines) if _parameters_from(line) is not None]
    last = ends[-1] if ends else -1
    recipes: list[Recipe] = []
    head: list[str] = []
    number = 0
    while number < len(lines):
        start = _parameters_from(lines[number])
        end = number + 1
        limit = min(len(lines), number + _MOST_LINES)
        while start is not None and end < limit and _goes_on(lines[end]):
            end += 1
        joined = _joined(lines[number:end], start or 0)
        pairs = read_pairs(joined) if start is not None else {}
        if start is None or len(pairs) < 2:
            head.append(lines[number])
            number += 1
            continue
        head.append(lines[number][:start])
        number = _after_templates(lines, end, further=last >= end)
        recipes.append(_recipe("\n".join(head), pairs))
        head = []
    return recipes + _rest(head, recipes)


def _goes_on(line: str) -> bool:
    """Whether a line goes on with parameters: those of another picture begin with the steps."""
    return _STARTS.match(line) is not None and _STEPS.match(line.lstrip()) is None


def _joined(lines: list[str], start: int) -> str:
    first = lines[0][start:]
    return ", ".join(line.strip().rstrip(",") for line in (first, *lines[1:]))


def _rest(head: list[str], recipes: list[Recipe]) -> list[Recipe]:
    """Return recipes of what stands behind the last parameters, or note it there."""
    text = "\n".join(line for line in head if not _SEPARATOR.match(line)).strip()
    if not text:
        return []
    if _NEGATIVE_LINE.search(text):
        return _without_parameters(text)
    if recipes:
        note = f"behind the parameters, not read: {shortened(text)!r}"
        before = recipes.pop()
        return [_with_note(before, note)]
    return []


def _with_note(recipe: Recipe, note: str) -> Recipe:
    return replace(recipe, notes=(*recipe.notes, note))


def _without_parameters(text: str) -> list[Recipe]:
    blocks = [text]
    if len(_NEGATIVE_LINE.findall(text)) > 1:
        blocks = [block for block in re.split(r"\n[ \t]*\n", text) if block.strip()]
    return [_recipe(block, {}) for block in blocks]


def _parameters_from(line: str) -> int | None:
    """Return where in a line the parameters begin; ``None`` where it has none."""
    if _STARTS.match(line):
        # Only what is led by the steps may stand alone: a prompt may begin with "Size: …".
        known = len(_KNOWN_PAIR.findall(line))
        if known >= 3 or _STEPS.match(line.lstrip()):
            return 0
    found = _STEPS.search(line)
    if found is None:
        return None
    rest = line[found.end() :]
    return found.start() if not rest.strip() or _KNOWN_PAIR.search(rest) else None


_KNOWN_PAIR = re.compile(rf"(?<![^\s,;])(?:{_KEYS})\s?:", re.IGNORECASE)


def _after_templates(lines: list[str], number: int, further: bool) -> int:
    """Return the line behind the templates that Dynamic Prompts once put below the parameters."""
    inside = False
    while number < len(lines):
        if _TEMPLATE.match(lines[number]):
            inside = True
        elif not inside or further or not lines[number].strip():
            break
        number += 1
    return number


def read_pairs(line: str) -> dict[str, str]:
    """Return the pairs of a line of parameters, values without their quotes.

    Unlike the host's, values may be JSON lists and objects, as the Civitai generator writes them.
    """
    pairs: dict[str, str] = {}
    position, faults = 0, 0
    decoder = json.JSONDecoder()
    while position < len(line):
        key = _KEY.match(line, position)
        if key is None:
            position = _behind_comma(line, position)
            continue
        start = key.end()
        if line[start : start + 1] in ("{", "[", '"') and faults < _MOST_FAULTS:
            try:
                _, end = decoder.raw_decode(line, start)
                pairs[key[1].strip()] = unquote(line[start:end])
                position = _behind_comma(line, end)
                continue
            except (ValueError, RecursionError):
                faults += 1
        found = _NEXT.search(line, start)
        end = found.start() if found else len(line)
        pairs[key[1].strip()] = unquote(line[start:end].strip())
        position = end + 1
    return pairs


def _behind_comma(line: str, position: int) -> int:
    comma = line.find(",", position)
    return len(line) if comma < 0 else comma + 1


def _recipe(head: str, pairs: Mapping[str, str]) -> Recipe:
    prompt, negative = _split_negative(head)
    known = {key.lower(): value for key, value in pairs.items()}
    hires_marks = ("hires upscale", "hires upscaler", "hires steps", "hires resize", "hires prompt")
    hires = None
    if any(mark in known for mark in hires_marks):
        hires = HiresRecipe(
            known.get("hires prompt") or None,
            known.get("hires negative prompt") or None,
            as_number(known.get("hires cfg scale")) or None,
        )
    loras, versions, notes = civitai.of_parameters(known, prompt)
    return Recipe(
        source="infotext",
        prompt=prompt,
        negative_prompt=negative,
        cfg_scale=_first_number(known, "cfg scale", "cfg", "guidance scale", "guidance"),
        hires=hires,
        distilled="distilled cfg scale" in known,
        loras=(*loras, *_loras_beside(known, prompt)),
        versions=versions,
        lora_hashes=MappingProxyType(
            {
                **_civitai_hashes(known.get("hashes", "")),
                **_hashes(known.get("lora hashes", "")),
            }
        ),
        has_parameters=bool(pairs),
        notes=(*notes, *_elsewhere(pairs)),
        parameters=MappingProxyType(dict(pairs)),
    )


_READ_TAGS = re.compile(r"hires (?:negative )?prompt|(?:negative )?template", re.IGNORECASE)


def _elsewhere(pairs: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each parameter that has tags of its own, as ADetailer's prompts."""
    for key, value in pairs.items():
        if "<lora:" in value.lower() and not _READ_TAGS.fullmatch(key):
            yield f"LoRAs in {shortened(key)!r} were not checked"


def _split_negative(head: str) -> tuple[str, str]:
    """Return prompt and negative prompt, lines stripped as the host strips them."""
    text = head
    found = _NEGATIVE_LINE.search(text) or _NEGATIVE.search(text)
    if found is None:
        return _stripped(_without_stop(text)), ""
    before, after = text[: found.start()], text[found.end() :]
    label = _LABEL.match(before)
    if label is not None:
        before = before[label.end() :]
    return _stripped(_without_stop(before)), _stripped(_without_stop(after))


def _without_stop(text: str) -> str:
    """Take away one full stop at the end: exiftool shows a line break so."""
    return text[:-1] if text.endswith(".") else text


def _stripped(text: str) -> str:
    lines = [line.strip() for line in text.split("\n") if not _SEPARATOR.match(line)]
    return "\n".join(lines).strip()


def _first_number(known: Mapping[str, str], *keys: str) -> float | None:
    return next((n for key in keys if (n := as_number(known.get(key))) is not None), None)


def _hashes(text: str) -> dict[str, str]:
    hashes = {}
    for part in text.split(","):
        name, colon, digest = part.rpartition(":")
        if colon and name.strip():
            hashes[name.strip()] = digest.strip().lower()
    return hashes


def _civitai_hashes(text: str) -> dict[str, str]:
    """Read ``Hashes``, which the Civitai extension and ComfyUI's savers write as JSON."""
    try:
        record = json.loads(text) if text.startswith("{") else {}
    except (ValueError, RecursionError):
        return {}
    hashes = {}
    for key, digest in mapping_of(record).items():
        kind, colon, name = key.partition(":")
        if colon and kind.lower() in civitai.LORA_TYPES and isinstance(digest, str):
            hashes[stem_of(name)] = digest.strip().lower()
    return hashes


_ADDNET = re.compile(r"addnet model (\d{1,2})$")


def _loras_beside(known: Mapping[str, str], prompt: str) -> list[NamedLora]:
    """Return LoRAs that Fooocus, SD.Next and Additional Networks wrote into the parameters."""
    found = []
    for key in ("lora weights", "lora networks"):
        for part in known.get(key, "").split(","):
            name, colon, weight = part.strip().partition(":")
            number = as_number(weight.split(":")[0]) if colon else None
            if name and number is not None:
                found.append(NamedLora(stem_of(name), number))
    for key, value in known.items():
        model = _ADDNET.match(key)
        if model is None or known.get("addnet enabled", "true").lower() == "false":
            continue
        name = value.rpartition("(")[0] or value
        unet = as_number(
            known.get(f"addnet weight a {model[1]}", known.get(f"addnet weight {model[1]}"))
        )
        te = as_number(known.get(f"addnet weight b {model[1]}"))
        if name and name != "None" and unet is not None:
            found.append(NamedLora(stem_of(name), unet, te))
    lower = prompt.lower()
    return [lora for lora in found if f"<lora:{lora.name.lower()}:" not in lower]
