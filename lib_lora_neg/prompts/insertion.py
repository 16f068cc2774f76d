"""Where a new term or tag can go without changing what stands there already."""

from __future__ import annotations

from .brackets import Mark
from .tree import Prompt

_SEPARATOR_ENDS = (",", "，", "、", ";", "\uff1b")
_WORD_MARKS = frozenset({Mark.BREAK, Mark.KEYWORD})


def place_term(tree: Prompt, term: str) -> tuple[str, str]:
    """What to write before and after the text of ``tree`` to add ``term``; one is empty."""
    text = tree.text
    if not text.strip():
        return "", term
    if not _is_open_end(tree) or len(tree.layout.parts) > 1 or _has_weight(tree):
        return f"{term}, ", ""
    if text.rstrip().endswith(_SEPARATOR_ENDS) or _ends_in_word(tree):
        return "", term if text[-1].isspace() else f" {term}"
    return "", term if text.endswith("\n") else f", {term}"


def place_tag(tree: Prompt, tag: str) -> tuple[str, str]:
    """What to write before and after the text of ``tree`` to add ``tag``; one is empty."""
    text = tree.text
    if tree.comments and tree.comments[-1][1] == len(text):
        return "", f"\n{tag}"
    if not _is_open_end(tree):
        return f"{tag} ", ""
    return "", tag if not text or text[-1].isspace() else f" {tag}"


def _is_open_end(tree: Prompt) -> bool:
    """Whether text at the end of the prompt is read on its own, at weight 1."""
    text = tree.text
    bare = text.rstrip()
    if text.rfind("<") > text.rfind(">") or text.count("{") > text.count("}"):
        return False
    if bare.endswith("\\") or (tree.comments and tree.comments[-1][1] == len(text)):
        return False
    if tree.opaque and tree.opaque[-1].end >= len(bare) and bare[-1:] not in ("}", "_", ">"):
        return False
    return not any(
        piece.mark is Mark.OPEN and piece.bracket is not None and piece.bracket.close < 0
        for piece in tree.layout.pieces
    )


def _has_weight(tree: Prompt) -> bool:
    return any(piece.mark is Mark.PART_WEIGHT for piece in tree.layout.pieces)


def _ends_in_word(tree: Prompt) -> bool:
    pieces = tree.layout.pieces
    last = pieces[-1] if pieces else None
    return last is not None and last.mark in _WORD_MARKS and last.end == len(tree.text.rstrip())
