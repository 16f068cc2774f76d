"""The side files that tools put next to a LoRA, each read into the same `SideFacts`.

======================  ================================================================
``<name>.json``         A1111 and Forge user metadata; our own decisions under ``lora_neg``
``.civitai.info``       Civitai model version, as Civitai Helper saves it
``.api_info.json``      Civitai model, as civitai-browser-plus saves it
``.metadata.json``      Lora-Manager; its ``usage_tips`` carry signed weights
``.cm-info.json``       StabilityMatrix
``.rgthree-info.json``  rgthree
``.txt``                activation text, as older tools save it
======================  ================================================================
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..regular import open_regular, read_regular
from .card import RangeSource, WeightRange
from .decisions import OWN_KEY, Decision, read_decision
from .lenient import as_items, as_mapping, as_number, as_text, as_texts

MAX_SIDE_FILE_BYTES = 8_000_000
"""A longer side file is not read. Civitai's largest model pages stay below 2 MB."""

MAX_TEXT_BYTES = 20_000
"""A longer ``.txt`` is no activation text."""


@dataclass(frozen=True)
class SideFacts:
    """What one side file says. Empty fields say nothing.

    Attributes:
        source: the kind of file, for people.
        title: the model page's title.
        version: the name of the version.
        base_model: base model, as the page has it.
        categories: category and free tags of the page, lower case.
        trained_words: trigger phrases, as their author wrote them.
        activation_text: what the host inserts with the tag.
        negative_text: the LoRA's own negative prompt.
        preferred_weight: the user's.
        description: plain text of the page.
        notes: the user's own.
        weight_range: a signed range that some tool recorded.
        sample_negatives: negative prompts of the page's sample pictures.
        sample_weights: weights of this LoRA in the page's sample pictures.
        decision: what the user decided in our own tab.
    """

    source: str = ""
    title: str = ""
    version: str = ""
    base_model: str = ""
    categories: tuple[str, ...] = ()
    trained_words: tuple[str, ...] = ()
    activation_text: str = ""
    negative_text: str = ""
    preferred_weight: float | None = None
    description: str = ""
    notes: str = ""
    weight_range: WeightRange | None = None
    sample_negatives: tuple[str, ...] = ()
    sample_weights: tuple[float, ...] = ()
    decision: Decision | None = None


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
    weight = as_number(data.get("preferred weight"))
    return SideFacts(
        source="A1111 sidecar",
        base_model=as_text(data.get("sd version")),
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
        trained_words=() if skeleton else as_texts(data.get("trainedWords")),
        description=plain_text("\n".join(page for page in pages if page)),
        sample_negatives=negatives,
        sample_weights=weights,
    )


def _samples(data: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    negatives: list[str] = []
    weights: list[float] = []
    files = {as_text(as_mapping(file).get("name")) for file in as_items(data.get("files"))}
    stems = {name.rpartition(".")[0].lower() for name in files}
    for image in as_items(data.get("images"))[:50]:
        meta = as_mapping(as_mapping(image).get("meta"))
        negatives.append(as_text(meta.get("negativePrompt")))
        for resource in as_items(meta.get("resources")):
            entry = as_mapping(resource)
            weight = as_number(entry.get("weight"))
            if weight is not None and as_text(entry.get("name")).lower() in stems:
                weights.append(weight)
    return tuple(text for text in negatives if text), tuple(weights)


def read_civitai_model(data: Mapping[str, Any]) -> SideFacts:
    """Read a Civitai model with all its versions; the first version is the newest."""
    versions = as_items(data.get("modelVersions"))
    version = as_mapping(versions[0]) if versions else {}
    facts = read_civitai_version(version)
    return replace(
        facts,
        title=as_text(data.get("name")) or facts.title,
        categories=_lower(as_texts(data.get("tags"))),
        description=plain_text(
            "\n".join((as_text(data.get("description")), as_text(version.get("description"))))
        ),
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
        trained_words=facts.trained_words or as_texts(data.get("trainedWords")),
        description=plain_text(as_text(data.get("modelDescription"))) or facts.description,
        notes=as_text(data.get("notes")),
        preferred_weight=as_number(tips.get("strength")),
        weight_range=_usage_range(tips),
    )


def _usage_range(tips: Mapping[str, Any]) -> WeightRange | None:
    low = as_number(tips.get("strength_min"))
    high = as_number(tips.get("strength_max"))
    # Minima of zero and above are the tool's defaults or a positive sweet spot: nothing is said
    # there about negative weights.
    if low is None or low >= 0:
        return None
    return WeightRange(
        low,
        high if high is not None and high > 0 else None,
        source=RangeSource.SIDECAR,
        reference="Lora-Manager usage_tips",
    )


def read_stability_matrix(data: Mapping[str, Any]) -> SideFacts:
    """Read StabilityMatrix' connected-model record."""
    return SideFacts(
        source="StabilityMatrix",
        title=as_text(data.get("ModelName")),
        version=as_text(data.get("VersionName")),
        base_model=as_text(data.get("BaseModel")),
        categories=_lower(as_texts(data.get("Tags"))),
        trained_words=as_texts(data.get("TrainedWords")),
        description=plain_text(as_text(data.get("ModelDescription"))),
    )


def read_rgthree(data: Mapping[str, Any]) -> SideFacts:
    """Read rgthree's record. Words it counted in the captions itself are not trained words."""
    words = []
    for item in as_items(data.get("trainedWords")):
        entry = as_mapping(item)
        if entry.get("civitai"):
            words.append(as_text(entry.get("word")))
    raw = as_mapping(as_mapping(data.get("raw")).get("civitai"))
    facts = read_civitai_version(raw)
    return replace(
        facts,
        source="rgthree",
        title=as_text(data.get("name")) or facts.title,
        base_model=as_text(data.get("baseModel")) or facts.base_model,
        trained_words=tuple(word for word in words if word) or facts.trained_words,
    )


_READERS: tuple[tuple[str, Callable[[Mapping[str, Any]], SideFacts]], ...] = (
    (".json", read_a1111),
    (".civitai.info", read_civitai_version),
    (".api_info.json", read_civitai_model),
    (".metadata.json", read_lora_manager),
    (".cm-info.json", read_stability_matrix),
    (".rgthree-info.json", read_rgthree),
)

SIDE_SUFFIXES: tuple[str, ...] = (*(suffix for suffix, _ in _READERS), ".txt")
"""What a LoRA's stem is followed by in the names of its side files, the strongest first."""


def read_side_files(
    path: Path, present: Iterable[str] = SIDE_SUFFIXES
) -> tuple[tuple[SideFacts, ...], tuple[str, ...]]:
    """Read what lies next to the LoRA file at ``path``.

    Args:
        path: the LoRA file itself.
        present: the suffixes to try, where a directory listing knows which exist.

    Returns:
        The facts, strongest source first, and what was wrong with files that could not be read.
    """
    facts: list[SideFacts] = []
    problems: list[str] = []
    stem = str(path.with_suffix(""))
    wanted = set(present)
    for suffix, reader in _READERS:
        if suffix not in wanted:
            continue
        try:
            data = _load(Path(stem + suffix))
            if data is not None:
                facts.append(reader(data))
        except (OSError, ValueError, RecursionError) as error:
            problems.append(f"{Path(stem).name}{suffix}: {_cause(error)}")
    if ".txt" in wanted:
        try:
            facts.extend(_read_text(Path(stem + ".txt")))
        except OSError as error:
            problems.append(f"{Path(stem).name}.txt: {_cause(error)}")
    return tuple(facts), tuple(problems)


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
