"""Families that a caller names: on the command line, in a line of JSON, through the API."""

from __future__ import annotations

from .base_names import family_of_name
from .family import ModelFamily

KNOWN_FAMILIES = tuple(f.value for f in ModelFamily if f is not ModelFamily.UNKNOWN)
"""The families by their own names, as errors list them."""

_NOT_SAID = frozenset(("", "unknown", "other", "auto", "none", "null"))
_MOST_CHARACTERS = 200


class UnknownFamilyError(ValueError):
    """A name that means no family; the text lists the families there are."""


def named_family(name: str) -> ModelFamily | None:
    """Return the family a caller means; ``None`` where the name leaves it open (``unknown``).

    Understood is what names a base model on a model page or in a file: ``sdxl``,
    ``SDXL Lightning``, ``Flux.1 D``, ``stable-diffusion-v1-5``.

    Raises:
        UnknownFamilyError: the name means no family. A guess would leave the caller unguarded.
    """
    plain = name.strip()
    if plain.lower() in _NOT_SAID:
        return None
    readable = len(plain) <= _MOST_CHARACTERS and plain.isprintable()
    family = family_of_name(plain) if readable else ModelFamily.UNKNOWN
    if family is ModelFamily.UNKNOWN:
        shown = plain if len(plain) <= 40 else f"{plain[:40]}…"
        raise UnknownFamilyError(
            f"unknown model family {shown!r}; known are {', '.join(KNOWN_FAMILIES)}, "
            "and the names of base models on model pages, as 'SDXL Lightning'"
        )
    return family
