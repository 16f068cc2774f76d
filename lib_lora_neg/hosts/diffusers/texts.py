"""Text encoders: from the text of one step to its conditioning, as A1111 does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from ...loras.families import ModelFamily
from ...prompts.reading import BREAK_WEIGHT, attention
from .chunks import Chunk, Vocabulary, empty_chunk, split_chunks

FLUX_TOKENS = {True: 512, False: 256}
"""T5 tokens of a Flux prompt with guidance (dev) and without (schnell), as in Flux's own code."""


@dataclass(frozen=True, eq=False)
class Cond:
    """One encoded text, which conditions the denoiser.

    Attributes:
        context: tokens × width.
        pooled: one vector for the whole text, where the model wants one.
    """

    context: torch.Tensor
    pooled: torch.Tensor | None = None


class TextEncoding(Protocol):
    """Encodes texts for one family."""

    def encode(self, texts: Sequence[str], clip_skip: int, negative: bool) -> list[Cond]:
        """Return the conds of texts that belong together (the steps of one prompt).

        All have the same number of tokens. ``negative`` says that they are of a negative
        prompt, whose emptiness means something on SDXL.
        """
        ...

    def count(self, text: str) -> tuple[int, int]:
        """Return the tokens of a text, and the size of the chunks that they fill."""
        ...


class ClipEncoder:
    """One CLIP text encoder with its tokenizer.

    Args:
        model: of transformers.
        tokenizer: of transformers.
        penultimate: use the last but one layer without the final norm, as SDXL does, and
            leave ``clip_skip`` aside, as A1111 does there.
        pad_with_end: fill up chunks with the end token; else with the tokenizer's own padding.
    """

    def __init__(
        self, model: Any, tokenizer: Any, *, penultimate: bool, pad_with_end: bool
    ) -> None:
        self._model = model
        self._penultimate = penultimate
        names = tokenizer.get_vocab()
        self._pad = tokenizer.eos_token_id if pad_with_end else tokenizer.pad_token_id
        self.vocabulary = Vocabulary(
            tokenize=lambda texts: tokenizer(
                list(texts), truncation=False, add_special_tokens=False, verbose=False
            )["input_ids"],
            start=tokenizer.bos_token_id,
            end=tokenizer.eos_token_id,
            comma=names.get(",</w>", names.get(",")),
            length=int(model.config.max_position_embeddings) - 2,
        )

    def encode(self, texts: Sequence[str], clip_skip: int) -> list[Cond]:
        """Return context and pooled vector of each text; all with the same number of chunks."""
        chunked = [split_chunks(text, self.vocabulary)[0] for text in texts]
        size = max(map(len, chunked))
        filler = empty_chunk(self.vocabulary)
        rows = [chunks + [filler] * (size - len(chunks)) for chunks in chunked]
        parts = [self._encode([row[index] for row in rows], clip_skip) for index in range(size)]
        context = torch.cat([part.context for part in parts], dim=1)
        pooled = parts[0].pooled
        return [
            Cond(context[index], None if pooled is None else pooled[index])
            for index in range(len(texts))
        ]

    def _encode(self, chunks: Sequence[Chunk], clip_skip: int) -> Cond:
        """Return the batch's context and pooled vectors for one chunk of each text."""
        device = self._model.device
        tokens = torch.tensor([self._padded(chunk) for chunk in chunks], device=device)
        out = self._model(input_ids=tokens, output_hidden_states=True)
        hidden = self._layer(out, clip_skip)
        weights = torch.tensor([chunk.weights for chunk in chunks], device=device)
        if bool((weights != 1).any()):
            hidden = emphasised(hidden, weights)
        return Cond(hidden, getattr(out, "text_embeds", None))

    def _layer(self, out: Any, clip_skip: int) -> torch.Tensor:
        layer: torch.Tensor
        if self._penultimate:
            layer = out.hidden_states[-2]
        elif clip_skip > 1:
            skipped = out.hidden_states[-min(clip_skip, len(out.hidden_states))]
            inner = getattr(self._model, "text_model", self._model)
            layer = inner.final_layer_norm(skipped)
        else:
            layer = out.last_hidden_state
        return layer

    def _padded(self, chunk: Chunk) -> list[int]:
        tokens = list(chunk.tokens)
        if self._pad != self.vocabulary.end:
            first = tokens.index(self.vocabulary.end) + 1
            tokens[first:] = [self._pad] * (len(tokens) - first)
        return tokens


def emphasised(hidden: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the hidden states times the tokens' weights, with the mean that they had before.

    A1111's emphasis "Original"; the mean is that of the whole batch, as there.
    """
    mean = hidden.mean()
    weighted = hidden * weights.unsqueeze(-1).to(hidden.dtype)
    return weighted * (mean / weighted.mean())


class SdTexts:
    """SD 1 and 2: one text encoder."""

    def __init__(self, pipe: Any, family: ModelFamily) -> None:
        self._clip = ClipEncoder(
            pipe.text_encoder,
            pipe.tokenizer,
            penultimate=False,
            pad_with_end=family is not ModelFamily.SD2,
        )

    def encode(self, texts: Sequence[str], clip_skip: int, negative: bool) -> list[Cond]:
        del negative
        return [Cond(cond.context) for cond in self._clip.encode(texts, clip_skip)]

    def count(self, text: str) -> tuple[int, int]:
        return _count(self._clip, text)


class SdxlTexts:
    """SDXL: two text encoders side by side, and the second one's pooled vector."""

    def __init__(self, pipe: Any) -> None:
        self._first = ClipEncoder(
            pipe.text_encoder, pipe.tokenizer, penultimate=True, pad_with_end=True
        )
        self._second = ClipEncoder(
            pipe.text_encoder_2, pipe.tokenizer_2, penultimate=True, pad_with_end=False
        )

    def encode(self, texts: Sequence[str], clip_skip: int, negative: bool) -> list[Cond]:
        pairs = zip(
            self._first.encode(texts, clip_skip),
            self._second.encode(texts, clip_skip),
            strict=True,
        )
        conds = [Cond(torch.cat([a.context, b.context], dim=-1), b.pooled) for a, b in pairs]
        if negative and not any(texts):
            # An empty negative prompt is zeros on SDXL (A1111 ``force_zero_embeddings``).
            return [Cond(c.context * 0, None if c.pooled is None else c.pooled * 0) for c in conds]
        return conds

    def count(self, text: str) -> tuple[int, int]:
        return _count(self._first, text)


class FluxTexts:
    """Flux: the tokens of T5, and the pooled vector of CLIP."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self._tokens = FLUX_TOKENS[bool(pipe.transformer.config.guidance_embeds)]

    def encode(self, texts: Sequence[str], clip_skip: int, negative: bool) -> list[Cond]:
        del clip_skip, negative
        return [self._encode(text) for text in texts]

    def _encode(self, text: str) -> Cond:
        pieces = [piece for piece in attention(text) if piece != ("BREAK", BREAK_WEIGHT)]
        tokenizer, model = self._pipe.tokenizer_2, self._pipe.text_encoder_2
        ids: list[int] = []
        weights: list[float] = []
        for piece, weight in pieces:
            found = tokenizer(piece, add_special_tokens=False, verbose=False)["input_ids"]
            ids += found
            weights += [weight] * len(found)
        room = self._tokens - 1
        gap = self._tokens - len(ids[:room]) - 1
        tokens = [*ids[:room], tokenizer.eos_token_id, *[tokenizer.pad_token_id] * gap]
        factors = [*weights[:room], *[1.0] * (gap + 1)]
        device = model.device
        hidden = model(torch.tensor([tokens], device=device))[0]
        if any(factor != 1 for factor in factors):
            hidden = hidden * torch.tensor(factors, device=device, dtype=hidden.dtype)[:, None]
        return Cond(hidden[0], self._pooled("".join(piece for piece, _ in pieces)))

    def _pooled(self, text: str) -> torch.Tensor:
        tokenizer, model = self._pipe.tokenizer, self._pipe.text_encoder
        found = tokenizer(
            text,
            truncation=True,
            max_length=int(model.config.max_position_embeddings),
            padding="max_length",
            return_tensors="pt",
        )
        pooled: torch.Tensor = model(found.input_ids.to(model.device)).pooler_output[0]
        return pooled

    def count(self, text: str) -> tuple[int, int]:
        pieces = [piece for piece, weight in attention(text) if weight != BREAK_WEIGHT]
        found = self._pipe.tokenizer_2("".join(pieces), verbose=False)["input_ids"]
        return len(found), self._tokens


def _count(clip: ClipEncoder, text: str) -> tuple[int, int]:
    chunks, tokens = split_chunks(text, clip.vocabulary)
    return tokens, len(chunks) * clip.vocabulary.length


def text_encoding(pipe: Any, family: ModelFamily) -> TextEncoding:
    """Return what encodes texts for this pipeline."""
    if family is ModelFamily.FLUX:
        return FluxTexts(pipe)
    return SdxlTexts(pipe) if family is ModelFamily.SDXL else SdTexts(pipe, family)
