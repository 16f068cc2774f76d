"""What the measures take from scikit-image, and the same where it is not installed.

Every WebUI has scikit-image; ComfyUI brings NumPy and SciPy alone. The formulas are scikit-image's
(BSD-3), for floating-point pictures of 0–1, so that a scan's numbers are the same on every host.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WINDOW = 7
"""Pixels on a side of the window of `structural_similarity`."""

_K1, _K2 = 0.01, 0.03
"""Constants of the formula (Wang et al. 2004), for a data range of 1."""

_TO_XYZ = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
"""From linear sRGB (Rec. 709 primaries, D65)."""

_WHITE = np.array([0.95047, 1.0, 1.08883])
"""D65 as a 2° observer sees it."""


def lab_of(picture: Floats) -> Floats:
    """Return a picture of sRGB values 0–1 in CIE Lab (D65, 2°)."""
    try:
        from skimage.color import rgb2lab  # half a second of imports that a user interface saves
    except ImportError:
        return _lab(picture)
    lab: Floats = rgb2lab(picture).astype(np.float32)
    return lab


def similarity(one: Floats, other: Floats) -> float:
    """Return the mean structural similarity of two gray pictures of 0–1 and of one size.

    Both sides must have at least `WINDOW` pixels.
    """
    try:
        from skimage import metrics
    except ImportError:
        return _similarity(one, other)
    ssim: Any = metrics.structural_similarity  # typed in some versions only
    return float(ssim(one, other, data_range=1.0))


def _lab(picture: Floats) -> Floats:
    linear = np.where(picture > 0.04045, ((picture + 0.055) / 1.055) ** 2.4, picture / 12.92)
    scaled = linear @ _TO_XYZ.T / _WHITE
    bent = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16.0 / 116.0)
    x, y, z = (bent[..., channel] for channel in range(3))
    lab = np.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)
    return lab.astype(np.float32)


def _similarity(one: Floats, other: Floats) -> float:
    from scipy.ndimage import uniform_filter

    pixels = WINDOW * WINDOW
    sample = pixels / (pixels - 1)
    ux, uy = uniform_filter(one, size=WINDOW), uniform_filter(other, size=WINDOW)
    vx = sample * (uniform_filter(one * one, size=WINDOW) - ux * ux)
    vy = sample * (uniform_filter(other * other, size=WINDOW) - uy * uy)
    vxy = sample * (uniform_filter(one * other, size=WINDOW) - ux * uy)
    c1, c2 = _K1**2, _K2**2
    above = (2 * ux * uy + c1) * (2 * vxy + c2)
    below = (ux**2 + uy**2 + c1) * (vx + vy + c2)
    edge = WINDOW // 2
    inner = (above / below)[edge:-edge, edge:-edge]
    return float(inner.mean(dtype=np.float64))
