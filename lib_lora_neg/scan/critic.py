"""The model itself as a judge: how unlikely a finished picture is to it.

Noise is added to a picture's latent, and the model without the LoRA predicts from it what the clean
latent was, given the prompt. What it gets wrong (`ports.Critic.residuals`) is small where a picture
is as the model expects it, and large where it is smeared, displaced, noisy or blurred. Two numbers,
both relative to the weight-0 picture of the same prompt, seed and noise, in octaves:

- *unlikely*: how much larger the error with the prompt is: structure and artefacts;
- *off the prompt*: how much less the prompt explains of the picture: the error without it is by a
  factor larger than the one with it, and that factor has shrunk. Content is lost.

A mean over the picture says little of what happens in one corner, and rises with a style that moves
the whole of it by a little. So there is a third number, for the damage:

- *misfit*: by how much the error goes, place by place, beyond what the model gets wrong in nearly
  all places of the weight-0 pictures.

`CriticReading.maps` keep where the error lies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .ports import Critic, LatentArray, LoraSetting, Picture, Sampling
from .questions import QuestionSet, question_set, questions_of

BALKS_FROM = 0.2
"""Octaves of *unlikely* below which the model does not balk: sound pictures differ by as much."""

BALKS_PER_DELTA_E = 0.07
"""Octaves of *unlikely* that are explained by each Delta E by which the picture has moved. In the
small trained world spoilt drawings have 0.2 to 0.5 of them, a style that works 0.05 (docs/scan.md
tells how well that separates them)."""

MAP_SIDE = 64
"""Longest side of a stored map, in cells; a latent of 1024 pixels has 128."""

TOLERATED = 0.8
"""Share of the places of the weight-0 pictures whose error is within what is tolerated."""

GROUPS = 64
"""Groups of equal size into which a reading's places are sorted by their error."""

VERSION = 3
"""Of the numbers of a reading."""

_LEAST = 1e-12
"""Error that is none."""

ErrorMaps = NDArray[np.float32]
"""Squared errors over the picture: levels × height × width."""

HeatMap = NDArray[np.float32]
"""Octaves over the picture: height × width."""

T = TypeVar("T", bound=Any)


class Prediction(str, Enum):
    """What a model predicts."""

    NOISE = "epsilon"
    VELOCITY = "v_prediction"
    FLOW = "flow"


def noised(clean: T, noise: T, signal: Any, spread: Any) -> T:
    """Return a latent with noise in it.

    Args:
        clean: array or tensor, of any shape.
        noise: standard normal, of the same shape.
        signal: what is left of the latent: √ᾱ; 1 − t for flow models.
        spread: standard deviation of the noise: √(1 − ᾱ); t for flow models.
    """
    mixed: T = clean * signal + noise * spread
    return mixed


def residual(kind: Prediction, found: T, clean: T, noise: T, signal: Any, spread: Any) -> T:
    """Return the predicted clean latent minus the clean latent.

    Args:
        kind: what the model predicts.
        found: its prediction on `noised`.
        clean, noise, signal, spread: as for `noised`; ``signal`` above 0.
    """
    wrong: T
    if kind is Prediction.NOISE:  # clean = (x − spread · noise) / signal
        wrong = (noise - found) * (spread / signal)
    elif kind is Prediction.VELOCITY:  # v = signal · noise − spread · clean
        wrong = (noise * signal - clean * spread - found) * spread
    else:  # v = noise − clean, clean = x − t · v
        wrong = (noise - clean - found) * spread
    return wrong


@dataclass(frozen=True)
class CriticReading:
    """What the model gets wrong about one picture.

    Attributes:
        errors: mean squared error with the prompt, in the latent's units², for each of the levels
            that were asked at.
        prompted: the same at the level at which it was asked without the prompt, too; ``None``
            where it was not.
        blank: the same there without the prompt.
        places: for each of the levels, the error with the prompt of single places, as the root of
            the mean square over the place and its neighbours: sorted, in `GROUPS` of equal size,
            the mean of each.
        maps: where the errors with the prompt lie; ``None`` where that was not kept.
    """

    errors: tuple[float, ...]
    prompted: float | None
    blank: float | None
    places: tuple[tuple[float, ...], ...]
    maps: ErrorMaps | None = field(default=None, compare=False)


def as_stored(picture: Picture) -> Picture:
    """Return a picture as a store gives it back, so that going on with a scan changes nothing."""
    if picture.latent is None:
        return picture
    return Picture(picture.pixels, picture.latent.astype(np.float16).astype(np.float32))


def read(
    critic: Critic,
    pictures: Sequence[tuple[Picture, str, int]],
    sampling: Sampling,
    loras: tuple[LoraSetting, ...] = (),
) -> list[CriticReading]:
    """Ask a host's model how well pictures fit their prompts.

    Args:
        critic: of the host.
        pictures: each with its prompt and its seed.
        sampling: of the scan.
        loras: loaded meanwhile; none for the checkpoint alone.

    Raises:
        ValueError: the host gave another number of answers, or one with numbers that are none.
    """
    asked = question_set(sampling)
    questions = [
        question
        for picture, prompt, seed in pictures
        for question in questions_of(as_stored(picture), prompt, seed, asked)
    ]
    answers = list(critic.residuals(loras, questions, sampling)) if questions else []
    if len(answers) != len(questions):
        raise ValueError(f"{len(answers)} answers to {len(questions)} questions")
    each = range(0, len(answers), asked.cost)
    return [_reading(answers[at : at + asked.cost], asked) for at in each]


def unlikely(reading: CriticReading, at_zero: CriticReading) -> float:
    """Return by how many octaves the error has grown since weight 0: the mean over the levels."""
    pairs = zip(reading.errors, at_zero.errors, strict=True)
    return float(np.mean([_octaves(here, there) for here, there in pairs]))


def tolerances(at_zero: Sequence[CriticReading], share: float = TOLERATED) -> tuple[float, ...]:
    """Return for each level the error that a share of the places do not exceed.

    Args:
        at_zero: readings of all the weight-0 pictures of a scan; one at least.
        share: of the places, 0 to 1.
    """
    return tuple(
        float(np.quantile(np.concatenate(level), share))
        for level in zip(*(reading.places for reading in at_zero), strict=True)
    )


def misfit(reading: CriticReading, tolerated: Sequence[float]) -> float:
    """Return by how many tolerances the error lies beyond what is tolerated: the mean over the
    picture and the levels, 0 where every place is within it."""
    beyond = [
        np.maximum(0.0, np.asarray(level) / (limit + _LEAST) - 1.0).mean()
        for level, limit in zip(reading.places, tolerated, strict=True)
    ]
    return float(np.mean(beyond))


def balks(octaves: float, delta_e: float) -> bool:
    """Whether a picture is more unlikely than its change explains.

    A style moves the whole picture, and the model finds it unlikely by a little everywhere; what is
    smeared, displaced, doubled or lost moves few pixels, and is very unlikely there.

    Args:
        octaves: `unlikely`.
        delta_e: mean colour difference to the weight-0 picture (`PictureEffect.colour`).
    """
    return octaves > max(BALKS_FROM, BALKS_PER_DELTA_E * delta_e)


def off_prompt(reading: CriticReading, at_zero: CriticReading) -> float:
    """Return by how many octaves less the prompt explains than at weight 0; 0 where the model was
    not asked without it."""
    shares = []
    for one in (reading, at_zero):
        if one.blank is None or one.prompted is None:
            return 0.0
        shares.append(_octaves(one.blank, one.prompted))
    return shares[1] - shares[0]


def heat(reading: CriticReading, at_zero: CriticReading) -> HeatMap:
    """Return in octaves where the error has grown since weight 0: the mean over the levels.

    Both maps are smoothed first, since the error of a single latent is mostly chance; and where
    both are far below the picture's mean, neither says anything.

    Raises:
        ValueError: a map is missing, or they are of different sizes.
    """
    mine, other = reading.maps, at_zero.maps
    if mine is None or other is None or mine.shape != other.shape:
        raise ValueError("these maps cannot be compared")
    grown = [
        np.log2((_smoothed(here) + least) / (_smoothed(there) + least))
        for here, there in zip(mine, other, strict=True)
        for least in [0.25 * float(there.mean()) + _LEAST]
    ]
    found: HeatMap = np.mean(grown, axis=0).astype(np.float32)
    return found


def _reading(answers: Sequence[LatentArray], asked: QuestionSet) -> CriticReading:
    squares = [_square(answer) for answer in answers]
    means = [float(square.mean()) for square in squares]
    if not all(map(math.isfinite, means)):
        raise ValueError("the model answered with numbers that are none")
    count, at = len(asked.levels), asked.blank_level
    pooled = [_pooled(square) for square in squares[:count]]
    return CriticReading(
        tuple(means[:count]),
        None if at is None else means[asked.levels.index(at)],
        None if at is None else means[-1],
        tuple(_sorted(square) for square in pooled),
        np.stack(pooled).astype(np.float32),
    )


def _sorted(square: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the roots of a map's smoothed places, sorted, as means of groups of equal size."""
    ordered = np.sort(np.sqrt(_smoothed(square)).ravel())
    groups = np.array_split(ordered, min(GROUPS, ordered.size))
    return tuple(float(f"{group.mean():.5g}") for group in groups)


def _square(answer: LatentArray) -> NDArray[np.float64]:
    """Return the mean square over channels (and frames, where a latent has some)."""
    every = np.square(answer, dtype=np.float64)
    square: NDArray[np.float64] = every.mean(axis=tuple(range(answer.ndim - 2)))
    return square


def _octaves(value: float, other: float) -> float:
    """Return log₂ of a ratio; errors of nothing at all are equal."""
    return math.log2((value + _LEAST) / (other + _LEAST))


def _pooled(square: NDArray[np.float64]) -> NDArray[np.float64]:
    step = -(-max(square.shape) // MAP_SIDE)
    height, width = (side // step * step for side in square.shape)
    blocks = square[:height, :width].reshape(height // step, step, width // step, step)
    pooled: NDArray[np.float64] = blocks.mean(axis=(1, 3))
    return pooled


def _smoothed(square: NDArray[Any]) -> NDArray[np.float64]:
    """Return a map of means over 3 × 3 cells, the edge repeated."""
    padded = np.pad(square.astype(np.float64), 1, mode="edge")
    height, width = square.shape
    total = sum(
        padded[row : row + height, column : column + width]
        for row in range(3)
        for column in range(3)
    )
    return np.asarray(total) / 9.0
