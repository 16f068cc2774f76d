"""R10: concept bleeding does not grow in proportion to the weight."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ...loras.card import DataWidth, LoraCard, RangeSource, ScanBracket
from ...loras.families import UNET_WITH_CFG
from ...sentences import Sentence, say
from ..bleeding_curve import LEARNED_WHOLE_PICTURES, SOURCE, bend_of
from ..draft import (
    Context,
    Draft,
    LoraUse,
    TextDraft,
    each_prompt,
    edited_tag,
    weight_numbers,
)
from ..options import Mode
from ..rule import ChipText, Rule
from ..wording import minus
from . import r1_range, r1f_flux_range

RANGE_RULES = (r1_range.RULE.id, r1f_flux_range.RULE.id)


class _Bend(NamedTuple):
    """The weight beyond which it gets worse, and who says so."""

    at: float
    reason: Sentence
    source: str


def bleeding(draft: Draft, context: Context) -> Draft:
    """Say where a negative weight lies past the point from which bleeding rises."""
    if context.mode("R10") is Mode.OFF:
        return draft

    def look(text: TextDraft) -> TextDraft:
        for use in text.uses:
            if (
                use.guarded_by("R10")
                and use.card is not None
                and not _held_already(text, use, context)
            ):
                _report(text, use, _bend(use, use.card, context), context)
        return text

    return each_prompt(draft, look)


def _held_already(text: TextDraft, use: LoraUse, context: Context) -> bool:
    """Whether R1 says already that this weight should be nearer to 0."""
    return any(
        finding.rule in RANGE_RULES
        and finding.lora == use.name
        and (finding.field, finding.index) == (text.field, text.index)
        and finding.before == edited_tag(text, use) != finding.after
        for finding in context.findings
    )


def _range_has_spoken(text: TextDraft, use: LoraUse, context: Context) -> bool:
    """Whether R1 has named a weight for this LoRA: there is one target then, R1's."""
    return any(
        finding.rule in RANGE_RULES
        and finding.lora == use.name
        and (finding.field, finding.index) == (text.field, text.index)
        and finding.before != finding.after
        for finding in context.findings
    )


def _bend(use: LoraUse, card: LoraCard, context: Context) -> _Bend | None:
    if not use.negative_unet or use.unet is None or use.te is None or use.branched:
        return None
    if card.bracket is not None and card.bracket.bleeding_onset is not None:
        measured = _measured(card.bracket, card.bracket.bleeding_onset)
        return measured if use.unet <= measured.at else None
    if _seen_clean(use.unet, card):
        return None
    learned_whole = card.inference.type in LEARNED_WHOLE_PICTURES
    if not learned_whole or context.request.family not in UNET_WITH_CFG:
        return None
    if context.mode(r1_range.RULE.id) is Mode.OFF:  # who wants to hear nothing of a type's range
        return None
    at = bend_of(card)
    if use.unet >= at:
        return None
    return _Bend(at, _expected(card, at), SOURCE)


def _seen_clean(weight: float, card: LoraCard) -> bool:
    """Whether a scan with pictures looked as far as this weight and saw no damage."""
    if card.bracket is None or card.bracket.is_quick:
        return False
    return any(
        item.source is RangeSource.MEASURED and item.floor is not None and weight >= item.floor
        for item in card.ranges
    )


def _expected(card: LoraCard, at: float) -> Sentence:
    rises = say(
        "beyond {weight} concept bleeding rises faster than the weight; a weight scan measures "
        "where for this LoRA",
        weight=minus(at),
    )
    if card.data_width is not DataWidth.NARROW:
        return rises
    if card.image_count is None:
        return say("trained on few pictures: {rises}", rises=rises)
    return say("trained on {count} pictures: {rises}", count=card.image_count, rises=rises)


def _measured(bracket: ScanBracket, onset: float) -> _Bend:
    reason = say("a scan saw damage begin at {weight}", weight=minus(onset))
    if bracket.onset_band is not None:
        near, far = map(minus, bracket.onset_band)
        reason = say(
            "a scan saw damage begin at {weight} (between {near} and {far})",
            weight=minus(onset),
            near=near,
            far=far,
        )
    source = f"scan on {bracket.checkpoint}" if bracket.checkpoint else "scan"
    return _Bend(onset, reason, f"{source}, {bracket.date}" if bracket.date else source)


def _report(text: TextDraft, use: LoraUse, bend: _Bend | None, context: Context) -> None:
    if bend is None:
        return
    te = bend.at if use.te == use.unet else use.te
    better = edited_tag(text, replace(use, te=te, unet=bend.at))
    numbers = weight_numbers(use.unet, bend.at)
    if _range_has_spoken(text, use, context):
        better, numbers = edited_tag(text, use), weight_numbers(use.unet, use.unet)
    context.report(
        "R10",
        text,
        enforced=False,
        lora=use.name,
        before=edited_tag(text, use),
        after=better,
        reason=bend.reason,
        source=bend.source,
        numbers={**numbers, "onset": bend.at},
    )


RULE = Rule(
    id="R10",
    apply=bleeding,
    title="Concept bleeding",
    setting="concept bleeding",
    help="says where a negative weight lies past the point from which damage rises",
    default=Mode.ADVISE,
    chip=ChipText("concept bleeding"),
    advise_only=True,
    nudges=True,
    measurable=True,
    on_loading=True,
)
