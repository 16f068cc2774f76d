"""What negative guidance makes of three partial attentions: NAG, VSF, ONG.

Notation: o, l are a partial's output and log-sum-exp over the image keys (i), the positive text
keys (+) and the negative text keys (−). Z± is the attention over image and ± together:

    Z± = (e^{l_i} o_i + e^{l_±} o_±) / (e^{l_i} + e^{l_±})
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import torch

from .partials import Partial, merge

EPSILON = 1e-6
HEADS_AND_WIDTH = (1, 3)
"""The dimensions that make up one token's feature in batch × heads × tokens × width."""


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


def guide(
    image: Partial | None, positive: Partial, negatives: Sequence[Partial], settings: Settings
) -> torch.Tensor:
    """Return the guided attention output of the image tokens.

    Args:
        image: the image queries over the image keys; ``None`` in cross attention, which has none.
        positive: over the keys of the prompt.
        negatives: over the keys of each negative concept, at least one.
        settings: of the method.

    Returns:
        Batch × heads × tokens × width of a head, in the dtype of the values.
    """
    shared = () if image is None else (image,)
    whole = merge((*shared, positive))
    if not settings.acts:
        return whole.out
    if isinstance(settings, VsfSettings):
        return _vsf((*shared, positive), negatives, settings)
    if isinstance(settings, NagSettings):
        pushed = [merge((*shared, negative)).out for negative in negatives]
        return nag(whole.out, pushed, settings)
    return _ong_of_partials(shared, positive, negatives, whole, settings)


def nag(
    positive: torch.Tensor, negatives: Sequence[torch.Tensor], settings: NagSettings
) -> torch.Tensor:
    """Return NAG of whole attention outputs, batch × heads × tokens × width of a head.

    Several negatives push by their mean, so that φ means the same for any number of them.
    """
    z = positive.float()
    mean = _mean(negatives)
    # z + φ (z − mean), in one pass.
    pushed = torch.lerp(mean, z, 1 + settings.phi)
    scale = settings.alpha * _bounding(pushed, z, settings.tau)
    return torch.addcmul(z * (1 - settings.alpha), pushed, scale).to(positive.dtype)


def clip_norm(guided: torch.Tensor, reference: torch.Tensor, tau: float) -> torch.Tensor:
    """Return ``guided`` with each token's L1 norm at most ``tau`` times the reference's."""
    return guided * _bounding(guided, reference, tau)


def _bounding(guided: torch.Tensor, reference: torch.Tensor, tau: float) -> torch.Tensor:
    """Return each token's factor, at most 1, that keeps its L1 norm within the bound."""
    own, least = (
        torch.linalg.vector_norm(tensor, 1, dim=HEADS_AND_WIDTH, keepdim=True)
        for tensor in (guided, reference)
    )
    return (least * tau / own.clamp_min(EPSILON)).clamp_max(1.0)


def orthogonal(
    feature: torch.Tensor, directions: Sequence[torch.Tensor], per_head: bool
) -> torch.Tensor:
    """Return the part of ``feature`` that is orthogonal to all directions, in each token.

    The directions must be orthogonal to each other (Gram–Schmidt, one after another).
    """
    dims = (3,) if per_head else HEADS_AND_WIDTH
    rest = feature
    for direction in directions:
        length = (direction * direction).sum(dims, keepdim=True)
        along = (rest * direction).sum(dims, keepdim=True)
        share = torch.where(length > 0, along / length.clamp_min(1e-20), torch.zeros_like(along))
        rest = rest - share * direction
    return rest


def ong(
    whole: torch.Tensor,
    positive: torch.Tensor,
    negatives: Sequence[torch.Tensor],
    settings: OngSettings,
) -> torch.Tensor:
    """Return ONG: ``whole`` minus what the negatives have orthogonal to the positive feature.

    Args:
        whole: the attention output Z⁺.
        positive: the positive feature (`OngFeature`).
        negatives: the feature of each concept; each also loses what an earlier one has taken
            away already.
        settings: of the method.
    """
    z = whole.float()
    directions = [positive.float()]
    removed = torch.zeros_like(z)
    for negative in negatives:
        part = orthogonal(negative.float(), directions, settings.per_head)
        directions.append(part)
        removed = removed + part
    if settings.tau_bounds is OngTau.STRENGTH:
        guided = z - settings.strength * settings.tau * removed
    else:
        guided = clip_norm(z - settings.strength * removed, z, settings.tau)
    return guided.to(whole.dtype)


def _ong_of_partials(
    shared: tuple[Partial, ...],
    positive: Partial,
    negatives: Sequence[Partial],
    whole: Partial,
    settings: OngSettings,
) -> torch.Tensor:
    if settings.feature is OngFeature.WHOLE:
        others = [merge((*shared, negative)).out for negative in negatives]
        return ong(whole.out, whole.out, others, settings)
    others = [text_share(negative, _total((*shared, negative))) for negative in negatives]
    return ong(whole.out, text_share(positive, whole.lse), others, settings)


def _total(parts: Sequence[Partial]) -> torch.Tensor:
    return torch.logsumexp(torch.stack([part.lse for part in parts]), dim=0)


def text_share(text: Partial, total: torch.Tensor) -> torch.Tensor:
    """Return a text's share of an attention whose log-sum-exp over all keys is ``total``."""
    return text.out.float() * (text.lse - total).exp().unsqueeze(-1)


def _vsf(
    others: Sequence[Partial], negatives: Sequence[Partial], settings: VsfSettings
) -> torch.Tensor:
    flipped = [
        Partial(negative.out.float() * -settings.strength, negative.lse + settings.bias)
        for negative in negatives
    ]
    wide = [Partial(part.out.float(), part.lse) for part in others]
    return merge([*wide, *flipped]).out.to(others[0].out.dtype)


def _mean(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    total = tensors[0].float()
    for tensor in tensors[1:]:
        total = total + tensor.float()
    return total / len(tensors)
