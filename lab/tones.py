"""The tones of a picture: their names in the palette, and whether they lie beyond it.

All tones are in CIELAB, (3,) or (…, 3).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.spatial import ConvexHull
from skimage.color import rgb2lab

from lab.palette import COLOURS, Floats, lighter, rgb
from lab.scenes import mute

#: So far beyond the palette's gamut, in Delta E, a tone is not yet burnt: what is mixed in RGB
#: leaves the straight line in Lab by a little.
BURNT = 8.0

#: Shares of grey at which a colour is still called by its name.
_MUTES = np.array([0.0, 0.2, 0.4, 0.6, 0.75])


def chroma_of(lab: Floats) -> Floats:
    return np.hypot(lab[..., 1], lab[..., 2])


@lru_cache(maxsize=1)
def muted_palette() -> tuple[Floats, Floats]:
    """Lab of all colours and their second tones at every mute, each (mutes, colours, 3)."""
    first = np.stack([rgb(name) for name in COLOURS])
    second = np.stack([lighter(rgb(name), 0.62) for name in COLOURS])
    return tuple(  # type: ignore[return-value]
        rgb2lab(np.stack([mute(tones, float(share)) for share in _MUTES]))
        for tones in (first, second)
    )


def name_of_ground(at_top: Floats) -> str:
    first, _ = muted_palette()
    return tuple(COLOURS)[int(np.linalg.norm(first - at_top, axis=2).min(axis=0).argmin())]


def name_of_object(pixels: Floats) -> str:
    """Name the colour of an object's pixels (n, 3), of one tone or two."""
    first, second = muted_palette()
    to_first = np.linalg.norm(pixels[:, None, None] - first, axis=3)
    to_second = np.linalg.norm(pixels[:, None, None] - second, axis=3)
    nearer = np.minimum(to_first, to_second).mean(axis=0)
    # A colour shows in its own tone, not in the second one alone.
    own = (to_first < to_second).mean(axis=0)
    off = nearer + np.where(own < 0.3, 30.0, 0.0)
    return tuple(COLOURS)[int(off.min(axis=0).argmin())]


def two_tones(pixels: Floats) -> Floats:
    """Two cluster centres of pixels (n, 3); equal where there is only one tone."""
    light = pixels[:, 0] > np.median(pixels[:, 0])
    centres = np.stack(
        [
            pixels[~light].mean(axis=0),
            pixels[light].mean(axis=0) if light.any() else pixels.mean(axis=0),
        ]
    )
    for _ in range(6):
        nearer = np.linalg.norm(pixels[:, None] - centres, axis=2).argmin(axis=1)
        for index in (0, 1):
            if (nearer == index).any():
                centres[index] = np.median(pixels[nearer == index], axis=0)
    return centres


@lru_cache(maxsize=1)
def _gamut() -> Floats:
    """Planes around everything that colours of the palette mix to, in Lab: (n, 4)."""
    tones = np.concatenate([tones.reshape(-1, 3) for tones in muted_palette()])
    planes: Floats = ConvexHull(tones).equations
    return planes


def burn_of(tone: Floats) -> float:
    """Delta E that a tone lies beyond the palette's gamut, less `BURNT`; 0 for all others."""
    planes = _gamut()
    return max(0.0, float((planes[:, :3] @ tone + planes[:, 3]).max()) - BURNT)
