"""The denoiser of each family: predictions for a batch of pictures, with CFG and without."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from ...branches import Branch
from ...branches.attachment import Attachment
from ...guidance import Guidance, NagSettings, Settings, cross, flux_diffusers
from ...guidance.joint import TokenLayout
from ...guidance.ownership import GuidanceError
from .conditioning import Conditioning
from .errors import JobError
from .texts import Cond


@dataclass(frozen=True)
class AddedConditioning:
    """What conditions the denoiser besides the texts.

    Attributes:
        width: of the picture, in pixels.
        height: likewise.
        distilled_cfg: guidance of models that take it as an input.
    """

    width: int
    height: int
    distilled_cfg: float


@dataclass(frozen=True, eq=False)
class EvaluationRow:
    """One evaluation: a picture of the batch under one text.

    Attributes:
        picture: its number in the batch.
        cond: the text.
        weight: of an ``AND`` part.
        negative: it is CFG's negative evaluation.
        away: the concepts that negative guidance guides away from in this evaluation.
    """

    picture: int
    cond: Cond
    weight: float
    negative: bool
    away: tuple[Cond, ...] = ()

    @property
    def branch(self) -> Branch:
        """The branch of guidance it belongs to."""
        return Branch.UNCOND if self.negative else Branch.COND


@dataclass(frozen=True, eq=False)
class GuidedNegatives:
    """Negative guidance of one evaluation.

    Attributes:
        concepts: of each concept the cond of each row; those of a concept are of one shape.
        settings: of the method.
        own_vector: the negatives' texts are modulated by their own pooled vectors.
    """

    concepts: Sequence[Sequence[Cond]]
    settings: Settings
    own_vector: bool = True


class Denoiser(Protocol):
    """Evaluates a model.

    Attributes:
        kind: of model, as `guidance.choice.DEFAULTS` names it.
    """

    kind: str

    def evaluate(
        self,
        x: torch.Tensor,
        t: torch.Tensor,
        conds: Sequence[Cond],
        added: AddedConditioning,
        away: GuidedNegatives | None = None,
    ) -> torch.Tensor:
        """Return the prediction for each latent under its own cond; all conds are of one shape.

        Args:
            x: latents as the model wants them, rows × channels × h × w.
            t: the timestep.
            conds: one for each row.
            added: what conditions it besides the texts.
            away: negative guidance for all rows.

        Raises:
            GuidanceError: guidance cannot act on this model as it is.
        """
        ...

    def guidance_problem(self) -> str:
        """Return why negative guidance cannot act on this model now; empty when it can."""
        ...


def predict(
    denoiser: Denoiser,
    x: torch.Tensor,
    t: torch.Tensor,
    step: int,
    conditionings: Sequence[Conditioning],
    cfg: float,
    added: AddedConditioning,
    guidance: Guidance | None = None,
    branches: Attachment | None = None,
) -> torch.Tensor:
    """Return the prediction for every picture, with CFG.

    Texts of different lengths are evaluated apart, as in A1111; those of one length together.

    Args:
        denoiser: of the model.
        x: latents, pictures × channels × h × w.
        t: the timestep.
        step: its number, from 0.
        conditionings: one for each picture.
        cfg: CFG scale.
        added: what conditions it besides the texts.
        guidance: negative guidance of the positive evaluations in this step, away from the
            negative prompt; ``None`` without.
        branches: LoRAs with a strength of their own on the negative branch; ``None`` without.
    """
    rows = _rows(conditionings, step, cfg, guidance is not None)
    out: list[torch.Tensor | None] = [None] * len(rows)
    by_shape: dict[tuple[tuple[int, ...], ...], list[int]] = {}
    for index, row in enumerate(rows):
        texts = (row.cond, *row.away)
        by_shape.setdefault(tuple(tuple(cond.context.shape) for cond in texts), []).append(index)
    for indexes in by_shape.values():
        chosen = [rows[index] for index in indexes]
        pictures = torch.tensor([row.picture for row in chosen], device=x.device)
        away = _away(chosen, guidance, denoiser.kind)
        with branches.calling([row.branch for row in chosen]) if branches else nullcontext():
            found = denoiser.evaluate(x[pictures], t, [row.cond for row in chosen], added, away)
        for position, index in enumerate(indexes):
            out[index] = found[position]
    return torch.stack([_combine(rows, out, picture, cfg) for picture in range(len(conditionings))])


def _away(
    rows: Sequence[EvaluationRow], guidance: Guidance | None, kind: str
) -> GuidedNegatives | None:
    concepts = list(zip(*(row.away for row in rows), strict=True))
    if guidance is None or not concepts:
        return None
    return GuidedNegatives(concepts, guidance.settings_for(kind), guidance.own_vector)


def _rows(
    conditionings: Sequence[Conditioning], step: int, cfg: float, guided: bool
) -> list[EvaluationRow]:
    rows: list[EvaluationRow] = []
    for picture, conditioning in enumerate(conditionings):
        plain = cfg == 1 and len(conditioning.positive) == 1 and conditioning.positive[0][0] == 1
        away = tuple(concept.at(step) for concept in conditioning.concepts) if guided else ()
        rows += [
            # What an AND part of negative weight shows is not wanted anyway.
            EvaluationRow(picture, part.at(step), weight, False, away if weight > 0 else ())
            for weight, part in conditioning.positive
        ]
        if not plain:
            rows.append(EvaluationRow(picture, conditioning.negative.at(step), 1.0, True))
    return rows


def _combine(
    rows: Sequence[EvaluationRow], out: Sequence[torch.Tensor | None], picture: int, cfg: float
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

    kind = "unet"

    def __init__(self, pipe: Any) -> None:
        self._unet = pipe.unet
        # Asking the model walks through all its modules each time.
        self._dtype = pipe.unet.dtype
        self._sized = pipe.unet.config.addition_embed_type == "text_time"

    def evaluate(
        self,
        x: torch.Tensor,
        t: torch.Tensor,
        conds: Sequence[Cond],
        added: AddedConditioning,
        away: GuidedNegatives | None = None,
    ) -> torch.Tensor:
        dtype = self._dtype
        context = torch.stack([cond.context for cond in conds]).to(dtype)
        extra = self._extra(conds, added, dtype) if self._sized else None
        with self._guided(away, dtype):
            found: torch.Tensor = self._unet(
                x.to(dtype),
                t,
                encoder_hidden_states=context,
                added_cond_kwargs=extra,
                return_dict=False,
            )[0]
        return found

    def _guided(
        self, away: GuidedNegatives | None, dtype: torch.dtype
    ) -> AbstractContextManager[None]:
        if away is None:
            return nullcontext()
        return cross.guided(self._unet, cross.CrossCall(_contexts(away, dtype), away.settings))

    def guidance_problem(self) -> str:
        return _problem(cross.guided(self._unet, cross.CrossCall((), NagSettings())))

    def _extra(
        self, conds: Sequence[Cond], added: AddedConditioning, dtype: torch.dtype
    ) -> dict[str, Any]:
        pooled = [cond.pooled for cond in conds if cond.pooled is not None]
        # Original size, crop, target size, as A1111 gives them.
        size = [added.height, added.width, 0, 0, added.height, added.width]
        return {
            "text_embeds": torch.stack(pooled).to(dtype),
            "time_ids": torch.tensor([size] * len(conds), device=pooled[0].device, dtype=dtype),
        }


class FluxDenoiser:
    """Flux: patches of 2 × 2 latents, guidance as an input."""

    kind = "flux"

    def __init__(self, pipe: Any) -> None:
        self._model = pipe.transformer
        self._dtype = pipe.transformer.dtype
        self._guided = bool(pipe.transformer.config.guidance_embeds)

    def evaluate(
        self,
        x: torch.Tensor,
        t: torch.Tensor,
        conds: Sequence[Cond],
        added: AddedConditioning,
        away: GuidedNegatives | None = None,
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
        guidance = torch.full((rows,), added.distilled_cfg, device=device) if self._guided else None
        guided: AbstractContextManager[None] = nullcontext()
        if away is not None:
            call = self._call(context, pooled, away)
            context = torch.cat([context, *_contexts(away, dtype)], dim=1)
            guided = flux_diffusers.guided(self._model, call)
        with guided:
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

    def _call(
        self, context: torch.Tensor, pooled: torch.Tensor, away: GuidedNegatives
    ) -> flux_diffusers.Call:
        lengths = tuple(conds[0].context.shape[0] for conds in away.concepts)
        vectors = [
            torch.stack(own).to(self._dtype)
            for conds in away.concepts
            if (own := [cond.pooled for cond in conds if cond.pooled is not None])
        ]
        layout = TokenLayout(context.shape[1], lengths)
        shifts: tuple[torch.Tensor, ...] = ()
        if away.own_vector and len(vectors) == len(lengths):
            shifts = flux_diffusers.modulation_shifts(self._model, pooled.to(self._dtype), vectors)
        return flux_diffusers.Call(layout, away.settings, shifts)

    def guidance_problem(self) -> str:
        call = flux_diffusers.Call(TokenLayout(1, (1,)), NagSettings())
        return _problem(flux_diffusers.guided(self._model, call))


def _contexts(away: GuidedNegatives, dtype: torch.dtype) -> tuple[torch.Tensor, ...]:
    """Return the text of each concept, rows × tokens × width."""
    return tuple(torch.stack([cond.context for cond in conds]).to(dtype) for conds in away.concepts)


def _problem(guided: AbstractContextManager[None]) -> str:
    """Return why the adapter refuses the model; it is given back at once."""
    try:
        with guided:
            return ""
    except GuidanceError as error:
        return str(error)


def _places(height: int, width: int, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    places = torch.zeros(height, width, 3)
    places[..., 1] = torch.arange(height)[:, None]
    places[..., 2] = torch.arange(width)[None, :]
    return places.reshape(height * width, 3).to(device, dtype)
