"""Infotext: the text beside a picture that says how A1111 made it. Reading and writing.

The grammar is A1111's own (``modules/infotext_utils.py`` of v1.10.1): lines of the prompt,
lines of the negative prompt after ``Negative prompt:``, and one last line of
``Key: value`` pairs with at least three of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

NEGATIVE_PREFIX = "Negative prompt:"
CFG = "CFG scale"
DISTILLED_CFG = "Distilled CFG Scale"
HIRES_PROMPT = "Hires prompt"
HIRES_NEGATIVE = "Hires negative prompt"
HIRES_CFG = "Hires CFG Scale"
HIRES_MARKS = ("Hires upscale", "Hires upscaler", "Hires steps", "Hires resize", HIRES_PROMPT)

# The host's keys have no upper length.
_LONGEST_KEY = 121
_KEY_BACKWARDS = re.compile(r"[\w \-/]*\w")
_VALUE = re.compile(r'\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
_LEAST_PAIRS = 3


@dataclass(frozen=True)
class Infotext:
    """An infotext taken apart.

    Attributes:
        prompt: lines stripped of outer white space, as the host does.
        negative_prompt: the same.
        parameters: the last line's pairs in their order, values without their quotes.
    """

    prompt: str = ""
    negative_prompt: str = ""
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def cfg_scale(self) -> float | None:
        """CFG scale of the first pass; ``None`` when it is missing or no number."""
        return self.number(CFG)

    @property
    def has_hires_pass(self) -> bool:
        """Whether the picture had a second pass."""
        return any(mark in self.parameters for mark in HIRES_MARKS)

    @property
    def hires_prompt(self) -> str:
        """Prompt of the second pass; the first pass's where it had none of its own."""
        return self.parameters.get(HIRES_PROMPT) or self.prompt

    @property
    def hires_negative_prompt(self) -> str:
        """Negative prompt of the second pass; the first pass's where it had none of its own."""
        return self.parameters.get(HIRES_NEGATIVE) or self.negative_prompt

    @property
    def hires_cfg(self) -> float | None:
        """CFG scale that only the second pass has (Forge); ``None`` without one."""
        return self.number(HIRES_CFG)

    def number(self, key: str) -> float | None:
        """Return a parameter as a finite number, else ``None``."""
        try:
            value = float(self.parameters[key])
        except (KeyError, ValueError):
            return None
        return value if abs(value) < float("inf") else None


def parse_infotext(text: str) -> Infotext:
    """Take an infotext apart; text without parameters is all prompt."""
    *lines, last = text.strip().split("\n")
    pairs = _pairs(last)
    if len(pairs) < _LEAST_PAIRS:
        lines.append(last)
        pairs = []
    prompt: list[str] = []
    negative: list[str] = []
    current = prompt
    for line in map(str.strip, lines):
        if line.startswith(NEGATIVE_PREFIX):
            current = negative
            current.append(line[len(NEGATIVE_PREFIX) :].strip())
        else:
            current.append(line)
    parameters = {key: unquote(value) for key, value in pairs}
    return Infotext(_joined(prompt), _joined(negative), MappingProxyType(parameters))


def _pairs(line: str) -> list[tuple[str, str]]:
    """Return the ``Key: value`` pairs of a line, values with their quotes.

    Keys are read from their colons backwards: read forwards, every letter of a long text without
    colons would be tried as the beginning of one.
    """
    pairs, start = [], 0
    while (colon := line.find(":", start)) >= 0:
        before = line[max(start, colon - _LONGEST_KEY) : colon][::-1]
        key = _KEY_BACKWARDS.match(before)
        if key is None or len(key[0]) < 2:
            start = colon + 1
            continue
        value = _VALUE.match(line, colon + 1)
        assert value is not None
        pairs.append((key[0][::-1], value[1]))
        start = value.end()
    return pairs


def is_infotext(text: str) -> bool:
    """Whether a text is an infotext and not just prompts: it has parameters or a negative."""
    lines = text.strip().split("\n")
    if len(_pairs(lines[-1])) >= _LEAST_PAIRS and "Steps:" in lines[-1]:
        return True
    return any(line.strip().startswith(NEGATIVE_PREFIX) for line in lines)


def format_infotext(infotext: Infotext) -> str:
    """Return the text that the host would write; it reads back as the same `Infotext`."""
    lines = [infotext.prompt]
    if infotext.negative_prompt:
        lines.append(f"{NEGATIVE_PREFIX} {infotext.negative_prompt}")
    if infotext.parameters:
        lines.append(", ".join(f"{k}: {quote(v)}" for k, v in infotext.parameters.items()))
    return "\n".join(lines)


def quote(value: str) -> str:
    """Return a parameter's value as it stands in an infotext: JSON where it has to be.

    The host quotes values with a comma, colon or line break. Outer white space and an opening
    quotation mark would not survive its reading either, so they are quoted here.
    """
    if any(mark in value for mark in ",\n:") or value != value.strip() or value[:1] == '"':
        return json.dumps(value, ensure_ascii=False)
    return value


def unquote(value: str) -> str:
    """Return the value that `quote` was given; text that is no JSON string stays as it is."""
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    try:
        parsed = json.loads(value)
    except ValueError:
        return value
    return parsed if isinstance(parsed, str) else value


def _joined(lines: list[str]) -> str:
    # The host adds a line break only once there is text, so leading empty lines vanish.
    return "\n".join(lines).lstrip("\n")
