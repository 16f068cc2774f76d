"""What one side file says of a LoRA, and which file the LoRA is among all those of a page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..card import WeightRange
from ..decisions import Decision


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
        preferred_weight: the user's, or the one that the page recommends.
        description: plain text of the page.
        notes: the user's own.
        usage_hint: what its author says about its use, in a line.
        weight_range: a signed range that a page, a tool or a person recorded.
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
    usage_hint: str = ""
    weight_range: WeightRange | None = None
    sample_negatives: tuple[str, ...] = ()
    sample_weights: tuple[float, ...] = ()
    decision: Decision | None = None


def _no_digest() -> str:
    return ""


@dataclass(frozen=True)
class FileIdentity:
    """By what a LoRA file is found among the versions of its page.

    Attributes:
        stem: file name without its suffix.
        size: in bytes; 0 if unknown.
        hashes: hexadecimal digests known of it, lower case: SHA-256, or the first characters of
            it or of the tensors' (Civitai's AutoV2 and AutoV3).
        versions: Civitai's numbers of its version, as other side files have them.
        digest: computes its SHA-256, or returns nothing where it cannot be read.
    """

    stem: str = ""
    size: int = 0
    hashes: frozenset[str] = frozenset()
    versions: frozenset[int] = frozenset()
    digest: Callable[[], str] = _no_digest

    def has_hash(self, digest: str) -> bool:
        """Whether ``digest``, which may be shortened, is one of this file."""
        return is_digest(digest) and any(_same(digest.lower(), known) for known in self.hashes)

    def is_called(self, file_name: str) -> bool:
        """Whether a page's file name is that of this file, however a tool spelt it."""
        return bool(_plain(self.stem)) and _plain(file_name.rpartition(".")[0]) == _plain(self.stem)


EMPTY_DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of nothing, which trainers wrote into files they had not hashed: it names no file."""

SHORTEST_DIGEST = 8
"""Characters of the shortest digest that tools write (AutoV1)."""

_DIGEST = re.compile(r"[0-9a-f]{8,64}", re.IGNORECASE)


def is_digest(text: str) -> bool:
    """Whether a text is a digest that names a file: not that of nothing, nor one character."""
    low = text.lower()
    return (
        _DIGEST.fullmatch(low) is not None
        and not EMPTY_DIGEST.startswith(low)
        and len(set(low)) > 1
    )


def _same(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) >= SHORTEST_DIGEST and long.startswith(short)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())
