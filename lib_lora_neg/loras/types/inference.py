"""What type a LoRA is, how sure that is, and why.

The order of the evidence: what its author says it is for (a negative, a slider), the category of
its page and ``modelspec.tags``, the folder the user put it into, then the words of its names,
pages and captions weighed together.
"""

from __future__ import annotations

from ..card import LoraType, TypeInference
from .categories import type_of_categories, type_of_folder
from .evidence import TypeEvidence
from .model import guess_type
from .statements import Role

DOUBTED = 0.6
"""A category that all words contradict: too unsure for R1 to act on (0.7)."""

CONTRADICTING = 0.9
"""Confidence from which the words contradict a category."""


def infer_type(evidence: TypeEvidence, role: Role | None) -> TypeInference:
    """Return the type the evidence speaks for; ``UNKNOWN`` comes with what it leans to.

    Args:
        evidence: all that can speak for a type.
        role: what `find_role` returns of it.
    """
    if role is not None:
        return role.inference
    stated = type_of_categories(evidence.categories, "category tags") or type_of_folder(
        evidence.folder
    )
    guess = guess_type(evidence)
    return _doubt(stated, guess) if stated is not None else guess


def _doubt(stated: TypeInference, guess: TypeInference) -> TypeInference:
    """Many characters are uploaded as styles, which would give them a range they do not have."""
    contradicted = (
        stated.type is LoraType.STYLE
        and guess.type is LoraType.CHARACTER
        and guess.confidence >= CONTRADICTING
    )
    if not contradicted:
        return stated
    doubt = ("but all else speaks of a character", *guess.reasons)
    return TypeInference(stated.type, DOUBTED, (*stated.reasons, *doubt))
