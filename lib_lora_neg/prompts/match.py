"""Where words stand in a prompt: whole terms, or whole words inside one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from .brackets import Mark
from .normal import normalise
from .spans import Spans, overlapping
from .terms import Layout, Term

if TYPE_CHECKING:
    from .tree import Prompt

_SEPARATORS = re.compile(r"[,\n，、]")
# Written without spaces between words, so that no border of a word can be told.
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
# Word characters, and what joins the halves of a word; "_" stands for a space.
_BEFORE = r"(?<![^\W_])(?<![^\W_][-'’.])"
_AFTER = r"(?![^\W_])(?![-'’.][^\W_])"

normalise_phrase = lru_cache(maxsize=16384)(normalise)


class Match(NamedTuple):
    """A place where a phrase stands.

    Attributes:
        start: offset of its first character.
        end: offset after its last character.
        term: the term it stands in; the first one of a phrase of several terms.
        whole: the phrase is all of the term (or of the terms).
        terms: every term it covers.
    """

    start: int
    end: int
    term: Term
    whole: bool
    terms: tuple[Term, ...]


class Index:
    """The terms of one prompt, ready to be searched for many phrases."""

    __slots__ = ("_by_key", "_hidden", "_layout", "_text", "joined")

    def __init__(self, text: str, layout: Layout, hidden: Spans) -> None:
        self._text = text
        self._hidden = hidden
        self._layout = layout
        self._by_key: dict[str, list[Term]] | None = None
        # One substring search refuses nearly every phrase.
        self.joined = "\n".join([term.key for term in layout.terms if term.editable])

    @property
    def by_key(self) -> dict[str, list[Term]]:
        """The editable terms by their normalised text."""
        if self._by_key is None:
            found: dict[str, list[Term]] = {}
            for term in self._layout.terms:
                if term.editable:
                    found.setdefault(term.key, []).append(term)
            self._by_key = found
        return self._by_key

    def find(self, phrase: str) -> tuple[Match, ...]:
        """See `find`."""
        key = normalise_phrase(phrase)
        if key in self.joined and key:
            found = [Match(t.start, t.end, t, True, (t,)) for t in self.by_key.get(key, ())]
            if _SPACELESS.search(key) is None:
                found += self._inside(key)
            return tuple(sorted(found))
        if "," in key or "\n" in phrase or "，" in key or "、" in key:
            return self._several(phrase)
        return ()

    def _inside(self, key: str) -> Iterable[Match]:
        pattern = None
        for term in self._layout.terms:
            if not term.editable or key not in term.key or key == term.key:
                continue
            if overlapping(self._hidden, term.start, term.end):
                continue
            if pattern is None:
                pattern = _word_pattern(key)
            for match in pattern.finditer(self._text, term.start, term.end):
                yield Match(match.start(), match.end(), term, False, (term,))

    def _several(self, phrase: str) -> tuple[Match, ...]:
        keys = [key for key in map(normalise, _SEPARATORS.split(phrase)) if key]
        if not keys or keys[0] not in self.joined:
            return ()
        terms = self._layout.terms
        found = []
        for first in self.by_key.get(keys[0], ()):
            run = terms[first.number : first.number + len(keys)]
            if [term.key for term in run] == keys and self._is_plain_run(run):
                found.append(Match(first.start, run[-1].end, first, True, run))
        return tuple(found)

    def _is_plain_run(self, run: tuple[Term, ...]) -> bool:
        """Whether only separators stand between the terms of ``run``, all editable."""
        start, end = run[0].start, run[-1].end
        between = [p.mark for p in self._layout.pieces if start <= p.start < end]
        return (
            all(mark is Mark.SEPARATOR for mark in between)
            and all(term.editable for term in run)
            and all(first.end < second.start for first, second in pairwise(run))
        )


@lru_cache(maxsize=1024)
def _word_pattern(key: str) -> re.Pattern[str]:
    """The spellings of ``key`` as whole words: any case, ``_`` for a space, brackets escaped."""
    words = [
        "".join(rf"\\?{re.escape(char)}" if char in "()[]\\" else re.escape(char) for char in word)
        for word in key.split(" ")
    ]
    return re.compile(_BEFORE + r"[\s_]+".join(words) + _AFTER, re.IGNORECASE)


def find(tree: Prompt, phrase: str) -> tuple[Match, ...]:
    """The editable places where ``phrase`` stands, in order.

    A term equal to it (`normalise`d), or its words inside a longer term, never parts of
    words: ``style`` is not in ``lifestyle`` or ``anime-style``. A phrase without spaces
    between words (Chinese, Japanese …) is only found as a whole term; a phrase with
    separators only where its parts are whole neighbouring terms.
    """
    return tree.index.find(phrase)


def find_any(tree: Prompt, phrases: Iterable[str]) -> tuple[tuple[str, Match], ...]:
    """All matches of many phrases, each with its phrase, in the order of the phrases."""
    index = tree.index
    return tuple((phrase, match) for phrase in phrases for match in index.find(phrase))
