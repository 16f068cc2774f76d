"""The shapes of the world as signed distances in pixels: negative inside, zero on the edge.

``x`` and ``y`` are pixel coordinates relative to the shape's centre, y pointing down; ``radius`` is
in pixels. A distance makes antialiasing exact enough: coverage is ``0.5 - distance``, cut to 0..1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lab.palette import Floats


def circle(x: Floats, y: Floats, radius: float) -> Floats:
    return np.hypot(x, y) - radius


def square(x: Floats, y: Floats, radius: float) -> Floats:
    return np.maximum(np.abs(x), np.abs(y)) - 0.86 * radius


def diamond(x: Floats, y: Floats, radius: float) -> Floats:
    return (np.abs(x) + np.abs(y) - 1.12 * radius) / np.sqrt(2.0)


def ring(x: Floats, y: Floats, radius: float) -> Floats:
    return np.abs(np.hypot(x, y) - 0.77 * radius) - 0.2 * radius


def cross(x: Floats, y: Floats, radius: float) -> Floats:
    ax, ay = np.abs(x), np.abs(y)
    arm = 0.33 * radius
    upright = np.maximum(ax - arm, ay - radius)
    across = np.maximum(ax - radius, ay - arm)
    return np.minimum(upright, across)


def _polygon(x: Floats, y: Floats, corners: Floats) -> Floats:
    """Distance to a closed polygon; ``corners`` is (n, 2) in pixels."""
    nearest = np.full(x.shape, np.inf)
    inside = np.zeros(x.shape, dtype=bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        ex, ey = bx - ax, by - ay
        along = np.clip(((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey), 0.0, 1.0)
        nearest = np.minimum(nearest, (x - ax - ex * along) ** 2 + (y - ay - ey * along) ** 2)
        if ay != by:
            crosses = (ay > y) != (by > y)
            inside ^= crosses & (x < ex * (y - ay) / ey + ax)
    distance = np.sqrt(nearest)
    return np.where(inside, -distance, distance)


def triangle(x: Floats, y: Floats, radius: float) -> Floats:
    corners = np.array([(0.0, -1.0), (1.0, 0.85), (-1.0, 0.85)]) * radius
    return _polygon(x, y, corners)


def star(x: Floats, y: Floats, radius: float) -> Floats:
    angles = np.arange(10) * np.pi / 5 - np.pi / 2
    lengths = np.where(np.arange(10) % 2 == 0, 1.12, 0.43) * radius
    corners = np.stack([np.cos(angles) * lengths, np.sin(angles) * lengths], axis=1)
    return _polygon(x, y, corners)


def heart(x: Floats, y: Floats, radius: float) -> Floats:
    """Two arcs above a right-angled tip."""
    scale = 1.75 * radius
    u, v = np.abs(x) / scale, (radius * 0.98 - y) / scale
    above = u + v > 1.0
    arc = np.sqrt((u - 0.25) ** 2 + (v - 0.75) ** 2) - np.sqrt(2.0) / 4.0
    half = 0.5 * np.maximum(u + v, 0.0)
    flank = np.sqrt(np.minimum(u**2 + (v - 1.0) ** 2, (u - half) ** 2 + (v - half) ** 2))
    return np.where(above, arc, flank * np.sign(u - v)) * scale


SHAPES: dict[str, Callable[[Floats, Floats, float], Floats]] = {
    "circle": circle,
    "square": square,
    "triangle": triangle,
    "star": star,
    "heart": heart,
    "ring": ring,
    "cross": cross,
    "diamond": diamond,
}
