"""How concept bleeding rises with a LoRA's negative weight: measured, or as its type lets expect.

Damage is counted so that 1 is where it is seen: the edge of the band of a scan (`scan.curves`), or,
without one, the weight beyond which R10 speaks. The curve that is expected grows with the square
of the weight: −0.4 to −0.7 then costs twice what 0 to −0.4 did, as the article says of LoRAs and
as the lab measured for its styles (added damage 0.38, 0.76 and 1.87 at −0.5, −0.7 and −1: 1, 2 and
4.9 times the first, against 1, 1.96 and 4 here).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..loras.card import DataWidth, LoraCard, LoraType, RangeSource
from ..loras.families import UNET_WITH_CFG, ModelFamily
from ..sentences import Sentence, say
from .matrix import FRAMEWORK
from .wording import minus, type_name

BEND = -0.5
"""Beyond this the article saw bleeding rise steeply; its floor for styles is −0.4 to −0.5."""

BEND_OF_NARROW_DATA = -0.4
"""The near end of the article's floor, for LoRAs that learned from few pictures."""

SOURCE = f"{FRAMEWORK}, concept bleeding: −0.4 to −0.7 can cost more than 0 to −0.4"

LEARNED_WHOLE_PICTURES = (LoraType.STYLE, LoraType.CONCEPT)
"""The types that have a negative range but were not made for it."""

FARTHEST = -1.0
"""Weight to which an expected curve is drawn, where nothing asks for more."""

_STEPS = 20
_MOST = 1e6
"""A curve goes no higher; a side file may state any onset."""


class CurveBasis(str, Enum):
    """What a curve rests on."""

    MEASURED = "measured"
    """The damage that a scan saw at each weight."""
    ONSET = "onset"
    """A scan's onset alone; between 0 and there it is drawn as expected."""
    EXPECTED = "expected"
    """The LoRA's type and the width of its data."""


@dataclass(frozen=True)
class BleedingCurve:
    """One LoRA's curve.

    Attributes:
        basis: what it rests on.
        points: weight (≤ 0) and damage (≥ 0, 1 is where it is seen), the lowest weight first.
        onset: the weight at which damage begins; ``None`` where none was seen.
        band: weights between which the onset lies, ``(nearest 0, farthest)``; ``None`` if unknown.
        text: what it says, for people.
        source: where it comes from.
    """

    basis: CurveBasis
    points: tuple[tuple[float, float], ...]
    onset: float | None
    band: tuple[float, float] | None
    text: Sentence
    source: str


def bend_of(card: LoraCard) -> float:
    """Return the weight beyond which a LoRA of this data width is expected to bleed."""
    return BEND_OF_NARROW_DATA if card.data_width is DataWidth.NARROW else BEND


def bleeding_curve(
    card: LoraCard, family: ModelFamily, reach: float = FARTHEST
) -> BleedingCurve | None:
    """Return a LoRA's curve on ``family``; ``None`` where nothing is known of one.

    Args:
        card: the LoRA.
        family: of the checkpoint.
        reach: lowest weight that an expected curve is to show.
    """
    measured = _measured(card, reach)
    if measured is not None:
        return measured
    kind = card.inference.type
    if kind not in LEARNED_WHOLE_PICTURES or family not in UNET_WITH_CFG:
        return None
    bend = bend_of(card)
    text = say(
        "expected of a {type} ({width}): steep beyond {weight}. Nobody has measured this LoRA; a "
        "weight scan does",
        type=type_name(kind),
        width=_width(card),
        weight=minus(bend),
    )
    return BleedingCurve(
        CurveBasis.EXPECTED, _square(bend, min(reach, FARTHEST)), bend, None, text, SOURCE
    )


def _measured(card: LoraCard, reach: float) -> BleedingCurve | None:
    bracket = card.bracket
    if bracket is None:
        return None
    onset = bracket.bleeding_onset
    source = say("scan on {checkpoint}", checkpoint=bracket.checkpoint or "?")
    if bracket.date:
        source = say("{scan}, {date}", scan=source, date=bracket.date)
    if bracket.curve:
        if onset is None:
            text = say(
                "measured by a scan: no damage down to {weight}", weight=minus(bracket.curve[0][0])
            )
        else:
            text = say("measured by a scan: damage begins at {weight}", weight=minus(onset))
        return BleedingCurve(
            CurveBasis.MEASURED, bracket.curve, onset, bracket.onset_band, text, source
        )
    if onset is None:
        floor = next((r.floor for r in card.ranges if r.source is RangeSource.MEASURED), None)
        if floor is None:
            return None
        text = say("measured by a scan: no damage down to {weight}", weight=minus(floor))
        return BleedingCurve(CurveBasis.MEASURED, (), None, None, text, source)
    if not onset:
        return None
    text = say(
        "a scan saw damage begin at {weight}; the curve to there is drawn as expected",
        weight=minus(onset),
    )
    points = _square(onset, min(reach, FARTHEST))
    return BleedingCurve(CurveBasis.ONSET, points, onset, bracket.onset_band, text, source)


def _square(edge: float, reach: float) -> tuple[tuple[float, float], ...]:
    weights = (reach * step / _STEPS for step in range(_STEPS, -1, -1))
    return tuple(
        (round(w, 4) + 0.0, round(min((w / edge) * (w / edge), _MOST), 4)) for w in weights
    )


def _width(card: LoraCard) -> Sentence:
    if card.image_count is not None:
        return say("trained on {count} pictures", count=card.image_count)
    return _WIDTHS[card.data_width]


_WIDTHS = {
    DataWidth.NARROW: say("trained on few pictures"),
    DataWidth.NORMAL: say("trained on a usual number of pictures"),
    DataWidth.WIDE: say("trained on many pictures"),
    DataWidth.UNKNOWN: say("nobody says on how many pictures"),
}
