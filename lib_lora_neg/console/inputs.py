"""Requests from files of any tool: what `metadata` reads, with the command line's defaults."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..loras.families.named import UnknownFamilyError, named_family
from ..metadata import (
    MetadataError,
    Recipe,
    UsedVersion,
    is_picture,
    read_picture,
    read_text,
    recipe_of_record,
)
from ..metadata.recipe import parse_json
from ..regular import open_regular, read_regular

MAX_TEXT_FILE_BYTES = 64 * 1024 * 1024
"""Largest text file that is not read line by line."""

MAX_LINE_BYTES = 16 * 1024 * 1024
"""Longest line of JSON."""

STANDARD_INPUT = Path("-")


class InputError(ValueError):
    """Input that cannot be checked; the text says where and why."""


@dataclass(frozen=True)
class Hires:
    """What the second pass has of its own; ``None`` where it uses the first pass's."""

    prompt: str | None = None
    negative_prompt: str | None = None
    cfg_scale: float | None = None


@dataclass(frozen=True)
class AskedGeneration:
    """One generation as it was asked for, and the defaults of those in a file.

    Attributes:
        prompt: with its tags.
        negative_prompt: as typed.
        cfg_scale: of the first pass.
        family: name of the model family; ``None`` when nobody said it.
        hires: the second pass, or ``None``.
        distilled: guidance is an input of the model.
        notes: what of the input was not understood, or read in a way worth a word.
        lora_hashes: what an infotext says of its LoRAs' files, by the name in the prompt.
        versions: LoRAs that are known by their version's number on Civitai only.
        extra: values of a JSON line that are handed through, ``id`` among them.
        keys: what the line itself called prompt, negative prompt and CFG scale.
        parameters: the pairs of an infotext, where it was one.
    """

    prompt: str = ""
    negative_prompt: str = ""
    cfg_scale: float = 7.0
    family: str | None = None
    hires: Hires | None = None
    distilled: bool = False
    notes: tuple[str, ...] = ()
    lora_hashes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    versions: tuple[UsedVersion, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def read_file(path: Path, defaults: AskedGeneration) -> Iterator[AskedGeneration | InputError]:
    """Yield the requests of a file in order; an `InputError` for each part that is none.

    The kind is told by the content; JSON lines with the suffix ``.jsonl`` are read one by one.
    The path ``-`` is standard input.

    Raises:
        InputError: when the file as a whole cannot be used.
    """
    try:
        if path == STANDARD_INPUT:
            return _from_bytes(sys.stdin.buffer.read(MAX_TEXT_FILE_BYTES + 1), defaults)
        if path.suffix.lower() == ".jsonl":
            # Opened once already here: a generator would fail only at its first line.
            open_regular(path).close()
            return _json_lines(path, defaults)
        if is_picture(path):
            return _requests(read_picture(path), str(path), defaults)
        text = _text_of(read_regular(path, MAX_TEXT_FILE_BYTES), str(path))
        return _first_at_once(_requests(read_text(text), str(path), defaults), str(path))
    except OSError as problem:
        raise InputError(f"{path}: {problem.strerror or problem}") from problem
    except MetadataError as problem:
        raise InputError(f"{path}: {problem}") from problem


def from_json(line: str, defaults: AskedGeneration) -> AskedGeneration:
    """Return the request of one JSON object; missing and null keys have the defaults.

    Raises:
        InputError: when it is no object, or a value has the wrong type.
    """
    try:
        return from_recipe(recipe_of_record(parse_json(line)), defaults)
    except MetadataError as problem:
        raise InputError(str(problem)) from problem


def from_recipe(recipe: Recipe, defaults: AskedGeneration) -> AskedGeneration:
    """Return the request that a recipe describes; what it leaves open has the defaults.

    LoRAs beside the prompt are written into it as tags, so that the rules see them.

    Raises:
        InputError: it names a model family that is not known.
    """
    try:
        family = named_family(recipe.family or "")
    except UnknownFamilyError as problem:
        raise InputError(f"family: {problem}") from problem
    notes = list(recipe.notes)
    prompt = defaults.prompt if "prompt" in recipe.open else recipe.prompt
    writable = [lora for lora in recipe.loras if lora.writable]
    if writable:
        tags = " ".join(lora.tag() for lora in writable)
        prompt = f"{prompt} {tags}".strip()
        notes.append(f"LoRAs that {recipe.source} loaded beside the prompt stand in it as {tags}")
    notes += [
        f"a LoRA named {lora.name!r} cannot stand in a tag and was not checked"
        for lora in recipe.loras
        if not lora.writable
    ]
    cfg = recipe.cfg_scale
    if cfg is None:
        cfg = defaults.cfg_scale
        if recipe.has_parameters:
            notes.append(f"no CFG scale is said: {cfg:g} is assumed")
    hires = recipe.hires
    negative = recipe.negative_prompt
    return replace(
        defaults,
        prompt=prompt,
        negative_prompt=defaults.negative_prompt if "negative_prompt" in recipe.open else negative,
        cfg_scale=cfg,
        family=family.value if family is not None else defaults.family,
        hires=Hires(hires.prompt, hires.negative_prompt, hires.cfg_scale)
        if hires is not None
        else (None if recipe.has_parameters else defaults.hires),
        distilled=defaults.distilled or recipe.distilled,
        notes=(*defaults.notes, *notes),
        lora_hashes=MappingProxyType(
            {lora.name: lora.digest for lora in writable if lora.digest} | dict(recipe.lora_hashes)
        ),
        versions=recipe.versions,
        extra=recipe.extra,
        keys=recipe.keys,
        parameters=recipe.parameters,
    )


def _requests(
    recipes: Iterable[Recipe | MetadataError], name: str, defaults: AskedGeneration
) -> Iterator[AskedGeneration | InputError]:
    for recipe in recipes:
        if isinstance(recipe, MetadataError):
            yield InputError(f"{name}: {recipe}")
            continue
        try:
            yield from_recipe(recipe, defaults)
        except InputError as problem:
            yield InputError(f"{name}: {problem}")


def _first_at_once(
    requests: Iterator[AskedGeneration | InputError], name: str
) -> Iterator[AskedGeneration | InputError]:
    """Return the requests with the first read already, so that a file that is none fails now."""
    try:
        first = next(requests)
    except StopIteration:
        raise InputError(f"{name}: no prompts in this file") from None
    return chain([first], requests)


def _json_lines(path: Path, defaults: AskedGeneration) -> Iterator[AskedGeneration | InputError]:
    with open_regular(path) as file:
        # By b"\n" alone: str.splitlines would also split at characters that JSON allows.
        number = 0
        while raw := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(raw) > MAX_LINE_BYTES:
                yield InputError(f"{path}:{number}: longer than {MAX_LINE_BYTES} bytes")
                return
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                if line:
                    yield from_json(line, defaults)
            except ValueError as problem:
                yield InputError(f"{path}:{number}: {problem}")


def _from_bytes(data: bytes, defaults: AskedGeneration) -> Iterator[AskedGeneration | InputError]:
    """Return the requests of standard input, a picture or text."""
    name = "standard input"
    if len(data) > MAX_TEXT_FILE_BYTES:
        raise InputError(f"{name}: longer than {MAX_TEXT_FILE_BYTES} bytes")
    with contextlib.ExitStack() as stack:
        # Readers of pictures seek, which a pipe cannot.
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        path = Path(folder) / "input"
        path.write_bytes(data)
        if is_picture(path):
            try:
                return _requests(read_picture(path), name, defaults)
            except MetadataError as problem:
                raise InputError(f"{name}: {problem}") from problem
    try:
        text = _text_of(data, name)
        return _first_at_once(_requests(read_text(text), name, defaults), name)
    except MetadataError as problem:
        raise InputError(f"{name}: {problem}") from problem


def _text_of(data: bytes, name: str) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        # Windows' shells write what they redirect so.
        return data.decode("utf-16", "replace")
    if data[8:10] == b'{"' and int.from_bytes(data[:8], "little") <= len(data):
        raise InputError(f"{name}: a LoRA or model file; `lora-neg show` tells about it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InputError(
            f"{name}: neither UTF-8 text nor a PNG, JPEG, WebP or AVIF picture "
            f"({problem.reason} at {problem.start})"
        ) from problem
