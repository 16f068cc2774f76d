"""Taking terms and tags out of a prompt so that the rest reads as before.

The prompt is laid out as a row of items. A removed item takes one separator with it, a
group whose content is gone goes as a whole, an option of a schedule or an alternation stays
as an empty one, and what would run together is kept apart by a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from .brackets import Bracket, TokenKind
from .edits import Edit
from .nodes import read_leaves
from .spans import merge, overlapping
from .tags import NetworkTag
from .terms import Term
from .tree import Prompt

_SEPARATOR, _OPEN, _CLOSE = TokenKind.SEPARATOR, TokenKind.OPEN, TokenKind.CLOSE
_TERM, _TAG = TokenKind.TERM, TokenKind.TAG
# Nothing of a slot lies beyond these: to the right of the first set, to the left of the second.
_LEFT_WALLS = frozenset(
    {_OPEN, TokenKind.COLON, TokenKind.PIPE, TokenKind.BREAK, TokenKind.AND, TokenKind.KEYWORD}
)
_RIGHT_WALLS = frozenset(
    {
        _CLOSE,
        TokenKind.COLON,
        TokenKind.PIPE,
        TokenKind.BREAK,
        TokenKind.AND,
        TokenKind.KEYWORD,
        TokenKind.PART_WEIGHT,
    }
)
_DIVIDERS = (_LEFT_WALLS | _RIGHT_WALLS | {_SEPARATOR}) - {_OPEN, _CLOSE}
_DEEPEST = 16
_MARKS = ";|/\uff1b\uff5c"
_STOPS = ".!?\u3002\uff0e\uff01\uff1f"
_MARK = re.compile(rf"\s{{0,4}}[{_MARKS}{_STOPS}](?![{_MARKS}{_STOPS}])\s{{0,8}}")
_WORDS = frozenset({TokenKind.BREAK, TokenKind.AND, TokenKind.KEYWORD})


class RowItem(NamedTuple):
    """A piece of the row; ``bracket`` only for brackets and what divides their options."""

    start: int
    end: int
    mark: TokenKind
    bracket: Bracket | None
    removed: bool


def remove(tree: Prompt, terms: Iterable[Term], tags: Iterable[NetworkTag]) -> list[Edit]:
    """The edits that take ``terms`` and ``tags`` out of the prompt."""
    gone = {term.number for term in terms}
    lost = {tag.start for tag in tags}
    row = _ghosts(_empty_groups(_items(tree, gone, lost)), tree.negative)
    edits = []
    position = 0
    while position < len(row):
        if _is_loose(row[position]):
            end = position
            while end < len(row) and _is_loose(row[end]):
                end += 1
            if any(item.removed for item in row[position:end]):
                edits += _close_up(tree, row, position, end)
            position = end
        else:
            position += 1
    edits = _spare_hidden(tree, edits, lost)
    return edits + _inner_tags(tree, row, lost, edits)


def remove_words(text: str, term: Term, spans: Iterable[tuple[int, int]]) -> list[Edit]:
    """The edits that take words out of a term that stays, each with one space beside it."""
    edits: list[Edit] = []
    position = term.start
    for start, end in sorted(spans):
        if start < position:
            continue
        # A mark that stood between these words and the others is left without its use.
        if start == term.start and (mark := _MARK.match(text, end, term.end)) is not None:
            end = mark.end()
        elif end == term.end:
            before = text[position:start]
            kept = before.rstrip(" \t" + _MARKS)
            if len(before.rstrip()) > len(kept):
                start = position + len(kept)
        if end < term.end and text[end].isspace():
            end += 1
        elif start > position and text[start - 1].isspace():
            start -= 1
        edits.append(Edit(start, end, ""))
        position = end
    return edits


def _items(tree: Prompt, gone: set[int], lost: set[int]) -> list[RowItem]:
    """All items in order; neighbouring separators joined, each with its white space."""
    joined: list[RowItem] = []
    for start, end, mark, bracket, number in read_leaves(tree):
        if joined and mark is joined[-1].mark is _SEPARATOR:
            joined[-1] = joined[-1]._replace(end=end)
        else:
            removed = number in gone if mark is _TERM else mark is _TAG and start in lost
            joined.append(RowItem(start, end, mark, bracket, removed))
    return [_with_space(tree.text, item) if item.mark is _SEPARATOR else item for item in joined]


def _with_space(text: str, item: RowItem) -> RowItem:
    start, end = item.start, item.end
    while start and text[start - 1].isspace():
        start -= 1
    while end < len(text) and text[end].isspace():
        end += 1
    return item._replace(start=start, end=end)


def _empty_groups(row: list[RowItem]) -> list[RowItem]:
    """Remove every pair of brackets that has lost all it held, together with its insides."""
    # Per open bracket: where it stands in the result, whether something stays in it, and
    # what was removed (1: tags, 2: terms). A group of tags only goes as a tag would.
    stack: list[list[int]] = []
    result: list[RowItem] = []
    for item in row:
        if item.mark is _OPEN and item.bracket is not None and item.bracket.close >= 0:
            stack.append([len(result), 0, 0])
            result.append(item)
            continue
        if item.mark is _CLOSE and item.bracket is not None and stack:
            start, stays, removed = stack.pop()
            opener = result[start]
            if opener.bracket is item.bracket and removed and not stays:
                del result[start:]
                mark = _TAG if removed == 1 else _TERM
                result.append(RowItem(opener.start, item.end, mark, None, True))
                stays = 0
            else:
                result.append(item)
                stays = 1
            if stack:
                stack[-1][1] |= stays
                stack[-1][2] |= removed
            continue
        if stack:
            divides = item.mark is _SEPARATOR or item.mark in (TokenKind.COLON, TokenKind.PIPE)
            stack[-1][1] |= not (item.removed or divides)
            stack[-1][2] |= item.removed * (1 if item.mark is _TAG else 2)
        result.append(item)
    return result


def _ghosts(row: list[RowItem], negative: bool) -> list[RowItem]:
    """Make ghosts of what the host does not see beside a removed term, alone in its slot:
    it must not count as content, though it stays."""
    unseen = (TokenKind.COMMENT,) if negative else (TokenKind.COMMENT, _TAG)
    result: list[RowItem] = []
    for is_border, group in groupby(row, key=lambda item: item.mark in _DIVIDERS):
        slot = list(group)
        removed = any(item.removed and item.mark is not _TAG for item in slot)
        if not is_border and removed and all(i.removed or i.mark in unseen for i in slot):
            slot = [i if i.removed else i._replace(mark=TokenKind.GHOST) for i in slot]
        result += slot
    return result


def _is_loose(item: RowItem) -> bool:
    return item.removed or item.mark is _SEPARATOR or item.mark is TokenKind.GHOST


def _close_up(tree: Prompt, row: list[RowItem], first: int, last: int) -> list[Edit]:
    """Edits for ``row[first:last]``, a run of removed items and separators."""
    text = tree.text
    left = row[first - 1] if first else None
    right = row[last] if last < len(row) else None
    run = row[first:last]
    start = left.end if left else 0
    end = right.start if right else len(text)
    left_wall = left is None or left.mark in _LEFT_WALLS
    right_wall = right is None or right.mark in _RIGHT_WALLS
    separators = [item for item in run if item.mark is _SEPARATOR]
    before, after = run[0].mark is _SEPARATOR, run[-1].mark is _SEPARATOR
    needed = (before or not left_wall) and (after or not right_wall)
    if separators and needed:
        kept = _strongest(text, separators if right else separators[::-1])
        return _cut(start, kept.start) + _cut(kept.end, end)
    return _join(tree, left, right, start, end, run)


def _strongest(text: str, separators: list[RowItem]) -> RowItem:
    """The separator with the most line ends, a comma before other signs, the first of equals."""
    return max(
        separators,
        key=lambda item: (
            text.count("\n", item.start, item.end),
            not {"AND", "|"} & set(text[item.start : item.end].split()),
        ),
    )


def _cut(start: int, end: int) -> list[Edit]:
    return [Edit(start, end, "")] if end > start else []


def _join(
    tree: Prompt,
    left: RowItem | None,
    right: RowItem | None,
    start: int,
    end: int,
    run: list[RowItem],
) -> list[Edit]:
    """Let ``left`` meet ``right``, with a space between them where one is needed."""
    text = tree.text
    spaced = _needs_space(tree, left, right, run)
    region = text[start:end]
    if not spaced:
        return _cut(start, end)
    leading = len(region) - len(region.lstrip())
    trailing = len(region) - len(region.rstrip())
    if leading:
        return _cut(start + leading, end)
    if trailing:
        return _cut(start, end - trailing)
    return [Edit(start, end, " ")]


def _needs_space(
    tree: Prompt, left: RowItem | None, right: RowItem | None, run: list[RowItem]
) -> bool:
    if left is None or right is None:
        return False
    if left.mark in _WORDS or right.mark in _WORDS:
        return True
    if right.mark is TokenKind.PART_WEIGHT:
        return tree.text[right.start - 1].isspace()
    if left.mark in _LEFT_WALLS or right.mark in _RIGHT_WALLS:
        return _runs_on(tree, left, right)
    if not tree.negative and all(item.mark is _TAG for item in run):
        # The host joins what stands around a tag, so only white space may keep it apart.
        region = tree.text[left.end : right.start]
        return region[:1].isspace() or region[-1:].isspace()
    return True


def _runs_on(tree: Prompt, left: RowItem, right: RowItem) -> bool:
    """Whether the host joins what stays with the text on the other side of a bracket.

    ``(a)(b)`` is the one word "ab" to it, so ``(a, trigger)(b)`` must not become that.
    """
    text, source = tree.text, tree.source
    if left.bracket is not None and right.mark not in _RIGHT_WALLS:
        before = source.start(left.bracket.open)
        return _meets_word(text[max(0, before - _DEEPEST) : before][::-1], "([|:")
    if right.bracket is not None and right.bracket.close >= 0 and left.mark not in _LEFT_WALLS:
        after = source.end(right.bracket.close + 1)
        return _meets_word(text[after : after + _DEEPEST], ")]|:.0123456789")
    return False


def _meets_word(chars: str, passing: str) -> bool:
    """Whether a word comes first in ``chars``, seen through the brackets of ``passing``."""
    char = chars.lstrip(passing)[:1]
    return bool(char) and not char.isspace() and char not in ",，、<>"


def _spare_hidden(tree: Prompt, edits: list[Edit], lost: set[int]) -> list[Edit]:
    """Cut tags that stay, and comments, out of the deleted stretches."""
    spared = tuple(span for span in tree.source.hidden if span[0] not in lost)
    if not spared:
        return edits
    text = tree.text
    result: list[Edit] = []
    for edit in edits:
        position = edit.start
        inside = overlapping(spared, edit.start, edit.end)
        for start, end in inside:
            spaced = (
                position > 0
                and text[start - 1].isspace()
                and not text[position - 1 : position].isspace()
            )
            result.append(Edit(position, max(position, start - spaced), ""))
            position = end
        spaced = bool(inside) and edit.end < len(text) and text[edit.end - 1].isspace()
        result.append(Edit(position, max(position, edit.end - spaced), edit.replacement))
    return [edit for edit in result if edit.end > edit.start or edit.replacement]


def _inner_tags(tree: Prompt, row: list[RowItem], lost: set[int], done: list[Edit]) -> list[Edit]:
    """Edits for lost tags that stand inside a term that stays, as part of its word.

    Those that went with a separator around them (``\\<tag>,``) are ``done`` already.
    """
    text = tree.text
    own = {item.start for item in row if item.mark is _TAG}
    holders = merge((item.start, item.end) for item in row if not item.removed)
    cut = merge((edit.start, edit.end) for edit in done if edit.end > edit.start)
    edits = []
    for tag in tree.tags:
        if tag.start in lost and tag.start not in own:
            end = tag.end
            if not overlapping(holders, tag.start, end) or overlapping(cut, tag.start, end):
                continue
            spaced = text[tag.start - 1 : tag.start].isspace() and text[end : end + 1].isspace()
            if spaced and not overlapping(cut, end, end + 1):
                end += 1
            edits.append(Edit(tag.start, end, ""))
    return edits
