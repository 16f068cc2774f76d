"""What the name or the page of a LoRA states of its role, and how names and pages are searched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ..card import LoraType, TypeInference

STATED = 0.95
"""The author says it in the name or the usage hint."""

DESCRIBED = 0.9
"""The author describes it in the page's text."""

SEEN = 0.85
"""Nobody says it, but the page's own pictures are made that way."""


@dataclass(frozen=True)
class Role:
    """A role with its evidence, and the word that goes into the negative prompt, if any."""

    inference: TypeInference
    negative_word: str = ""


_LONG_GAP = re.compile(r"\s{9,}")


def squeezed(text: str) -> str:
    """Return a text without long gaps: the expressions below take a time that grows with them."""
    return _LONG_GAP.sub(lambda gap: gap[0][:8], text)


def role_of(kind: LoraType, confidence: float, reason: str, word: str = "") -> Role:
    """Return a role for one reason."""
    return Role(TypeInference(kind, confidence, (reason,)), word)


@lru_cache(maxsize=64)
def split_name(name: str) -> str:
    """``sd_xl_NegativeArt-v2`` → ``sd xl Negative Art v2``: words apart, case kept."""
    spaced = re.sub(r"[_\W]+", " ", name.replace("+/-", " plusminus "))
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z\d])", " ", spaced)
    return re.sub(r"(?<=[A-Z]{2})(?=[A-Z][a-z])", " ", spaced).strip()


def first_match(pattern: re.Pattern[str], texts: Iterable[str]) -> re.Match[str] | None:
    """Return the match in the first of the texts that has one."""
    for text in texts:
        match = pattern.search(text)
        if match:
            return match
    return None


def quote(match: re.Match[str]) -> str:
    """Return what was matched on one line, as reasons show it."""
    return " ".join(match.group().split())[:80]
