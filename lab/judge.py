"""The judge: looks at a picture and says what it shows, what was asked for, and what is damaged.

It fits the nearest scene that could have been drawn: a ground (one colour or a vertical gradient),
a shape with one or two tones, perhaps an outline and a hat. What the fit says is the picture's
content; what it cannot explain is damage. All distances are CIELAB Delta E 76, where about 2 is
just visible.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage
from skimage.color import rgb2lab

from lab.fitting import Fit, Ground, Mask, coverage, fit_ground, fit_shape, hat_on, shape_at
from lab.palette import COLOURS, HAT, OUTLINE, Floats, rgb
from lab.scenes import SIDE, SIZES, Scene
from lab.tones import (
    burn_of,
    chroma_of,
    muted_palette,
    name_of_ground,
    name_of_object,
    two_tones,
)

#: A pixel this far from the ground belongs to something else.
FOREGROUND = 16.0
#: Delta E that a sound picture of the world may be off without being called damaged: the
#: autoencoder alone costs about this much.
TOLERANCE = 4.0
#: Below this share of the picture there is no object.
LEAST_AREA = 0.012
#: By so much more of a mask must a shape with an outline cover it than one without, or the other
#: way round, to overrule what the mask's edge looks like.
CONVINCING = 0.05

#: So much mean Delta E must eyes explain; in the median those of 60 drawn figures explain 0.27.
EYES = 0.15

_Y, _X = np.mgrid[0:SIDE, 0:SIDE].astype(np.float64) + 0.5


@dataclass(frozen=True)
class Reading:
    """What the judge sees in one picture. Names are ``None`` where there is no object.

    ``damage``: mean Delta E beyond ``TOLERANCE`` between the picture and the nearest clean scene.
    ``burnt``: mean Delta E by which the object's own tone and the ground's lie beyond the palette.
    ``hat``: share of a whole hat that is there, 0 to 1. ``outline``: share of the object's rim
    that is drawn dark, NaN where object or ground is black. ``chroma``: of the object and of the
    ground at the top.
    ``match``: intersection over union of the found object and its best shape. ``pieces``: loose
    pieces beside the object. ``eyes``: whether two dark dots on white look out of the object.
    """

    background: str
    gradient: bool
    shape: str | None
    colour: str | None
    size: str | None
    place: str | None
    match: float
    radius: float
    hat: float
    outline: float
    chroma: tuple[float, float]
    damage: float
    burnt: float
    pieces: int
    eyes: bool


@dataclass(frozen=True)
class Verdict:
    """Which of the asked things are in the picture; ``None`` where it was not asked."""

    shape: bool
    colour: bool
    size: bool
    place: bool
    background: bool

    @property
    def both(self) -> bool:
        """The world's own figure: the asked shape in the asked colour."""
        return self.shape and self.colour

    @property
    def all(self) -> bool:
        return self.both and self.size and self.place and self.background


def _place(fit: Fit) -> str:
    dx, dy = fit.cx - SIDE / 2, fit.cy - SIDE / 2
    if max(abs(dx), abs(dy)) < 6.0:
        return "center"
    if abs(dx) > abs(dy):
        return "left" if dx < 0 else "right"
    return "top" if dy < 0 else "bottom"


def _outline(lab: Floats, distance: Floats, hat: Floats) -> float:
    """Share of the rim, 0 to 2 pixels outside the object, that is as dark as an outline."""
    rim = (distance > 0.5) & (distance < 1.5) & (hat > 1.5)
    if rim.sum() < 8:
        return 0.0
    dark = rgb2lab(np.asarray(OUTLINE, dtype=float) / 255.0)
    return float((np.linalg.norm(lab[rim] - dark, axis=1) < 28.0).mean())


def _eyes(lab: Floats, fit: Fit) -> bool:
    """Two dark dots side by side near the middle of the object, each on white."""
    r = fit.radius
    found = 0
    for side in (-1, 1):
        x, y = int(fit.cx + side * 0.3 * r), int(fit.cy - 0.05 * r)
        if not (4 <= x < SIDE - 4 and 4 <= y < SIDE - 4):
            return False
        around = lab[y - 4 : y + 5, x - 4 : x + 5]
        grey = chroma_of(around) < 22
        found += bool((around[3:6, 3:6, 0].min() < 40) and ((around[..., 0] > 75) & grey).sum() > 5)
    return found == 2


def _nearest_scene(
    lab: Floats, ground: Floats, fit: Fit, tones: Floats, outlined: bool, hat: bool, eyes: bool
) -> Floats:
    """Draw the fitted scene with the picture's own tones: Lab (64, 64, 3)."""
    distance = shape_at(fit)
    nearer = np.linalg.norm(lab[..., None, :] - tones, axis=3).argmin(axis=2)
    drawn = ground
    dark = rgb2lab(np.asarray(OUTLINE, dtype=float) / 255.0)
    layers = []
    if outlined:
        layers.append((dark, coverage(distance - 2.0)))
    layers.append((tones[nearer], coverage(distance)))
    if hat:
        layers.append((rgb2lab(np.asarray(HAT, dtype=float) / 255.0), coverage(hat_on(fit))))
    for colour, alpha in layers:
        drawn = drawn * (1 - alpha[..., None]) + colour * alpha[..., None]
    if eyes:
        near = distance < -0.2 * fit.radius
        drawn = np.where((near & (chroma_of(lab) < 22))[..., None], lab, drawn)
    return drawn


def _excess(lab: Floats, drawn: Floats) -> float:
    """Mean Delta E beyond the tolerance; an edge may be off by a pixel."""
    best = np.full(lab.shape[:2], np.inf)
    padded = np.pad(drawn, ((1, 1), (1, 1), (0, 0)), mode="edge")
    for dy in range(3):
        for dx in range(3):
            moved = padded[dy : dy + SIDE, dx : dx + SIDE]
            best = np.minimum(best, np.linalg.norm(lab - moved, axis=2))
    # Between two neighbours lies every mixture of them.
    plain = np.linalg.norm(lab - drawn, axis=2)
    low = ndimage.minimum_filter(drawn, size=(3, 3, 1))
    high = ndimage.maximum_filter(drawn, size=(3, 3, 1))
    box = np.linalg.norm(lab - np.clip(lab, low, high), axis=2)
    best = np.minimum(np.minimum(best, plain), box)
    return float(np.maximum(0.0, best - TOLERANCE).mean())


def _largest(mask: Mask) -> tuple[Mask, int]:
    """The largest piece of a mask, and how many more pieces of some size there are."""
    labels, count = ndimage.label(mask)
    if not count:
        return mask, 0
    sizes = ndimage.sum_labels(mask, labels, np.arange(1, count + 1))
    return labels == int(sizes.argmax()) + 1, int((sizes > 6).sum()) - 1


def _best_fit(masks: list[Mask], brown: Mask, outlined: bool) -> tuple[Fit, bool]:
    """Fit a shape to whichever mask can be covered best; also say whether it has an outline.

    Closing fills the hole of a small ring. An outline that is black on black, or faint, shows in
    that the object is larger all around; a round one is larger in any case, so that must convince.
    """
    fits = []
    for index, mask in enumerate(masks):
        if index and (mask == masks[0]).all():
            continue
        for grown in (0.0, 2.0):
            fit = fit_shape(mask, brown & mask, grown)
            bonus = CONVINCING if (grown > 0) == outlined else 0.0
            fits.append((fit.match + bonus, fit, grown > 0))
    _, fit, grown = max(fits, key=lambda row: row[0])
    return fit, grown


def _has_hole(lab: Floats, model: Floats, fit: Fit) -> bool:
    """Whether the ground shows in the middle of what was taken for a circle."""
    away = np.hypot(_X - fit.cx, _Y - fit.cy) / fit.radius
    middle, around = away < 0.25, (away > 0.6) & (away < 0.9)
    ground = model[middle].mean(axis=0)
    in_middle = np.linalg.norm(lab[middle].mean(axis=0) - ground)
    in_ring = np.linalg.norm(np.median(lab[around], axis=0) - ground)
    return bool(in_middle < 0.5 * in_ring)


def _closed(mask: Mask) -> Mask:
    """Fill what a surface's second tone leaves open, if it looks like the ground."""
    closed = ndimage.binary_closing(np.pad(mask, 4), iterations=2)[4:-4, 4:-4]
    # Closing also rounds the corners between the arms of small shapes; only where much was open
    # is it worth that.
    return closed if (closed & ~mask).sum() > 0.15 * mask.sum() else mask


def read(picture: Floats) -> Reading:
    """Look at a picture (64, 64, 3), sRGB from 0 to 1."""
    lab = rgb2lab(np.clip(picture, 0.0, 1.0))
    ground = fit_ground(lab)
    model = ground.everywhere()
    seen = np.linalg.norm(lab - model, axis=2) > FOREGROUND
    mask, pieces = _largest(_closed(seen))
    background = name_of_ground(ground.at_top)
    burnt_ground = burn_of(ground.at_top)
    if mask.sum() < LEAST_AREA * SIDE * SIDE:
        return _empty(lab, ground, background, burnt_ground)
    brown = np.linalg.norm(lab - rgb2lab(np.asarray(HAT, dtype=float) / 255.0), axis=2) < 17.0
    # Red mixes with green into brown along an edge; a hat is more than a line.
    brown = ndimage.binary_opening(brown, np.ones((3, 3)))
    outlined = _has_outline(lab, mask, brown & mask, background)
    fit, outlined = _best_fit([mask, _largest(seen)[0]], brown, outlined)
    if fit.shape == "circle" and _has_hole(lab, model, fit):
        fit = replace(fit, shape="ring")
    distance, hat_distance = shape_at(fit), hat_on(fit)
    outline = _outline(lab, distance, hat_distance)
    in_hat = hat_distance < -0.5
    hat = float(brown[in_hat].mean()) if in_hat.any() else 0.0
    inner = distance < -1.2
    if hat > 0.3:
        inner &= hat_distance > 1.2
    if inner.sum() < 12:
        inner = mask
    pixels = lab[inner]
    colour = name_of_object(pixels)
    tones = two_tones(pixels)
    eyes = _eyes(lab, fit)
    drawn = _nearest_scene(lab, model, fit, tones, outlined, hat > 0.3, eyes)
    if eyes:
        # Dots of a surface can lie like eyes; then the scene without eyes explains as much.
        plain = _nearest_scene(lab, model, fit, tones, outlined, hat > 0.3, False)
        if _excess(lab, plain) - _excess(lab, drawn) < EYES:
            eyes, drawn = False, plain
    full = muted_palette()[0][:, tuple(COLOURS).index(colour)]
    own = tones[np.linalg.norm(tones[:, None] - full, axis=2).min(axis=1).argmin()]
    return Reading(
        background=background,
        gradient=ground.gradient,
        shape=fit.shape,
        colour=colour,
        size=min(SIZES, key=lambda name: abs(SIZES[name] - fit.radius)),
        place=_place(fit),
        match=fit.match,
        radius=fit.radius,
        hat=hat,
        outline=float("nan") if "black" in (colour, background) else outline,
        chroma=(float(chroma_of(own)), float(chroma_of(ground.at_top))),
        damage=_excess(lab, drawn),
        burnt=float(np.mean([burn_of(own), burnt_ground])),
        pieces=pieces,
        eyes=eyes,
    )


def _has_outline(lab: Floats, mask: Mask, hat: Mask, background: str) -> bool:
    """Whether the edge of what stands before the ground is dark and its inside is not."""
    if background == "black":
        return False
    dark = rgb2lab(np.asarray(OUTLINE, dtype=float) / 255.0)
    is_dark = np.linalg.norm(lab - dark, axis=2) < 30.0
    once = ndimage.binary_erosion(mask)
    # The outermost pixels are mixed with the ground; the next ones show the outline itself.
    edge = once & ~ndimage.binary_erosion(once) & ~hat
    inside = ndimage.binary_erosion(mask, iterations=3) & ~hat
    if edge.sum() < 8 or is_dark[edge].mean() < 0.5:
        return False
    return inside.sum() < 8 or is_dark[inside].mean() < 0.45


def _empty(lab: Floats, ground: Ground, background: str, burnt: float) -> Reading:
    nan = float("nan")
    return Reading(
        background=background,
        gradient=ground.gradient,
        shape=None,
        colour=None,
        size=None,
        place=None,
        match=0.0,
        radius=0.0,
        hat=0.0,
        outline=nan,
        chroma=(nan, float(chroma_of(ground.at_top))),
        damage=_excess(lab, ground.everywhere()),
        burnt=burnt,
        pieces=0,
        eyes=False,
    )


def compare(asked: Scene, seen: Reading) -> Verdict:
    """Compare a reading with what a caption that names everything asked for."""
    return Verdict(
        shape=seen.shape == asked.shape,
        colour=seen.colour == asked.colour,
        size=seen.size == asked.size,
        place=seen.place == asked.place,
        background=seen.background == asked.background,
    )


def muted(asked: Scene, seen: Reading) -> float:
    """Share of the asked colours' chroma that is missing; below 0 is more vivid than the palette.

    NaN where white, grey and black were asked for, which have none.
    """
    shares = []
    for name, found in zip((asked.colour, asked.background), seen.chroma, strict=True):
        full = float(chroma_of(rgb2lab(rgb(name))))
        if full > 25.0 and not np.isnan(found):
            shares.append(1.0 - found / full)
    return float(np.mean(shares)) if shares else float("nan")
