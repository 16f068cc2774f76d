"""One spelling for what the host and its users take for the same words."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\([()\[\]\\_])")
TYPOGRAPHIC = "’‘‛ʼ′´＇“”„‟«»″＂"  # noqa: RUF001
"""Apostrophes and quotation marks that people's devices write for the two of a keyboard."""
_WIDE_BRACKETS = "\uff08\uff09"
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
"""Zero-width spaces and joiners, marks of byte order, soft hyphens."""

_PLAIN_MARKS: dict[int, int | None] = {
    **str.maketrans(TYPOGRAPHIC, "'" * 7 + '"' * (len(TYPOGRAPHIC) - 7)),
    **str.maketrans(_WIDE_BRACKETS, "()"),
    **dict.fromkeys(map(ord, _UNSEEN)),
}
CHANGED = f"_`{TYPOGRAPHIC}{_WIDE_BRACKETS}{_UNSEEN}"
"""Characters that `normalise` changes, beside the backslash and white space."""

_PREFIX = re.compile(r"(?:embedding|emb) ?: ?")
_FILE_ENDING = re.compile(r"\.(?:safetensors|pt|bin)$")
_ORIGIN = re.compile(r" ?\(([^()]+)\)$")


def normalise(text: str) -> str:
    """Lower case, ``_`` as space, plain brackets and quotes, single spaces inside alone."""
    text = text.lower()
    if not text.isascii():
        text = text.translate(_PLAIN_MARKS)
    if "`" in text:
        text = text.replace("`", "'")
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    if "_" in text:
        text = text.replace("_", " ")
    return " ".join(text.split())


def bare(key: str) -> str:
    """A normalised term without what only surrounds its words: ``embedding:``, quotes.

    ComfyUI writes ``embedding:name``, with folder and file ending if its user likes.
    """
    if ":" in key:
        match = _PREFIX.match(key)
        if match is not None:
            key = _FILE_ENDING.sub("", key[match.end() :].replace("\\", "/").rpartition("/")[2])
    if key[:1] == '"' == key[-1:] and len(key) > 2:
        key = key[1:-1].strip()
    return key


def split_origin(key: str) -> tuple[str, str]:
    """The name and the origin of a booru name: ``hu tao (genshin impact)``; no origin is empty."""
    if key[-1:] != ")":
        return key, ""
    match = _ORIGIN.search(key, max(0, len(key) - 120))
    if match is None or not match.start():
        return key, ""
    return key[: match.start()].rstrip(), match[1].strip()
