"""One spelling for what the host and its users take for the same words."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\([()\[\]\\])")
TYPOGRAPHIC = "’‘‛ʼ′´＇“”„‟«»″＂"  # noqa: RUF001
"""Apostrophes and quotation marks that people's devices write for the two of a keyboard."""
_PLAIN_MARKS = str.maketrans(TYPOGRAPHIC, "'''''''" + '"' * (len(TYPOGRAPHIC) - 7))

_PREFIX = re.compile(r"(?:embedding|emb) ?: ?")
_FILE_ENDING = re.compile(r"\.(?:safetensors|pt|bin)$")
_ORIGIN = re.compile(r" ?\(([^()]+)\)$")


def normalise(text: str) -> str:
    """Lower case, ``_`` as space, brackets unescaped, plain quotes, single spaces inside alone."""
    text = text.lower()
    if not text.isascii():
        text = text.translate(_PLAIN_MARKS)
    if "_" in text:
        text = text.replace("_", " ")
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
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
