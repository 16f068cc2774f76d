"""What a scan found, in words."""

from __future__ import annotations

from .bracket import Verdict
from .curves import SIGNS
from .onset import Onset, Reason
from .weights import format_weight

_CHANGES = {
    "+lightness": "lighter",
    "-lightness": "darker",
    "+chroma": "more colourful",
    "-chroma": "less colourful",
    "+warmth": "warmer",
    "-warmth": "cooler",
    "+contrast": "richer in contrast",
    "-contrast": "flatter",
    "+blur": "softer",
    "-blur": "crisper",
}

MOST_CHANGES = 3


def sentence(verdict: Verdict) -> str:
    """Return the verdict in one sentence."""
    if not verdict.points:
        return "No verdict: there is no finished picture at weight 0 to compare with."
    if verdict.reach == 0:
        return "No verdict on negative weights: none were scanned."
    reach = format_weight(verdict.reach)
    if verdict.bracket is None or verdict.weight_range is None:
        return f"No effect: down to {reach} the pictures stay as they are at weight 0."
    if verdict.onset is None:
        return f"{_effect(verdict)}; no damage was seen down to {reach}{_sweet_spot(verdict)}."
    onset = verdict.onset
    if verdict.best_at_zero:
        return (
            f"Best at 0: already {format_weight(onset.weight)} damages the pictures "
            f"({why(onset)}), so use no negative weight of it."
        )
    floor = format_weight(verdict.weight_range.floor or 0.0)
    return (
        f"{_effect(verdict)}; damage starts at {format_weight(onset.weight)} ({why(onset)}), "
        f"so go no lower than {floor}{_sweet_spot(verdict)}."
    )


def why(onset: Onset) -> str:
    """Return the reason for an onset: what is damaged, and how that was seen."""
    cause = SIGNS[onset.cause].words
    if onset.reason is Reason.BAND:
        pairs = "picture" if onset.pairs == 1 else "pictures"
        return f"{cause}, on {onset.outside} of {onset.pairs} {pairs}"
    return f"{cause}, which rises steeply from here"


def notes(verdict: Verdict) -> list[str]:
    """Return what else is worth saying, one sentence each."""
    found = []
    onset = verdict.onset
    if onset is not None:
        near, far = (format_weight(weight) for weight in onset.band)
        found.append(
            f"The onset lies between {near} and {far}; "
            f"{onset.certainty:.0%} of the redrawn samples find one."
        )
    if verdict.suppression is not None:
        found.append(
            f"Effect per unit of negative weight: {verdict.suppression.value:.2f} "
            f"(90 % range {verdict.suppression.low:.2f} to {verdict.suppression.high:.2f})."
        )
    if verdict.bend is not None:
        compared = "more than" if verdict.bend.is_worse else "no more than"
        far, near = (
            f"{cost:.2f}".replace("-", "−") for cost in (verdict.bend.far, verdict.bend.near)
        )
        found.append(
            f"Going from −0.4 to −0.7 costs {compared} going from 0 to −0.4 "
            f"({far} against {near} of the healthy band)."
        )
    if verdict.plateau is not None:
        found.append(f"Beyond {format_weight(verdict.plateau)} the effect hardly grows.")
    if verdict.spill is not None:
        found.append(
            f"Unrelated prompts change {verdict.spill:.0%} as much as those with its subject."
        )
    if verdict.ceiling_onset is not None:
        weight = format_weight(verdict.ceiling_onset.weight)
        found.append(f"On the positive side damage starts at {weight}.")
    if verdict.pairs == 1:
        found.append("One prompt and seed say little; scan several for an answer to rely on.")
    return found


def _effect(verdict: Verdict) -> str:
    words = [_CHANGES[change] for change in verdict.changes[:MOST_CHANGES]]
    if not words:
        return "Negative weights change the pictures without a common direction in tone or colour"
    listed = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return f"Negative weights make the pictures {listed}"


def _sweet_spot(verdict: Verdict) -> str:
    spot = verdict.weight_range.sweet_spot if verdict.weight_range else None
    if spot is None:
        return ""
    near, far = (format_weight(weight) for weight in spot)
    return f"; best at {near}" if near == far else f"; best between {near} and {far}"
