"""A prompt's tokens as A1111 splits them: chunks of 75, with a weight for each token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ...prompts.reading import BREAK_WEIGHT, attention

COMMA_BACKTRACK = 20
"""Tokens after a comma that move to the next chunk together (A1111's default of the option)."""

Tokenize = Callable[[Sequence[str]], Sequence[Sequence[int]]]


@dataclass(frozen=True)
class Chunk:
    """Tokens and their weights, start and end tokens included; both of one fixed length."""

    tokens: tuple[int, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True)
class Vocabulary:
    """What splitting needs of a tokenizer.

    Attributes:
        tokenize: texts → token ids, without start and end.
        start: id of the start token.
        end: id of the end token.
        comma: id of the comma, or ``None`` where it has none of its own.
        length: tokens of a chunk, start and end aside.
    """

    tokenize: Tokenize
    start: int
    end: int
    comma: int | None
    length: int


def split_chunks(text: str, vocabulary: Vocabulary) -> tuple[list[Chunk], int]:
    """Return the chunks of one text, at least one, and how many tokens it has.

    The last chunk's padding does not count as tokens; that of an earlier one does.
    """
    dealer = _Chunker(vocabulary)
    pieces = attention(text)
    for (piece, weight), tokens in zip(
        pieces, vocabulary.tokenize([piece for piece, _ in pieces]), strict=True
    ):
        if piece == "BREAK" and weight == BREAK_WEIGHT:
            dealer.close()
        else:
            dealer.take(tokens, weight)
    return dealer.finish()


def empty_chunk(vocabulary: Vocabulary) -> Chunk:
    """Return a chunk without text, to fill up a shorter prompt."""
    size = vocabulary.length + 2
    return Chunk((vocabulary.start, *[vocabulary.end] * (size - 1)), (1.0,) * size)


@dataclass
class _Chunker:
    vocabulary: Vocabulary
    chunks: list[Chunk] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    comma_at: int = -1
    counted: int = 0

    def take(self, tokens: Sequence[int], weight: float) -> None:
        full = self.vocabulary.length
        for token in tokens:
            if token == self.vocabulary.comma:
                self.comma_at = len(self.tokens)
            elif len(self.tokens) == full and self.comma_at >= 0:
                self._move_back()
            if len(self.tokens) == full:
                self.close()
            self.tokens.append(token)
            self.weights.append(weight)

    def _move_back(self) -> None:
        """Start a new chunk after the last comma, if that is near."""
        if len(self.tokens) - self.comma_at > COMMA_BACKTRACK:
            return
        place = self.comma_at + 1
        tokens, weights = self.tokens[place:], self.weights[place:]
        del self.tokens[place:], self.weights[place:]
        self.close()
        self.tokens, self.weights = tokens, weights

    def close(self, last: bool = False) -> None:
        own, full = self.vocabulary, self.vocabulary.length
        self.counted += len(self.tokens) if last else full
        gap = full - len(self.tokens)
        self.chunks.append(
            Chunk(
                (own.start, *self.tokens, *[own.end] * (gap + 1)),
                (1.0, *self.weights, *[1.0] * (gap + 1)),
            )
        )
        self.tokens, self.weights, self.comma_at = [], [], -1

    def finish(self) -> tuple[list[Chunk], int]:
        if self.tokens or not self.chunks:
            self.close(last=True)
        return self.chunks, self.counted
