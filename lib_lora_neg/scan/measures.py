"""Numbers of one picture, and of the difference that a weight makes to it.

Two questions are kept apart. *Effect* is paired: how far is the picture from the one at weight 0
with the same prompt and seed? A LoRA that works has a large effect. *Looks* need no reference:
how much is clipped, how noisy, how blurred is this picture? Damage is read from looks alone
(`curves`), never from a low similarity to weight 0, which a working style LoRA has too.

Everything global is measured at a short side of about `WORKING_SIDE` pixels, where the answers are
the same; noise, blur, clipping and contrast are measured at full size, since shrinking removes
what they look for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ports import Picture, Pixels
from .similarity import lab_of, similarity

VERSION = 3
"""Of these numbers. Stored cells of another version are measured again from their pictures."""

WORKING_SIDE = 256
"""Short side for SSIM and colour: its authors' own advice (Wang 2004, `ssim.m`: shrink by
``max(1, round(side / 256))``), and what a person sees at a glance."""

MIN_SIDE = 16
"""Smallest side that can be measured: two SSIM windows, one block of noise."""

BLUR_WINDOW = 11
"""Width of the second blur in pixels, as in scikit-image's `blur_effect` (Crete 2007)."""

NOISE_BLOCK = 32
"""Side in pixels of the blocks whose noise is compared: small enough for flat parts to fill some
of them, large enough (256 coefficients) for a stable median."""

FLAT_QUARTER = 25.0
"""Percentile of the blocks' noise. Noise lies everywhere, texture does not: the quietest quarter
of a picture tells one from the other."""

BLOTCH_LEVELS = (2, 4)
"""Shrinkings of the small picture at which blotches are looked for: one and two cells of a latent
picture, which stand for 8 × 8 pixels of 1024 (4 × 4 of 64 in the trained world)."""

BLOTCH_BLOCKS = (4, 8)
"""Least and largest side of the blocks whose blotches are compared, in coefficients."""

DARKEST, BRIGHTEST = 1, 254
"""A channel at or beyond these is clipped; one step of tolerance for rounding in the decoder."""

BURNT_SATURATION, BURNT_VALUE = 0.95, 0.25
"""HSV saturation and value (0–1) beyond which a pixel counts as oversaturated; darker pixels
have no colour to speak of."""

MAD_TO_SIGMA = 1.4826
"""Standard deviation of normal noise per median absolute deviation (Donoho & Johnstone 1994)."""

Gray = NDArray[np.float32]


class PictureError(ValueError):
    """A picture that cannot be measured; the text says why."""


@dataclass(frozen=True)
class PictureStatistics:
    """What one picture looks like, without any reference.

    Attributes:
        clipped: share (0–1) of pixels with a channel at the end of its range.
        saturated: share (0–1) of oversaturated pixels.
        noise: standard deviation of the noise in the flattest quarter, in steps of 0–255.
        blotches: the same for coarser noise, of light and colour, in Delta E.
        blur: 0 (sharp) to 1 (blurred), as `blur_effect`.
        contrast: standard deviation of gray, in steps of 0–255.
        entropy: of the gray histogram, in bits (0–8).
        lightness: mean L* of CIE Lab, 0–100.
        chroma: mean colourfulness √(a*² + b*²).
        warmth: mean b*: below 0 blue, above 0 yellow.
    """

    clipped: float
    saturated: float
    noise: float
    blotches: float
    blur: float
    contrast: float
    entropy: float
    lightness: float
    chroma: float
    warmth: float


@dataclass(frozen=True)
class PictureEffect:
    """How far a picture is from the one at weight 0.

    Attributes:
        structure: 1 − SSIM on gray, 0 (same) to 1 and a little more.
        colour: mean ΔE (CIE 1976) in Lab; about 2.3 is just noticeable (Mahy 1994).
        latent: distance of the latents relative to the reference's length; ``None`` if absent.
    """

    structure: float
    colour: float
    latent: float | None = None

    @property
    def strength(self) -> float:
        """One number, 0 (no effect) to about 1: the mean of structure and colour.

        Colour counts fully at ΔE 50, half the way from black to white.
        """
        return 0.5 * min(1.0, max(0.0, self.structure)) + 0.5 * min(1.0, self.colour / 50.0)


@dataclass(frozen=True)
class CellMeasures:
    """All numbers of one cell; ``effect`` is ``None`` while its weight-0 picture is missing."""

    looks: PictureStatistics
    effect: PictureEffect | None


@dataclass(frozen=True, eq=False)
class PreparedPicture:
    """A measured picture, with what the comparison with another one needs.

    Attributes:
        looks: its numbers.
        gray: at working size, 0–1.
        lab: at working size, height × width × 3.
        latent: in half precision.
    """

    looks: PictureStatistics
    gray: Gray
    lab: Gray
    latent: NDArray[np.float16] | None


def prepare(picture: Picture) -> PreparedPicture:
    """Measure one picture and keep its small versions for comparisons.

    Raises:
        PictureError: when the pixels are not height × width × 3 of uint8, or too few.
    """
    pixels = picture.pixels
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise PictureError(f"not a height × width × 3 picture of bytes: {pixels.shape}")
    if min(pixels.shape[:2]) < MIN_SIDE:
        raise PictureError(f"{pixels.shape[1]} × {pixels.shape[0]} is too small to measure")
    small = _shrink(pixels)
    lab = lab_of(small)
    gray = small @ np.array([0.2125, 0.7154, 0.0721], np.float32)  # as skimage.color.rgb2gray
    # In half precision, as it is stored: a scan that was resumed gives the same numbers.
    latent = None
    if picture.latent is not None:
        latent = np.ascontiguousarray(picture.latent, dtype=np.float16)
    return PreparedPicture(_looks(pixels, small, lab), gray, lab, latent)


def compare(picture: PreparedPicture, reference: PreparedPicture) -> PictureEffect:
    """Return how far ``picture`` is from ``reference``, its weight-0 picture.

    Raises:
        PictureError: when their sizes differ.
    """
    if picture.gray.shape != reference.gray.shape:
        raise PictureError(f"sizes differ: {picture.gray.shape} and {reference.gray.shape}")
    alike = similarity(picture.gray, reference.gray)
    difference = picture.lab - reference.lab
    colour = float(np.sqrt(np.einsum("ijk,ijk->ij", difference, difference)).mean())
    latent = _latent_distance(picture.latent, reference.latent)
    return PictureEffect(1.0 - alike, colour, latent)


def measure(picture: PreparedPicture, reference: PreparedPicture | None) -> CellMeasures:
    """Return all numbers of a cell."""
    return CellMeasures(picture.looks, compare(picture, reference) if reference else None)


def _looks(pixels: Pixels, small: Gray, lab: Gray) -> PictureStatistics:
    gray = _luma(pixels)
    histogram = np.bincount(gray.ravel(), minlength=256) / gray.size
    levels = np.arange(256)
    mean = float(histogram @ levels)
    filled = histogram[histogram > 0]
    value, least = small.max(axis=2), small.min(axis=2)
    burnt = (value > BURNT_VALUE) & (value - least > BURNT_SATURATION * value)
    return PictureStatistics(
        clipped=_clipped(pixels),
        saturated=float(burnt.mean()),
        noise=noise_level(gray),
        blotches=blotch_level(lab),
        blur=blur_level(gray),
        contrast=math.sqrt(float(histogram @ (levels - mean) ** 2)),
        entropy=float(-(filled * np.log2(filled)).sum()) + 0.0,
        lightness=float(lab[..., 0].mean()),
        chroma=float(np.hypot(lab[..., 1], lab[..., 2]).mean()),
        warmth=float(lab[..., 2].mean()),
    )


def _luma(pixels: Pixels) -> NDArray[np.uint8]:
    """Gray in whole steps, with BT.601 weights in 256ths."""
    red, green, blue = (pixels[..., index].astype(np.uint16) for index in range(3))
    gray: NDArray[np.uint8] = ((77 * red + 150 * green + 29 * blue) >> 8).astype(np.uint8)
    return gray


def _clipped(pixels: Pixels) -> float:
    ends = (pixels <= DARKEST) | (pixels >= BRIGHTEST)
    return float((ends[..., 0] | ends[..., 1] | ends[..., 2]).mean())


def _shrink(pixels: Pixels) -> Gray:
    """Average blocks of pixels down to about `WORKING_SIDE`; values 0–1."""
    step = max(1, round(min(pixels.shape[:2]) / WORKING_SIDE))
    height, width = (side // step * step for side in pixels.shape[:2])
    total = np.zeros((height // step, width // step, 3), np.uint32)
    for row in range(step):
        for column in range(step):
            total += pixels[row:height:step, column:width:step]
    small: Gray = total.astype(np.float32) / np.float32(255 * step * step)
    return small


def noise_level(gray: NDArray[np.uint8]) -> float:
    """Return the standard deviation of the noise in gray steps (0–255).

    The finest diagonal detail (Haar), whose median absolute value gives the noise of a flat
    region: the estimator of scikit-image's `estimate_sigma` (Donoho & Johnstone 1994), without
    PyWavelets, per block, and of the flattest quarter of the blocks.
    """
    height, width = (side // 2 * 2 for side in gray.shape)
    even, odd = gray[0:height:2, :width].astype(np.int16), gray[1:height:2, :width]
    rows = even - odd
    detail = np.abs(rows[:, 0::2] - rows[:, 1::2])
    side = NOISE_BLOCK // 2
    if min(detail.shape) < 2 * side:
        return float(np.median(detail)) * 0.5 * MAD_TO_SIGMA
    return _of_flattest(detail, side) * 0.5 * MAD_TO_SIGMA


def blotch_level(lab: Gray) -> float:
    """Return how blotched a small picture in Lab is, in Delta E.

    What a latent model breaks first is not the single pixel: the cells of its latent picture no
    longer agree with their neighbours. Such patches are looked for as `noise_level` looks for
    grain, in the finest diagonal detail, after shrinking, and in colour as well as in light.
    What grain leaves after shrinking is no blotch: white noise of 1 leaves 1 / n after n × n.
    """
    grain = _detail_level(lab, NOISE_BLOCK // 2)
    total, level, picture = 0.0, 1, lab
    for wanted in BLOTCH_LEVELS:
        while level < wanted:
            level, picture = 2 * level, _halved(picture)
        least, largest = BLOTCH_BLOCKS
        side = max(least, min(largest, min(picture.shape[:2]) // 8))
        coarse = _detail_level(picture, side)
        total += math.sqrt(max(0.0, coarse**2 - (grain / level) ** 2))
    return total


def _detail_level(lab: Gray, side: int) -> float:
    """Return the finest diagonal detail of the flattest quarter, in blocks of ``side``; 0 where
    not a single block fits."""
    height, width = (length // 2 * 2 for length in lab.shape[:2])
    rows = lab[0:height:2, :width] - lab[1:height:2, :width]
    detail = np.linalg.norm(rows[:, 0::2] - rows[:, 1::2], axis=2)
    return _of_flattest(detail, side) * 0.5 if min(detail.shape) >= side else 0.0


def _halved(picture: Gray) -> Gray:
    height, width = (side // 2 * 2 for side in picture.shape[:2])
    even, odd = picture[0:height:2, :width], picture[1:height:2, :width]
    rows = even + odd
    halved: Gray = (rows[:, 0::2] + rows[:, 1::2]) * np.float32(0.25)
    return halved


def _of_flattest(detail: NDArray[Any], side: int) -> float:
    """Return the typical value of ``detail`` in the flattest quarter of its blocks.

    Whole steps: the mean of the middle half of each block instead of its median, which would
    jump from step to step.
    """
    down, across = detail.shape[0] // side, detail.shape[1] // side
    blocks = detail[: down * side, : across * side].reshape(down, side, across, side)
    ordered = np.sort(blocks.swapaxes(1, 2).reshape(down * across, side * side), axis=1)
    quarter = ordered.shape[1] // 4
    middle = ordered[:, quarter : 3 * quarter].mean(axis=1)
    return float(np.percentile(middle, FLAT_QUARTER))


def blur_level(gray: NDArray[np.uint8]) -> float:
    """Return how blurred a picture is: 0 (sharp) to 1.

    Crete et al. 2007, as scikit-image's `blur_effect`: the share of the edges that survives a
    second blur, in the worse direction. With first differences in place of a Sobel filter and
    every second line, which are a tenth of the work and give the same order.
    """
    across = _blur_along_rows(gray[::2])
    down = _blur_along_rows(np.ascontiguousarray(gray[:, ::2].T))
    return max(across, down)


def _blur_along_rows(gray: NDArray[np.uint8]) -> float:
    window = min(BLUR_WINDOW, gray.shape[1] // 2)
    # With a running sum, the difference of two neighbouring window means is one subtraction.
    values = gray.astype(np.int16)
    sharp = np.abs(np.diff(values, axis=1))[:, window // 2 : -(window // 2) or None]
    blurred = np.abs(values[:, window:] - values[:, :-window])
    length = min(sharp.shape[1], blurred.shape[1])
    sharp, blurred = sharp[:, :length], blurred[:, :length]
    edges = float(sharp.sum(dtype=np.int64))
    if edges == 0:
        return 1.0
    kept = np.maximum(0, window * sharp - blurred).sum(dtype=np.int64) / window
    return 1.0 - float(kept) / edges


def _latent_distance(
    latent: NDArray[np.float16] | None, reference: NDArray[np.float16] | None
) -> float | None:
    if latent is None or reference is None or latent.shape != reference.shape:
        return None
    base = reference.astype(np.float32)
    length = float(np.linalg.norm(base))
    return float(np.linalg.norm(latent.astype(np.float32) - base)) / length if length else None
