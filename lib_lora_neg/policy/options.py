"""What a rule is told by the user's settings: how far it may go, and the numbers it judges by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Mode(str, Enum):
    """How far the guard, or one rule, may go."""

    ENFORCE = "Enforce"
    """Changes the generation, and says so."""
    ADVISE = "Advise"
    """Says what it would do; the generation stays as it was asked for."""
    OFF = "Off"

    @classmethod
    def parse(cls, name: object) -> Mode:
        """Return the mode called ``name``, in any case; a mode is its own name.

        Raises:
            ValueError: when there is no such mode.
        """
        given = str(name.value if isinstance(name, Enum) else name).strip().lower()
        for mode in cls:
            if mode.value.lower() == given:
                return mode
        raise ValueError(f"no such mode: {name!r} (Enforce, Advise or Off)")

    def at_most(self, other: Mode) -> Mode:
        """Return the weaker of two modes."""
        order = (Mode.OFF, Mode.ADVISE, Mode.ENFORCE)
        return min(self, other, key=order.index)


class NegativeTag(str, Enum):
    """What R8 does about ``<lora:…>`` in the negative prompt."""

    MOVE = "move"
    REMOVE = "remove"
    LEAVE = "leave"
    BRANCH = "negative branch only"


@dataclass(frozen=True, kw_only=True)
class RuleOptions:
    """The numbers and choices that rules judge by.

    Attributes:
        clamp_confidence: type confidence (0–1) from which R1 clamps.
        drop_confidence: type confidence (0–1) from which R1 takes a tag out.
        cfg_ceiling: highest CFG scale while a negative unet weight is active (R3), 4–6.
        budget: highest sum of absolute unet weights (R5).
        degraded: sum above which pictures degrade (R5).
        budget_relative: count each weight relative to the LoRA's preferred weight (R5).
        text_encoder: te weight beside a negative unet weight (R4), 0.4–0.6.
        negative_tag: what R8 does.
        full_stops: a full stop ends a term of a prompt, as a comma does.
        floors: lowest safe weights by the keys of `matrix.DEFAULT_FLOORS`, where the user has
            set another one for a type than the matrix (R1).
    """

    clamp_confidence: float = 0.7
    drop_confidence: float = 0.85
    cfg_ceiling: float = 6.0
    budget: float = 2.5
    degraded: float = 3.0
    budget_relative: bool = False
    text_encoder: float = 0.5
    negative_tag: NegativeTag = NegativeTag.MOVE
    full_stops: bool = False
    floors: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("clamp_confidence", "drop_confidence"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} {getattr(self, name)} is outside 0 to 1")
        for name in ("budget", "degraded"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} {getattr(self, name)} is no number above 0")
        for name, floor in self.floors.items():
            if not -math.inf < floor <= 0.0:
                raise ValueError(f"floor of {name}: {floor} is no number of 0 or below")
        if not 4.0 <= self.cfg_ceiling <= 6.0:
            raise ValueError(f"cfg_ceiling {self.cfg_ceiling} is outside 4 to 6")
        if not 0.4 <= self.text_encoder <= 0.6:
            raise ValueError(f"text_encoder {self.text_encoder} is outside 0.4 to 0.6")
