"""Cross attention of SD 1, SD 2 and SDXL: image tokens attend to prompt and negatives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention as sdpa

from .methods import guide, nag, ong
from .ownership import GuidanceError, forwards
from .partials import attend
from .settings import OngSettings, Settings, VsfSettings


@dataclass(frozen=True, eq=False)
class CrossCall:
    """What one call of a U-Net is guided by.

    Attributes:
        negatives: the encoded text of each negative concept, batch × tokens × width.
        settings: of the method.
        rows: booleans, one for each entry of the batch: whether it is guided; ``None`` for all.
    """

    negatives: tuple[torch.Tensor, ...]
    settings: Settings
    rows: torch.Tensor | None = None


def guided_cross_attention(
    q: torch.Tensor,
    prompt: tuple[torch.Tensor, torch.Tensor],
    negatives: Sequence[tuple[torch.Tensor, torch.Tensor]],
    settings: Settings,
    rows: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return what ``settings`` makes of the attention to a prompt and to negatives.

    Args:
        q: queries of the image, batch × heads × tokens × width of a head.
        prompt: keys and values of the prompt.
        negatives: keys and values of each negative concept.
        settings: of the method.
        rows: which entries of the batch are guided; ``None`` for all.

    Returns:
        As ``q``.
    """
    if isinstance(settings, VsfSettings):
        plain, guided = _vsf(q, prompt, negatives, settings)
    else:
        plain = sdpa(q, *prompt)
        others = [sdpa(q, *negative) for negative in negatives]
        if not settings.acts:
            guided = plain
        elif isinstance(settings, OngSettings):
            # Without image keys, the text's share is the whole.
            guided = ong(plain, plain, others, settings)
        else:
            guided = nag(plain, others, settings)
    return guided if rows is None else torch.where(rows.view(-1, 1, 1, 1), guided, plain)


def _vsf(
    q: torch.Tensor,
    prompt: tuple[torch.Tensor, torch.Tensor],
    negatives: Sequence[tuple[torch.Tensor, torch.Tensor]],
    settings: VsfSettings,
) -> tuple[torch.Tensor, torch.Tensor]:
    positive = attend(q, *prompt)
    if positive is not None:
        others = [found for negative in negatives if (found := attend(q, *negative)) is not None]
        return positive.out, guide(None, positive, others, settings)
    plain = sdpa(q, *prompt)
    if not settings.acts:
        return plain, plain
    key = torch.cat([prompt[0], *(negative[0] for negative in negatives)], dim=2)
    flipped = [negative[1] * -settings.strength for negative in negatives]
    value = torch.cat([prompt[1], *flipped], dim=2)
    bias = torch.zeros(1, 1, q.shape[2], key.shape[2], device=q.device, dtype=q.dtype)
    bias[..., prompt[0].shape[2] :] = settings.bias
    return plain, sdpa(q, key, value, attn_mask=bias)


@contextmanager
def guided(unet: Any, call: CrossCall) -> Iterator[None]:
    """Guide the calls of a ``UNet2DConditionModel`` of diffusers that are made inside.

    The keys and values of the negatives come from the layers as they are then, so LoRAs count.

    Raises:
        GuidanceError: another tool has taken over the cross attention, or it has parts that are
            not known here.
    """
    layers = [module for name, module in unet.named_modules() if name.endswith(".attn2")]
    for layer in layers:
        if not _is_plain(layer):
            raise GuidanceError(
                f"the cross attention is of another kind ({type(layer.processor).__name__})"
            )
    with forwards({layer: partial(_forward, layer, call) for layer in layers}):
        yield


def _is_plain(layer: Any) -> bool:
    own_parts = ("spatial_norm", "group_norm", "norm_q", "norm_k", "norm_cross")
    return (
        type(layer.processor).__name__ in ("AttnProcessor", "AttnProcessor2_0")
        and all(getattr(layer, name, None) is None for name in own_parts)
        and not layer.residual_connection
        and layer.rescale_output_factor == 1
    )


def _forward(
    layer: Any,
    call: CrossCall,
    hidden_states: torch.Tensor,
    encoder_hidden_states: torch.Tensor | None = None,
    attention_mask: torch.Tensor | None = None,
    **others: Any,
) -> torch.Tensor:
    if attention_mask is not None or encoder_hidden_states is None:
        raise GuidanceError("the cross attention has a mask")
    del others
    q = _heads(layer.to_q(hidden_states), layer.heads)
    prompt = _keys_and_values(layer, encoder_hidden_states)
    negatives = [
        _keys_and_values(layer, negative.to(encoder_hidden_states.dtype))
        for negative in call.negatives
    ]
    mixed = guided_cross_attention(q, prompt, negatives, call.settings, call.rows)
    joined = mixed.transpose(1, 2).flatten(2, 3).to(q.dtype)
    out: torch.Tensor = layer.to_out[1](layer.to_out[0](joined))
    return out


def _keys_and_values(layer: Any, text: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return _heads(layer.to_k(text), layer.heads), _heads(layer.to_v(text), layer.heads)


def _heads(x: torch.Tensor, heads: int) -> torch.Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)
