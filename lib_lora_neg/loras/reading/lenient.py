"""Reading of foreign values: whatever stands there, a plain value of the wanted kind comes back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

MAX_TEXT = 100_000
"""Characters of a text that are looked at: no page, prompt or note that people write is longer."""

MOST_ITEMS = 2_000
"""Items of a list of words or tags that are looked at."""

MOST_WEIGHT = 100.0
"""A larger strength of a LoRA is no strength."""

MAX_JSON_CHARACTERS = 20_000_000
"""A longer JSON text inside metadata or a side file is not looked at."""


def as_text(value: object) -> str:
    """Return a stripped string, empty for anything that is none or is called ``None``.

    Half characters, which JSON can spell but no output can take, become question marks.
    """
    if not isinstance(value, str):
        return ""
    text = value.strip()[:MAX_TEXT]
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return "" if text in ("None", "null") else text


_MOST_LOOKED_AT = 20_000
"""Values of a record among which too long ones are looked for."""


def too_long(record: Mapping[str, Any], keys: frozenset[str]) -> Iterator[str]:
    """Yield a sentence for each text or list of a record, at any depth, whose end is not read.

    Args:
        record: as it was read from JSON.
        keys: those whose texts are read; others (preview pictures) may be as long as they like.
    """
    waiting: list[object] = [record]
    looked_at = 0
    while waiting and looked_at < _MOST_LOOKED_AT:
        value = waiting.pop()
        looked_at += 1
        if isinstance(value, list):
            waiting += value[:_MOST_LOOKED_AT]
        if not isinstance(value, dict):
            continue
        for key, inner in value.items():
            if not isinstance(inner, str):
                waiting.append(inner)
                if isinstance(inner, list) and len(inner) > MOST_ITEMS and key in keys:
                    yield f"of its {key!r} the first {MOST_ITEMS:,} of {len(inner):,} were read"
            elif len(inner) > MAX_TEXT and key in keys:
                yield (
                    f"its {key!r} has {len(inner):,} characters, of which the first "
                    f"{MAX_TEXT:,} were read"
                )


def as_number(value: object) -> float | None:
    """Return a finite number from a number or its text, else ``None``."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_weight(value: object) -> float | None:
    """Return a strength that a LoRA can have, as a number or its text, else ``None``."""
    number = as_number(value)
    return number if number is not None and abs(number) <= MOST_WEIGHT else None


def as_count(value: object) -> int | None:
    """Return a whole number of zero or more, else ``None``."""
    number = as_number(value)
    if number is None or number < 0 or number != int(number) or number > 1e12:
        return None
    return int(number)


def as_flag(value: object) -> bool:
    """Return whether the value is true or says so in words."""
    if isinstance(value, bool):
        return value
    return isinstance(value, str) and value.strip().lower() in ("true", "1", "yes")


def as_json(value: object) -> Any:
    """Return the value behind a JSON text, an object or list as it is, else ``None``."""
    if isinstance(value, (dict, list)):
        return value
    if not isinstance(value, str) or len(value) > MAX_JSON_CHARACTERS:
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return an object, parsed from JSON text if need be, else an empty one."""
    parsed = as_json(value)
    return parsed if isinstance(parsed, dict) else {}


def as_items(value: object) -> list[Any]:
    """Return a list, parsed from JSON text if need be, else an empty one."""
    parsed = as_json(value)
    return parsed if isinstance(parsed, list) else []


def as_texts(value: object) -> tuple[str, ...]:
    """Return the non-empty strings of the first `MOST_ITEMS` of a list."""
    texts = (as_text(item) for item in as_items(value)[:MOST_ITEMS])
    return tuple(text for text in texts if text)


def as_words(value: object) -> tuple[str, ...]:
    """Return the strings of a list, or the text that stands where a list of one should."""
    return as_texts(value) or ((as_text(value),) if as_text(value) else ())
