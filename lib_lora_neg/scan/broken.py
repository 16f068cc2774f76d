"""Pictures that are broken by themselves, whatever they were meant to show.

A scan compares with its weight-0 pictures; where these are broken, it can judge nothing.
"""

from __future__ import annotations

from enum import Enum

from .curves import MeasuredCell

FLAT_CONTRAST = 2.0
"""Standard deviation of gray (0–255) below which a picture shows nothing: black, or one tone."""

FLAT_ENTROPY = 2.0
"""Bits of the gray histogram below which it does; a drawing of faint tones has more (the trained
world's have 3.4 at a contrast of 3)."""

NOISE_ONLY = (8.0, 0.85)
"""Noise in the flattest quarter (0–255), and its share of the contrast, from which on a picture is
noise and nothing else. Pure noise has 0.93 to 1.0 of it; of scikit-image's photographs, also
shrunk to 64², gravel has the most, 0.76."""

BLOTCHES_ONLY = 10.0
"""Blotches in Delta E from which on a picture is a latent that was not denoised: such have 24 to
38, those photographs 9.1 at the most."""

BROKEN_SHARE = 0.5
"""Share of the weight-0 pictures that must be broken for a scan to judge nothing."""


class BrokenKind(str, Enum):
    """How a picture is broken, whatever it was meant to show."""

    FLAT = "flat"
    NOISE = "noise"
    BLOTCHES = "blotches"


def broken_by(item: MeasuredCell) -> BrokenKind | None:
    """Return how a picture is broken by itself; ``None`` where it shows something."""
    looks = item.measures.looks
    least, share = NOISE_ONLY
    if looks.contrast < FLAT_CONTRAST and looks.entropy < FLAT_ENTROPY:
        return BrokenKind.FLAT
    if looks.noise >= max(least, share * looks.contrast):
        return BrokenKind.NOISE
    return BrokenKind.BLOTCHES if looks.blotches >= BLOTCHES_ONLY else None
