"""All that is known of one LoRA, as JSON for the library's detail view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from heapq import nlargest
from typing import Any

from ...loras.card import LoraCard, LoraType, RangeSource, TagTableKind, WeightRange
from ...loras.decisions import Decision, write_decision
from ...loras.tagtable import TagGrade, grade_tag
from ...policy import GuardSettings
from ...policy.bleeding_curve import bleeding_curve
from ...policy.block_names import block_names, presets_of
from ...policy.matrix import explicit_range, range_in_force
from ...policy.wording import minus
from ...sentences import as_sentence, say
from ..curve import curve_json
from .words import SOURCE_NAMES, acts_from, bracket_text, effective_range, range_text, type_name

MAX_TAGS = 200
"""Tags that the bar picture can show."""

MAX_LINES = 100
"""Triggers, ranges, problems or blocks of one file; a hostile file can hold any number."""

MAX_TEXT = 2000

GRADE_NAMES = {
    TagGrade.UBIQUITOUS: say("ubiquitous"),
    TagGrade.SEPARABLE: say("separable"),
    TagGrade.NOT_CAPTIONED: say("not captioned"),
    TagGrade.UNKNOWN: say("unknown"),
}
GRADE_MEANINGS = {
    TagGrade.UBIQUITOUS: say(
        "on 90 % of the captions or more: part of what it learnt, as a negative it fights the LoRA"
    ),
    TagGrade.SEPARABLE: say("on 5 to 90 %: learnt apart from the rest, a negative can reach it"),
    TagGrade.NOT_CAPTIONED: say("on less than 5 %: text cannot reach what it learnt of it"),
    TagGrade.UNKNOWN: say("its captions say nothing that can be believed"),
}

_TABLE_NOTES = {
    TagTableKind.NONE: say("The file holds no captions, so every term is of unknown grade."),
    TagTableKind.FAKE: say(
        "The table in the file was written only to carry the trigger word; "
        "it says nothing about captions."
    ),
    TagTableKind.PROSE: say("Its captions are sentences; what is counted here are their pieces."),
    TagTableKind.RICH: "",
}

_ORDER = (RangeSource.USER, RangeSource.MEASURED, RangeSource.SIDECAR)
_WHY = {
    RangeSource.USER: say("a range that you typed goes before every other"),
    RangeSource.MEASURED: say("a measured range goes before what files and types say"),
    RangeSource.SIDECAR: say("what its author states goes before the range of its type"),
    RangeSource.TYPE: say("nobody stated or measured a range for it, so its type's holds"),
}


def detail(
    card: LoraCard,
    decision: Decision,
    location: str = "",
    copies: Sequence[str] = (),
    settings: GuardSettings | None = None,
) -> dict[str, Any]:
    """Return what the detail view shows.

    Args:
        card: the LoRA.
        decision: what the user decided about it.
        location: its file, relative to the LoRA folder.
        copies: files of the same name, where there are several.
        settings: in force; the defaults if left out.
    """
    inference = card.inference
    record = write_decision(decision)
    settings = settings or GuardSettings()
    return {
        "name": card.name,
        "title": _cut(card.title),
        "alias": _cut(card.alias) if card.alias != card.name else "",
        "location": location,
        "copies": list(copies)[:MAX_LINES],
        "type": inference.type.value,
        "type_name": type_name(inference.type),
        "confidence": round(inference.confidence, 2),
        "verdict": _verdict(card, settings),
        "reasons": _lines(inference.reasons),
        "family": card.family.value,
        "family_candidates": [family.value for family in card.family_candidates],
        "facts": [[label, _cut(text)] for label, text in _facts(card) if text],
        "range": range_text(effective_range(card, settings)),
        "ranges": _ranges(card, settings),
        "curve": _curve(card, settings),
        "triggers": [
            {"text": _cut(t.text), "source": say(t.source), "confidence": round(t.confidence, 2)}
            for t in card.triggers[:MAX_LINES]
        ],
        "more_triggers": max(0, len(card.triggers) - MAX_LINES),
        "tags": _tags(card),
        "problems": [*_lines(card.problems), *_copies(copies)],
        "decision": {
            "type": record.get("type"),
            "triggers": record.get("triggers"),
            "range": record.get("range"),
            "guard_off": decision.guard_off,
            "blocks": decision.block_mask,
        },
        "blocks": {
            "names": list(block_names(card.family)),
            "presets": [
                {"value": preset.value, "label": preset.label, "source": preset.source}
                for preset in presets_of(card.family)
            ],
        },
        "decided": not decision.is_empty,
    }


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} …"


def _lines(texts: Sequence[str]) -> list[str]:
    shown: list[str] = [as_sentence(_cut(text)) for text in texts[:MAX_LINES]]
    more = len(texts) - len(shown)
    return [*shown, say("and {count} more", count=more)] if more > 0 else shown


def _verdict(card: LoraCard, settings: GuardSettings) -> str:
    """Say what the guard makes of the type."""
    if card.guard_off:
        return say("Guard off: no rule applies to this LoRA.")
    if explicit_range(card) is not None:
        return say("A range was stated for this very LoRA, so its type does not decide.")
    if card.inference.type is LoraType.UNKNOWN:
        return say("The type is not known, so the guard only advises.")
    needed = acts_from(card, settings)
    if card.inference.confidence < needed:
        text = "Too unsure for the guard to act (from {share}): it only advises."
        return say(text, share=f"{needed:.0%}")
    return say("Sure enough for the guard to act on it.")


def _facts(card: LoraCard) -> list[tuple[str, str]]:
    parts = card.parts
    named = (("text encoder", parts.text_encoder), ("unet", parts.unet)) if parts else ()
    there = ", ".join(name for name, has in named if has)
    candidates = ", ".join(family.value for family in card.family_candidates)
    rank = "" if card.rank is None else f", rank {card.rank}"
    images = say("not known") if card.image_count is None else str(card.image_count)
    width = say(f"{card.data_width.value} data")
    weight = card.preferred_weight
    return [
        (say("Fits"), candidates),
        (say("Algorithm"), f"{card.algorithm}{' (DoRA)' if card.weight_decomposed else ''}{rank}"),
        (say("Tensor names"), card.key_format),
        (say("Parts"), say(there) if there else say("not known")),
        (say("Training pictures"), say("{images} ({width})", images=images, width=width)),
        (say("Preferred weight"), "" if weight is None else minus(weight)),
        (say("Activation text"), card.activation_text),
        (say("Recommended negative"), card.negative_text),
        (say("Embeddings inside"), ", ".join(card.bundled_embeddings[:MAX_LINES])),
    ]


def _ranges(card: LoraCard, settings: GuardSettings) -> list[dict[str, Any]]:
    """Return all ranges, the one in force first, each with why it does or does not hold."""
    force = range_in_force(card, card.family, settings.floors)
    stated = sorted(
        (found for found in card.ranges if found.source in _ORDER),
        key=lambda found: (found is not force, _ORDER.index(found.source)),
    )
    rows = [_range_row(found, found is force) for found in stated[:MAX_LINES]]
    for row, found in zip(rows, stated, strict=False):
        if found.source is RangeSource.MEASURED and card.bracket is not None:
            row["why"] = say("{why}. {saved}", why=row["why"], saved=bracket_text(card))
    of_type = range_in_force(replace(card, ranges=()), card.family, settings.floors)
    if card.inference.type is not LoraType.UNKNOWN and of_type is not None:
        rows.append(_range_row(of_type, explicit_range(card) is None))
    return rows


def _curve(card: LoraCard, settings: GuardSettings) -> dict[str, Any] | None:
    allowed = effective_range(card, settings)
    floor = allowed.floor if allowed is not None else None
    return curve_json(bleeding_curve(card, card.family), floor)


def _range_row(found: WeightRange, in_force: bool) -> dict[str, Any]:
    spot = found.sweet_spot
    why = _WHY[found.source] if in_force else say("a stronger range holds")
    if not in_force and found.source is RangeSource.SIDECAR and (found.floor or 0) >= 0:
        why = say("says nothing about negative weights")
    return {
        "text": range_text(found),
        "floor": found.floor,
        "ceiling": found.ceiling,
        "sweet_spot": f"{minus(spot[0])} … {minus(spot[1])}" if spot is not None else "",
        "source": SOURCE_NAMES[found.source],
        "reference": _cut(found.reference),
        "in_force": in_force,
        "why": why,
    }


def _tags(card: LoraCard) -> dict[str, Any]:
    table = card.tags
    shares = table.shares if table.kind is not TagTableKind.NONE else {}
    most = nlargest(MAX_TAGS, shares.items(), key=lambda item: (item[1], item[0]))
    most.sort(key=lambda item: (-item[1], item[0]))
    return {
        "kind": table.kind.value,
        "note": _TABLE_NOTES[table.kind],
        "captions": table.captions,
        "total": len(shares),
        "rows": [
            {"tag": _cut(tag), "share": round(share, 4), "grade": grade_tag(table, tag).value}
            for tag, share in most
        ],
    }


def _copies(copies: Sequence[str]) -> list[str]:
    if len(copies) < 2:
        return []
    text = "{count} files have this name; the host loads {file}"
    return [say(text, count=len(copies), file=copies[-1])]
