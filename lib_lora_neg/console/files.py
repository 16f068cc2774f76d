"""LoRAs by what a picture says of their files: hashes of renamed ones, versions on Civitai."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from ..loras.card import LoraCard
from .inputs import AskedGeneration

_TAG_NAME = re.compile(r"<lora:([^<>:]{1,300})(?=[:>])", re.IGNORECASE)


class Library(Protocol):
    """The LoRAs there are, by name, by hash and by version."""

    def get(self, name: str, /) -> LoraCard | None: ...

    def by_hash(self, digest: str, contents: bool = False) -> LoraCard | None: ...

    @property
    def undigested(self) -> int: ...


def with_files(
    asked: AskedGeneration, library: Library, versions: Mapping[int, str]
) -> AskedGeneration:
    """Return a request with its LoRAs named as their files are here.

    The host does the same when an infotext is pasted: a tag's name becomes that of the file with
    the hash under ``Lora hashes``.

    Args:
        asked: as read.
        library: the files.
        versions: names of files by the number of their version on Civitai.
    """
    asked = _by_hash(asked, library)
    notes, tags = [], []
    for used in asked.versions:
        name = versions.get(used.version)
        called = f"version {used.version} on Civitai" + (f" ({used.title})" if used.title else "")
        if name is None:
            notes.append(
                f"a LoRA at {used.weight:g}, {called}, is not among the files: it was not checked"
            )
        elif f"<lora:{name.lower()}:" not in asked.prompt.lower():
            tags.append(f"<lora:{name}:{used.weight:g}>")
            notes.append(f"{called} is {name}; it stands in the prompt as {tags[-1]}")
    prompt = " ".join([asked.prompt, *tags]).strip() if tags else asked.prompt
    return replace(asked, prompt=prompt, notes=(*asked.notes, *notes), versions=())


def _by_hash(asked: AskedGeneration, library: Library) -> AskedGeneration:
    renamed: dict[str, str] = {}
    lost: list[str] = []
    for name, digest in asked.lora_hashes.items():
        card = library.get(name)
        if card is not None and card.model_hash[: len(digest)].lower() == digest:
            continue
        # Of a name that is here, only what is known already may tell that another file is meant.
        found = library.by_hash(digest, contents=card is None)
        if found is not None and found.name != name:
            renamed[name] = found.name
        elif found is None and card is None and library.undigested:
            lost.append(
                f"{name} was looked for by its hash; {library.undigested} files whose hash nobody "
                "noted were too much to read for it"
            )
    if lost:
        asked = replace(asked, notes=(*asked.notes, *lost))
    used: dict[str, str] = {}

    def own_name(tag: re.Match[str]) -> str:
        new = renamed.get(tag[1])
        if new is None:
            return tag[0]
        used[tag[1]] = new
        return f"{tag[0][: -len(tag[1])]}{new}"

    if not renamed:
        return asked
    prompt = _TAG_NAME.sub(own_name, asked.prompt)
    hires = asked.hires
    if hires is not None and hires.prompt:
        hires = replace(hires, prompt=_TAG_NAME.sub(own_name, hires.prompt))
    notes = [f"{old} is {new} here, by its hash" for old, new in used.items()]
    return replace(asked, prompt=prompt, hires=hires, notes=(*asked.notes, *notes))
