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


def _object(picture: Floats) -> tuple[Floats, np.ndarray]:
    """Return the ground as it would be without the object, and where the object is."""
    rim = np.concatenate([picture[:, :2], picture[:, -2:]], axis=1)
    ground = np.broadcast_to(np.median(rim, axis=1)[:, None], picture.shape)
    return ground, np.linalg.norm(picture - ground, axis=2) > 0.12


def _part(inside: np.ndarray, share: float, rng: np.random.Generator) -> tuple[np.ndarray, Floats]:
    """Return the outermost ``share`` of an object in one of eight directions, and the direction."""
    angle = rng.integers(0, 8) * np.pi / 4
    way = np.array([np.sin(angle), np.cos(angle)])
    rows, columns = np.mgrid[0:64, 0:64]
    along = rows * way[0] + columns * way[1]
    return inside & (along >= np.quantile(along[inside], 1.0 - share)), way


def lost(picture: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """A part of the object is missing: the outermost 10 to 45 % of it on one side."""
    ground, inside = _object(picture)
    if not inside.any():
        return picture
    part, _ = _part(inside, 0.1 + 0.35 * strength, rng)
    return np.where(part[..., None], ground, picture)


def doubled(picture: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """A part of the object is there twice: the outermost 10 to 45 % of it stand again beside it,
    on the side where there is room."""
    _, inside = _object(picture)
    if not inside.any():
        return picture
    part, way = _part(inside, 0.1 + 0.35 * strength, rng)
    rows, columns = np.nonzero(part)
    across = np.array([-way[1], way[0]])
    centre = np.array([rows.mean(), columns.mean()])
    if np.dot(across, 31.5 - centre) < 0:
        across = -across
    span = np.stack([rows, columns], axis=1) @ across
    step = np.round(across * (span.max() - span.min() + 3)).astype(int)
    to_rows, to_columns = rows + step[0], columns + step[1]
    kept = (to_rows >= 0) & (to_rows < 64) & (to_columns >= 0) & (to_columns < 64)
    result = picture.copy()
    result[to_rows[kept], to_columns[kept]] = picture[rows[kept], columns[kept]]
    return result


SPOILERS: dict[str, Spoiler] = {
    "blurry": blurry,
    "noisy": noisy,
    "smeared": smeared,
    "broken": broken,
}
"""Those that the world was trained with; another one would change what `spoil` draws."""

PART_SPOILERS: dict[str, Spoiler] = {"lost part": lost, "doubled part": doubled}
"""Others, which the world has never seen and has no words for."""


def spoil(picture: Floats, rng: np.random.Generator) -> tuple[Floats, str]:
    """Spoil a picture in one way by chance; return it and the way's word."""
    word = str(rng.choice(list(SPOILERS)))
    return SPOILERS[word](picture, float(rng.uniform(0.3, 1.0)), rng), word
