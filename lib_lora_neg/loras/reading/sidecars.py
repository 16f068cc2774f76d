"""The side files that tools put next to a LoRA, each read into the same `SideFacts`.

=========================  =============================================================
``<name>.json``            A1111 and Forge user metadata; our own decisions under ``lora_neg``;
                           SD.Next keeps a Civitai model there, SwarmUI its own record
``.swarm.json``            SwarmUI
``.civitai.info``          Civitai model version, as Civitai Helper saves it, or a whole model
``.api_info.json``         Civitai model, as civitai-browser-plus saves it
``.metadata.json``         Lora-Manager; its ``usage_tips`` carry signed weights
``.cm-info.json``          StabilityMatrix
``.rgthree-info.json``     rgthree, behind the whole name: ``x.safetensors.rgthree-info.json``
``.txt``                   activation text, as older tools save it
=========================  =============================================================

What stands inside decides how a file is read; its name decides only where that leaves a choice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...regular import open_regular, read_regular
from ..decisions import OWN_KEY
from .lenient import as_count, as_items, as_mapping, as_text, too_long
from .side_facts import FileIdentity, SideFacts, is_digest
from .side_layouts import (
    digests_of_version,
    read_a1111,
    read_civitai_model,
    read_civitai_version,
    read_lora_manager,
    read_rgthree,
    read_stability_matrix,
    read_swarm,
)

MAX_SIDE_FILE_BYTES = 8_000_000
"""A longer side file is not read. Civitai's largest model pages stay below 2 MB."""

MAX_TEXT_BYTES = 20_000
"""A longer ``.txt`` is no activation text."""

MAX_DIGESTED_BYTES = 4_000_000_000
"""A longer LoRA is not digested to tell the versions of its page apart."""

_JSON_SUFFIXES = (
    ".json",
    ".swarm.json",
    ".civitai.info",
    ".api_info.json",
    ".metadata.json",
    ".cm-info.json",
    ".safetensors.rgthree-info.json",
    ".pt.rgthree-info.json",
    ".ckpt.rgthree-info.json",
    ".rgthree-info.json",
)

SIDE_SUFFIXES: tuple[str, ...] = (*_JSON_SUFFIXES, ".txt")
"""What a LoRA's stem is followed by in the names of its side files, the strongest first."""

_TEXTS = frozenset(
    {
        *("description", "modelDescription", "ModelDescription", "VersionDescription"),
        *("modelspec.description", "notes", "userNote", "activation text", "negative text"),
        *("usage_hint", "modelspec.usage_hint", "trigger_phrase", "modelspec.trigger_phrase"),
        *("negativePrompt", "trainedWords", "TrainedWords", "tags", "Tags", "modelspec.tags"),
    }
)
"""Keys of the texts and lists that are read."""

_OWN_WORDS = ("activation text", "preferred weight", "negative text", "sd version", OWN_KEY)
"""Keys of the host's user metadata that no page has."""


def read_side_files(
    path: Path, present: Iterable[str] = SIDE_SUFFIXES, hashes: Iterable[str] = ()
) -> tuple[tuple[SideFacts, ...], tuple[str, ...]]:
    """Read what lies next to the LoRA file at ``path``.

    Args:
        path: the LoRA file itself.
        present: the suffixes to try, where a directory listing knows which exist.
        hashes: digests of the file that are known already, for the version of its page.

    Returns:
        The facts, strongest source first, and what was wrong with files that could not be read.
    """
    problems: list[str] = []
    stem = str(path.with_suffix(""))
    wanted = set(present)
    records: list[tuple[str, Mapping[str, Any]]] = []
    for suffix in _JSON_SUFFIXES:
        if suffix not in wanted or not _belongs(suffix, path):
            continue
        try:
            data = _load(Path(stem + suffix))
            if data is not None:
                records.append((suffix, data))
                problems += [f"{Path(stem).name}{suffix}: {cut}" for cut in too_long(data, _TEXTS)]
        except (OSError, ValueError, RecursionError) as error:
            problems.append(f"{Path(stem).name}{suffix}: {_cause(error)}")
    facts: list[SideFacts] = []
    if records:
        file = _identity(path, records, hashes)
        for suffix, data in records:
            facts.extend(_read(suffix, data, file))
    if ".txt" in wanted:
        try:
            facts.extend(_read_text(Path(stem + ".txt")))
        except OSError as error:
            problems.append(f"{Path(stem).name}.txt: {_cause(error)}")
    return tuple(facts), tuple(problems)


def _belongs(suffix: str, path: Path) -> bool:
    """Whether a suffix that repeats the file's own, as rgthree's, repeats this one's."""
    own = suffix.removesuffix(".rgthree-info.json")
    return own in (suffix, "", path.suffix.lower())


def _read(suffix: str, data: Mapping[str, Any], file: FileIdentity) -> Iterator[SideFacts]:
    page = _layout(suffix, data)
    if page is None or any(key in data for key in _OWN_WORDS):
        yield read_a1111({**data, "description": ""} if page is not None else data)
    if page is read_civitai_model:
        yield read_civitai_model(data, file)
    elif page is not None:
        yield page(data)


def _layout(
    suffix: str, data: Mapping[str, Any]
) -> Callable[[Mapping[str, Any]], SideFacts] | None:
    """Return the reader of a record; ``None`` for the host's user metadata."""
    words = as_items(data.get("trainedWords"))
    found: Callable[[Mapping[str, Any]], SideFacts] | None = None
    if suffix.endswith(".rgthree-info.json") or any(isinstance(word, dict) for word in words):
        found = read_rgthree
    elif as_items(data.get("modelVersions")):
        found = read_civitai_model
    elif suffix == ".swarm.json" or _is_swarm(data):
        found = read_swarm
    elif suffix == ".cm-info.json" or "ModelName" in data or "TrainedWords" in data:
        found = read_stability_matrix
    elif suffix == ".metadata.json" or "usage_tips" in data:
        found = read_lora_manager
    elif suffix != ".json" or "trainedWords" in data or as_mapping(data.get("model")):
        found = read_civitai_version
    return found


def _is_swarm(data: Mapping[str, Any]) -> bool:
    return any(
        key.startswith("modelspec.") or key in ("trigger_phrase", "lora_default_weight")
        for key in data
    )


def _identity(
    path: Path, records: Iterable[tuple[str, Mapping[str, Any]]], hashes: Iterable[str]
) -> FileIdentity:
    """Collect what the side files know of the file itself."""
    versions: set[int | None] = set()
    digests = set(hashes)
    for suffix, data in records:
        pages = (data.get("civitai"), as_mapping(data.get("raw")).get("civitai"))
        for record in (data, *map(as_mapping, pages)):
            versions |= {as_count(record.get(key)) for key in ("modelVersionId", "VersionId")}
            if "modelId" in record and "modelVersions" not in record:
                # A user's ``.json`` may have a number of its own; a page's record says whose.
                versions.add(as_count(record.get("id")) if suffix != ".json" else None)
        for key in ("sha256", "autov3", "hash", "hash_sha256", "modelspec.hash_sha256"):
            digests.add(as_text(data.get(key)).lower().removeprefix("0x"))
        digests |= {as_text(text) for text in as_mapping(data.get("Hashes")).values()}
    return FileIdentity(
        stem=path.stem,
        size=_size(path),
        hashes=frozenset(text.lower() for text in digests if is_digest(text)),
        versions=frozenset(number for number in versions if number),
        digest=lambda: _digest(path),
    )


def digests_beside(path: Path, present: Iterable[str] = SIDE_SUFFIXES) -> frozenset[str]:
    """Return the digests of a LoRA file that its side files know, lower case, often shortened.

    Those of a page are the file's own where the page has one file, or one of its name.
    """
    wanted = set(present)
    records: list[tuple[str, Mapping[str, Any]]] = []
    for suffix in _JSON_SUFFIXES:
        if suffix in wanted and _belongs(suffix, path):
            try:
                data = _load(Path(f"{path.with_suffix('')}{suffix}"))
            except (OSError, ValueError, RecursionError):
                continue
            if data is not None:
                records.append((suffix, data))
    if not records:
        return frozenset()
    file = replace(_identity(path, records, ()), digest=lambda: "")
    found = set(file.hashes)
    for _, data in records:
        pages = (data, data.get("civitai"), as_mapping(data.get("raw")).get("civitai"))
        for page in map(as_mapping, pages):
            found |= digests_of_version(page, file)
    return frozenset(found)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _digest(path: Path) -> str:
    if not 0 < _size(path) <= MAX_DIGESTED_BYTES:
        return ""
    found = hashlib.sha256()
    try:
        with open_regular(path) as file:
            while block := file.read(1 << 20):
                found.update(block)
    except OSError:
        return ""
    return found.hexdigest()


def _load(path: Path) -> Mapping[str, Any] | None:
    try:
        raw = read_regular(path, MAX_SIDE_FILE_BYTES)
    except FileNotFoundError:
        return None
    data = json.loads(raw.decode("utf-8-sig"))
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    return data


def _read_text(path: Path) -> list[SideFacts]:
    """Raise `OSError` when the file cannot be read."""
    try:
        with open_regular(path) as file:
            raw = file.read(MAX_TEXT_BYTES + 1)
        text = raw.decode("utf-8-sig").strip()
    except (FileNotFoundError, ValueError):
        return []
    # Longer or longer-lined texts are licences and notes, which people also keep there.
    if not text or len(raw) > MAX_TEXT_BYTES or text.count("\n") > 5:
        return []
    return [SideFacts(source="text file", activation_text=text)]


def _cause(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} in line {error.lineno}"
    if isinstance(error, OSError):
        return error.strerror or "cannot be read"
    return str(error)[:200]
