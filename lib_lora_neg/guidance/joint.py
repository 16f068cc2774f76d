"""Joint attention of one image and several text streams, with guidance for the image tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import scaled_dot_product_attention as sdpa

from .methods import guide, nag, ong
from .partials import Partial, attend, merge
from .settings import OngFeature, OngSettings, Settings, VsfSettings


@dataclass(frozen=True)
class TokenLayout:
    """The order of the tokens in a sequence: the prompt, each negative, the image.

    Attributes:
        positive: number of tokens of the prompt.
        negatives: number of tokens of each negative concept.
    """

    positive: int
    negatives: tuple[int, ...]

    @property
    def texts(self) -> int:
        """Number of text tokens."""
        return self.positive + sum(self.negatives)

    def sizes(self, length: int) -> list[int]:
        """Return the number of tokens of each stream of a sequence, the image last.

        Raises:
            ValueError: the sequence has no room for an image.
        """
        image = length - self.texts
        if image <= 0:
            raise ValueError(f"{length} tokens, but the texts alone have {self.texts}")
        return [self.positive, *self.negatives, image]


def guided_attention(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    layout: TokenLayout,
    settings: Settings,
    rows: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the attention of a sequence in which the image has one prompt and some negatives.

    The prompt sees itself and the image, each negative sees itself and the image, and the image
    tokens get what ``settings`` makes of the three. The scores are taken after norms and positional
    embedding, so positions and numbers of tokens may be any.

    Args:
        q: queries, batch × heads × tokens × width of a head, in the order of ``layout``.
        k: keys, likewise.
        v: values, likewise.
        layout: which tokens are which.
        settings: of the method.
        rows: booleans, one for each entry of the batch: whether it is guided. The others get
            plain attention to their prompt. ``None`` guides all.

    Returns:
        As ``q``.
    """
    sizes = layout.sizes(q.shape[2])
    queries, keys, values = (list(tensor.split(sizes, dim=2)) for tensor in (q, k, v))
    over_image = attend(q, keys[-1], values[-1])
    if over_image is None:
        outs = _without_lse(queries, keys, values, settings)
    else:
        outs = _with_lse(over_image, queries, keys, values, sizes, settings)
    plain, guided = outs[-2], outs[-1]
    if rows is not None:
        guided = torch.where(rows.view(-1, 1, 1, 1), guided, plain)
    return torch.cat([*outs[:-2], guided], dim=2)


def _with_lse(
    over_image: Partial,
    queries: Sequence[torch.Tensor],
    keys: Sequence[torch.Tensor],
    values: Sequence[torch.Tensor],
    sizes: Sequence[int],
    settings: Settings,
) -> list[torch.Tensor]:
    """Return the texts' outputs, then the image's plain and guided ones."""
    parts = [
        Partial(out, lse)
        for out, lse in zip(
            over_image.out.split(list(sizes), dim=2),
            over_image.lse.split(list(sizes), dim=2),
            strict=True,
        )
    ]
    image = parts[-1]
    outs = [
        merge((part, _attend(*of_text))).out
        for part, of_text in zip(
            parts[:-1], zip(queries[:-1], keys[:-1], values[:-1], strict=True), strict=True
        )
    ]
    over_texts = [
        _attend(queries[-1], key, value) for key, value in zip(keys[:-1], values[:-1], strict=True)
    ]
    plain = merge((image, over_texts[0])).out
    return [*outs, plain, guide(image, over_texts[0], over_texts[1:], settings)]


def _attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Partial:
    found = attend(q, k, v)
    assert found is not None  # The same device, dtype and width as before.
    return found


def _without_lse(
    queries: Sequence[torch.Tensor],
    keys: Sequence[torch.Tensor],
    values: Sequence[torch.Tensor],
    settings: Settings,
) -> list[torch.Tensor]:
    """Return the same by plain attention over joined keys, for every device."""
    joined_keys = [torch.cat([key, keys[-1]], dim=2) for key in keys[:-1]]
    joined_values = [torch.cat([value, values[-1]], dim=2) for value in values[:-1]]
    outs = [
        sdpa(query, key, value)
        for query, key, value in zip(queries[:-1], joined_keys, joined_values, strict=True)
    ]
    image = queries[-1]
    plain = sdpa(image, joined_keys[0], joined_values[0])
    if not settings.acts:
        guided = plain
    elif isinstance(settings, VsfSettings):
        guided = _vsf(image, keys, values, settings)
    elif isinstance(settings, OngSettings) and settings.feature is OngFeature.TEXT:
        shares = [
            sdpa(image, key, torch.cat([value, torch.zeros_like(values[-1])], dim=2))
            for key, value in zip(joined_keys, values[:-1], strict=True)
        ]
        guided = ong(plain, shares[0], shares[1:], settings)
    else:
        others = [
            sdpa(image, key, value)
            for key, value in zip(joined_keys[1:], joined_values[1:], strict=True)
        ]
        if isinstance(settings, OngSettings):
            guided = ong(plain, plain, others, settings)
        else:
            guided = nag(plain, others, settings)
    return [*outs, plain, guided]


def _vsf(
    image: torch.Tensor,
    keys: Sequence[torch.Tensor],
    values: Sequence[torch.Tensor],
    settings: VsfSettings,
) -> torch.Tensor:
    negatives = sum(key.shape[2] for key in keys[1:-1])
    key = torch.cat([keys[-1], keys[0], *keys[1:-1]], dim=2)
    flipped = [value * -settings.strength for value in values[1:-1]]
    value = torch.cat([values[-1], values[0], *flipped], dim=2)
    bias = torch.zeros(1, 1, 1, key.shape[2], device=key.device, dtype=key.dtype)
    bias[..., key.shape[2] - negatives :] = settings.bias
    return sdpa(image, key, value, attn_mask=bias.expand(-1, -1, image.shape[2], -1))
