"""Midjourney's own prompt language: image links, words, ``--parameters``, multi-prompts.

Apple's keyboards turn ``--`` into a dash, which Midjourney reads as ``--``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_PARAMETER = re.compile(r"(?<!\S)(?:--|[—–])(?P<name>[A-Za-z][\w-]{0,20})(?!\S)")
_NO = re.compile(r"(?<!\S)(?:--|[—–])no(?!\S)")
_LINK = re.compile(r"https?://\S{1,2000}")
_PART = re.compile(r"::(?P<weight>-?(?:\d{1,6}(?:\.\d{0,6})?|\.\d{1,6}))?")
_NEGATIONS = frozenset({"no"})


class Parameter(NamedTuple):
    """A parameter: its name without dashes, small, and the text up to the next one."""

    name: str
    value: str

    @property
    def text(self) -> str:
        """The parameter as it is written."""
        return f"--{self.name} {self.value}".rstrip()


class WeightedPart(NamedTuple):
    """A piece of a multi-prompt and its weight."""

    text: str
    weight: float


class ParsedPrompt(NamedTuple):
    """A prompt of Midjourney.

    Attributes:
        words: the text before the parameters.
        no: the terms behind ``--no``, in order, as written.
        others: the other parameters.
    """

    words: str
    no: tuple[str, ...]
    others: tuple[Parameter, ...]


def read_prompt(text: str) -> ParsedPrompt:
    """Divide a prompt into its words, what it bans and its parameters. Any text is a prompt."""
    found = list(_PARAMETER.finditer(text))
    words = text[: found[0].start()] if found else text
    no: list[str] = []
    others = []
    for number, match in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(text)
        value = " ".join(text[match.end() : end].split())
        name = match["name"].lower()
        if name in _NEGATIONS:
            no += [term for term in (term.strip() for term in value.split(",")) if term]
        else:
            others.append(Parameter(name, value))
    return ParsedPrompt(words.strip(), tuple(dict.fromkeys(no)), tuple(others))


def without_no(text: str) -> str:
    """Return a negative prompt with commas where somebody wrote ``--no`` into it."""
    return _NO.sub(",", text)


def split_links(words: str) -> tuple[str, tuple[str, ...]]:
    """Return the words without links to pictures, and the links."""
    links = tuple(_LINK.findall(words))
    return (" ".join(_LINK.sub(" ", words).split()), links) if links else (words, ())


def split_parts(words: str) -> tuple[WeightedPart, ...]:
    """Return the pieces of a multi-prompt; a prompt without ``::`` is one of weight 1."""
    parts = []
    position = 0
    for match in _PART.finditer(words):
        weight = float(match["weight"]) if match["weight"] else 1.0
        parts.append(WeightedPart(words[position : match.start()].strip(" ,"), weight))
        position = match.end()
    rest = words[position:].strip()
    if rest or not parts:
        parts.append(WeightedPart(rest.strip(" ,") if parts else rest, 1.0))
    return tuple(part for part in parts if part.text)


def write_prompt(words: str, no: tuple[str, ...], others: tuple[Parameter, ...]) -> str:
    """Return a prompt in the order that Midjourney shows: words, parameters, ``--no`` last."""
    pieces = [words, *(parameter.text for parameter in others)]
    if no:
        pieces.append("--no " + ", ".join(no))
    return " ".join(piece for piece in pieces if piece)
