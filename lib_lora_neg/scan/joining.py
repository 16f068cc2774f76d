"""How several signs of damage become one: the pixels' alone, and with what the model found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

SMOOTH_MAXIMUM = 4
"""Exponent that joins the measures into one damage: one far outside counts, several that are
slightly raised do not add up to damage."""

MISFIT = 0.18
"""Rise of `critic.misfit` since weight 0 at the edge of the band. Fitted on the committed LoRAs of
the small trained world (``bench/fit_critic.py``), tried on hold-outs (docs/scan.md)."""

BESIDE_MODEL = 3.0
"""Where the model was asked, too, a sign of the pixels must have moved so many times as far to be
damage by itself: a second witness says less that the first one saw."""

BLUR_BESIDE_MODEL = 1.25
"""The same for blur, which the model hardly sees: with it nine in ten drawings blurred by the
middle strength of ``bench/scan_spoilers.py`` are damaged."""

Matrix = NDArray[np.float64]
"""Weights × pairs."""


def joined(signs: Iterable[Matrix]) -> Matrix:
    """Return the damage of several signs, each 0 and up, in units of the band."""
    total: Matrix = np.sum([part**SMOOTH_MAXIMUM for part in signs], axis=0)
    return total ** (1 / SMOOTH_MAXIMUM)


def with_model(
    weights: Sequence[float], signs: dict[str, Matrix], misfits: Matrix
) -> tuple[Matrix, dict[str, Matrix]]:
    """Return the damage and its signs, with what the model found where it was asked.

    What a LoRA was trained to show the model cannot know: above weight 0 it only acquits.

    Args:
        weights: of the rows.
        signs: of the pixels, in units of the band; rows are weights, columns pairs.
        misfits: rise of `critic.misfit` since weight 0; NaN where the model was not asked.
    """
    alone, asked = joined(signs.values()), ~np.isnan(misfits)
    if not asked.any():
        return alone, signs
    found = np.where(asked, np.maximum(0.0, misfits), 0.0) / MISFIT
    beside = {
        name: sign / (BLUR_BESIDE_MODEL if name == "blur" else BESIDE_MODEL)
        for name, sign in signs.items()
    }
    joint = joined((found, *beside.values()))
    below = np.array(weights)[:, None] < 0
    damage = np.where(asked, np.where(below, joint, np.fmin(alone, joint)), alone)
    shown = {name: np.where(asked & below, beside[name], sign) for name, sign in signs.items()}
    return damage, {**shown, "misfit": np.where(below, found, 0.0)}
