"""Ways to spoil a picture, each with the word that the world knows for it.

All take and return (64, 64, 3), 0 to 1; ``strength`` runs from 0 (none) to 1 (strong).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lab.palette import Floats

Spoiler = Callable[[Floats, float, np.random.Generator], Floats]


def _smooth(picture: Floats, sigma: float) -> Floats:
    reach = max(1, int(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        padding = [(0, 0)] * 3
        padding[axis] = (reach, reach)
        padded = np.pad(picture, padding, mode="edge")
        length = picture.shape[axis]
        picture = sum(
            weight * np.take(padded, range(i, i + length), axis=axis)
            for i, weight in enumerate(kernel)
        )
    return picture


def blurry(picture: Floats, strength: float, _rng: np.random.Generator) -> Floats:
    return _smooth(picture, 0.8 + 2.2 * strength)


def noisy(picture: Floats, strength: float, rng: np.random.Generator) -> Floats:
    coarse = rng.normal(0.0, 1.0, (32, 32, 3)).repeat(2, axis=0).repeat(2, axis=1)
    return np.clip(picture + (0.04 + 0.14 * strength) * coarse, 0.0, 1.0)


def smeared(picture: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Rows and columns drift, as if the paint had been pulled."""
    waves = np.sin(np.linspace(0, rng.uniform(2, 5) * np.pi, 64) + rng.uniform(0, 6))
    drift = np.round(waves * (2 + 4 * strength)).astype(int)
    return np.stack(
        [np.roll(row, shift, axis=0) for row, shift in zip(picture, drift, strict=True)]
    )


def broken(picture: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Square pieces of the picture stand in wrong places."""
    result = picture.copy()
    for _ in range(2 + int(5 * strength)):
        side = int(rng.integers(6, 14))
        (sy, sx), (dy, dx) = rng.integers(0, 64 - side, (2, 2))
        result[dy : dy + side, dx : dx + side] = picture[sy : sy + side, sx : sx + side]
    return result


SPOILERS: dict[str, Spoiler] = {
    "blurry": blurry,
    "noisy": noisy,
    "smeared": smeared,
    "broken": broken,
}


def spoil(picture: Floats, rng: np.random.Generator) -> tuple[Floats, str]:
    """Spoil a picture in one way by chance; return it and the way's word."""
    word = str(rng.choice(list(SPOILERS)))
    return SPOILERS[word](picture, float(rng.uniform(0.3, 1.0)), rng), word
