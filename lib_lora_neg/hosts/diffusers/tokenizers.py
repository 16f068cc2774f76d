"""Tokenizers, which no single-file checkpoint has in it: found on this machine, never fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import ModelError

CLIP_REPOSITORY = "openai/clip-vit-large-patch14"
T5_REPOSITORY = "google/t5-v1_1-xxl"

_WANTED = {
    "CLIP": ("vocab.json", "merges.txt"),
    "T5": ("tokenizer.json", "spiece.model"),
}


def clip_tokenizer(checkpoint: Path, given: Path | None, subfolder: str = "tokenizer") -> Any:
    """Return the tokenizer of a CLIP text encoder.

    Looked for in the folder that was given, beside the checkpoint, and in the local cache of
    Hugging Face, in this order.

    Raises:
        ModelError: it is nowhere, or damaged; the text says how to get it.
    """
    from transformers import CLIPTokenizer

    return _load(CLIPTokenizer, "CLIP", CLIP_REPOSITORY, checkpoint, given, subfolder)


def t5_tokenizer(checkpoint: Path, given: Path | None) -> Any:
    """Return the tokenizer of a T5 text encoder; as `clip_tokenizer`."""
    from transformers import T5TokenizerFast

    return _load(T5TokenizerFast, "T5", T5_REPOSITORY, checkpoint, given, "tokenizer_2")


def _load(
    kind: Any, name: str, repository: str, checkpoint: Path, given: Path | None, subfolder: str
) -> Any:
    wanted = _WANTED[name]
    if given is not None and not given.is_dir():
        raise ModelError(f"{given}: no such folder, so there is no tokenizer in it")
    for folder in _folders(checkpoint, given, subfolder):
        if any((folder / file).is_file() for file in wanted):
            try:
                return kind.from_pretrained(str(folder), local_files_only=True)
            except (OSError, ValueError, TypeError, KeyError) as error:
                raise ModelError(f"{folder}: the tokenizer cannot be read: {error}") from error
    try:
        return kind.from_pretrained(repository, local_files_only=True)
    except Exception as error:  # each version of the library has an error of its own for this
        raise ModelError(
            f"there is no {name} tokenizer on this machine, and a single-file checkpoint has none "
            f"in it. Give a folder that holds {' and '.join(wanted[:2])} with --tokenizer, put it "
            f"beside the checkpoint as {subfolder}/, or fetch it once into the local cache: "
            f"hf download {repository} --include '*.json' '*.txt' '*.model'"
        ) from error


def _folders(checkpoint: Path, given: Path | None, subfolder: str) -> Iterator[Path]:
    roots = [checkpoint.with_suffix(""), checkpoint.parent]
    if given is not None:
        yield given / subfolder
        # A plain folder of CLIP files serves every CLIP encoder, but is no T5 tokenizer.
        yield given
    for root in roots:
        yield root / subfolder
    if subfolder == "tokenizer_2":
        return
    for root in roots:
        yield root / "tokenizer"
