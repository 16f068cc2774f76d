from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import blur_effect

from lib_lora_neg.scan.curves import medians
from lib_lora_neg.scan.measures import (
    PictureError,
    blur_level,
    compare,
    measure,
    noise_level,
    prepare,
)
from lib_lora_neg.scan.ports import Picture
from tests.scan.worlds import blurred, scene


def bytes_of(picture: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def gray(picture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(bytes_of(picture)[..., 1])


def test_noise_is_found_beside_any_texture() -> None:
    clean = scene("stripes", 1, 256)
    for sigma in (4.0, 10.0, 25.0):
        random = np.random.default_rng(1)
        found = noise_level(gray(clean + random.normal(0, sigma, clean.shape)))
        assert found == pytest.approx(sigma, rel=0.15)
    assert noise_level(np.full((64, 64), 7, np.uint8)) == 0
    assert noise_level(np.indices((64, 64)).sum(axis=0).astype(np.uint8) % 2 * 255) > 100


@pytest.mark.parametrize("cell", [2, 4])
def test_patches_that_are_larger_than_pixels_are_blotches(cell: int) -> None:
    clean = scene("a", 1, 64)
    levels, noise = [], []
    for amount in (0.0, 10.0, 30.0):
        random = np.random.default_rng(1)
        patches = random.normal(0, amount, (64 // cell, 64 // cell, 3))
        patched = clean + patches.repeat(cell, axis=0).repeat(cell, axis=1)
        looks = prepare(Picture(bytes_of(patched))).looks
        levels.append(looks.blotches)
        noise.append(looks.noise)
    assert levels[1] > levels[0] + 2
    assert levels[2] > 1.5 * levels[1]
    assert noise == pytest.approx([noise[0]] * 3, abs=1)  # the finest detail does not see them
    flat = np.full((64, 64, 3), 90, np.uint8)
    assert prepare(Picture(flat)).looks.blotches == 0


@pytest.mark.parametrize("sigma", [3.0, 10.0, 25.0])
def test_grain_alone_is_no_blotch(sigma: float) -> None:
    random = np.random.default_rng(1)
    plain = np.full((256, 256, 3), 128.0)
    looks = prepare(Picture(bytes_of(plain + random.normal(0, sigma, plain.shape)))).looks
    patches = random.normal(0, sigma, (64, 64, 3)).repeat(4, axis=0).repeat(4, axis=1)
    assert looks.noise > 0.5 * sigma
    assert looks.blotches < 0.2 * prepare(Picture(bytes_of(plain + patches))).looks.blotches


def test_colour_alone_can_be_blotched() -> None:
    random = np.random.default_rng(1)
    tint = random.normal(0, 12, (32, 32, 1)).repeat(2, axis=0).repeat(2, axis=1)
    # Red against blue at the same luma (BT.601: 0.299 red, 0.114 blue).
    colour = 128 + tint * np.array([0.114, 0.0, -0.299]) * 4
    assert noise_level(gray(np.repeat(colour @ [[0.299], [0.587], [0.114]], 3, axis=2))) < 0.5
    assert prepare(Picture(bytes_of(colour))).looks.blotches > 3


def test_blur_has_the_order_of_scikit_images_blur_effect() -> None:
    picture, random = scene("a", 2, 256), np.random.default_rng(0)
    steps = [blurred(picture, amount, random) for amount in (0, 0.1, 0.3, 1)]
    ours = [blur_level(gray(step)) for step in steps]
    theirs = [float(blur_effect(gray(step))) for step in steps]
    assert ours == sorted(ours)
    assert ours[-1] - ours[0] > 0.15
    assert ours == pytest.approx(theirs, abs=0.2)
    assert blur_level(np.zeros((64, 64), np.uint8)) == 1


def test_a_picture_has_no_effect_on_itself_and_shifts_do_not_damage() -> None:
    first = prepare(Picture(bytes_of(scene("a", 1, 128)), np.ones((4, 8, 8), np.float32)))
    same = compare(first, first)
    assert same.structure == pytest.approx(0, abs=1e-6)
    assert (same.colour, same.latent, same.strength) == pytest.approx((0, 0, 0), abs=1e-6)
    moved = np.roll(scene("a", 1, 128), 5, axis=1)
    other = measure(prepare(Picture(bytes_of(moved), np.zeros((4, 8, 8), np.float32))), first)
    assert other.effect is not None
    assert other.effect.structure > 0.2
    assert other.effect.latent == pytest.approx(1)
    assert other.looks.noise == pytest.approx(first.looks.noise, abs=0.3)
    assert other.looks.clipped == pytest.approx(first.looks.clipped, abs=0.01)


def test_clipping_saturation_contrast_and_entropy() -> None:
    half = np.full((64, 64, 3), 128, np.uint8)
    half[:, 32:] = (255, 0, 0)
    looks = prepare(Picture(half)).looks
    assert looks.clipped == pytest.approx(0.5)
    assert looks.saturated == pytest.approx(0.5)
    assert looks.entropy == pytest.approx(1)
    flat = prepare(Picture(np.full((64, 64, 3), 90, np.uint8))).looks
    assert (flat.clipped, flat.saturated, flat.contrast, flat.entropy) == (0, 0, 0, 0)


def test_large_and_small_pictures_give_the_same_answers() -> None:
    small = scene("a", 3, 256)
    large = np.repeat(np.repeat(small, 4, axis=0), 4, axis=1)
    looks, larger = prepare(Picture(bytes_of(small))).looks, prepare(Picture(bytes_of(large))).looks
    assert larger.clipped == looks.clipped
    assert larger.contrast == pytest.approx(looks.contrast)
    assert larger.lightness == pytest.approx(looks.lightness, abs=0.01)
    other = bytes_of(scene("b", 3, 256))
    effect = compare(prepare(Picture(other)), prepare(Picture(bytes_of(small))))
    larger_other = np.repeat(np.repeat(other, 4, axis=0), 4, axis=1)
    larger_effect = compare(prepare(Picture(larger_other)), prepare(Picture(bytes_of(large))))
    assert larger_effect.strength == pytest.approx(effect.strength, abs=1e-3)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((64, 64), np.uint8),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((64, 64, 3), np.float32),
        np.zeros((8, 64, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(pixels: np.ndarray) -> None:
    with pytest.raises(PictureError):
        prepare(Picture(pixels))


def test_sizes_must_agree() -> None:
    one, two = (prepare(Picture(np.zeros((side, 64, 3), np.uint8))) for side in (64, 65))
    with pytest.raises(PictureError, match="sizes differ"):
        compare(one, two)


@settings(max_examples=30)
@given(
    arrays(np.uint8, st.tuples(st.integers(16, 70), st.integers(16, 70), st.just(3))),
)
def test_any_picture_gives_finite_numbers(pixels: np.ndarray) -> None:
    looks = prepare(Picture(pixels)).looks
    assert all(np.isfinite(value) for value in vars(looks).values())
    assert 0 <= looks.clipped <= 1
    assert 0 <= looks.blur <= 1
    assert 0 <= looks.entropy <= 8


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 4), st.integers(1, 7)),
        elements=st.one_of(st.just(np.nan), st.floats(-9, 9)),
    )
)
def test_medians_are_numpys(values: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rows without any number
        np.testing.assert_allclose(medians(values), np.nanmedian(values, axis=-1))
