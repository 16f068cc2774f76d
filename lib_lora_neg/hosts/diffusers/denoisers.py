"""The denoiser of each family: predictions for a batch of pictures, with CFG and without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from .conditioning import Conditioning
from .errors import JobError
from .texts import Cond


@dataclass(frozen=True)
class Told:
    """What the denoiser is told besides the texts.

    Attributes:
        width: of the picture, in pixels.
        height: likewise.
        distilled_cfg: guidance of models that take it as an input.
    """

    width: int
    height: int
    distilled_cfg: float


@dataclass(frozen=True, eq=False)
class Row:
    """One evaluation: a picture of the batch under one text."""

    picture: int
    cond: Cond
    weight: float
    negative: bool


class Denoiser(Protocol):
    """Evaluates a model."""

    def evaluate(
        self, x: torch.Tensor, t: torch.Tensor, conds: Sequence[Cond], told: Told
    ) -> torch.Tensor:
        """Return the prediction for each latent under its own cond; all conds are of one shape.

        Args:
            x: latents as the model wants them, rows × channels × h × w.
            t: the timestep.
            conds: one for each row.
            told: the rest.
        """
        ...


def predict(
    denoiser: Denoiser,
    x: torch.Tensor,
    t: torch.Tensor,
    step: int,
    conditionings: Sequence[Conditioning],
    cfg: float,
    told: Told,
) -> torch.Tensor:
    """Return the prediction for every picture, with CFG.

    Texts of different lengths are evaluated apart, as in A1111; those of one length together.
    """
    rows = _rows(conditionings, step, cfg)
    out: list[torch.Tensor | None] = [None] * len(rows)
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for index, row in enumerate(rows):
        by_shape.setdefault(tuple(row.cond.context.shape), []).append(index)
    for indexes in by_shape.values():
        chosen = [rows[index] for index in indexes]
        pictures = torch.tensor([row.picture for row in chosen], device=x.device)
        found = denoiser.evaluate(x[pictures], t, [row.cond for row in chosen], told)
        for position, index in enumerate(indexes):
            out[index] = found[position]
    return torch.stack([_combine(rows, out, picture, cfg) for picture in range(len(conditionings))])


def _rows(conditionings: Sequence[Conditioning], step: int, cfg: float) -> list[Row]:
    rows: list[Row] = []
    for picture, told in enumerate(conditionings):
        plain = cfg == 1 and len(told.positive) == 1 and told.positive[0][0] == 1
        rows += [Row(picture, part.at(step), weight, False) for weight, part in told.positive]
        if not plain:
            rows.append(Row(picture, told.negative.at(step), 1.0, True))
    return rows


def _combine(
    rows: Sequence[Row], out: Sequence[torch.Tensor | None], picture: int, cfg: float
) -> torch.Tensor:
    own = [
        (row, found.float())
        for row, found in zip(rows, out, strict=True)
        if row.picture == picture and found is not None
    ]
    negative = next((found for row, found in own if row.negative), None)
    if negative is None:
        return own[0][1]
    result = negative.clone()
    for row, found in own:
        if not row.negative:
            result += (found - negative) * (row.weight * cfg)
    return result


class UnetDenoiser:
    """SD 1, 2 and SDXL."""

    def __init__(self, pipe: Any) -> None:
        self._unet = pipe.unet
        # Asking the model walks through all its modules each time.
        self._dtype = pipe.unet.dtype
        self._sized = pipe.unet.config.addition_embed_type == "text_time"

    def evaluate(
        self, x: torch.Tensor, t: torch.Tensor, conds: Sequence[Cond], told: Told
    ) -> torch.Tensor:
        dtype = self._dtype
        context = torch.stack([cond.context for cond in conds]).to(dtype)
        extra = self._extra(conds, told, dtype) if self._sized else None
        found: torch.Tensor = self._unet(
            x.to(dtype),
            t,
            encoder_hidden_states=context,
            added_cond_kwargs=extra,
            return_dict=False,
        )[0]
        return found

    def _extra(self, conds: Sequence[Cond], told: Told, dtype: torch.dtype) -> dict[str, Any]:
        pooled = [cond.pooled for cond in conds if cond.pooled is not None]
        # Original size, crop, target size, as A1111 gives them.
        size = [told.height, told.width, 0, 0, told.height, told.width]
        return {
            "text_embeds": torch.stack(pooled).to(dtype),
            "time_ids": torch.tensor([size] * len(conds), device=pooled[0].device, dtype=dtype),
        }


class FluxDenoiser:
    """Flux: patches of 2 × 2 latents, guidance as an input."""

    def __init__(self, pipe: Any) -> None:
        self._model = pipe.transformer
        self._dtype = pipe.transformer.dtype
        self._guided = bool(pipe.transformer.config.guidance_embeds)

    def evaluate(
        self, x: torch.Tensor, t: torch.Tensor, conds: Sequence[Cond], told: Told
    ) -> torch.Tensor:
        rows, channels, height, width = x.shape
        if height % 2 or width % 2:
            raise JobError("Flux needs a width and a height that are multiples of 16")
        dtype, device = self._dtype, x.device
        context = torch.stack([cond.context for cond in conds]).to(dtype)
        pooled = torch.stack([cond.pooled for cond in conds if cond.pooled is not None])
        packed = (
            x.view(rows, channels, height // 2, 2, width // 2, 2)
            .permute(0, 2, 4, 1, 3, 5)
            .reshape(rows, height * width // 4, channels * 4)
        )
        guidance = torch.full((rows,), told.distilled_cfg, device=device) if self._guided else None
        found = self._model(
            hidden_states=packed.to(dtype),
            timestep=(t / 1000).expand(rows).to(device, dtype),
            guidance=guidance,
            pooled_projections=pooled.to(dtype),
            encoder_hidden_states=context,
            txt_ids=torch.zeros(context.shape[1], 3, device=device, dtype=dtype),
            img_ids=_places(height // 2, width // 2, device, dtype),
            return_dict=False,
        )[0]
        unpacked: torch.Tensor = (
            found.view(rows, height // 2, width // 2, channels, 2, 2)
            .permute(0, 3, 1, 4, 2, 5)
            .reshape(rows, channels, height, width)
        )
        return unpacked


def _places(height: int, width: int, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    places = torch.zeros(height, width, 3)
    places[..., 1] = torch.arange(height)[:, None]
    places[..., 2] = torch.arange(width)[None, :]
    return places.reshape(height * width, 3).to(device, dtype)
