"""The prompt as a tree: leaves that cover the whole text, and groups around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from .brackets import Bracket, BracketKind, TokenKind

if TYPE_CHECKING:
    from .tree import Prompt


class Leaf(NamedTuple):
    """A stretch of the text that is not divided further.

    Attributes:
        start: offset of its first character.
        end: offset after its last character.
        mark: what it is. A tag inside a word belongs to the word's leaf.
        bracket: for brackets and what divides their options, the pair.
        number: for terms, the term's number; else -1.
    """

    start: int
    end: int
    mark: TokenKind
    bracket: Bracket | None
    number: int


class Group(NamedTuple):
    """A pair of brackets with what it holds, the brackets themselves among the children.

    Attributes:
        start: offset of the opening bracket.
        end: offset after the closing one.
        kind: attention, prompt editing or alternation.
        multiplier: attention of this pair alone.
        children: leaves and groups, in order.
    """

    start: int
    end: int
    kind: BracketKind
    multiplier: float
    children: tuple[PromptNode, ...]


PromptNode = Leaf | Group


def read_leaves(tree: Prompt) -> list[Leaf]:
    """All leaves in order, but for the white space between them."""
    layout = tree.layout
    found = [Leaf(t.start, t.end, TokenKind.TERM, None, t.number) for t in layout.terms]
    found += [Leaf(*piece, -1) for piece in layout.pieces]
    found += [Leaf(tag.start, tag.end, TokenKind.TAG, None, -1) for tag in tree.tags]
    found += [Leaf(start, end, TokenKind.COMMENT, None, -1) for start, end in tree.comments]
    found.sort(key=lambda leaf: leaf.start)
    leaves: list[Leaf] = []
    end = 0
    for leaf in found:
        if leaf.start >= end:  # else it stands inside a word, or inside another tool's span
            leaves.append(leaf)
            end = leaf.end
    return leaves


def with_spaces(leaves: Iterable[Leaf], length: int) -> Iterator[Leaf]:
    """``leaves`` and the gaps between them, so that they cover a text of ``length``."""
    position = 0
    for leaf in leaves:
        if leaf.start > position:
            yield Leaf(position, leaf.start, TokenKind.SPACE, None, -1)
        yield leaf
        position = leaf.end
    if position < length:
        yield Leaf(position, length, TokenKind.SPACE, None, -1)


def build_nodes(leaves: Iterable[Leaf]) -> tuple[PromptNode, ...]:
    """Put pairs of brackets that nest properly around what they hold; others stay leaves."""
    levels: list[list[PromptNode]] = [[]]
    opened: list[Leaf] = []
    for leaf in leaves:
        pair = leaf.bracket
        if leaf.mark is TokenKind.OPEN and pair is not None and pair.close >= 0:
            opened.append(leaf)
            levels.append([leaf])
        elif leaf.mark is TokenKind.CLOSE and opened and opened[-1].bracket is pair is not None:
            children = (*levels.pop(), leaf)
            start = opened.pop().start
            levels[-1].append(Group(start, leaf.end, pair.kind, pair.multiplier, children))
        else:
            levels[-1].append(leaf)
            if leaf.mark is TokenKind.CLOSE and any(
                opener.bracket is pair for opener in opened[-8:]
            ):
                _dissolve(levels, opened)
    _dissolve(levels, opened)
    return tuple(levels[0])


def _dissolve(levels: list[list[PromptNode]], opened: list[Leaf]) -> None:
    """Give up on the groups that are open: some bracket in them crosses another."""
    for level in levels[1:]:
        levels[0].extend(level)
    del levels[1:]
    opened.clear()


def write(nodes: Iterable[PromptNode], text: str) -> str:
    """Print nodes from the text they were read from."""
    pieces: list[str] = []
    todo = [iter(nodes)]
    while todo:
        node = next(todo[-1], None)
        if node is None:
            todo.pop()
        elif isinstance(node, Group):
            todo.append(iter(node.children))
        else:
            pieces.append(text[node.start : node.end])
    return "".join(pieces)
