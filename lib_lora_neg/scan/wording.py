"""What a scan found, in words: sentences that can be said in any language."""

from __future__ import annotations

from ..loras.card import WeightRange
from ..sentences import Sentence, say
from .bracket import ENOUGH_PAIRS, FEW_PAIRS, ScanVerdict
from .broken import BrokenKind
from .curves import words_of
from .onset import HALF, Onset, OnsetReason
from .plan import ScanPlan
from .quick import QuickVerdict
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

_LISTED = (
    "Negative weights change the pictures without a common direction in tone or colour",
    "Negative weights make the pictures {first}",
    "Negative weights make the pictures {first} and {second}",
    "Negative weights make the pictures {first}, {second} and {third}",
)

_BROKEN = {
    BrokenKind.NOISE: "noise",
    BrokenKind.BLOTCHES: "blotches",
    BrokenKind.FLAT: "a single tone",
}

_QUICK_REASONS = {
    "departure": "the change no longer follows the line it began with",
    "unrelated": "pictures that have nothing to do with it change, too",
}

# ---- a scan with pictures --------------------------------------------------------------------


def sentence(verdict: ScanVerdict) -> Sentence:
    """Return the verdict in one sentence; it says how few pictures it rests on."""
    found = _verdict(verdict)
    if verdict.broken or not verdict.reach or verdict.pairs >= FEW_PAIRS:
        return found
    if verdict.pairs == 1:
        return say("{verdict} Seen on one picture per weight only.", verdict=found)
    text = "{verdict} Seen on {count} pictures per weight only."
    return say(text, verdict=found, count=verdict.pairs)


def _verdict(verdict: ScanVerdict) -> Sentence:
    if not verdict.points:
        return say("No verdict: there is no finished picture at weight 0 to compare with.")
    if verdict.broken:
        return say(
            "No verdict: {count} of {total} pictures are broken at weight 0 already ({why}). Check "
            "checkpoint, VAE, size, steps, CFG and prompts, and scan again.",
            count=verdict.broken,
            total=verdict.pairs,
            why=say(_BROKEN[verdict.broken_by]) if verdict.broken_by else say("damaged"),
        )
    if verdict.reach == 0:
        return say("No verdict on negative weights: none were scanned.")
    reach, best = format_weight(verdict.reach), _sweet_spot(verdict)
    if verdict.bracket is None or verdict.weight_range is None:
        text = "No effect: down to {weight} the pictures stay as they are at weight 0."
        return say(text, weight=reach)
    if verdict.onset is None:
        text = "{effect}; no damage was seen down to {weight}."
        if best is None:
            return say(text, effect=_effect(verdict), weight=reach)
        text = "{effect}; no damage was seen down to {weight}; {best}."
        return say(text, effect=_effect(verdict), weight=reach, best=best)
    return _damage(verdict, verdict.onset, best)


def _damage(verdict: ScanVerdict, onset: Onset, best: Sentence | None) -> Sentence:
    weight, cause = format_weight(onset.weight), why(onset)
    if verdict.best_at_zero:
        return say(
            "Best at 0: already {weight} damages the pictures ({why}), so use no negative weight "
            "of it.",
            weight=weight,
            why=cause,
        )
    allowed = verdict.weight_range
    told = {
        "effect": _effect(verdict),
        "weight": weight,
        "why": cause,
        "floor": format_weight(allowed.floor or 0.0) if allowed else "0",
    }
    if best is None:
        text = "{effect}; damage starts at {weight} ({why}), so go no lower than {floor}."
        return say(text, **told)
    text = "{effect}; damage starts at {weight} ({why}), so go no lower than {floor}; {best}."
    return say(text, **told, best=best)


def why(onset: Onset) -> Sentence:
    """Return the reason for an onset: what is damaged, and how that was seen."""
    cause = say(words_of(onset.cause))
    if onset.reason is OnsetReason.JUMP:
        return say("{cause}, which rises steeply from here", cause=cause)
    one, many = "{cause}, on {count} of {total} picture", "{cause}, on {count} of {total} pictures"
    text = one if onset.pairs == 1 else many
    return say(text, cause=cause, count=onset.outside, total=onset.pairs)


def notes(verdict: ScanVerdict) -> list[Sentence]:
    """Return what else is worth saying, one sentence each."""
    if verdict.broken:
        return []
    found = []
    onset = verdict.onset
    if onset is not None:
        found.append(
            say(
                "The onset lies between {near} and {far}; {share} of the redrawn samples find one.",
                near=format_weight(onset.band[0]),
                far=format_weight(onset.band[1]),
                share=f"{onset.certainty:.0%}",
            )
        )
    if verdict.suppression is not None:
        found.append(
            say(
                "Effect per unit of negative weight: {effect} (90 % range {low} to {high}).",
                effect=f"{verdict.suppression.value:.2f}",
                low=f"{verdict.suppression.low:.2f}",
                high=f"{verdict.suppression.high:.2f}",
            )
        )
    if verdict.bend is not None:
        found.append(say(_BEND[verdict.bend.is_worse], **_costs(verdict)))
    found += _of_the_model(verdict)
    if verdict.plateau is not None:
        weight = format_weight(verdict.plateau)
        found.append(say("Beyond {weight} the effect hardly grows.", weight=weight))
    if verdict.spill is not None:
        found.append(_spill(verdict.spill))
    if verdict.ceiling_onset is not None:
        weight = format_weight(verdict.ceiling_onset.weight)
        found.append(say("On the positive side damage starts at {weight}.", weight=weight))
    if verdict.reach and verdict.pairs < FEW_PAIRS:
        found.append(say("Few pictures say little: scan six prompts and two seeds to rely on it."))
    elif verdict.reach and verdict.pairs < ENOUGH_PAIRS:
        text = "From {count} pictures per weight; with twelve the onset is surer."
        found.append(say(text, count=verdict.pairs))
    return found


def _of_the_model(verdict: ScanVerdict) -> list[Sentence]:
    """Return what the model itself finds at negative weights; nothing where it was not asked."""
    below = [(p.weight, p.balks, p.unlikely or 0.0) for p in verdict.points if p.weight < 0]
    asked = sorted(
        ((weight, balks, octaves) for weight, balks, octaves in below if balks is not None),
        reverse=True,
    )
    if not asked:
        return []
    half = [balks >= HALF for _, balks, _ in asked]
    for index, (weight, _, _) in enumerate(asked):
        if half[index] and all(half[index : index + 2]):
            return [say(_BALKS, weight=format_weight(weight))]
    # Of weights that are damaged anyway there is nothing to take back.
    onset = verdict.onset
    clean = [item for item in asked if onset is None or item[0] > onset.weight]
    if not clean:
        return []
    reach, _, octaves = clean[-1]
    if octaves < CLEARLY_LESS_LIKELY:
        text = "The model itself finds nothing wrong with the pictures down to {weight}."
        return [say(text, weight=format_weight(reach))]
    return [say(_EXPLAINED, weight=format_weight(reach), times=f"{2**octaves:.1f}")]


CLEARLY_LESS_LIKELY = 0.5
"""Octaves of *unlikely* that are said: an error of 1.4 times."""

_BALKS = (
    "From {weight} on the model itself balks at half of the pictures or more: parts may be "
    "smeared, displaced, doubled or lost. Look at them."
)
_EXPLAINED = (
    "The model finds the pictures at {weight} less likely than at weight 0 (error × {times}), but "
    "no more than so much change explains: a style that works does that, too. It is not counted as "
    "damage."
)

_BEND = {
    True: "Going from −0.4 to −0.7 costs more than going from 0 to −0.4 ({far} against {near} of "
    "the healthy band).",
    False: "Going from −0.4 to −0.7 costs no more than going from 0 to −0.4 ({far} against {near} "
    "of the healthy band).",
}


def _costs(verdict: ScanVerdict) -> dict[str, str]:
    bend = verdict.bend
    assert bend is not None
    return {
        "far": f"{bend.far:.2f}".replace("-", "−"),
        "near": f"{bend.near:.2f}".replace("-", "−"),
    }


def _spill(share: float) -> Sentence:
    text = "Unrelated prompts change {share} as much as those with its subject."
    return say(text, share=f"{share:.0%}")


def _effect(verdict: ScanVerdict) -> Sentence:
    words = [say(_CHANGES[change]) for change in verdict.changes if change in _CHANGES][:3]
    names = ("first", "second", "third")
    return say(_LISTED[len(words)], **dict(zip(names, words, strict=False)))


def _sweet_spot(verdict: ScanVerdict) -> Sentence | None:
    spot = verdict.weight_range.sweet_spot if verdict.weight_range else None
    if spot is None:
        return None
    near, far = (format_weight(weight) for weight in spot)
    if near == far:
        return say("best at {weight}", weight=near)
    return say("best between {near} and {far}", near=near, far=far)


# ---- an A/B picture --------------------------------------------------------------------------


def comparison(verdict: ScanVerdict) -> Sentence:
    """Say how far pictures with the LoRA are from those without; people judge which are better."""
    point = next((point for point in verdict.points if point.weight), None)
    if point is None:
        return say("No verdict: there is no finished picture at weight 0 to compare with.")
    damaged = round(point.outside * point.pairs)
    harm = say("none looks damaged by itself")
    if damaged:
        harm = say("{count} of them look damaged by themselves", count=damaged)
    one, many = "{count} picture", "{count} pictures"
    effect = point.effect if point.effect == point.effect else 0.0  # NaN where it is not known
    return say(
        "With the LoRA at {weight}, {pictures} differ from those without it by {effect}; {harm}.",
        weight=format_weight(point.weight),
        pictures=say(one if point.pairs == 1 else many, count=point.pairs),
        effect=f"{effect:.2f}",
        harm=harm,
    )


def comparison_notes(verdict: ScanVerdict) -> list[Sentence]:
    """Return how to read the number of `comparison`."""
    if not any(point.weight for point in verdict.points):
        return []
    return [say("0 is the same picture, 1 another one. Which of two is better, your eyes decide.")]


# ---- a quick scan ----------------------------------------------------------------------------


def quick_sentence(plan: ScanPlan, verdict: QuickVerdict) -> Sentence:
    """Return a quick scan's verdict in one sentence."""
    reach = format_weight(min(plan.weights))
    if min(plan.weights) == 0:
        return say("No verdict on negative weights: none were tried.")
    if verdict.bracket is None or verdict.weight_range is None:
        text = "No effect: down to {weight} the model predicts what it does at 0."
        return say(text, weight=reach)
    onset = verdict.bracket.bleeding_onset
    if onset is None:
        return say("No damage is to be expected down to {weight}.", weight=reach)
    weight = format_weight(round(onset, 2))
    reason = say(_QUICK_REASONS.get(verdict.reason, verdict.reason))
    text = "Damage is to be expected from {weight} on ({why})."
    return say(text, weight=weight, why=reason)


def quick_advice(verdict: QuickVerdict, allowed: WeightRange | None) -> Sentence | None:
    """Return how low to go after a quick scan; ``None`` where nothing but the verdict is to say.

    A quick scan never widens a range, so the range in force is named where it is the narrower.

    Args:
        verdict: of the quick scan.
        allowed: the range in force; ``None`` where there is none.
    """
    found = verdict.weight_range
    if found is None or found.floor is None or verdict.bracket is None:
        return None
    limit = allowed.floor if allowed is not None else None
    if limit is not None and limit > found.floor:
        if limit == 0:
            return say("The range in force allows no negative weight of it.")
        return say("The range in force ends before, at {floor}.", floor=format_weight(limit))
    if verdict.bracket.bleeding_onset is None:
        return None
    if found.floor == 0:
        return say("Use no negative weight of it.")
    return say("Go no lower than {floor}.", floor=format_weight(found.floor))


def quick_notes(verdict: QuickVerdict) -> list[Sentence]:
    """Return what else a quick scan has to say, one sentence each."""
    found = [say("A quick scan makes no pictures; scan fully before you rely on it.")]
    bracket = verdict.bracket
    if bracket is not None and bracket.onset_band is not None:
        near, far = (format_weight(weight) for weight in bracket.onset_band)
        found.append(say("The onset lies between {near} and {far}.", near=near, far=far))
    if bracket is not None and bracket.suppression is not None:
        effect = f"{bracket.suppression:.2f}"
        found.append(say("Effect per unit of negative weight: {effect}.", effect=effect))
    spills = [point.spill for point in verdict.points if point.spill is not None]
    if spills:
        found.append(_spill(sorted(spills)[len(spills) // 2]))
    return found
