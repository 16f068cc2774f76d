"""The methods of negative guidance and their numbers; needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Method(str, Enum):
    """A way of guiding away from a negative prompt."""

    NAG = "NAG"
    VSF = "VSF"
    ONG = "ONG"


@dataclass(frozen=True)
class NagSettings:
    """Normalized Attention Guidance (arXiv:2505.21179, equations 6–9).

    Attributes:
        phi: how far Z⁺ is pushed away from Z⁻. Tools that name a *scale* s mean φ = s − 1.
        tau: the L1 norm of a token's feature may grow to this multiple of Z⁺'s.
        alpha: share of the guided feature in the result; the rest is Z⁺.
    """

    phi: float = 4.0
    tau: float = 2.5
    alpha: float = 0.25

    method = Method.NAG

    @property
    def acts(self) -> bool:
        """Whether it changes anything."""
        return self.phi != 0 and self.alpha != 0


@dataclass(frozen=True)
class VsfSettings:
    """Value Sign Flip (arXiv:2508.10931): negative tokens join with negated values.

    Attributes:
        strength: factor s of the negated values.
        bias: added to the scores of the negative tokens.
    """

    strength: float = 3.5
    bias: float = 0.1

    method = Method.VSF

    @property
    def acts(self) -> bool:
        """Whether it changes anything; at strength 0 it is off, negative keys included."""
        return self.strength != 0


class OngFeature(str, Enum):
    """Which feature of an image token is made orthogonal."""

    TEXT = "text"
    """The text's share of the attention, e^{l_± − l_total} o_±."""
    WHOLE = "whole"
    """The whole attention output Z±."""


class OngTau(str, Enum):
    """What ONG's τ = 2 bounds; the abstract does not say."""

    STRENGTH = "strength"
    """It is the strength of the subtraction: λ times τ."""
    NORM = "norm"
    """It bounds the L1 norm of a token's feature, as in NAG."""


@dataclass(frozen=True)
class OngSettings:
    """Orthogonal Negative Guidance (arXiv:2605.29390), our reading; experimental.

    Published are the abstract and a figure: the negative feature is projected orthogonally to the
    positive one, and only that part is subtracted. Everything else here is a choice.

    Attributes:
        strength: λ.
        tau: τ, as ``tau_bounds`` says.
        tau_bounds: what τ is.
        feature: which feature is projected.
        per_head: project in each head instead of over the whole token.
    """

    strength: float = 1.0
    tau: float = 2.0
    tau_bounds: OngTau = OngTau.STRENGTH
    feature: OngFeature = OngFeature.TEXT
    per_head: bool = False

    method = Method.ONG

    @property
    def acts(self) -> bool:
        """Whether it changes anything."""
        return self.strength != 0 and (self.tau_bounds is OngTau.NORM or self.tau != 0)


Settings: TypeAlias = NagSettings | VsfSettings | OngSettings
