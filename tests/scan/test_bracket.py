from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lib_lora_neg.loras.card import RangeSource
from lib_lora_neg.scan.bracket import ScanVerdict, judge
from lib_lora_neg.scan.curves import MeasuredCell
from lib_lora_neg.scan.measures import (
    CellMeasures,
    PictureEffect,
    PictureStatistics,
    measure,
    prepare,
)
from lib_lora_neg.scan.plan import ScanCell
from lib_lora_neg.scan.weights import ARTICLE, FINE, NINE
from lib_lora_neg.scan.wording import notes, sentence
from tests.scan.worlds import SPOILS, Scene, World

PROMPTS = ("a cat", "a red house")
SEEDS = (1, 2)


def scan(
    world: World, weights: tuple[float, ...] = FINE, seeds: tuple[int, ...] = SEEDS
) -> list[MeasuredCell]:
    """Measure a world's pictures, at the side of 128 pixels: smaller scenes have no flat parts."""
    world.side = 128
    cells = []
    for index, prompt in enumerate(PROMPTS):
        for seed in seeds:
            zero = prepare(world.picture(0, prompt, seed))
            for weight in weights:
                picture = prepare(world.picture(weight, prompt, seed))
                cells.append(MeasuredCell(ScanCell(weight, index, seed), measure(picture, zero)))
    return cells


@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("truth", [0.25, 0.5, 0.75])
def test_the_onset_is_within_one_step_of_the_truth(spoil: str, truth: float) -> None:
    cells = scan(World(spoil, truth))
    verdict = judge(cells, checkpoint="abc")
    assert verdict.onset is not None
    first_damaged = -math.floor(truth * 10 + 1) / 10
    assert abs(verdict.onset.weight - first_damaged) <= 0.1 + 1e-9
    assert verdict.onset.cause == {
        "noise": "noise", "blur": "blur", "burn": "clipped", "fade": "contrast",
    }[spoil]  # fmt: skip
    near, far = verdict.onset.band
    assert far <= verdict.onset.weight < near <= 0
    assert verdict.bracket is not None
    assert verdict.bracket.bleeding_onset == verdict.onset.weight
    assert verdict.bracket.checkpoint == "abc"
    assert verdict.weight_range is not None
    assert verdict.weight_range.source is RangeSource.MEASURED
    assert verdict.onset.weight < (verdict.weight_range.floor or 0) <= 0
    assert verdict.ceiling_onset is not None
    assert abs(verdict.ceiling_onset.weight + first_damaged) <= 0.1 + 1e-9
    assert verdict == judge(cells[::-1], checkpoint="abc")


def grayscale(drawn: Scene, weight: float) -> Scene:
    share = min(1.0, abs(weight))
    return drawn * (1 - share) + drawn.mean(axis=2, keepdims=True) * share


def hatched(drawn: Scene, weight: float) -> Scene:
    rows, columns = np.indices(drawn.shape[:2])
    edges = np.abs(np.diff(drawn.mean(axis=2), axis=1, append=0)) > 12
    lines = ((rows + columns) % 6 < 2) & edges
    return drawn - 60 * abs(weight) * lines[..., None]


def warm(drawn: Scene, weight: float) -> Scene:
    return drawn + weight * np.array([18.0, 0.0, -18.0])


@pytest.mark.parametrize("style", [None, grayscale, hatched, warm])
def test_a_style_changes_much_and_damages_nothing(
    style: Callable[[Scene, float], Scene] | None,
) -> None:
    world = World()
    bend = world.bend
    if style is not None:
        world.bend = lambda drawn, weight: style(bend(drawn, weight), weight)  # type: ignore[method-assign]
    verdict = judge(scan(world))
    assert max(point.effect for point in verdict.points) > 0.3
    assert max(point.damage for point in verdict.points) < 0.8
    assert verdict.onset is None
    assert verdict.ceiling_onset is None
    assert verdict.bracket is not None
    assert verdict.bracket.suppression is not None
    assert verdict.bracket.suppression > 0.2
    assert verdict.weight_range is not None
    assert verdict.weight_range.floor == -1
    assert verdict.weight_range.ceiling is None
    assert "no damage was seen down to −1" in sentence(verdict)


def test_the_direction_is_named() -> None:
    verdict = judge(scan(World()))
    assert "-warmth" in verdict.changes
    assert "cooler" in sentence(verdict)


def test_an_inert_lora_gives_no_bracket() -> None:
    verdict = judge(scan(World(strength=0), NINE))
    assert verdict.bracket is None
    assert verdict.weight_range is None
    assert sentence(verdict).startswith("No effect: down to −1")
    assert len(verdict.points) == 9


def test_best_at_zero() -> None:
    verdict = judge(scan(World("noise", 0.0)))
    assert verdict.best_at_zero
    assert verdict.weight_range is not None
    assert verdict.weight_range.floor == 0
    assert verdict.weight_range.sweet_spot is None
    assert sentence(verdict).startswith("Best at 0: already −0.1 damages the pictures (noise")


def test_a_coarse_scan_does_not_call_zero_the_best() -> None:
    verdict = judge(scan(World("noise", 0.3), ARTICLE))
    assert verdict.onset is not None
    assert verdict.onset.band == (0, -0.5)
    assert not verdict.best_at_zero
    assert verdict.weight_range is not None
    assert verdict.weight_range.floor is not None
    assert -0.3 <= verdict.weight_range.floor < 0


def test_the_articles_bend() -> None:
    verdict = judge(scan(World("blur", 0.45)))
    assert verdict.bend is not None
    assert verdict.bend.is_worse
    assert verdict.bend.near < 0.25 < 1 < verdict.bend.far
    assert any("−0.4 to −0.7 costs more" in note for note in notes(verdict))
    assert judge(scan(World("blur", 0.45), ARTICLE)).bend is None


def test_unrelated_prompts_show_the_spill() -> None:
    cells = scan(World(), NINE)
    spill = judge(cells, unrelated=frozenset({1})).spill
    assert spill == pytest.approx(1, abs=0.5)
    assert judge(cells).spill is None


def made_up(weight: float, pair: int, effect: float, noise: float = 1.0) -> MeasuredCell:
    looks = PictureStatistics(0, 0, noise, 1.0, 0.3, 50, 7, 50, 20, 5)
    return MeasuredCell(
        ScanCell(weight, 0, pair), CellMeasures(looks, PictureEffect(effect, 50 * effect))
    )


def test_without_a_zero_picture_or_negative_weights_there_is_no_answer() -> None:
    assert judge([]) == ScanVerdict()
    assert judge([made_up(-0.5, 0, 0.2)]) == ScanVerdict()
    assert "no finished picture at weight 0" in sentence(ScanVerdict())
    only_positive = judge([made_up(0, 0, 0), made_up(0.5, 0, 0.2)])
    assert only_positive.bracket is None
    assert "none were scanned" in sentence(only_positive)


def test_half_of_the_pairs_decide_and_a_single_outlier_does_not() -> None:
    weights = [-round(step / 10, 1) for step in range(11)]

    def cells(damaged: int) -> list[MeasuredCell]:
        return [
            made_up(weight, pair, 0.5 * -weight, 20.0 if weight < -0.55 and pair < damaged else 1.0)
            for weight in weights
            for pair in range(6)
        ]

    assert judge(cells(2)).onset is None
    half = judge(cells(3)).onset
    assert half is not None
    assert (half.weight, half.outside, half.pairs) == (-0.6, 3, 6)
    assert half.certainty < 1
    once = [made_up(-0.5, pair, 0.25, 20) for pair in range(6)]
    others = [cell for cell in cells(0) if cell.cell.weight != -0.5]
    assert judge([*others, *once]).onset is None


def test_missing_cells_are_missing_and_nothing_else() -> None:
    cells = scan(World("noise", 0.5))
    kept = [cell for index, cell in enumerate(cells) if index % 5 or cell.cell.weight == 0]
    whole, part = judge(cells), judge(kept)
    assert part.onset is not None
    assert whole.onset is not None
    assert abs(part.onset.weight - whole.onset.weight) <= 0.1 + 1e-9
    failed_zero = [c for c in cells if c.cell != ScanCell(0, 0, 1)]
    assert judge(failed_zero).pairs == 3
    blind = [replace(c, measures=replace(c.measures, effect=None)) for c in cells]
    assert judge(blind).suppression is None


def test_suppression_is_effect_per_unit_with_its_range_and_plateau() -> None:
    weights = [-round(step / 10, 1) for step in range(11)]
    cells = [
        made_up(weight, pair, min(0.4, -weight * slope))
        for weight in weights
        for pair, slope in enumerate((0.8, 1.0, 1.2, 1.0))
    ]
    verdict = judge(cells)
    assert verdict.suppression is not None
    assert verdict.suppression.low <= verdict.suppression.value <= verdict.suppression.high
    assert verdict.suppression.value == pytest.approx(0.8, abs=0.25)
    assert verdict.plateau == pytest.approx(-0.4, abs=0.11)
    assert verdict.weight_range is not None
    assert verdict.weight_range.sweet_spot == (-0.2, verdict.plateau)
