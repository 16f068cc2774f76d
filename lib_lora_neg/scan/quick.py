"""The quick scan: the same bracket from a few denoiser evaluations, without making a picture.

At fixed noise, the difference between the denoiser's prediction with the LoRA at weight *w* and
without it is what the LoRA does. Small weights do it in proportion: twice the weight, twice the
same difference. Three numbers follow, each a median over the probes:

- *effect*: length of the difference relative to the prediction without the LoRA;
- *spill*: effect on unrelated prompts relative to the effect on the subject's: bleeding;
- *departure*: how far the difference is from the straight line that it began with at 0, relative
  to the prediction: where that is much, the weight no longer does what it began to do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..loras.card import RangeSource, ScanBracket, WeightRange
from .bracket import ROUND_TO
from .curves import median
from .plan import ScanPlan
from .ports import LatentArray, Probe, Sampling, ScanDenoiser
from .weights import clean_weight

VISIBLE = 0.005
"""Least effect that counts: half precision alone makes about 0.001."""


@dataclass(frozen=True)
class QuickLimits:
    """Where damage is said to begin.

    Fitted to full scans of the eight LoRAs of the small trained world (``bench/fit_quick.py``;
    ``docs/scan.md`` tells how well they hold on others).

    Attributes:
        departure: departure from the straight line, relative to the prediction.
        unrelated: effect on unrelated prompts, relative to the prediction.
    """

    departure: float = 0.14
    unrelated: float = 0.25


LIMITS = QuickLimits()


@dataclass(frozen=True, eq=False)
class QuickSample:
    """All predictions for one probe.

    Attributes:
        subject: whether its prompt asks for what the LoRA was trained on.
        at_zero: prediction without the LoRA.
        by_weight: prediction at each weight, 0 not among them.
    """

    subject: bool
    at_zero: LatentArray
    by_weight: Mapping[float, LatentArray]


@dataclass(frozen=True)
class QuickPoint:
    """The three numbers at one weight; ``spill`` is ``None`` without both kinds of prompts."""

    weight: float
    effect: float
    unrelated: float | None
    spill: float | None
    departure: float


@dataclass(frozen=True)
class QuickVerdict:
    """What the quick scan found; fields as in `bracket.ScanVerdict`."""

    bracket: ScanBracket | None
    weight_range: WeightRange | None
    points: tuple[QuickPoint, ...]
    reason: str


def take_samples(
    plan: ScanPlan, denoiser: ScanDenoiser, levels: Sequence[float]
) -> list[QuickSample]:
    """Ask the host for every prediction: prompts × seeds × levels at each weight, 0 first."""
    probes = [
        Probe(plan.prompts[prompt].text, seed, level)
        for prompt, seed in plan.pairs
        for level in levels
    ]
    sampling: Sampling = plan.sampling
    predictions = {
        weight: denoiser.predict(plan.settings(weight), probes, sampling)
        for weight in sorted(plan.weights, key=abs)
    }
    subjects = [plan.prompts[prompt].subject for prompt, _ in plan.pairs for _ in levels]
    return [
        QuickSample(
            subjects[index],
            predictions[0.0][index],
            {weight: found[index] for weight, found in predictions.items() if weight != 0},
        )
        for index in range(len(probes))
    ]


def evaluations(plan: ScanPlan, levels: Sequence[float]) -> int:
    """Return how many denoiser evaluations `take_samples` costs."""
    return len(plan.weights) * len(plan.pairs) * len(levels)


def judge_quick(
    samples: Sequence[QuickSample], *, checkpoint: str = "", limits: QuickLimits = LIMITS
) -> QuickVerdict:
    """Return the bracket that the predictions give; none without negative weights or effect."""
    curve = quick_points(samples)
    below = sorted((point for point in curve if point.weight < 0), key=lambda p: -p.weight)
    if not below or max(point.effect for point in below) < VISIBLE:
        return QuickVerdict(None, None, curve, "")
    onset, reason = quick_onset(curve, limits)
    clean = [p for p in below if onset is None or p.weight > onset[1]] or below[:1]
    per_unit = float(np.median([point.effect / abs(point.weight) for point in clean]))
    floor = below[-1].weight
    if onset is not None:
        # The crossing itself, rounded towards 0.
        floor = clean_weight(-math.floor(abs(onset[0]) / ROUND_TO + 1e-9) * ROUND_TO)
    return QuickVerdict(
        bracket=ScanBracket(
            suppression=round(per_unit, 4),
            bleeding_onset=clean_weight(onset[0]) if onset else None,
            onset_band=(onset[2], onset[1]) if onset else None,
            checkpoint=checkpoint,
        ),
        weight_range=WeightRange(
            floor=floor,
            source=RangeSource.MEASURED,
            reference=f"quick scan of {len(curve) + 1} weights × {len(samples)} probes"
            + (f" on {checkpoint}" if checkpoint else ""),
        ),
        points=curve,
        reason=reason,
    )


def quick_onset(
    points: Sequence[QuickPoint], limits: QuickLimits
) -> tuple[tuple[float, float, float] | None, str]:
    """Return (crossing, first weight beyond, last weight within) on the negative side, and why."""
    below = sorted((point for point in points if point.weight < 0), key=lambda p: -p.weight)
    inner, inner_excess = 0.0, {"departure": -1.0, "unrelated": -1.0}
    for point in below:
        excess = {
            "departure": point.departure / limits.departure - 1,
            "unrelated": (point.unrelated or 0.0) / limits.unrelated - 1,
        }
        worst = max(excess, key=lambda name: excess[name])
        if excess[worst] > 0:
            share = -inner_excess[worst] / (excess[worst] - inner_excess[worst])
            crossing = inner + (point.weight - inner) * share
            return (crossing, point.weight, inner), worst
        inner, inner_excess = point.weight, excess
    return None, ""


def quick_points(samples: Sequence[QuickSample]) -> tuple[QuickPoint, ...]:
    """Return the three numbers at each weight, ascending, 0 not among them."""
    weights = sorted({weight for sample in samples for weight in sample.by_weight})
    return tuple(_point(samples, weight) for weight in weights)


def _point(samples: Sequence[QuickSample], weight: float) -> QuickPoint:
    here = [sample for sample in samples if weight in sample.by_weight]
    effects = [(sample.subject, _effect(sample, weight)) for sample in here]
    subject = [effect for is_subject, effect in effects if is_subject]
    other = [effect for is_subject, effect in effects if not is_subject]
    effect = median(np.array(subject or other))
    unrelated = median(np.array(other)) if other else None
    spill = unrelated / effect if unrelated is not None and subject and effect > 0 else None
    departures = [_departure(sample, weight) for sample in here]
    return QuickPoint(weight, effect, unrelated, spill, median(np.array(departures)))


def _effect(sample: QuickSample, weight: float) -> float:
    length = _length(sample.at_zero)
    return _length(sample.by_weight[weight] - sample.at_zero) / length if length else 0.0


def _departure(sample: QuickSample, weight: float) -> float:
    """Return the distance from the straight line that the LoRA began with at 0, relative to the
    prediction there; 0 at the weight nearest to 0.

    The line through the smallest weight w₁ is a chord, not yet the tangent. Of a change that bends
    with the square of the weight, it leaves over (w − w₁) / w: so the answer is divided by that,
    and is the same whichever weight was the smallest.
    """
    nearest = min(
        (w for w in sample.by_weight if w * weight > 0), key=lambda candidate: abs(candidate)
    )
    length = _length(sample.at_zero)
    if weight == nearest or not length:
        return 0.0
    chord = (sample.by_weight[nearest] - sample.at_zero) * np.float32(weight / nearest)
    off = _length(sample.by_weight[weight] - sample.at_zero - chord)
    return off / length * weight / (weight - nearest)


def _length(field: LatentArray) -> float:
    return float(np.linalg.norm(field.astype(np.float32, copy=False)))
