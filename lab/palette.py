"""The colours of the world and how far apart two of them are.

A scene's colours have names; the judge finds the name again. The values are chosen so that any two
that may stand beside each other are at least 30 apart in CIELAB, where about 2 can just be seen.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: sRGB, 0 to 255.
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "orange": (244, 140, 30),
    "yellow": (250, 218, 60),
    "green": (44, 160, 60),
    "blue": (40, 80, 205),
    "purple": (130, 50, 170),
    "pink": (250, 150, 190),
    "white": (245, 245, 245),
    "black": (25, 25, 28),
    "grey": (140, 143, 148),
}

#: Colours of objects; a grey object would be hard to tell from a muted one.
OBJECT_COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")
BACKGROUND_COLOURS = tuple(COLOURS)

#: A hat is brown, and nothing else is.
HAT = (122, 72, 32)
OUTLINE = (20, 18, 24)

#: Pairs that are too close to stand beside each other.
CLOSE_PAIRS = frozenset(
    frozenset(pair)
    for pair in (
        ("orange", "yellow"),
        ("orange", "red"),
        ("white", "pink"),
        ("blue", "purple"),
        ("white", "yellow"),
    )
)


def rgb(name: str) -> Floats:
    """Return the colour called ``name`` as three numbers from 0 to 1."""
    return np.asarray(COLOURS[name], dtype=np.float64) / 255.0


def lighter(colour: Floats, share: float = 0.5) -> Floats:
    """Return ``colour`` mixed with white; white and pale colours are mixed with dark grey."""
    pale = float(colour.min()) > 0.55
    other = np.full(3, 0.35) if pale else np.ones(3)
    mixed: Floats = colour * (1 - share) + other * share
    return mixed


def may_stand_together(first: str, second: str) -> bool:
    """Whether an object of one colour can be seen on a background of the other."""
    return first != second and frozenset((first, second)) not in CLOSE_PAIRS
