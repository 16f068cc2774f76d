from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from lib_lora_neg.loras.card import RangeSource
from lib_lora_neg.scan.plan import ScannedLora as Lora
from lib_lora_neg.scan.plan import ScanPlan
from lib_lora_neg.scan.plan import ScanPrompt as Prompt
from lib_lora_neg.scan.ports import LatentArray, LoraSetting, Probe, Sampling
from lib_lora_neg.scan.quick import QuickLimits, evaluations, judge_quick, take_samples
from lib_lora_neg.scan.weights import NINE

PLAN = ScanPlan((Lora("ink"),), (Prompt("inkwash"), Prompt("a lake", subject=False)), (1, 2), NINE)
LEVELS = (0.5, 0.8)
STRICT = QuickLimits(departure=0.1, unrelated=0.35)


class Fields:
    """A denoiser that adds a direction per prompt, and beyond a weight another one."""

    def __init__(
        self,
        unrelated: float = 0.2,
        collapse: Callable[[float], float] = lambda weight: 0.0,
        strength: float = 0.3,
    ) -> None:
        self.unrelated, self.collapse, self.strength = unrelated, collapse, strength
        self.evaluations = 0

    def predict(
        self, loras: tuple[LoraSetting, ...], probes: Sequence[Probe], sampling: Sampling
    ) -> Sequence[LatentArray]:
        self.evaluations += len(probes)
        weight = loras[0].unet if loras else 0.0
        return [self.field(weight, probe) for probe in probes]

    def field(self, weight: float, probe: Probe) -> LatentArray:
        random = np.random.default_rng([probe.seed, int(probe.level * 10), *probe.prompt.encode()])
        base, line, other = random.normal(size=(3, 4, 16, 16))
        share = 1.0 if probe.prompt == "inkwash" else self.unrelated
        moved = base + self.strength * share * (weight * line + self.collapse(weight) * other)
        return moved.astype(np.float32)


def test_a_straight_lora_has_an_effect_and_no_onset() -> None:
    denoiser = Fields()
    verdict = judge_quick(take_samples(PLAN, denoiser, LEVELS), checkpoint="abc")
    assert denoiser.evaluations == evaluations(PLAN, LEVELS) == 9 * 4 * 2
    assert verdict.bracket is not None
    assert verdict.bracket.suppression == pytest.approx(0.3, abs=0.03)
    assert verdict.bracket.bleeding_onset is None
    assert verdict.bracket.checkpoint == "abc"
    assert verdict.weight_range is not None
    assert (verdict.weight_range.floor, verdict.weight_range.source) == (-1, RangeSource.MEASURED)
    assert all(p.spill == pytest.approx(0.2, abs=0.03) for p in verdict.points)
    assert all(p.departure < 0.01 for p in verdict.points)


@pytest.mark.parametrize("truth", [0.3, 0.5, 0.7])
def test_collapse_is_where_the_change_leaves_its_line(truth: float) -> None:
    def collapse(weight: float) -> float:
        return 3 * max(0.0, abs(weight) - truth)

    verdict = judge_quick(take_samples(PLAN, Fields(collapse=collapse), LEVELS), limits=STRICT)
    assert verdict.reason == "departure"
    assert verdict.bracket is not None
    assert verdict.bracket.bleeding_onset is not None
    assert truth < -verdict.bracket.bleeding_onset < truth + 0.25
    assert verdict.bracket.onset_band is not None
    near, far = verdict.bracket.onset_band
    assert far <= verdict.bracket.bleeding_onset <= near
    assert verdict.weight_range is not None
    assert verdict.bracket.bleeding_onset <= (verdict.weight_range.floor or 0) <= 0


def test_the_departure_of_a_bend_is_the_same_whichever_weights_are_asked() -> None:
    def departure(weights: tuple[float, ...]) -> float:
        plan = ScanPlan(PLAN.loras, PLAN.prompts, (1, 2), weights)
        denoiser = Fields(unrelated=1.0, collapse=lambda weight: weight**2)
        return judge_quick(take_samples(plan, denoiser, LEVELS)).points[0].departure

    # As long as the prediction, times strength: what is bent has the length of the base.
    assert departure(NINE) == pytest.approx(0.3, abs=0.02)
    assert departure((-1, -0.5, 0)) == pytest.approx(departure(NINE), abs=1e-6)
    assert departure((-1, -0.9, -0.1, 0)) == pytest.approx(departure(NINE), abs=1e-6)


def test_what_unrelated_prompts_suffer_is_bleeding() -> None:
    samples = take_samples(PLAN, Fields(unrelated=1.0, strength=0.7), LEVELS)
    verdict = judge_quick(samples, limits=STRICT)
    assert verdict.reason == "unrelated"
    assert verdict.bracket is not None
    assert verdict.bracket.bleeding_onset == pytest.approx(-0.5, abs=0.05)
    assert judge_quick(samples, limits=QuickLimits(unrelated=10)).reason == ""


def test_without_effect_or_negative_weights_there_is_no_answer() -> None:
    inert = judge_quick(take_samples(PLAN, Fields(strength=0), LEVELS))
    assert (inert.bracket, inert.weight_range) == (None, None)
    assert len(inert.points) == 8
    positive = ScanPlan(PLAN.loras, PLAN.prompts, (1,), (0.5, 1))
    assert judge_quick(take_samples(positive, Fields(), LEVELS)).bracket is None
    assert judge_quick([]).bracket is None


def test_prompts_of_one_kind_give_no_spill() -> None:
    only = ScanPlan(PLAN.loras, PLAN.prompts[:1], (1,), NINE)
    verdict = judge_quick(take_samples(only, Fields(), LEVELS))
    assert verdict.bracket is not None
    assert all(point.spill is None and point.unrelated is None for point in verdict.points)
