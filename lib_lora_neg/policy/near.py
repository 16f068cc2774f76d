"""“Did you mean …”: the known names that a name nobody knows is probably a slip of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import islice

MOST_NAMES = 20_000
"""Names that are looked at; a library of more is not searched to its end."""

MOST_OFFERED = 3

LONGEST = 128
"""A longer name is no slip of the hand."""

_NO_LETTER = re.compile(r"[\W_]+")
_FILE_ENDING = re.compile(r"\.(?:safetensors|ckpt|pt)$", re.IGNORECASE)


def near_names(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return up to three of ``names`` that ``name`` was probably meant to be, nearest first.

    First those that differ in case, spaces, punctuation, folder or file ending alone; then those
    a few slips away (a letter wrong, left out, doubled or swapped: one per five letters, three at
    most); then those that go on with a version where ``name`` ends. The cost is linear in the
    number of names and bounded in their length.
    """
    if not 2 <= len(name) <= LONGEST:
        return ()
    wanted = _plain(name)
    if len(wanted) < 2:
        return ()
    slips = min(3, len(wanted) // 5 + (len(wanted) >= 3))
    found: list[tuple[int, int, str]] = []
    for known in islice(names, MOST_NAMES):
        if len(known) > LONGEST:
            continue
        plain = _plain(known)
        if plain == wanted:
            found.append((0, 0, known))
        elif abs(len(plain) - len(wanted)) <= slips:
            distance = _slips(wanted, plain, slips)
            if distance is not None:
                found.append((distance, len(plain), known))
        if plain != wanted and len(wanted) >= 4 and _continues(wanted, plain):
            found.append((slips + 1, len(plain), known))
    found.sort()
    return tuple(dict.fromkeys(known for _, _, known in found))[:MOST_OFFERED]


def _plain(name: str) -> str:
    """Letters and digits alone, small, without folder and file ending."""
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name)
    stem = _FILE_ENDING.sub("", name.replace("\\", "/").rpartition("/")[2])
    return _NO_LETTER.sub("", stem).lower()


def _continues(shorter: str, longer: str) -> bool:
    """Whether ``longer`` is ``shorter`` with a version or the like behind it, or the other way."""
    if len(shorter) > len(longer):
        shorter, longer = longer, shorter
    return len(shorter) >= 4 and len(longer) <= 2 * len(shorter) and longer.startswith(shorter)


def _slips(first: str, second: str, most: int) -> int | None:
    """Return the edit distance with swaps of neighbours, ``None`` where it exceeds ``most``."""
    while first and second and first[0] == second[0]:
        first, second = first[1:], second[1:]
    while first and second and first[-1] == second[-1]:
        first, second = first[:-1], second[:-1]
    if not first or not second:
        return len(first) + len(second) if len(first) + len(second) <= most else None
    width = len(second)
    before: list[int] = []
    row = list(range(width + 1))
    for i, char in enumerate(first, 1):
        # Only the band around the diagonal can stay within `most`.
        low, high = max(1, i - most), min(width, i + most)
        current = [i if low == 1 else most + 1, *[most + 1] * width]
        for j in range(low, high + 1):
            cost = char != second[j - 1]
            best = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + cost)
            if i > 1 and j > 1 and char == second[j - 2] and first[i - 2] == second[j - 1]:
                best = min(best, before[j - 2] + 1)
            current[j] = best
        if min(current) > most:
            return None
        before, row = row, current
    return row[width] if row[width] <= most else None
