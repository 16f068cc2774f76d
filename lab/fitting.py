"""Fitting the parts of a scene to a picture: its ground, and the shape that covers a mask best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lab.palette import Floats
from lab.scenes import SIDE
from lab.shapes import SHAPES

Mask = npt.NDArray[np.bool_]

#: Extent, in radii, and cells of the tables of distances: a cell is a fifth of a pixel at most.
_REACH, _CELLS = 2.5, 601

_Y, _X = np.mgrid[0:SIDE, 0:SIDE].astype(np.float64) + 0.5


@dataclass(frozen=True)
class Ground:
    """A ground in Lab that changes evenly from the top row to the bottom row."""

    at_top: Floats
    at_bottom: Floats

    @property
    def gradient(self) -> bool:
        return bool(np.linalg.norm(self.at_bottom - self.at_top) > 12.0)

    def everywhere(self) -> Floats:
        share = ((np.arange(SIDE) + 0.5) / SIDE)[:, None, None]
        row = self.at_top * (1 - share) + self.at_bottom * share
        return np.broadcast_to(row, (SIDE, SIDE, 3)).copy()


@dataclass(frozen=True)
class Fit:
    """A shape with its centre and radius in pixels, and how well it covers the mask (0 to 1)."""

    shape: str
    cx: float
    cy: float
    radius: float
    match: float


def coverage(distance: Floats) -> Floats:
    """Share of each pixel that lies inside."""
    return np.clip(0.5 - distance, 0.0, 1.0)


def fit_ground(lab: Floats) -> Ground:
    """Fit the ground to the picture's border, leaving out what stands before it."""
    border = np.zeros((SIDE, SIDE), dtype=bool)
    border[:3], border[-3:], border[:, :3], border[:, -3:] = True, True, True, True
    height = _Y[border] / SIDE
    pixels = lab[border]
    design = np.stack([1 - height, height], axis=1)
    kept = np.linalg.norm(pixels - np.median(pixels, axis=0), axis=1) < 40.0
    solution = np.zeros((2, 3))
    for limit in (20.0, 10.0, 8.0):
        if kept.sum() < 60:
            break
        solution = np.linalg.lstsq(design[kept], pixels[kept], rcond=None)[0]
        off = np.linalg.norm(design @ solution - pixels, axis=1)
        kept = off < max(limit, float(np.median(off)) * 1.5)
    return Ground(solution[0], solution[1])


@lru_cache(maxsize=16)
def _table(shape: str) -> Floats:
    """Distances to a shape of radius 1 on a grid from -REACH to REACH."""
    line = np.linspace(-_REACH, _REACH, _CELLS)
    x, y = np.meshgrid(line, line)
    return SHAPES[shape](x, y, 1.0)


def shape_at(fit: Fit) -> Floats:
    """Signed distance to the fitted shape, pixels; looked up, as a fit asks hundreds of times."""
    table = _table(fit.shape)
    to_cell = (_CELLS - 1) / (2 * _REACH)
    x, y = (_X[0] - fit.cx) / fit.radius, (_Y[:, 0] - fit.cy) / fit.radius
    column = np.rint((np.clip(x, -_REACH, _REACH) + _REACH) * to_cell).astype(int)
    row = np.rint((np.clip(y, -_REACH, _REACH) + _REACH) * to_cell).astype(int)
    beyond = np.hypot(
        np.maximum(np.abs(x) - _REACH, 0.0), np.maximum(np.abs(y) - _REACH, 0.0)[:, None]
    )
    found: Floats = (table[row[:, None], column[None, :]] + beyond) * fit.radius
    return found


def hat_on(fit: Fit) -> Floats:
    """Signed distance to a hat on the fitted shape, as scenes draw it."""
    return _hat(_X - fit.cx, _Y - fit.cy, fit.radius)


def _hat(x: Floats, y: Floats, radius: float) -> Floats:
    y = y + 0.8 * radius
    brim = np.maximum(np.abs(x) - 0.75 * radius, np.abs(y) - 0.11 * radius - 0.5)
    crown = np.maximum(np.abs(x) - 0.42 * radius, np.abs(y + 0.3 * radius) - 0.32 * radius)
    return np.minimum(brim, crown)


@lru_cache(maxsize=32)
def _unit(shape: str, hat: bool) -> tuple[float, float, float]:
    """Area of a shape of radius 1 and the offset of its centroid from its centre."""
    scale = 60.0
    y, x = (np.mgrid[0:200, 0:200] - 99.5).astype(np.float64)
    distance = SHAPES[shape](x, y, scale)
    if hat:
        distance = np.minimum(distance, _hat(x, y, scale))
    inside = coverage(distance)
    area = float(inside.sum())
    middle = float((inside * x).sum()) / area, float((inside * y).sum()) / area
    return area / scale**2, middle[0] / scale, middle[1] / scale


def _overlap(fit: Fit, hat: bool, grown: float, mask: Mask) -> float:
    distance = shape_at(fit) - grown
    if hat:
        distance = np.minimum(distance, hat_on(fit))
    inside = distance < 0
    union = (inside | mask).sum()
    return float((inside & mask).sum() / union) if union else 0.0


def _refine(fit: Fit, hat: bool, grown: float, mask: Mask) -> Fit:
    """Climb to a better place and radius by small steps."""
    best = Fit(fit.shape, fit.cx, fit.cy, fit.radius, _overlap(fit, hat, grown, mask))
    for step in (1.2, 0.5):
        for _ in range(4):
            near = [
                Fit(best.shape, best.cx + dx, best.cy + dy, best.radius + dr, 0.0)
                for dx, dy, dr in (
                    (step, 0, 0),
                    (-step, 0, 0),
                    (0, step, 0),
                    (0, -step, 0),
                    (0, 0, step),
                    (0, 0, -step),
                )
            ]
            scored = [
                Fit(f.shape, f.cx, f.cy, f.radius, _overlap(f, hat, grown, mask))
                for f in near
                if f.radius >= 3.0
            ]
            top = max(scored, key=lambda f: f.match)
            if top.match <= best.match + 1e-6:
                break
            best = top
    return best


def fit_shape(mask: Mask, brown: Mask, grown: float = 0.0) -> Fit:
    """Find the shape, with a hat where brown is seen, that covers ``mask`` best.

    ``grown``: pixels that the mask is larger than the shape all around, by an outline.
    """
    area = float(mask.sum())
    cx, cy = float(_X[mask].mean()), float(_Y[mask].mean())
    hat = bool(brown.sum() > max(8.0, 0.04 * area))
    guesses = []
    for shape in SHAPES:
        unit, ox, oy = _unit(shape, hat)
        radius = max(4.0, float(np.sqrt(area / unit)) - grown)
        guess = Fit(shape, cx - ox * radius, cy - oy * radius, radius, 0.0)
        if grown:
            for _ in range(2):
                covered = float((shape_at(guess) < grown).sum()) or 1.0
                radius = max(4.0, radius * float(np.sqrt(area / covered)))
                guess = replace(guess, cx=cx - ox * radius, cy=cy - oy * radius, radius=radius)
        guesses.append(Fit(shape, guess.cx, guess.cy, radius, _overlap(guess, hat, grown, mask)))
    guesses.sort(key=lambda fit: -fit.match)
    near = [fit for fit in guesses[:5] if fit.match > guesses[0].match - 0.2]
    return max((_refine(fit, hat, grown, mask) for fit in near), key=lambda fit: fit.match)
