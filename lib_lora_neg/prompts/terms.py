"""From tokens to terms: what stands between separators and brackets, and how the host weighs it."""

from __future__ import annotations

import re
from typing import NamedTuple

from .brackets import Bracket, BracketKind, Structure, TokenKind, read_brackets
from .normal import CHANGED, normalise
from .reading import AND, split_part_weight
from .source import VisibleText
from .spans import Spans, overlapping

_UNUSUAL = re.compile(rf"[\\{CHANGED}]|  |[^\S \n]")  # what `normalise` would change, but for case
_SEPARATOR, _OPEN, _CLOSE = TokenKind.SEPARATOR, TokenKind.OPEN, TokenKind.CLOSE
_ROUND, _SCHEDULED, _ALTERNATE = BracketKind.ROUND, BracketKind.SCHEDULED, BracketKind.ALTERNATE


class Term(NamedTuple):
    """A leaf of the prompt: the text between two separators or brackets.

    Attributes:
        start: offset of its first character, white space and brackets left out.
        end: offset after its last character.
        key: its normalised text.
        weight: the attention multiplier the host gives it.
        editable: ``False`` where its meaning belongs to another tool or is not certain.
        scheduled: it stands in an option of prompt editing or alternation.
        number: its place among the terms.
    """

    start: int
    end: int
    key: str
    weight: float
    editable: bool
    scheduled: bool
    number: int


class Piece(NamedTuple):
    """A token that is no term, by offsets into the user's text."""

    start: int
    end: int
    mark: TokenKind
    bracket: Bracket | None


class SubPrompt(NamedTuple):
    """One sub-prompt: the whole prompt where there is no ``AND``."""

    start: int
    end: int
    tail: int
    weight: float


class TermLayout(NamedTuple):
    """All terms of a prompt, and the pieces between them, in order."""

    terms: tuple[Term, ...]
    pieces: tuple[Piece, ...]
    parts: tuple[SubPrompt, ...]
    failed: bool


def split_parts(text: str, negative: bool, opaque: Spans) -> tuple[SubPrompt, ...]:
    """The sub-prompts of the clean text; a negative prompt is always one, of weight 1."""
    if negative:
        return (SubPrompt(0, len(text), len(text), 1.0),)
    parts = []
    position = 0
    if "AND" in text:
        for match in AND.finditer(text):
            if not overlapping(opaque, *match.span()):
                parts.append((position, match.start()))
                position = match.end()
    parts.append((position, len(text)))
    return tuple(SubPrompt(s, e, *split_part_weight(text, s, e)) for s, e in parts)


def lay_out(
    source: VisibleText,
    negative: bool,
    emphasis: bool,
    opaque: Spans,
    solid: Spans,
    full_stops: bool = False,
) -> TermLayout:
    """Read the terms of a prompt.

    Args:
        source: the text.
        negative: ``AND`` and part weights are plain text.
        emphasis: brackets mean attention, ``BREAK`` a new chunk.
        opaque: spans of other tools in the clean text.
        solid: spans of the clean text that belong to no term though the host reads them
            (tags in a negative prompt).
        full_stops: a full stop before white space ends a term.
    """
    text = source.clean
    maker = _TermMaker(source, emphasis, solid)
    parts = split_parts(text, negative, opaque)
    failed = False
    for number, part in enumerate(parts):
        if number:
            maker.piece(parts[number - 1].end, part.start, TokenKind.AND, None)
        structure = read_brackets(text, part.start, part.tail, opaque, full_stops)
        failed = failed or structure.failed
        maker.read(structure, part)
        weight = text[part.tail : part.end]
        if weight.strip():
            colon = part.end - len(weight.lstrip())
            maker.piece(colon, part.end, TokenKind.PART_WEIGHT, None)
    return TermLayout(tuple(maker.terms), tuple(maker.pieces), parts, failed)


class _TermMaker:
    """Collects terms and pieces while the attention of the host is followed token by token.

    Round and square brackets pair independently of each other, so each kind has a stack of
    the multipliers in force.
    """

    def __init__(self, source: VisibleText, emphasis: bool, solid: Spans) -> None:
        self.source = source
        self.text = source.clean
        self.emphasis = emphasis
        self.solid = solid
        self.terms: list[Term] = []
        self.pieces: list[Piece] = []
        lowered = self.text.lower()
        plain = len(lowered) == len(self.text) and _UNUSUAL.search(self.text) is None
        self.keys = lowered if plain else None
        self.glue: set[int] = set()
        # To the host a bar outside of an alternation is text, to who wrote it a divider. It also
        # ends every schedule of the prompt: where there may be one, it must stay.
        self.bar = TokenKind.TEXT if "[" in self.text else _SEPARATOR
        self.rounds = [1.0]
        self.squares = [1.0]
        self.locks = 0
        self.choices = 0

    def piece(self, start: int, end: int, mark: TokenKind, bracket: Bracket | None) -> None:
        source = self.source
        self.pieces.append(Piece(source.start(start), source.end(end), mark, bracket))

    def read(self, structure: Structure, part: SubPrompt) -> None:
        self.rounds, self.squares, self.locks, self.choices = [1.0], [1.0], 0, 0
        self._find_glue(structure)
        solid, hidden, pieces = self.solid, self.source.hidden, self.pieces
        position = part.start
        for token in structure.tokens:
            start, end, mark, bracket = token
            if mark is not _SEPARATOR:
                role = self._role(mark, bracket)
                if role is None:
                    continue
                mark = role
            if solid and overlapping(solid, start, start + 1):
                self._enter_or_leave(mark, bracket)
                continue
            if start > position:
                self._gap(position, start)
            if bracket is not None:
                self._enter_or_leave(mark, bracket)
            if hidden:
                self.piece(start, end, mark, bracket)
            else:
                pieces.append(Piece(start, end, mark, bracket))
            position = end
        if position < part.tail:
            self._gap(position, part.tail)

    def _role(self, mark: TokenKind, bracket: Bracket | None) -> TokenKind | None:
        """What a token is now that its bracket is known; ``None`` where it is part of a term."""
        if mark is _OPEN or mark is _CLOSE:
            if bracket is None:
                return TokenKind.TEXT if self.emphasis else None
            return mark if self.emphasis or bracket.kind >= _SCHEDULED else None
        if mark is TokenKind.COLON:
            return mark if bracket is not None and bracket.kind is _SCHEDULED else None
        if mark is TokenKind.PIPE:
            if bracket is None:
                return self.bar
            return mark if bracket.kind is _ALTERNATE else TokenKind.TEXT
        if mark is TokenKind.BREAK and not self.emphasis:
            return None
        return mark

    def _find_glue(self, structure: Structure) -> None:
        """Note where a choice or an opaque span continues a word: neither side is a word."""
        spans = [(pair.open, pair.close + 1) for pair in structure.brackets if pair.is_choice]
        spans += [token[:2] for token in structure.tokens if token.mark is TokenKind.OPAQUE]
        starts, ends = {start for start, _ in spans}, {end for _, end in spans}
        glued = starts & ends
        glued |= {start for start in starts if self._is_word(start - 1)}
        glued |= {end for end in ends if self._is_word(end)}
        for pair in structure.brackets:
            if pair.is_choice and (pair.open in glued or pair.close + 1 in glued):
                pair.locked = True
        self.glue = glued

    def _is_word(self, at: int) -> bool:
        char = self.text[at : at + 1] if at >= 0 else ""
        return char.isalnum() or char in ("_", "-", "'", "’")

    def _enter_or_leave(self, mark: TokenKind, bracket: Bracket | None) -> None:
        if bracket is None or (mark is not _OPEN and mark is not _CLOSE):
            return
        step = 1 if mark is _OPEN else -1
        self.locks += step * bracket.locked
        if bracket.kind >= _SCHEDULED:
            self.choices += step
            return
        stack = self.rounds if bracket.kind is _ROUND else self.squares
        if step > 0:
            stack.append(stack[-1] * bracket.multiplier)
        else:
            stack.pop()

    def _gap(self, start: int, end: int) -> None:
        """Make a term of ``text[start:end]``, or several where solid spans cut it."""
        for first, last in overlapping(self.solid, start, end) if self.solid else ():
            if first > start:
                self._term(start, first)
            start = last
        if start < end:
            self._term(start, end)

    def _term(self, start: int, end: int) -> None:
        raw = self.text[start:end]
        content = raw.strip()
        if not content:
            return
        start += len(raw) - len(raw.lstrip())
        end = start + len(content)
        key = self.keys[start:end] if self.keys is not None else normalise(content)
        editable = not self.locks
        if self.glue and (start in self.glue or end in self.glue):
            editable = False
        if self.source.hidden:
            start, end = self.source.start(start), self.source.end(end)
        weight = self.rounds[-1] * self.squares[-1]
        terms = self.terms
        terms.append(Term(start, end, key, weight, editable, self.choices > 0, len(terms)))
