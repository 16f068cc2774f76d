"""Where a new term or tag can go without changing what stands there already."""

from __future__ import annotations

from .brackets import TokenKind
from .tree import Prompt

_BORDERS = frozenset({TokenKind.SEPARATOR, TokenKind.BREAK, TokenKind.KEYWORD})


def place_term(tree: Prompt, term: str) -> tuple[str, str]:
    """What to write before and after the text of ``tree`` to add ``term``; one is empty."""
    text = tree.text
    if not text.strip():
        return "", term
    open_end = _is_open_end(tree) and not _ends_in_comment(tree)
    if not open_end or len(tree.layout.parts) > 1 or _has_weight(tree):
        return f"{term}, ", ""
    if _ends_in_border(tree):
        return "", term if text[-1].isspace() else f" {term}"
    return "", f", {term}"


def place_tag(tree: Prompt, tag: str) -> tuple[str, str]:
    """What to write before and after the text of ``tree`` to add ``tag``; one is empty."""
    text = tree.text
    if not _is_open_end(tree):
        return f"{tag} ", ""
    if _ends_in_comment(tree):
        return "", f"\n{tag}"
    return "", tag if not text or text[-1].isspace() else f" {tag}"


def _is_open_end(tree: Prompt) -> bool:
    """Whether text at the end of the prompt is read on its own, at weight 1."""
    text = tree.text
    clean = tree.source.clean.rstrip()
    if text.rfind("<") > text.rfind(">") or text.count("{") > text.count("}"):
        return False
    if clean.endswith("\\"):
        return False
    if tree.clean_opaque and tree.clean_opaque[-1][1] >= len(clean):
        span = clean[tree.clean_opaque[-1][0] :]
        if "AND_" in span or "=" in span:  # these go on to the end, of the line
            return False
    return not any(
        piece.mark is TokenKind.OPEN and piece.bracket is not None and piece.bracket.close < 0
        for piece in tree.layout.pieces
    )


def _ends_in_comment(tree: Prompt) -> bool:
    return bool(tree.comments) and tree.comments[-1][1] == len(tree.text)


def _has_weight(tree: Prompt) -> bool:
    return any(piece.mark is TokenKind.PART_WEIGHT for piece in tree.layout.pieces)


def _ends_in_border(tree: Prompt) -> bool:
    """Whether the next word would be a term of its own already."""
    pieces = tree.layout.pieces
    return bool(pieces) and pieces[-1].mark in _BORDERS and not tree.text[pieces[-1].end :].strip()
