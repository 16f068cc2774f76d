"""The critic's mathematics, on a model whose best answer is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from lib_lora_neg.scan.critic import (
    GROUPS,
    MAP_SIDE,
    TOLERATED,
    CriticReading,
    Prediction,
    heat,
    misfit,
    noised,
    off_prompt,
    read,
    residual,
    tolerances,
    unlikely,
)
from lib_lora_neg.scan.ports import LatentArray, LoraSetting, Picture, Question, Sampling
from lib_lora_neg.scan.questions import QUESTION_SETS, noise_seed, question_set, questions_of

SAMPLING = Sampling(cfg=7.0, steps=20, width=256, height=256)
FULL, SHORT, SHORTEST = QUESTION_SETS
LEVELS, BLANK_LEVEL, COST = FULL.levels, FULL.blank_level, FULL.cost
SIDE, CHANNELS, WIDTH = 32, 4, 0.3
BLANK = np.zeros((16, 16, 3), np.uint8)


def mean_of(prompt: str, side: int = SIDE) -> LatentArray:
    """Return the picture that a prompt asks for; that of no prompt is a flat one."""
    if not prompt:
        return np.zeros((CHANNELS, side, side), np.float32)
    random = np.random.default_rng([*prompt.encode()])
    waves = random.normal(size=(CHANNELS, side // 8, side // 8))
    return waves.repeat(8, axis=1).repeat(8, axis=2).astype(np.float32)


class Gauss:
    """A model that knows its world: a prompt's picture, each latent off it by `WIDTH`.

    It predicts noise, velocity or flow, always the best that can be said of the noisy latent; a
    LoRA moves what it believes in.
    """

    def __init__(self, kind: Prediction = Prediction.NOISE) -> None:
        self.kind = kind
        self.asked: list[tuple[tuple[LoraSetting, ...], Question]] = []

    def residuals(
        self, loras: tuple[LoraSetting, ...], questions: Sequence[Question], sampling: Sampling
    ) -> Sequence[LatentArray]:
        self.asked += [(loras, question) for question in questions]
        shift = sum(lora.unet for lora in loras)
        return [self._residual(question, shift) for question in questions]

    def _residual(self, question: Question, shift: float) -> LatentArray:
        clean = question.picture.latent
        assert clean is not None
        noise = np.random.default_rng(question.seed).normal(size=clean.shape)
        level = question.level
        flow = self.kind is Prediction.FLOW
        signal, spread = (1 - level, level) if flow else ((1 - level) ** 0.5, level**0.5)
        x = noised(clean, noise, signal, spread)
        wide = WIDTH if question.prompt else 1.0
        middle = mean_of(question.prompt, clean.shape[-1]) + shift
        gain = signal * wide**2 / (signal**2 * wide**2 + spread**2)
        best = middle + gain * (x - signal * middle)
        found = {
            Prediction.NOISE: (x - signal * best) / spread,
            Prediction.VELOCITY: (signal * x - best) / spread,
            Prediction.FLOW: (x - best) / spread,
        }[self.kind]
        wrong = residual(self.kind, found, clean, noise, signal, spread)
        assert np.allclose(wrong, best - clean, atol=1e-5)
        return np.asarray(wrong, np.float32)


def picture(prompt: str, seed: int = 1, spoil: float = 0.0, side: int = SIDE) -> Picture:
    """Return a picture of a prompt; ``spoil`` is added in the upper left quarter."""
    random = np.random.default_rng(seed)
    latent = mean_of(prompt, side) + WIDTH * random.normal(size=(CHANNELS, side, side))
    latent[:, : side // 2, : side // 2] += spoil
    return Picture(BLANK, latent.astype(np.float32))


@pytest.mark.parametrize("kind", Prediction)
def test_a_sound_picture_is_as_likely_as_another_and_a_spoilt_one_is_not(kind: Prediction) -> None:
    model = Gauss(kind)
    shown = [picture("cat", seed, spoil) for seed, spoil in ((1, 0), (2, 0), (1, 0.5), (1, 1.5))]
    zero, sound, spoilt, ruined = read(model, [(p, "cat", 1) for p in shown], SAMPLING)
    assert unlikely(zero, zero) == 0
    assert abs(unlikely(sound, zero)) < 0.1
    assert 0.15 < unlikely(spoilt, zero) < unlikely(ruined, zero)


@pytest.mark.parametrize("kind", Prediction)
def test_what_is_spoilt_in_a_corner_is_a_misfit_and_a_slight_change_of_everything_is_not(
    kind: Prediction,
) -> None:
    model = Gauss(kind)
    zeros = read(model, [(picture("cat", seed), "cat", seed) for seed in range(6)], SAMPLING)
    tolerated = tolerances(zeros)
    sound = [misfit(reading, tolerated) for reading in zeros]
    assert max(sound) < 0.1

    def of(shown: Picture) -> float:
        (reading,) = read(model, [(shown, "cat", 1)], SAMPLING)
        return misfit(reading, tolerated) - sound[1]

    spoilt, ruined = (of(picture("cat", 1, spoil)) for spoil in (0.5, 1.5))
    assert 0.05 < spoilt < ruined
    latent = picture("cat", 1).latent
    assert latent is not None
    styled = of(Picture(BLANK, latent + np.float32(0.05)))
    assert abs(styled) < 0.02


def test_what_is_tolerated_is_what_nearly_all_places_of_the_weight_0_pictures_have() -> None:
    places = tuple(float(value) for value in range(1, 101))
    one = CriticReading((1.0,) * 3, 1.0, 1.0, (places,) * 3)
    (limit, *_) = tolerances([one])
    assert limit == pytest.approx(np.quantile(places, TOLERATED))
    # Other pictures' places count as this one's do.
    other = CriticReading((1.0,) * 3, 1.0, 1.0, (tuple(2 * place for place in places),) * 3)
    assert tolerances([one, other]) > tolerances([one])
    # Within it nothing is wrong; beyond it the error counts in tolerances.
    assert misfit(one, (100.0,) * 3) == 0
    assert misfit(other, (100.0,) * 3) == pytest.approx(
        np.mean([max(0.0, 2 * place / 100 - 1) for place in places])
    )


@pytest.mark.parametrize("side", [1, 4, 8, 32, 2 * MAP_SIDE])
def test_places_are_sorted_and_few_whatever_the_size(side: int) -> None:
    class Sized:
        def residuals(self, *_: object) -> Sequence[LatentArray]:
            random = np.random.default_rng(0)
            shape = (COST, CHANNELS, side, side)
            return list(random.normal(size=shape).astype(np.float32))

    (found,) = read(Sized(), [(Picture(BLANK), "a", 1)], SAMPLING)
    assert len(found.places) == len(LEVELS)
    for level in found.places:
        assert len(level) == min(GROUPS, side * side)
        assert list(level) == sorted(level)
        assert level[0] >= 0
    assert misfit(found, tolerances([found])) < 0.5


def test_a_picture_of_something_else_is_off_the_prompt_however_sound_it_is() -> None:
    model = Gauss()
    zero, other, spoilt = read(
        model,
        [(picture("cat"), "cat", 1), (picture("dog"), "cat", 1), (picture("cat", 1, 1), "cat", 1)],
        SAMPLING,
    )
    assert off_prompt(zero, zero) == 0
    assert off_prompt(other, zero) > 2 * off_prompt(spoilt, zero) > 0


def test_the_heat_lies_where_the_picture_is_spoilt() -> None:
    zero, spoilt = read(Gauss(), [(picture("a"), "a", 1), (picture("a", 1, 1), "a", 1)], SAMPLING)
    found = heat(spoilt, zero)
    assert found.shape == (SIDE, SIDE)
    corner, rest = found[2:14, 2:14], found[18:, 18:]
    assert corner.min() > 0.5
    assert abs(rest).max() < 0.01
    assert not heat(zero, zero).any()


def test_maps_of_large_pictures_are_pooled_and_keep_the_mean() -> None:
    (found,) = read(Gauss(), [(picture("a", side=2 * MAP_SIDE), "a", 1)], SAMPLING)
    assert found.maps is not None
    assert found.maps.shape == (len(LEVELS), MAP_SIDE, MAP_SIDE)
    assert np.allclose(found.maps.mean(axis=(1, 2)), found.errors, rtol=1e-5)
    (small,) = read(Gauss(), [(picture("a"), "a", 1)], SAMPLING)
    with pytest.raises(ValueError, match="cannot be compared"):
        heat(found, small)
    with pytest.raises(ValueError, match="cannot be compared"):
        heat(CriticReading((1.0,), 1.0, 1.0, ((1.0,),)), small)


def test_a_picture_is_asked_about_on_noise_that_is_its_own_and_the_same_at_every_weight() -> None:
    model = Gauss()
    near, far = picture("a"), picture("a", 7)
    read(model, [(near, "a", 5), (far, "a", 5), (near, "a", 6)], SAMPLING)
    asked = [question for _, question in model.asked]
    assert len(asked) == 3 * COST
    of = [asked[at : at + COST] for at in range(0, len(asked), COST)]
    assert [(q.level, q.prompt) for q in of[0]] == [
        *((level, "a") for level in LEVELS), (BLANK_LEVEL, "")
    ]  # fmt: skip
    noises = [[question.seed for question in questions] for questions in of]
    assert noises[0] == noises[1]
    assert not set(noises[0]) & {*noises[2], 5}
    assert BLANK_LEVEL is not None
    assert noises[0][LEVELS.index(BLANK_LEVEL)] == noises[0][-1]
    assert len(set(noises[0])) == len(LEVELS)


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1])
def test_noise_seeds_are_seeds_and_not_the_pictures_own(seed: int) -> None:
    found = [noise_seed(seed, level) for level in LEVELS]
    assert all(0 <= value < 2**32 for value in found)
    assert seed not in found


def test_a_stored_picture_reads_as_the_fresh_one() -> None:
    fresh = picture("a")
    assert fresh.latent is not None
    stored = Picture(BLANK, fresh.latent.astype(np.float16).astype(np.float32))
    first, second = read(Gauss(), [(fresh, "a", 1), (stored, "a", 1)], SAMPLING)
    assert first == second
    assert questions_of(Picture(BLANK), "a", 1, FULL)[0].picture.latent is None


def test_the_loras_of_a_call_reach_the_host() -> None:
    model, lora = Gauss(), LoraSetting("ink", 0, 2.0)
    (plain,) = read(model, [(picture("a"), "a", 1)], SAMPLING)
    (moved,) = read(model, [(picture("a"), "a", 1)], SAMPLING, (lora,))
    assert [loras for loras, _ in model.asked] == [()] * COST + [(lora,)] * COST
    assert moved.errors > plain.errors
    assert read(model, [], SAMPLING) == []


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([np.zeros((4, 8, 8), np.float32)] * (COST - 1), "3 answers to 4 questions"),
        ([np.full((4, 8, 8), np.nan, np.float32)] * COST, "numbers that are none"),
    ],
)
def test_answers_that_are_none_are_errors(answers: list[LatentArray], message: str) -> None:
    class Broken:
        def residuals(self, *_: object) -> Sequence[LatentArray]:
            return answers

    with pytest.raises(ValueError, match=message):
        read(Broken(), [(picture("a"), "a", 1)], SAMPLING)


@pytest.mark.parametrize(
    ("steps", "cfg", "asked"),
    [
        (20, 7.0, FULL),
        (19, 7.0, SHORT),
        (39, 1.0, SHORT),
        (20, 1.0, SHORT),
        (19, 1.0, SHORTEST),
        (4, 1.0, SHORTEST),
        (50, 4.0, FULL),
    ],
)
def test_it_costs_a_tenth_and_less_is_asked_where_pictures_are_cheap(
    steps: int, cfg: float, asked: object
) -> None:
    sampling = Sampling(cfg=cfg, steps=steps)
    assert question_set(sampling) is asked
    assert question_set(sampling).cost <= max(1, sampling.evaluations / 10)


def test_a_short_question_tells_less_and_the_shortest_nothing_of_the_prompt() -> None:
    for sampling, asked in (
        (Sampling(cfg=1, steps=20), SHORT),
        (Sampling(cfg=1, steps=4), SHORTEST),
    ):
        model = Gauss()
        zero, spoilt = read(
            model, [(picture("cat"), "cat", 1), (picture("cat", 1, 1.0), "cat", 1)], sampling
        )
        assert len(model.asked) == 2 * asked.cost
        assert unlikely(spoilt, zero) > 0.15
        assert misfit(spoilt, tolerances([zero])) > misfit(zero, tolerances([zero]))
        assert heat(spoilt, zero).shape == (SIDE, SIDE)
        (other,) = read(model, [(picture("dog"), "cat", 1)], sampling)
        assert (off_prompt(other, zero) > 0) is (asked is SHORT)
