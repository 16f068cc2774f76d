"""LoRAs that are *meant* for the negative side, for both sides, or for neither.

Negatives, sliders and accelerators say what they are in their names, hints and pages; what they say
outranks the page's category, because the upload form has no category for them.
"""

from __future__ import annotations

from dataclasses import replace

from ..card import LoraType
from .accelerators import accelerator_reason
from .evidence import TypeEvidence
from .negatives import dedicated_negative, trigger_negative
from .sliders import SLIDER_NAME, slider
from .statements import STATED, Role, first_match, role_of, split_name, squeezed


def find_role(evidence: TypeEvidence) -> Role | None:
    """Return the role the evidence states, or ``None`` for an ordinary LoRA."""
    evidence = replace(
        evidence,
        names=tuple(map(squeezed, evidence.names)),
        hints=tuple(map(squeezed, evidence.hints)),
        description=squeezed(evidence.description),
        notes=squeezed(evidence.notes),
    )
    return (
        trigger_negative(evidence)
        or dedicated_negative(evidence)
        or _accelerator(evidence)
        or slider(evidence)
    )


def _accelerator(evidence: TypeEvidence) -> Role | None:
    if first_match(SLIDER_NAME, (split_name(name) for name in evidence.names)):
        return None
    reason = accelerator_reason(evidence)
    return role_of(LoraType.ACCELERATOR, STATED, reason) if reason else None
