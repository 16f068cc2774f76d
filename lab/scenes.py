"""Scenes of 64×64 pixels: one object on a background, drawn by code, exactly as described.

A ``Scene`` says everything a caption can say and, in its jitter, what no caption says. ``draw`` is
a pure function of it, so a scene is the ground truth of its picture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lab.palette import (
    BACKGROUND_COLOURS,
    HAT,
    OBJECT_COLOURS,
    OUTLINE,
    Floats,
    lighter,
    may_stand_together,
    rgb,
)
from lab.shapes import SHAPES

#: Edge of a picture in pixels.
SIDE = 64
SIZES = {"small": 12.0, "medium": 15.0, "large": 19.0}
PLACES = {"center": (0, 0), "left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}
SURFACES = ("plain", "striped", "dotted")

_OFFSETS = {"small": 13.5, "medium": 12.5, "large": 11.0}
_Y, _X = np.mgrid[0:SIDE, 0:SIDE].astype(np.float64) + 0.5


@dataclass(frozen=True)
class Scene:
    """What one picture shows. Numbers are pixels, colours shifts from the palette in 0..1."""

    shape: str
    colour: str
    size: str
    place: str
    background: str
    surface: str = "plain"
    gradient: bool = False
    outlined: bool = False
    hat: bool = False
    shift: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0
    tint: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    #: How much of the colours is muted to their grey: 0 as in the palette, 1 grey.
    muted: float = 0.0
    eyes: bool = False

    @property
    def radius(self) -> float:
        return SIZES[self.size] * self.scale

    @property
    def centre(self) -> tuple[float, float]:
        dx, dy = PLACES[self.place]
        offset = _OFFSETS[self.size]
        half = SIDE / 2
        return half + dx * offset + self.shift[0], half + dy * offset + self.shift[1]


def random_scene(rng: np.random.Generator, **fixed: object) -> Scene:
    """Draw a scene by chance; ``fixed`` names what is not left to it."""
    colour = str(fixed.get("colour") or rng.choice(OBJECT_COLOURS))
    grounds = [name for name in BACKGROUND_COLOURS if may_stand_together(colour, name)]
    size = str(fixed.get("size") or rng.choice(list(SIZES)))
    place = str(fixed.get("place") or rng.choice(list(PLACES)))
    crowded = size == "large" and place == "top"
    scene = Scene(
        shape=str(rng.choice(list(SHAPES))),
        colour=colour,
        size=size,
        place=place,
        background=str(rng.choice(grounds)),
        surface=str(rng.choice(SURFACES, p=(0.6, 0.2, 0.2))),
        gradient=bool(rng.random() < 0.25),
        outlined=bool(rng.random() < 0.25),
        hat=bool(rng.random() < 0.2) and not crowded,
        shift=(float(rng.uniform(-2, 2)), float(rng.uniform(-2, 2))),
        scale=float(rng.uniform(0.94, 1.06)),
        tint=tuple(float(v) for v in rng.uniform(-0.025, 0.025, 6)),
        muted=float(rng.uniform(0.0, 0.2)),
    )
    return replace(scene, **fixed)  # type: ignore[arg-type]


def _coverage(distance: Floats) -> Floats:
    return np.clip(0.5 - distance, 0.0, 1.0)


def _paint(canvas: Floats, colour: Floats, alpha: Floats) -> Floats:
    return canvas * (1 - alpha[..., None]) + colour * alpha[..., None]


def _background(scene: Scene, colour: Floats) -> Floats:
    canvas = np.broadcast_to(colour, (SIDE, SIDE, 3)).copy()
    if scene.gradient:
        share = (np.arange(SIDE) + 0.5)[:, None, None] / SIDE * 0.5
        canvas = canvas * (1 - share) + lighter(colour, 1.0) * share
    return canvas


def _surface(scene: Scene, x: Floats, y: Floats) -> Floats:
    """How much of each pixel shows the surface's second tone."""
    if scene.surface == "striped":
        phase = np.mod(y + 3.0, 6.0)
        return np.clip(np.minimum(phase, 3.0 - phase) + 0.5, 0.0, 1.0)
    if scene.surface == "dotted":
        u, v = np.mod(x + 3.5, 7.0) - 3.5, np.mod(y + 3.5, 7.0) - 3.5
        return _coverage(np.hypot(u, v) - 2.0)
    return np.zeros_like(x)


def hat_distance(scene: Scene) -> Floats:
    """Signed distance to the hat: a brim and a crown on top of the object."""
    cx, cy = scene.centre
    r = scene.radius
    x, y = _X - cx, _Y - (cy - 0.8 * r)
    brim = np.maximum(np.abs(x) - 0.75 * r, np.abs(y) - 0.11 * r - 0.5)
    crown = np.maximum(np.abs(x) - 0.42 * r, np.abs(y + 0.3 * r) - 0.32 * r)
    return np.minimum(brim, crown)


def shape_distance(scene: Scene) -> Floats:
    """Signed distance to the object's edge for each pixel's centre, shape (64, 64)."""
    cx, cy = scene.centre
    return SHAPES[scene.shape](_X - cx, _Y - cy, scene.radius)


def _eyes(scene: Scene) -> Floats:
    cx, cy = scene.centre
    r = scene.radius
    left = np.hypot(_X - cx + 0.3 * r, _Y - cy + 0.05 * r)
    right = np.hypot(_X - cx - 0.3 * r, _Y - cy + 0.05 * r)
    return np.minimum(left, right) - max(0.15 * r, 1.6)


def mute(picture: Floats, share: float) -> Floats:
    """Mix each pixel with its own grey."""
    grey = picture @ np.array([0.299, 0.587, 0.114])
    return picture * (1 - share) + grey[..., None] * share


def draw(scene: Scene) -> Floats:
    """Draw ``scene``: (64, 64, 3), sRGB, 0 to 1."""
    tint = np.asarray(scene.tint)
    ground = np.clip(rgb(scene.background) + tint[:3], 0.0, 1.0)
    colour = np.clip(rgb(scene.colour) + tint[3:], 0.0, 1.0)
    cx, cy = scene.centre
    canvas = _background(scene, ground)
    distance = shape_distance(scene)
    if scene.outlined:
        canvas = _paint(canvas, np.asarray(OUTLINE) / 255.0, _coverage(distance - 2.0))
    canvas = _paint(canvas, colour, _coverage(distance))
    second = _surface(scene, _X - cx, _Y - cy)
    canvas = _paint(canvas, lighter(colour, 0.62), second * _coverage(distance + 0.5))
    if scene.muted:
        canvas = mute(canvas, scene.muted)
    if scene.hat:
        canvas = _paint(canvas, np.asarray(HAT) / 255.0, _coverage(hat_distance(scene)))
    if scene.eyes:
        canvas = _paint(canvas, np.ones(3), _coverage(_eyes(scene) - 1.2))
        canvas = _paint(canvas, np.asarray(OUTLINE) / 255.0, _coverage(_eyes(scene)))
    return np.clip(canvas, 0.0, 1.0)
