"""Where words stand in a prompt: whole terms, or whole words inside one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from .normal import TYPOGRAPHIC, bare, normalise, split_origin
from .spans import Spans, overlapping
from .terms import Term, TermLayout

if TYPE_CHECKING:
    from .tree import Prompt

_SEPARATORS = re.compile(r"[,\n，、]")
# Written without spaces between words, so that no border of a word can be told.
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
# Word characters, and what joins the halves of a word; "_" stands for a space.
_BEFORE = r"(?<![^\W_])(?<![^\W_][-'’.])"
_AFTER = r"(?![^\W_])(?![-'’.][^\W_])"
_PREFIX = r"(?:\b(?:embedding|emb)[ ]?:[ ]?)?"
_OPEN, _CLOSE = r"(?:\\?\(|\uff08)", r"(?:\\?\)|\uff09)"
_ANY_ORIGIN = rf"(?:[\s_]?{_OPEN}[^()\\\uff08\uff09]{{1,100}}{_CLOSE})?"
_NO_ORIGIN = rf"(?![\s_]?{_OPEN})"

_APOSTROPHES = f"['`{TYPOGRAPHIC[:7]}]"
_QUOTES = f'"{TYPOGRAPHIC[7:]}'
_OPENED = re.compile(r"\\?\(\s*$")
_CLOSED = re.compile(r"\s*\\?\)")
_LOOSE_WEIGHT = re.compile(r"\s*[:\uff1a]\s*[-+]?[\d.]{1,8}\s*")
_LONGEST_OPENING = 4
_LONGEST_OPENED = 8
_NEGATIVE_WEIGHT = re.compile(r":\s{0,4}-[\d.]{1,8}\s{0,4}\)")

normalise_phrase = lru_cache(maxsize=16384)(normalise)


class Match(NamedTuple):
    """A place where a phrase stands.

    Attributes:
        start: offset of its first character.
        end: offset after its last character.
        term: the term it stands in; the first one of a phrase of several terms.
        whole: the phrase is all of the term (or of the terms).
        terms: every term it covers.
        loose: a name whose origin in brackets stands on one side only.
    """

    start: int
    end: int
    term: Term
    whole: bool
    terms: tuple[Term, ...]
    loose: bool = False


class _Name(NamedTuple):
    """A term by its name: without prefix and quotes, its origin apart."""

    term: Term
    origin: str


class TermIndex:
    """The terms of one prompt, ready to be searched for many phrases."""

    __slots__ = ("_by_key", "_by_name", "_hidden", "_layout", "_text", "joined")

    def __init__(self, text: str, layout: TermLayout, hidden: Spans) -> None:
        self._text = text
        self._hidden = hidden
        self._layout = layout
        self._by_key: dict[str, list[Term]] | None = None
        self._by_name: dict[str, list[_Name]] | None = None
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

    @property
    def by_name(self) -> dict[str, list[_Name]]:
        """The editable terms by their names; see `bare` and `split_origin`."""
        if self._by_name is None:
            found: dict[str, list[_Name]] = {}
            for term in self._layout.terms:
                if term.editable:
                    name, origin = split_origin(_settled(bare(term.key)))
                    found.setdefault(name, []).append(_Name(term, origin))
            self._by_name = found
        return self._by_name

    def terms_of(self, key: str) -> tuple[Match, ...]:
        """Every editable term whose normalised text is ``key``."""
        return tuple(Match(t.start, t.end, t, True, (t,)) for t in self.by_key.get(key, ()))

    def find(self, phrase: str) -> tuple[Match, ...]:
        """See `find`."""
        key = bare(normalise_phrase(phrase))
        name, origin = split_origin(key)
        if name in self.joined and name:
            found = list(self._whole(name, origin))
            if _SPACELESS.search(name) is None:
                found += self._inside(name, origin, found)
            return tuple(sorted(found))
        if "," in key or "\n" in phrase or "，" in key or "、" in key:
            return self._several(phrase)
        return ()

    def _whole(self, name: str, origin: str) -> Iterator[Match]:
        for term, own in self.by_name.get(name, ()):
            beside = self._origin_beside(term) if not own else None
            if beside is not None and _is_origin(beside, origin):
                terms = (term, beside.term)
                yield Match(term.start, beside.end, term, True, terms, loose=not origin)
            elif beside is not None and origin and not beside.weighted:
                continue  # the name of another origin
            elif own == origin or not own or not origin:
                yield Match(term.start, term.end, term, True, (term,), loose=own != origin)

    def _origin_beside(self, term: Term) -> _Beside | None:
        """What stands in round brackets of its own behind a name: ``hu tao (genshin impact)``."""
        terms, text = self._layout.terms, self._text
        if term.number + 1 >= len(terms):
            return None
        second = terms[term.number + 1]
        if second.start - term.end > _LONGEST_OPENING or not second.editable:
            return None
        if text[term.end : second.start].strip() != "(" or not self._opens_a_slot(term):
            return None
        weight = _LOOSE_WEIGHT.match(text, second.end)
        close = weight.end() if weight is not None else second.end
        if text[close : close + 1] != ")":
            return None
        following = text[close + 1 : close + 2]
        if not following.isspace() and following not in ("", *",，、;)]:|\\"):
            return None
        return _Beside(second, close + 1, weight is not None)

    def _opens_a_slot(self, term: Term) -> bool:
        """Whether a separator or a bracket stands before the term, not another word."""
        before = self._text[max(0, term.start - _LONGEST_OPENING) : term.start].rstrip(" \t")
        return before[-1:] in ("", *",，、;([|:\n\r")

    def _inside(self, name: str, origin: str, whole: list[Match]) -> Iterator[Match]:
        settled = {named.term.number for named in self.by_name.get(name, ())}
        settled.update(term.number for match in whole for term in match.terms)
        pattern = None
        for term in self._layout.terms:
            if not term.editable or name not in term.key or term.number in settled:
                continue
            if overlapping(self._hidden, term.start, term.end):
                continue
            if pattern is None:
                pattern = _word_pattern(name, origin)
            opened, counted = 0, term.start
            for match in pattern.finditer(self._text, term.start, term.end):
                between = (counted, match.start())
                opened += self._text.count("(", *between) - self._text.count(")", *between)
                counted = match.start()
                span = _with_its_wrapping(self._text, term, *match.span(), opened)
                if span is not None:
                    loose = bool(origin) != (self._text[match.end() - 1] in ")\uff09")
                    yield Match(*span, term, False, (term,), loose)

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
        between = (self._text[first.end : second.start] for first, second in pairwise(run))
        return all(term.editable for term in run) and all(
            piece and not _SEPARATORS.sub("", piece).strip(" \t\r;") for piece in between
        )


class _Beside(NamedTuple):
    """A term in brackets behind another: where the bracket ends, whether it has a weight."""

    term: Term
    end: int
    weighted: bool


def _is_origin(beside: _Beside, origin: str) -> bool:
    """Whether the bracket is the origin that is looked for, or any where none is."""
    return _settled(beside.term.key) == origin if origin else not beside.weighted


def _settled(key: str) -> str:
    """The key without a backslash at its end: ``hu tao \\\\(genshin impact\\\\)``, escaped twice.

    A file of JSON has it so, and a prompt that was copied from there; the host then reads a
    backslash and a bracket.
    """
    return key.rstrip("\\").rstrip() if key[-1:] == "\\" else key


def _with_its_wrapping(
    text: str, term: Term, start: int, end: int, unclosed: int
) -> tuple[int, int] | None:
    """The span that goes with words inside a term; ``None`` where half of a bracket would stay.

    Brackets and quotes that hold these words alone go with them, and so does a weight without
    brackets behind a term (``word:1.2``), which is the word's. ``unclosed`` counts the round
    brackets of the term that stay open before the words.
    """
    inside = start > term.start and end < term.end
    if inside and text[start - 1] in _QUOTES and text[end] in _QUOTES:
        start, end = start - 1, end + 1
    if unclosed:
        before = text[max(term.start, start - _LONGEST_OPENED) : start]
        opened, closed = _OPENED.search(before), _CLOSED.match(text, end, term.end)
        if opened is None or closed is None:
            return None
        start -= len(before) - opened.start()
        end = closed.end()
    if start == term.start:
        weight = _LOOSE_WEIGHT.fullmatch(text, end, term.end)
        end = weight.end() if weight is not None else end
    return start, end


@lru_cache(maxsize=1024)
def _word_pattern(name: str, origin: str) -> re.Pattern[str]:
    """The spellings of a name as whole words: any case, ``_`` for a space, brackets escaped.

    With an origin, the name with it or with none; without, the name with any.
    """
    tail = _ANY_ORIGIN + _AFTER
    if origin:
        tail = rf"(?:[\s_]?{_OPEN}\s?{_spellings(origin)}\s?{_CLOSE}|{_NO_ORIGIN}){_AFTER}"
    return re.compile(_BEFORE + _PREFIX + _spellings(name) + tail, re.IGNORECASE)


def _spellings(key: str) -> str:
    return r"(?:\s|\\?_)+".join("".join(map(_spelling, word)) for word in key.split(" "))


def _spelling(char: str) -> str:
    if char in "()[]\\":
        return rf"\\?{re.escape(char)}"
    if char == "'":
        return _APOSTROPHES
    return f"[{_QUOTES}]" if char == '"' else re.escape(char)


def find(tree: Prompt, phrase: str) -> tuple[Match, ...]:
    """The editable places where ``phrase`` stands, in order.

    A term equal to it (`normalise`d), or its words inside a longer term, never parts of
    words: ``style`` is not in ``lifestyle`` or ``anime-style``. A name with its origin in brackets
    (``hu tao (genshin impact)``, escaped or not) is one piece, and is found with and without the
    origin; of two different origins neither finds the other. ``embedding:``, ``emb:`` and quotes
    belong to the words they stand at. A phrase without spaces between words (Chinese,
    Japanese …) is only found as a whole term; a phrase with separators only where its parts are
    whole neighbouring terms.
    """
    return tree.index.find(phrase)


def find_terms(tree: Prompt, key: str) -> tuple[Match, ...]:
    """Every editable term whose normalised text is ``key``, in order."""
    return tree.index.terms_of(key)


def find_any(tree: Prompt, phrases: Iterable[str]) -> tuple[tuple[str, Match], ...]:
    """All matches of many phrases, each with its phrase, in the order of the phrases."""
    index = tree.index
    return tuple((phrase, match) for phrase in phrases for match in index.find(phrase))


def negated_terms(tree: Prompt) -> tuple[Term, ...]:
    """The terms of negative weight, ``(words:-1)``: negatives to NegPiP, and never edited."""
    # Most prompts have none, and need not be read for it.
    if tree.negative or _NEGATIVE_WEIGHT.search(tree.text) is None:
        return ()
    return tuple(term for term in tree.terms if term.weight < 0)


def find_negated(tree: Prompt, phrase: str) -> tuple[Term, ...]:
    """Those of `negated_terms` that hold ``phrase``."""
    name, origin = split_origin(bare(normalise_phrase(phrase)))
    terms = [term for term in negated_terms(tree) if name and name in term.key]
    if not terms:
        return ()
    pattern = _word_pattern(name, origin)
    return tuple(term for term in terms if pattern.search(term.key) is not None)
