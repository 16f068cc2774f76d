"""Finds words that speak for or against a type, in groups of one meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from .lexicon_words import GROUPS

_LONGEST = 5
"""Words of the longest phrase."""

_PART = 5
"""Letters that a word must have to be found inside a longer one (``amateurphoto``)."""


@lru_cache(maxsize=1)
def _index() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Return the groups of each phrase: of spaced scripts, and of Chinese, Japanese, Korean."""
    spaced: dict[str, list[str]] = {}
    unspaced: dict[str, list[str]] = {}
    for group, text in GROUPS.items():
        for phrase in dict.fromkeys(" ".join(part.split()) for part in text.split("|")):
            plain = " ".join(words(phrase))
            if phrase.isascii() or not _UNSPACED.search(phrase):
                spaced.setdefault(plain, []).append(group)
            else:
                unspaced.setdefault(phrase, []).append(group)
    return (
        {phrase: tuple(groups) for phrase, groups in spaced.items()},
        {phrase: tuple(groups) for phrase, groups in unspaced.items()},
    )


_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\W_]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d{2})|(?<=\d)(?=[A-Z][a-z])")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; CamelCase and underscores part words."""
    return [word.replace("’", "'").lower() for word in _WORD.findall(_CAMEL.sub(" ", text))]


def word_groups(text: str, *, compounds: bool = False) -> Iterator[tuple[str, str]]:
    """Yield each phrase of the lexicon found in ``text`` with its group, longest phrase first.

    Args:
        text: any text.
        compounds: also find long words at either end of a longer one, as in file names.
    """
    spaced, unspaced = _index()
    tokens = words(text)
    position = 0
    while position < len(tokens):
        for length in range(min(_LONGEST, len(tokens) - position), 0, -1):
            phrase = " ".join(tokens[position : position + length])
            if phrase in spaced:
                yield from ((phrase, group) for group in spaced[phrase])
                break
        else:
            length = 1
            if compounds:
                yield from _inside(tokens[position])
        position += length
    if _UNSPACED.search(text):
        for phrase, groups in unspaced.items():
            if phrase in text:
                yield from ((phrase, group) for group in groups)


@lru_cache(maxsize=4096)
def _inside(token: str) -> tuple[tuple[str, str], ...]:
    spaced, _ = _index()
    for length in range(len(token) - 1, _PART - 1, -1):
        for part in (token[:length], token[-length:]):
            if part in spaced:
                return tuple((part, group) for group in spaced[part])
    return ()
