"""Tokenizers, which no single-file checkpoint has in it: found on this machine, never fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...regular import read_regular
from .errors import ModelError


@dataclass(frozen=True)
class _Kind:
    """One kind of tokenizer.

    Attributes:
        name: for people, and how its class in transformers begins.
        files: any of these sets of files is a whole tokenizer.
        repository: where the local cache of Hugging Face has it, if it has.
        folders: of a pipeline's folder, in which it may lie.
        length: most tokens of one text, which some folders do not say.
    """

    name: str
    files: tuple[tuple[str, ...], ...]
    repository: str
    folders: tuple[str, ...]
    length: int


_CLIP = _Kind(
    "CLIP",
    (("vocab.json", "merges.txt"), ("tokenizer.json",)),
    "openai/clip-vit-large-patch14",
    ("tokenizer", "tokenizer_2"),
    77,
)
_T5 = _Kind(
    "T5", (("tokenizer.json",), ("spiece.model",)), "google/t5-v1_1-xxl", ("tokenizer_2",), 512
)


def clip_tokenizer(checkpoint: Path, given: Path | None) -> Any:
    """Return the tokenizer of a CLIP text encoder; all CLIP encoders share one vocabulary.

    Looked for in the folder that was given, beside the checkpoint, and in the local cache of
    Hugging Face, in this order.

    Raises:
        ModelError: it is nowhere, or damaged; the text says how to get it.
    """
    from transformers import CLIPTokenizer

    return _load(CLIPTokenizer, _CLIP, checkpoint, given)


def t5_tokenizer(checkpoint: Path, given: Path | None) -> Any:
    """Return the tokenizer of a T5 text encoder; as `clip_tokenizer`."""
    from transformers import T5TokenizerFast

    return _load(T5TokenizerFast, _T5, checkpoint, given)


def _load(make: Any, kind: _Kind, checkpoint: Path, given: Path | None) -> Any:
    if given is not None and not given.is_dir():
        raise ModelError(f"{given}: no such folder, so there is no tokenizer in it")
    for folder in _folders(kind, checkpoint, given):
        if _holds(folder, kind):
            try:
                found = make.from_pretrained(str(folder), local_files_only=True)
            except Exception as error:  # the reader's own errors have no common class
                raise ModelError(f"{folder}: the tokenizer cannot be read: {error}") from error
            found.model_max_length = min(found.model_max_length, kind.length)
            return found
    raise ModelError(
        f"there is no {kind.name} tokenizer on this machine, and a single-file checkpoint has none "
        f"in it. Give a folder that holds {' and '.join(kind.files[0])} with --tokenizer, put it "
        f"beside the checkpoint as {kind.folders[0]}/, or fetch it once into the local cache: "
        f"hf download {kind.repository} --include '*.json' '*.txt' '*.model'"
    )


def _folders(kind: _Kind, checkpoint: Path, given: Path | None) -> Iterator[Path]:
    roots = [checkpoint.with_suffix(""), checkpoint.parent]
    if given is not None:
        roots.insert(0, given)
        yield given
    for root in roots:
        for name in kind.folders:
            yield root / name
    yield from _cached(kind)


def _cached(kind: _Kind) -> Iterator[Path]:
    """Yield the folder of the local cache, where it has the tokenizer's files."""
    from huggingface_hub import try_to_load_from_cache

    for files in kind.files:
        found = try_to_load_from_cache(kind.repository, files[0])
        if isinstance(found, str):
            yield Path(found).parent


def _holds(folder: Path, kind: _Kind) -> bool:
    """Whether a folder has a whole tokenizer of this kind.

    To be asked beforehand: newer transformers make an empty tokenizer of an empty folder.
    """
    if not any(all((folder / file).is_file() for file in files) for files in kind.files):
        return False
    try:
        config = json.loads(read_regular(folder / "tokenizer_config.json"))
        name = str(config.get("tokenizer_class") or kind.name)
    except (OSError, ValueError, RecursionError, AttributeError):
        name = kind.name
    return name.startswith(kind.name)
