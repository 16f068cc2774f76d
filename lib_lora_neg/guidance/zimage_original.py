"""Z-Image (and Lumina 2) in the original layout: one stream, text first, after two refiners.

The text's refiner looks at the text alone, and the image's positions begin behind the text. So
the embedding is made with the prompt alone, as without guidance, and each negative is refined and
numbered as if it were the prompt.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from . import exchange
from .exchange import AttentionExchange
from .joint import TokenLayout
from .ownership import GuidanceError, exchanged
from .settings import Settings

EMBED = "patchify_and_embed"
_PARTS = ("context_refiner", "noise_refiner", "rope_embedder", "layers", EMBED)


def fits(model: Any) -> bool:
    """Return whether a model is one of these."""
    return all(hasattr(model, part) for part in _PARTS)


def problem(model: Any, module: Any) -> str:
    """Return why it cannot be guided; empty when it can."""
    if EMBED in vars(model):
        return "another tool has replaced the embedding of the model's texts"
    return exchange.problem(module)


@contextmanager
def guided(
    model: Any, module: Any, layout: TokenLayout, settings: Settings, rows: torch.Tensor | None
) -> Iterator[None]:
    """Guide the calls that are made inside with all texts as one context."""
    call = AttentionExchange(layout, settings, rows, active=False)
    plain = getattr(model, EMBED)

    def embed(x: Any, texts: torch.Tensor, mask: Any, *others: Any, **more: Any) -> Any:
        if mask is not None:
            raise GuidanceError("the model is given a mask of its text")
        call.active = False
        first, *rest = texts.split([layout.positive, *layout.negatives], dim=1)
        both, out_mask, sizes, lengths, freqs = plain(x, first, mask, *others, **more)
        refined = [_refined(model, text, more) for text in rest]
        positive = int(lengths[0])
        call.layout = TokenLayout(positive, tuple(text.shape[1] for text, _ in refined))
        both = _between(both, positive, [text for text, _ in refined])
        freqs = _between(freqs, positive, [places for _, places in refined])
        call.active = True
        return both, out_mask, sizes, [call.layout.texts] * len(lengths), freqs

    attention = call.around(getattr(module, exchange.NAME))
    with exchanged(model, EMBED, embed), exchanged(module, exchange.NAME, attention):
        yield


def _between(whole: torch.Tensor, place: int, texts: list[torch.Tensor]) -> torch.Tensor:
    return torch.cat([whole[:, :place], *texts, whole[:, place:]], dim=1)


def _refined(
    model: Any, text: torch.Tensor, options: dict[str, Any]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a negative as the model's own refiner makes it, and its positional embedding."""
    multiple = getattr(model, "pad_tokens_multiple", None)
    if multiple:
        filler = model.cap_pad_token.to(text).unsqueeze(0)
        missing = -text.shape[1] % multiple
        text = torch.cat([text, filler.expand(text.shape[0], missing, -1)], dim=1)
    places = torch.zeros(*text.shape[:2], 3, dtype=torch.float32, device=text.device)
    places[..., 0] = torch.arange(1, text.shape[1] + 1, device=text.device)
    freqs = model.rope_embedder(places).movedim(1, 2).to(text.dtype)
    for layer in model.context_refiner:
        text = layer(text, None, freqs, **options)
    return text, freqs
