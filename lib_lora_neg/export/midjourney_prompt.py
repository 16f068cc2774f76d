"""The words of a prompt of the WebUI without the syntax that Midjourney would draw."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..prompts import Prompt, Term, apply_edits, parse
from ..prompts.brackets import TokenKind
from ..prompts.edits import Edit
from ..prompts.spans import overlapping
from ..prompts.terms import Piece

_ESCAPE = re.compile(r"\\([()\[\]\\])")
_CHOICE = re.compile(r"\{[^{}$_:]{1,2000}\}")
_BORDERS = frozenset(
    {
        TokenKind.SEPARATOR,
        TokenKind.BREAK,
        TokenKind.AND,
        TokenKind.KEYWORD,
        TokenKind.COLON,
        TokenKind.PIPE,
    }
)


class PlainPrompt(NamedTuple):
    """Words without syntax.

    Attributes:
        text: on one line.
        weighted: the words that had a weight.
        scheduled: the words that stood for some of the steps only.
        foreign: spans of other tools that are left out.
        borders: ``BREAK``, ``AND`` and the like that became commas.
        negative: terms of negative weight, which are left out.
    """

    text: str
    weighted: tuple[str, ...] = ()
    scheduled: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    borders: tuple[str, ...] = ()
    negative: tuple[Term, ...] = ()


def plain_words(tree: Prompt) -> PlainPrompt:
    """Return the words of a positive prompt as one line; tags and comments are left out.

    A text without any syntax is returned as it is, but for white space at its ends.
    """
    source = tree.source
    if source.hidden:
        tree = parse(source.clean, tools=tree.tools)
    layout = tree.layout
    marks = {piece.mark for piece in layout.pieces}
    text = tree.text
    if marks <= {TokenKind.SEPARATOR} and "\n" not in text and "\\" not in text:
        return PlainPrompt(text.strip() if not source.hidden else _tidy([text]))
    segments = [""]
    foreign: list[str] = []
    borders: list[str] = []
    items: list[Piece | Term] = [*layout.pieces, *layout.terms]
    for item in sorted(items, key=lambda item: (item.start, item.end)):
        written = text[item.start : item.end]
        if isinstance(item, Term):
            if item.weight >= 0:
                segments[-1] += " " + _ESCAPE.sub(r"\1", _shown(tree, item))
        elif item.mark in _BORDERS:
            segments.append("")
            if item.mark in (TokenKind.BREAK, TokenKind.AND, TokenKind.KEYWORD):
                borders.append(written.strip())
        elif item.mark is TokenKind.OPAQUE:
            choice = _permutation(written)
            segments[-1] += " " + choice
            if not choice:
                foreign.append(written)
    weighted = [term for term in layout.terms if term.weight >= 0 and term.weight != 1.0]
    return PlainPrompt(
        _tidy(segments),
        tuple(text[term.start : term.end] for term in weighted),
        tuple(text[term.start : term.end] for term in layout.terms if term.scheduled),
        tuple(foreign),
        tuple(dict.fromkeys(borders)),
        tuple(term for term in layout.terms if term.weight < 0),
    )


def _permutation(written: str) -> str:
    """Return ``{a|b}`` as Midjourney's ``{a, b}`` and ``{a}`` as its words; else nothing."""
    if _CHOICE.fullmatch(written) is None:
        return ""
    return ", ".join(written.split("|")) if "|" in written else written[1:-1]


def _shown(tree: Prompt, term: Term) -> str:
    """Return a term without the hidden spans that stand in it."""
    hidden = overlapping(tree.source.hidden, term.start, term.end)
    text = tree.text[term.start : term.end]
    cuts = [
        Edit(max(0, start - term.start), min(len(text), end - term.start), "")
        for start, end in hidden
    ]
    return apply_edits(text, cuts) if cuts else text


def _tidy(segments: list[str]) -> str:
    pieces = (" ".join(piece.split()) for piece in ",".join(segments).split(","))
    return ", ".join(piece for piece in pieces if piece)
