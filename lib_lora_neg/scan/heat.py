"""Where a picture is unlikely to the model: the map of `critic.heat`, drawn on its cell."""

from __future__ import annotations

import numpy as np

from . import critic
from .plan import ScanCell
from .ports import Pixels
from .store import ScanStore

HOTTEST = 3.0
"""Octaves that are drawn in full colour."""

COOLEST = 0.5
"""Octaves below which nothing is drawn: smoothed maps of sound pictures differ by as much."""

COLOUR = (213, 94, 0)
"""Vermilion of Okabe and Ito's palette, which colour-blind people tell from grey."""

PALE = 0.55
"""Share of its own grey in the picture below; 0 leaves its colours."""


def heat_over(pixels: Pixels, found: critic.HeatMap) -> Pixels:
    """Return a picture, paled, with colour where the error has grown.

    Args:
        pixels: of the cell.
        found: in octaves, of any size; it is stretched over the picture.
    """
    from PIL import Image

    height, width = pixels.shape[:2]
    share = np.clip((found - COOLEST) / (HOTTEST - COOLEST), 0.0, 1.0)
    mask = Image.fromarray(np.rint(share * 255).astype(np.uint8))
    stretched = mask.resize((width, height), Image.Resampling.BILINEAR)
    alpha = np.asarray(stretched, np.float32)[..., None] / 255 * 0.85
    grey = pixels.astype(np.float32).mean(axis=2, keepdims=True)
    below = pixels * (1 - PALE) + grey * PALE
    mixed = below * (1 - alpha) + np.array(COLOUR, np.float32) * alpha
    drawn: Pixels = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return drawn


def heat_of(store: ScanStore, cell: ScanCell) -> Pixels | None:
    """Return a stored cell with its heat; ``None`` where the model was not asked."""
    at_zero, reading = store.reading(ScanCell(0.0, *cell.pair)), store.reading(cell)
    if at_zero is None or reading is None:
        return None
    try:
        found = critic.heat(reading, at_zero)
    except ValueError:
        return None
    picture = store.picture(cell)
    return None if picture is None else heat_over(picture.pixels, found)
