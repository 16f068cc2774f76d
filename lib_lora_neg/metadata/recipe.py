"""What made a picture, as types, and small readers for values of foreign JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ..prompts import format_tag

_SUFFIXES = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf")
_UNWRITABLE = frozenset("<>:\n\r")

MAX_NOTES = 20
"""Notes of one recipe; a workflow of thousands of unknown nodes is not worth more."""


class MetadataError(ValueError):
    """Input that says nothing understood about a picture; the text says why."""


@dataclass(frozen=True)
class NamedLora:
    """A LoRA that a tool loaded beside the prompt.

    Attributes:
        name: the file's stem, or what the tool calls it.
        unet: strength on the model.
        te: strength on the text encoder; ``None`` where it is the same.
        digest: the first digits of a hash of its file, where the tool wrote one.
        neg: strength on the model on the negative branch; ``None`` where it is the same.
        negte: likewise on the text encoder.
    """

    name: str
    unet: float = 1.0
    te: float | None = None
    digest: str = ""
    neg: float | None = None
    negte: float | None = None

    @property
    def writable(self) -> bool:
        """Whether the name can stand in a tag of the WebUI."""
        return bool(self.name) and not _UNWRITABLE & set(self.name)

    def tag(self) -> str:
        """Return the tag of the WebUI: text encoder first, then model."""
        if self.neg is not None:
            te = self.unet if self.te is None else self.te
            return format_tag("lora", self.name, te, self.unet, self.neg, self.negte)
        if self.te is None or self.te == self.unet:
            return f"<lora:{self.name}:{self.unet:g}>"
        return f"<lora:{self.name}:{self.te:g}:{self.unet:g}>"


@dataclass(frozen=True)
class UsedVersion:
    """A LoRA that is only known by the number of its version on Civitai."""

    version: int
    weight: float = 1.0
    title: str = ""


@dataclass(frozen=True)
class HiresRecipe:
    """The second pass; a field is ``None`` where the first pass's value is used."""

    prompt: str | None = None
    negative_prompt: str | None = None
    cfg_scale: float | None = None


@dataclass(frozen=True)
class Recipe:
    """What made one picture, as some tool wrote it down.

    Attributes:
        source: the tool or format, for people.
        prompt: as written; tags of the WebUI's language may stand in it.
        negative_prompt: likewise.
        cfg_scale: of the first pass; ``None`` where it is not said.
        hires: the second pass, or ``None``.
        family: name of the base model's family; ``None`` where it is not said.
        distilled: guidance is an input of the model.
        loras: those loaded beside the prompt.
        versions: those known by a number of Civitai only.
        lora_hashes: the first digits of a file's hash by its name in the prompt: ten of the file's
            SHA-256 (AutoV2), or twelve of its tensors' (AutoV3, the host's own).
        has_parameters: the text had more than prompts, so that a missing CFG scale is a gap.
        notes: what was found and not understood, for people.
        extra: plain values beside the known keys of a JSON object, ``id`` among them.
        open: which of ``prompt`` and ``negative_prompt`` the text does not give at all.
        keys: names that the object has for the prompt, the negative prompt and the CFG scale.
        parameters: the pairs of an infotext as they stand there.
    """

    source: str = ""
    prompt: str = ""
    negative_prompt: str = ""
    cfg_scale: float | None = None
    hires: HiresRecipe | None = None
    family: str | None = None
    distilled: bool = False
    loras: tuple[NamedLora, ...] = ()
    versions: tuple[UsedVersion, ...] = ()
    lora_hashes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    has_parameters: bool = True
    notes: tuple[str, ...] = ()
    open: frozenset[str] = frozenset()
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def stem_of(name: str) -> str:
    """Return the name prompts use for a file: no folders, no suffix of a model file."""
    stem = name.replace("\\", "/").rsplit("/", 1)[-1].strip()
    lower = stem.lower()
    for suffix in _SUFFIXES:
        if lower.endswith(suffix):
            return stem[: -len(suffix)]
    return stem


def text_of(value: object) -> str:
    """Return text, or nothing where the value is none."""
    return value if isinstance(value, str) else ""


def mapping_of(value: object) -> Mapping[str, Any]:
    """Return a mapping, empty where the value is none."""
    return value if isinstance(value, Mapping) else {}


def list_of(value: object) -> list[Any]:
    """Return a list, empty where the value is none."""
    return value if isinstance(value, list) else []


def plain_key(key: object) -> str:
    """Return a key without what tools write differently: case, ``_``, ``-`` and spaces."""
    return "".join(c for c in str(key).lower() if c not in "_- .")


def parse_json(text: str) -> Any:
    """Return what a JSON text holds.

    Raises:
        MetadataError: it is no JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise MetadataError(f"no JSON: {problem}") from problem


def shortened(text: str, most: int = 60) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text[: most * 4].split())
    return line if len(line) <= most else f"{line[:most]}…"
