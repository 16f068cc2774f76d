"""Spans that mean something to other tools: never edited, read as one piece."""

from __future__ import annotations

import re

from .spans import Spans, merge

_SUSPECT = re.compile(r"[{$#]|%\{|__|<ppp:|<!|\bAND_")
_COMMENT = re.compile(r"#[^\n]*")
_BRACE = re.compile(r"[$%]?\{|\}")
_PPP = re.compile(r"<ppp:(/?)[^>]*?(/?)>")
_SIMPLE = re.compile(
    r"__(?=\S)[^,|(){}\[\]<>\n]{1,120}?(?<=\S)__"  # a wildcard; its file's name may have spaces
    r"|\$\$[^$]{1,2000}\$\$|\$[^$|\n]{0,500}\|[^$\n]{0,500}\$"  # sequential prompts
    r"|\$[A-Za-z_]\w*(?:\([^()\n]*\))?(?:[ \t]*=[^\n]*)?"  # a variable of prompt-fusion
)
_COMPOSED = re.compile(r"\bAND_(?:PERP|SALT|TOPK)\b")
_PPP_MIDDLE = ("<ppp:else", "<ppp:elif")


def is_suspect(text: str) -> bool:
    """Whether ``text`` may hold any opaque span at all; a cheap test that most prompts fail."""
    return _SUSPECT.search(text) is not None


def find_comments(text: str) -> Spans:
    """Each ``#`` to the end of its line, as the host strips them before anything else."""
    return tuple(match.span() for match in _COMMENT.finditer(text))


def blank_comments(text: str) -> str:
    """The text with spaces for its comments: what opens in one closes nowhere."""
    return _COMMENT.sub(lambda match: " " * len(match[0]), text) if "#" in text else text


def find_opaque(text: str) -> Spans:
    """The spans of other tools in ``text`` (without comments and tags), merged, in order."""
    spans = [*find_replaced(text)]
    spans += [match.span() for match in _SIMPLE.finditer(text)]
    composed = _COMPOSED.search(text)
    if composed is not None:
        spans.append((composed.start(), len(text)))
    return merge(spans)


def find_replaced(text: str) -> Spans:
    """The spans that another tool writes anew before the host reads tags, merged, in order.

    No wildcards: names of LoRAs have their underscores.
    """
    spans = [*_braces(text), *_postprocessor(text), *_remarks(text)]
    found = (match.span() for match in _SIMPLE.finditer(text))
    spans += [span for span in found if not text.startswith("__", span[0])]
    return merge(spans)


def _braces(text: str) -> list[tuple[int, int]]:
    """Outermost balanced ``{…}``, ``${…}`` and ``%{…}``."""
    if "}" not in text:
        return []
    spans: list[tuple[int, int]] = []
    opened: list[int] = []
    for match in _BRACE.finditer(text):
        if match[0] != "}":
            opened.append(match.start())
        elif opened:
            spans.append((opened.pop(), match.end()))
    return spans


def _remarks(text: str) -> list[tuple[int, int]]:
    """``<! … !>`` of prompt-postprocessor."""
    spans: list[tuple[int, int]] = []
    start = text.find("<!")
    while start >= 0:
        end = text.find("!>", start + 2)
        if end < 0:
            break
        spans.append((start, end + 2))
        start = text.find("<!", end + 2)
    return spans


def _postprocessor(text: str) -> list[tuple[int, int]]:
    """Commands of prompt-postprocessor with what they enclose."""
    if "<ppp:" not in text:
        return []
    spans: list[tuple[int, int]] = []
    opened: list[int] = []
    for match in _PPP.finditer(text, 0, text.rfind(">") + 1):
        spans.append(match.span())
        if match[1]:
            if opened:
                spans.append((opened.pop(), match.end()))
        elif not match[2] and not match[0].startswith(_PPP_MIDDLE):
            opened.append(match.start())
    return spans
