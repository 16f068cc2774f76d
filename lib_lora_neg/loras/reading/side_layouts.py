"""The layouts of side files, each read into `SideFacts` as the code of its writer makes it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypedDict

from ..card import RangeSource, WeightRange
from ..decisions import OWN_KEY, read_decision
from .lenient import (
    MOST_ITEMS,
    as_count,
    as_items,
    as_mapping,
    as_number,
    as_text,
    as_texts,
    as_weight,
    as_words,
)
from .side_facts import FileIdentity, SideFacts, is_digest

ANY_FILE = FileIdentity()
"""A file of which nothing is known."""

MOST_VERSIONS = 500
"""Versions of a page that are looked at."""

MOST_FILES = 50
"""Files of a version that are looked at."""

PAGE_RANGE = "Civitai settings"
"""Reference of a range that the author of a page set; one that the user typed goes before it."""

_TAGS = re.compile(r"<[^<>]{0,2000}>")
_BREAKS = re.compile(r"<(?:br|/p|/li|/h\d|/div)\b[^<>]{0,200}>", re.IGNORECASE)


def plain_text(markup: str) -> str:
    """Return the words of a page's HTML, one line per paragraph."""
    if "<" not in markup and "&" not in markup:
        return markup.strip()
    text = _TAGS.sub("", _BREAKS.sub("\n", markup))
    return re.sub(r"[ \t]+", " ", html.unescape(text)).strip()


def _lower(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag.strip().lower() for tag in tags if tag.strip()))


def read_a1111(data: Mapping[str, Any]) -> SideFacts:
    """Read the host's own user metadata."""
    weight = as_weight(data.get("preferred weight"))
    return SideFacts(
        source="A1111 sidecar",
        base_model=as_text(data.get("sd version")),
        # Browser Neo keeps the page's words apart there, and mixes captions into the other.
        trained_words=as_texts(data.get("activation text groups")),
        activation_text=as_text(data.get("activation text")),
        negative_text=as_text(data.get("negative text")),
        # The host writes 0 where the user set nothing.
        preferred_weight=weight or None,
        description=plain_text(as_text(data.get("description"))),
        notes=as_text(data.get("notes")),
        decision=read_decision(data.get(OWN_KEY)),
    )


def read_civitai_version(data: Mapping[str, Any]) -> SideFacts:
    """Read a Civitai model version with its model folded in."""
    model = as_mapping(data.get("model"))
    skeleton = bool(data.get("skeleton_file"))
    # A skeleton's tags are words of the captions, not categories of the page.
    tags = () if skeleton else (*as_texts(model.get("tags")), *as_texts(data.get("tags")))
    pages = (as_text(model.get("description")), as_text(data.get("description")))
    negatives, weights = _samples(data)
    return SideFacts(
        source="Civitai page",
        title=as_text(model.get("name")),
        version=as_text(data.get("name")),
        base_model=as_text(data.get("baseModel")),
        categories=_lower(tags),
        trained_words=() if skeleton else as_words(data.get("trainedWords")),
        description=plain_text("\n".join(page for page in pages if page)),
        sample_negatives=negatives,
        sample_weights=weights,
        **_settings(data),
    )


class _Strengths(TypedDict, total=False):
    preferred_weight: float | None
    weight_range: WeightRange | None


def _settings(data: Mapping[str, Any]) -> _Strengths:
    """Read the strengths that the author of a page recommends."""
    settings = as_mapping(data.get("settings")) or as_mapping(data.get("recommendedSettings"))
    if not settings:
        return {}
    low, high = as_weight(settings.get("minStrength")), as_weight(settings.get("maxStrength"))
    return {
        "preferred_weight": as_weight(settings.get("strength")) or None,
        "weight_range": _signed(low, high, PAGE_RANGE),
    }


def _samples(data: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    negatives: list[str] = []
    weights: list[float] = []
    files = {as_text(as_mapping(file).get("name")) for file in as_items(data.get("files"))}
    stems = {name.rpartition(".")[0].lower() for name in files}
    for image in as_items(data.get("images"))[:50]:
        meta = as_mapping(as_mapping(image).get("meta"))
        negatives.append(as_text(meta.get("negativePrompt")))
        for resource in as_items(meta.get("resources"))[:MOST_ITEMS]:
            entry = as_mapping(resource)
            weight = as_weight(entry.get("weight"))
            if weight is not None and as_text(entry.get("name")).lower() in stems:
                weights.append(weight)
    return tuple(text for text in negatives if text), tuple(weights)


def read_civitai_model(data: Mapping[str, Any], file: FileIdentity = ANY_FILE) -> SideFacts:
    """Read a Civitai model with all its versions, of which one is that of ``file``.

    Where none can be told to be, only what all versions share is taken.
    """
    versions = [as_mapping(item) for item in as_items(data.get("modelVersions"))[:MOST_VERSIONS]]
    version = version_of(versions, file)
    facts = read_civitai_version(version if version is not None else _shared(versions))
    description = as_text((version or {}).get("description"))
    return replace(
        facts,
        title=as_text(data.get("name")) or facts.title,
        categories=_lower(as_texts(data.get("tags"))),
        description=plain_text("\n".join((as_text(data.get("description")), description))),
    )


def version_of(
    versions: Sequence[Mapping[str, Any]], file: FileIdentity
) -> Mapping[str, Any] | None:
    """Return the version that ``file`` is, or ``None`` if that cannot be told.

    By the version's number, then by a digest, the file's name, its size; only where all that
    leaves several is the file itself digested.
    """
    if len(versions) < 2:
        return versions[0] if versions else None
    tests: tuple[Callable[[Mapping[str, Any]], bool], ...] = (
        lambda version: as_count(version.get("id")) in file.versions,
        lambda version: any(file.has_hash(digest) for digest in _digests(version)),
        lambda version: any(
            file.is_called(as_text(entry.get("name"))) for entry in _files(version)
        ),
        lambda version: _named_in(version, file),
        lambda version: bool(file.size) and file.size in _sizes(version),
    )
    left = list(versions)
    for test in tests:
        found = [version for version in left if test(version)]
        if len(found) == 1:
            return found[0]
        # Versions of one file name are told apart by what follows.
        left = found or left
    if not any(_digests(version) for version in left):
        return None
    sizes = [_sizes(version) for version in left]
    if file.size and all(sizes) and not any(file.size in known for known in sizes):
        return None
    known = replace(file, hashes=frozenset((file.digest(),)))
    found = [version for version in left if any(map(known.has_hash, _digests(version)))]
    return found[0] if found else None


def _files(version: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [as_mapping(entry) for entry in as_items(version.get("files"))[:MOST_FILES]]


def _digests(version: Mapping[str, Any]) -> list[str]:
    hashes = [as_mapping(entry.get("hashes")) for entry in _files(version)]
    return [
        digest
        for entry in hashes
        for key in ("SHA256", "AutoV2", "AutoV3")
        if (digest := as_text(entry.get(key)))
    ]


def digests_of_version(page: Mapping[str, Any], file: FileIdentity) -> set[str]:
    """Return the digests that a version's record, or a model's, has of ``file``."""
    if as_items(page.get("modelVersions")):
        versions = [as_mapping(item) for item in as_items(page["modelVersions"])[:MOST_VERSIONS]]
        page = version_of(versions, file) or {}
    entries = [entry for entry in _files(page) if as_text(entry.get("type")) in ("", "Model")]
    named = [entry for entry in entries if file.is_called(as_text(entry.get("name")))]
    chosen = named or entries
    if len(chosen) != 1:
        return set()
    return {text.lower() for text in _digests({"files": chosen}) if is_digest(text)}


def _sizes(version: Mapping[str, Any]) -> set[int]:
    sizes = (as_number(entry.get("sizeKB")) for entry in _files(version))
    return {round(size * 1024) for size in sizes if size is not None and 0 < size < 1e12}


_LONG_NUMBER = re.compile(r"(?<!\d)\d{4,12}(?!\d)")


def _named_in(version: Mapping[str, Any], file: FileIdentity) -> bool:
    """Whether a downloader put the version's number into the file's name."""
    number = as_count(version.get("id"))
    return number is not None and str(number) in _LONG_NUMBER.findall(file.stem[:300])


def _shared(versions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what holds for every version: the base model and the words they share."""
    if not versions:
        return {}
    words = [as_words(version.get("trainedWords")) for version in versions]
    bases = {as_text(version.get("baseModel")) for version in versions}
    return {
        "baseModel": bases.pop() if len(bases) == 1 else "",
        "trainedWords": [word for word in words[0] if all(word in other for other in words)],
    }


def read_swarm(data: Mapping[str, Any]) -> SideFacts:
    """Read SwarmUI's record: ModelSpec fields, with or without their prefix."""

    def field(name: str) -> object:
        value = data.get(f"modelspec.{name}")
        return value if value is not None else data.get(name)

    tags = field("tags")
    # Pages' words are joined by commas there, others by semicolons.
    words = re.split("[;,]", as_text(field("trigger_phrase")))
    return SideFacts(
        source="SwarmUI",
        title=as_text(field("title")),
        base_model=as_text(field("architecture")),
        categories=_lower(as_texts(tags) or as_text(tags).split(",")),
        trained_words=tuple(word.strip() for word in words if word.strip())
        or as_words(data.get("trainedWords")),
        description=plain_text(as_text(field("description"))),
        usage_hint=as_text(field("usage_hint")),
        preferred_weight=as_weight(field("lora_default_weight")),
    )


def read_lora_manager(data: Mapping[str, Any]) -> SideFacts:
    """Read ComfyUI Lora-Manager's record."""
    version = as_mapping(data.get("civitai"))
    facts = read_civitai_version(version)
    tips = as_mapping(data.get("usage_tips"))
    return replace(
        facts,
        source="Lora-Manager",
        title=as_text(data.get("model_name")) or facts.title,
        base_model=as_text(data.get("base_model")) or facts.base_model,
        categories=_lower(as_texts(data.get("tags"))) or facts.categories,
        trained_words=facts.trained_words or as_words(data.get("trainedWords")),
        description=plain_text(as_text(data.get("modelDescription"))) or facts.description,
        notes=as_text(data.get("notes")),
        preferred_weight=as_weight(tips.get("strength")) or facts.preferred_weight,
        weight_range=_usage_range(tips) or facts.weight_range,
    )


def _usage_range(tips: Mapping[str, Any]) -> WeightRange | None:
    low = as_weight(tips.get("strength_min"))
    high = as_weight(tips.get("strength_max"))
    spelt = _SPELT_RANGE.fullmatch(as_text(tips.get("strength_range"))[:40])
    if low is None and spelt is not None:
        low, high = as_weight(spelt["low"]), as_weight(spelt["high"])
    return _signed(low, high, "Lora-Manager usage_tips")


_SPELT_RANGE = re.compile(
    r"\s*(?P<low>[+-]?\d{1,3}(?:\.\d{1,4})?)\s{0,3}(?:-|–|~|to|,|:)\s{0,3}"
    r"(?P<high>[+-]?\d{1,3}(?:\.\d{1,4})?)\s*"
)


def _signed(low: float | None, high: float | None, reference: str) -> WeightRange | None:
    # Minima of zero and above are the tool's defaults or a positive sweet spot: nothing is said
    # there about negative weights.
    if low is not None and high is not None and high < low:
        low, high = high, low
    if low is None or low >= 0:
        return None
    return WeightRange(
        low,
        high if high is not None and high > 0 else None,
        source=RangeSource.SIDECAR,
        reference=reference,
    )


def read_stability_matrix(data: Mapping[str, Any]) -> SideFacts:
    """Read StabilityMatrix' connected-model record."""
    return SideFacts(
        source="StabilityMatrix",
        title=as_text(data.get("ModelName")),
        version=as_text(data.get("VersionName")),
        base_model=as_text(data.get("BaseModel")),
        categories=_lower(as_texts(data.get("Tags"))),
        trained_words=as_words(data.get("TrainedWords")),
        description=plain_text(
            "\n".join(
                text
                for key in ("ModelDescription", "VersionDescription")
                if (text := as_text(data.get(key)))
            )
        ),
    )


def read_rgthree(data: Mapping[str, Any]) -> SideFacts:
    """Read rgthree's record. Words it counted in the captions itself are not trained words."""
    words = list(as_texts(data.get("triggerWords")))
    for item in as_items(data.get("trainedWords"))[:MOST_ITEMS]:
        entry = as_mapping(item)
        if entry.get("civitai") or entry.get("user"):
            words.append(as_text(entry.get("word")))
        elif isinstance(item, str):
            words.append(as_text(item))
    raw = as_mapping(as_mapping(data.get("raw")).get("civitai"))
    facts = read_civitai_version(raw)
    low, high = as_weight(data.get("strengthMin")), as_weight(data.get("strengthMax"))
    return replace(
        facts,
        source="rgthree",
        title=as_text(data.get("name")) or facts.title,
        base_model=as_text(data.get("baseModel")) or facts.base_model,
        trained_words=tuple(dict.fromkeys(word for word in words if word)) or facts.trained_words,
        notes=as_text(data.get("userNote")),
        weight_range=_signed(low, high, "rgthree strengthMin, strengthMax") or facts.weight_range,
    )
