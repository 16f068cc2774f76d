"""Brackets of A1111's prompt language: attention, prompt editing, alternation, or only text.

The host reads a prompt twice. Its schedule grammar comes first and takes ``[a:b:0.5]`` and
``[a|b]``; attention then reads the brackets that are left in the text of each step. Both
readings are decided here in one pass over the brackets:

* The schedule grammar wants brackets nested perfectly; a bracket that is not leaves itself
  and everything around it as text, while what is well-formed inside keeps its meaning.
* A ``|`` outside an alternation, or a ``\\`` with nothing to escape, makes the host give up:
  no schedule of that sub-prompt is one.
* Attention pairs round and square brackets independently and closes what stays open.
"""

from __future__ import annotations

import re
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

from .spans import Spans, overlapping


class BracketKind(IntEnum):
    """What a pair of brackets is to the host."""

    ROUND = 0
    SQUARE = 1
    SCHEDULED = 2
    ALTERNATE = 3


class TokenKind(IntEnum):
    """What a token is, before it is known what its bracket is."""

    SEPARATOR = 0
    OPEN = 1
    CLOSE = 2
    COLON = 3
    PIPE = 4
    BREAK = 5
    KEYWORD = 6
    OPAQUE = 7
    AND = 8
    PART_WEIGHT = 9
    TEXT = 10
    TERM = 11
    TAG = 12
    COMMENT = 13
    GHOST = 14
    SPACE = 15


ROUND_MULTIPLIER = 1.1
SQUARE_MULTIPLIER = 1 / 1.1

_SINGLE = re.compile(r"[()\[\]:|\\,\n，、;\uff1b]")
_WITH_WORDS = re.compile(
    r"[()\[\]:|\\,\n，、;\uff1b]|\b(?:BREAK|AND|ADDCOMM|ADDBASE|ADDROW|ADDCOL)\b"
)
_WITH_STOPS = re.compile(
    r"[()\[\]:|\\,\n，、;\uff1b.。]|\b(?:BREAK|AND|ADDCOMM|ADDBASE|ADDROW|ADDCOL)\b"
)
_NUMBER = re.compile(r"\s*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*")
_ATTENTION = re.compile(r"\s*([+-]?[.\d]+)\s*")
_RUN = frozenset("[]():")
_DYNAMIC_WEIGHT = re.compile(r"\s*(?:[+-][.\d]*\s*|[.\d]+\s*)?\[")


class Bracket:
    """A pair of brackets, or one that is never closed (``close`` is -1).

    Attributes:
        kind: what the host makes of it.
        open: offset of the opening bracket.
        close: offset of the closing bracket.
        colons: offsets of the ``:`` directly inside.
        pipes: offsets of the ``|`` directly inside.
        tail: where the body ends: ``close``, or the colon before a weight or a step.
        multiplier: attention of the pair; 1.0 for schedules and alternations.
        locked: not to be edited inside: other tools' meaning, or none that is certain.
    """

    __slots__ = ("close", "colons", "kind", "locked", "multiplier", "open", "pipes", "tail")

    def __init__(self, kind: BracketKind, position: int) -> None:
        self.kind = kind
        self.open = position
        self.close = -1
        self.colons: list[int] = []
        self.pipes: list[int] = []
        self.tail = -1
        self.multiplier = ROUND_MULTIPLIER if kind is BracketKind.ROUND else SQUARE_MULTIPLIER
        self.locked = False

    @property
    def is_choice(self) -> bool:
        """Whether the host replaces the pair by one of its options, step by step."""
        return self.kind >= BracketKind.SCHEDULED

    def options(self) -> list[tuple[int, int]]:
        """Start and end of each option of a schedule (one or two) or an alternation."""
        borders = [self.open, *(self.pipes or self.colons)]
        if self.kind is BracketKind.ALTERNATE:
            borders.append(self.close)
        return [(start + 1, end) for start, end in pairwise(borders)]


class Token(NamedTuple):
    """A place where a term may end; ``bracket`` is the pair it belongs to, if any."""

    start: int
    end: int
    mark: TokenKind
    bracket: Bracket | None


class Structure(NamedTuple):
    """The tokens of a text, and whether the schedule grammar gave up on it."""

    tokens: list[Token]
    brackets: list[Bracket]
    failed: bool


_SEPARATOR, _OPEN, _CLOSE, _COLON, _PIPE, _BREAK, _KEYWORD, _OPAQUE = tuple(TokenKind)[:8]
_ROUND, _SQUARE, _SCHEDULED, _ALTERNATE = BracketKind


def read_brackets(
    text: str, start: int, end: int, opaque: Spans = (), full_stops: bool = False
) -> Structure:
    """Read ``text[start:end]``, one sub-prompt, skipping the ``opaque`` spans."""
    return _Reader(text, start, end, full_stops).read(start, opaque)


class _Reader:
    """One pass over the tokens. ``spoilt`` is the last place that the schedule grammar can
    only take as text: a pair that was open there is no schedule."""

    def __init__(self, text: str, start: int, end: int, full_stops: bool) -> None:
        self.text = text
        self.end = end
        self.tokens: list[Token] = []
        self.brackets: list[Bracket] = []
        self.stack: list[Bracket] = []
        self.rounds: list[Bracket] = []
        self.squares: list[Bracket] = []
        self.spoilt = -1
        self.failed = False
        has_words = any(text.find(word, start, end) >= 0 for word in ("BREAK", "ADD", "AND"))
        self.finder = _WITH_STOPS if full_stops else _WITH_WORDS if has_words else _SINGLE
        self.colon = -1
        self.loose_colon = False

    def read(self, start: int, opaque: Spans) -> Structure:
        position = start
        for span_start, span_end in overlapping(opaque, start, self.end):
            self._scan(position, span_start)
            self.tokens.append(Token(span_start, span_end, _OPAQUE, None))
            self.colon = -1
            position = span_end
        self._scan(position, self.end)
        unclosed = [pair for pair in self.stack if pair.close < 0]
        self.failed = self.failed or any(pair.pipes for pair in unclosed)
        if self.failed:
            for pair in self.brackets:
                _demote(pair)
        elif unclosed or self.spoilt >= 0 or self.loose_colon:
            for pair in self.brackets:
                if pair.is_choice and self._touches_bracket(pair):
                    pair.locked = True
        return Structure(self.tokens, self.brackets, self.failed)

    def _scan(self, start: int, end: int) -> None:
        text, add = self.text, self.tokens.append
        escaped = -1
        for match in self.finder.finditer(text, start, end):
            position = match.start()
            if position == escaped:
                continue
            char = text[position]
            if char in ",\n，、。":
                add(Token(position, position + 1, _SEPARATOR, None))
            elif char in "([":
                self._open(char, position)
            elif char in ")]":
                self._close(char, position)
            elif char == ":":
                self._colon(position)
            elif char == "\\":
                escaped = self._escape(position)
            elif char == "|":
                self._pipe(position)
            else:
                self._other(char, position, match.end())

    def _other(self, char: str, position: int, end: int) -> None:
        """Take a keyword; a semicolon or full stop separates only before white space.

        An ``AND`` that divides no sub-prompts (in a negative prompt) divides terms for people.
        """
        if char == "A" and end - position == 3:
            self.tokens.append(Token(position, end, _SEPARATOR, None))
        elif char in "AB":
            self.tokens.append(Token(position, end, _BREAK if char == "B" else _KEYWORD, None))
        elif end == self.end or self.text[end].isspace():
            self.tokens.append(Token(position, end, _SEPARATOR, None))

    def _top(self) -> Bracket | None:
        stack = self.stack
        while stack and stack[-1].close >= 0:
            stack.pop()
        return stack[-1] if stack else None

    def _open(self, char: str, position: int) -> None:
        pair = Bracket(_ROUND if char == "(" else _SQUARE, position)
        (self.rounds if char == "(" else self.squares).append(pair)
        self.stack.append(pair)
        self.brackets.append(pair)
        self.tokens.append(Token(position, position + 1, _OPEN, pair))

    def _close(self, char: str, position: int) -> None:
        waiting = self.rounds if char == ")" else self.squares
        if not waiting:
            self.spoilt = position
            self.tokens.append(Token(position, position + 1, _CLOSE, None))
            return
        nested = self._top() is waiting[-1]
        pair = waiting.pop()
        pair.close = pair.tail = position
        if not nested:
            self.spoilt = position
        if char == ")":
            self._close_round(pair, position)
        else:
            self._close_square(pair, position)
        self.tokens.append(Token(pair.tail, position + 1, _CLOSE, pair))

    def _close_round(self, pair: Bracket, position: int) -> None:
        if len(pair.colons) > 1:
            self.spoilt = position
        if self.colon > pair.open:
            weight = _ATTENTION.fullmatch(self.text, self.colon + 1, position)
            if weight is not None:
                pair.tail = self.colon
                self._drop_colon(self.colon)
                try:
                    pair.multiplier = float(weight[1])
                except ValueError:  # the host raises on "1.2.3": nothing is certain here
                    pair.locked = True
                pair.locked = pair.locked or pair.multiplier < 0
                return
        if pair.colons and _DYNAMIC_WEIGHT.match(self.text, pair.colons[-1] + 1, position):
            pair.locked = True

    def _close_square(self, pair: Bracket, position: int) -> None:
        spoilt = pair.open < self.spoilt
        if pair.pipes:
            if spoilt or pair.colons:
                self.failed = True
            else:
                pair.kind = _ALTERNATE
                pair.multiplier = 1.0
        elif pair.colons:
            number = _NUMBER.fullmatch(self.text, pair.colons[-1] + 1, position)
            if number is None or spoilt or len(pair.colons) > 2:
                self.spoilt = position
                pair.locked = True
            else:
                pair.kind = _SCHEDULED
                pair.multiplier = 1.0
                pair.tail = pair.colons[-1]
                self._drop_colon(pair.tail)

    def _touches_bracket(self, pair: Bracket) -> bool:
        """Whether text that the grammar takes in runs of ``[]():`` may swallow the pair.

        The host's parser is ambiguous there, and its choice differs from start to start.
        """
        text, after = self.text, pair.close + 1
        before = text[pair.open - 1] if pair.open else ""
        return before in _RUN or (after < self.end and text[after] in _RUN)

    def _drop_colon(self, position: int) -> None:
        """Drop the token of the colon at ``position``: the closing token takes it in."""
        if self.tokens[-1].start == position:
            self.tokens.pop()

    def _colon(self, position: int) -> None:
        top = self._top()
        if top is None:
            self.loose_colon = True
        else:
            top.colons.append(position)
        self.colon = position
        self.tokens.append(Token(position, position + 1, _COLON, top))

    def _pipe(self, position: int) -> None:
        top = self._top()
        if top is None or top.kind is _ROUND:
            self.failed = True
            top = None
        else:
            top.pipes.append(position)
        self.tokens.append(Token(position, position + 1, _PIPE, top))

    def _escape(self, position: int) -> int:
        """Take the escape at ``position``; return the offset of the character it covers."""
        following = position + 1
        if following >= self.end or self.text[following] == "\n":
            self.failed = True
            return -1
        if self.text[following] in ",，、":  # to the host a comma all the same
            self.tokens.append(Token(position, following + 1, _SEPARATOR, None))
        if self.text[following] == ":":  # escaped for schedules, a colon for attention
            self.colon = following
        return following if self.text[following] not in "BA" else -1


def _demote(pair: Bracket) -> None:
    """Make a schedule or an alternation the plain square brackets that attention sees."""
    if pair.is_choice:
        pair.kind = _SQUARE
        pair.multiplier = SQUARE_MULTIPLIER
    if pair.kind is _SQUARE and (pair.colons or pair.pipes):
        pair.locked = True
