"""Text that was meant to be a LoRA tag, and that the host does not read as one.

The host knows ``<``, a type in its own spelling, ``:``, anything, ``>``; an input method's wide
colon, a type in capitals or a ``#`` in the name make it plain text, or no LoRA at all.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from typing import NamedTuple

from .spans import overlapping
from .tags import NetworkTag, Weight, match_tags, read_tag, read_weight
from .tree import Prompt

LORA_TYPES = frozenset({"lora", "lyco"})

_OPENING = re.compile(
    r"[<＜〈《]\s{0,8}(?:[lｌLＬ][oｏOＯ][rｒRＲ][aａAＡ]|[lｌLＬ][yｙYＹ][cｃCＣ][oｏOＯ])\s{0,8}[:：]"  # noqa: RUF001
)
_NO_COLON = re.compile(
    r"<\s{0,8}(lora|lyco)[ \t=;,./|-]{1,4}(?=[^<>\n:]{1,200}:\s{0,4}[+-]?[\d.])", re.IGNORECASE
)
"""``<lora name:0.8>``: another mark than a colon behind the type."""

_LONGEST = 256
_ENDS = re.compile(r"[>＞〉》\n<]")  # noqa: RUF001
_WIDE = str.maketrans("：＜＞〈〉《》＝", ":<><><>=")  # noqa: RUF001
_MINUS = re.compile("[−–—‒‑‐﹣－]")  # noqa: RUF001
_PLAIN_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,9}\.?[0-9]{0,9}|\.[0-9]{1,9})")


class TagFault(str, Enum):
    """Why the host reads no LoRA there."""

    TYPE = "type"
    WIDE = "wide"
    COMMENT = "comment"
    SPACE = "space"
    FORM = "form"
    UNCLOSED = "unclosed"


class Lookalike(NamedTuple):
    """A stretch that only looks like a LoRA tag.

    Attributes:
        start: offset of its first character.
        end: offset after its last character.
        fault: why it is none.
        fix: the tag that was meant; empty where that is not certain.
    """

    start: int
    end: int
    fault: TagFault
    fix: str


def find_lookalikes(tree: Prompt) -> tuple[Lookalike, ...]:
    """The stretches of a prompt that look like LoRA tags and are none, in order."""
    text = tree.text
    found = [
        Lookalike(tag.start, tag.end, TagFault.TYPE, repaired_tag(text[tag.start : tag.end]))
        for tag in tree.tags
        if not tag.is_lora and unicodedata.normalize("NFKC", tag.type).lower() in LORA_TYPES
    ]
    tags = tuple((tag.start, tag.end) for tag in tree.tags)
    for match in _OPENING.finditer(text):
        start = match.start()
        if overlapping(tags, start, start + 1) or overlapping(tree.opaque, start, start + 1):
            continue
        found.append(_read(text, start, match.end(), tree))
    for match in _NO_COLON.finditer(text):
        start = match.start()
        end = text.find(">", match.end(), start + _LONGEST) + 1
        if end and not overlapping(tree.opaque, start, end) and not overlapping(tags, start, end):
            fix = repaired_tag(f"<{match[1].upper()}:{text[match.end() : end]}")
            found.append(Lookalike(start, end, TagFault.FORM, fix))
    return tuple(sorted(found))


def _read(text: str, start: int, arguments: int, tree: Prompt) -> Lookalike:
    stop = _ENDS.search(text, arguments, min(len(text), start + _LONGEST))
    closed = stop is not None and stop[0] not in "<\n"
    end = stop.end() if stop is not None and closed else _word_end(text, arguments, stop)
    piece = text[start:end]
    if not closed:
        return Lookalike(start, end, TagFault.UNCLOSED, "")
    if overlapping(tree.comments, start, end):
        return Lookalike(start, end, TagFault.COMMENT, "")
    wide = piece.translate(_WIDE) != piece
    spaced = any(map(str.isspace, text[start:arguments]))
    fault = TagFault.WIDE if wide else TagFault.SPACE if spaced else TagFault.FORM
    return Lookalike(start, end, fault, repaired_tag(piece))


def _word_end(text: str, start: int, stop: re.Match[str] | None) -> int:
    """Where an unclosed tag ends for people: at the next comma, or where the search did."""
    limit = stop.start() if stop is not None else min(len(text), start + _LONGEST)
    comma = text.find(",", start, limit)
    return len(text[: comma if comma >= 0 else limit].rstrip())


def repaired_tag(piece: str) -> str:
    """The tag that ``piece`` was meant to be, in the host's spelling; empty where unsure.

    Wide punctuation becomes plain, the type small, ``−0,9`` becomes ``-0.9``; the tag's other
    arguments stay.
    """
    if len(piece) > _LONGEST:
        return ""
    plain = piece.translate(_WIDE)
    head, colon, rest = plain[1:].partition(":")
    kind = unicodedata.normalize("NFKC", head).strip().lower()
    if not colon or kind not in LORA_TYPES:
        return ""
    match = next(match_tags(f"<{kind}:{rest.lstrip()}"), None)
    if match is None:
        return ""
    tag = read_tag(match)
    items = [_repaired_item(tag, index) for index in range(len(tag.items))]
    fixed = f"<{kind}:{':'.join(items)}>"
    again = read_tag(next(match_tags(fixed)))
    usable = all(_usable(weight) for weight in (again.te, again.unet))
    return fixed if usable and not again.swallowed_name and fixed != piece else ""


def _usable(weight: Weight) -> bool:
    return weight.value is not None or weight.scheduled


def _repaired_item(tag: NetworkTag, index: int) -> str:
    item = tag.items[index]
    if index == 0 or "@" in item:
        return item
    name, equals, value = item.partition("=")
    if equals and name.strip().lower() not in ("te", "unet"):
        return item
    number = repaired_weight(value if equals else item)
    kept = name + equals if equals else ""
    return kept + number if number else item


def repaired_weight(raw: str) -> str:
    """A weight as it was probably meant: ``−0,9`` and ``- 0.9`` are ``-0.9``; else empty."""
    if len(raw) > 24 or not read_weight(raw).invalid:
        return ""
    plain = _MINUS.sub("-", unicodedata.normalize("NFKC", raw))
    plain = "".join(plain.split()).replace("。", ".")
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    return plain if _PLAIN_NUMBER.fullmatch(plain) and any(c.isdigit() for c in plain) else ""
