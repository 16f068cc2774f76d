"""What type a LoRA is, how sure that is, and why.

The order of the evidence: what its author says it is for (a negative, a slider), the category of
its page, ``modelspec.tags``, the folder the user put it into, then the words of its names, pages
and captions weighed together. Below `ANSWER_FROM` the type stays unknown and the reasons tell
which way it leans.
"""

from __future__ import annotations

from .card import LoraType, TypeInference
from .categories import type_of_categories, type_of_folder
from .evidence import TypeEvidence
from .roles import find_role

ANSWER_FROM = 0.7
"""Confidence from which R1 acts on a type (mission, R1); below it no type is given."""


def infer_type(evidence: TypeEvidence) -> TypeInference:
    """Return the type the evidence speaks for."""
    role = find_role(evidence)
    if role is not None:
        return role.inference
    stated = type_of_categories(evidence.categories, "category tags") or type_of_folder(
        evidence.folder
    )
    return stated or TypeInference(LoraType.UNKNOWN, 0.0, ("nothing says what it is for",))
