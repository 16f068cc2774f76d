"""What negative guidance makes of three partial attentions: NAG, VSF, ONG.

Notation: o, l are a partial's output and log-sum-exp over the image keys (i), the positive text
keys (+) and the negative text keys (−). Z± is the attention over image and ± together:

    Z± = (e^{l_i} o_i + e^{l_±} o_±) / (e^{l_i} + e^{l_±})
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .partials import Partial, merge
from .settings import NagSettings, OngFeature, OngSettings, OngTau, Settings, VsfSettings

EPSILON = 1e-6
HEADS_AND_WIDTH = (1, 3)
"""The dimensions that make up one token's feature in batch × heads × tokens × width."""


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
    z, mean = _tokens(positive), _tokens(_mean(negatives))
    # z + φ (z − mean), in one pass.
    pushed = torch.lerp(mean, z, 1 + settings.phi)
    scale = settings.alpha * _bounding(pushed, z, settings.tau, (2,))
    guided = pushed.mul_(scale).add_(z, alpha=1 - settings.alpha)
    sizes = (positive.shape[1], positive.shape[3])
    return guided.unflatten(2, sizes).transpose(1, 2).to(positive.dtype)


def _tokens(features: torch.Tensor) -> torch.Tensor:
    """Return batch × tokens × feature, float32; the layout in which attention leaves its output."""
    return features.float().transpose(1, 2).flatten(2)


def clip_norm(guided: torch.Tensor, reference: torch.Tensor, tau: float) -> torch.Tensor:
    """Return ``guided`` with each token's L1 norm at most ``tau`` times the reference's."""
    return guided * _bounding(guided, reference, tau, HEADS_AND_WIDTH)


def _bounding(
    guided: torch.Tensor, reference: torch.Tensor, tau: float, dims: tuple[int, ...]
) -> torch.Tensor:
    """Return each token's factor, at most 1, that keeps its L1 norm within the bound."""
    own, least = (
        torch.linalg.vector_norm(tensor, 1, dim=dims, keepdim=True)
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
    if len(tensors) == 1:
        return tensors[0].float()
    total = tensors[0].float()
    for tensor in tensors[1:]:
        total = total + tensor.float()
    return total / len(tensors)
