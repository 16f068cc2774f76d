"""Writes the guarded texts once more, so that the infotext tells what was made.

Other scripts keep copies of the prompts and put them back after the guard has edited them, when
the picture has its texts already. What such a copy says is guarded again: the same edits, or none
where they stand there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from ...policy import (
    DEFAULT_RULE_MODES,
    RULES,
    CardLookup,
    GenerationRequest,
    GuardPlan,
    GuardSettings,
    Mode,
    PromptSet,
    plan,
)
from .reading import batch_slice

BatchTexts = tuple[tuple[str, ...], tuple[str, ...]]
"""Prompts and negative prompts of one batch."""

WORD_RULES = frozenset(rule.id for rule in RULES if rule.rewords_prompt)

_TAG = re.compile(r"<\w+:[^<>]+>")

_FIRST = ("all_prompts", "all_negative_prompts")
_HIRES = ("all_hr_prompts", "all_hr_negative_prompts")


@dataclass
class PlannedBatch:
    """A batch as it was planned.

    Attributes:
        number: which one of the job.
        guarded: its plan.
        settings: that it was planned with.
        encoded: texts that the first pass was made with, without tags; ``None`` before that.
        known: texts that were found later, and what they became.
    """

    number: int
    guarded: GuardPlan
    settings: GuardSettings
    encoded: BatchTexts | None = None
    known: dict[object, BatchTexts] = field(default_factory=dict)


def note_encoded(p: Any, batch: PlannedBatch) -> None:
    """Remember what the first pass is made with; to be called when its texts are encoded."""
    if batch.encoded is None:
        batch.encoded = _at_hand(p)


def _at_hand(p: Any) -> BatchTexts:
    """Return the texts of the first pass: what is encoded, from when their tags are taken out."""
    return tuple(p.prompts or ()), tuple(p.negative_prompts or ())


def write_again(p: Any, batch: PlannedBatch, cards: CardLookup, *, shown: bool = False) -> None:
    """Write the guarded texts where the infotext is made from, if others stand there.

    Args:
        p: the host's processing object.
        batch: that is being made.
        cards: of the LoRAs.
        shown: the host has made its copy for the infotext of each picture (``p.prompts``).
    """
    here, guarded = batch_slice(p, batch.number), batch.guarded
    _mend(p, _FIRST, here, guarded.first, batch, cards)
    if guarded.hires is not None:
        _mend(p, _HIRES, here, guarded.hires, batch, cards)
    if shown:
        _mend(p, ("prompts", "negative_prompts"), slice(None), guarded.first, batch, cards)
    if batch.number == 0:
        _mend_main(p, batch, cards)


def _mend(
    p: Any,
    names: tuple[str, str],
    here: slice,
    planned: PromptSet,
    batch: PlannedBatch,
    cards: CardLookup,
) -> None:
    lists: list[list[str]] = [getattr(p, name, None) or [] for name in names]
    prompts, negatives = (tuple(texts[here]) for texts in lists)
    if not prompts or len(prompts) != len(negatives):
        return
    if (prompts, negatives) == (planned.prompts, planned.negative_prompts):
        return
    encoded = batch.encoded if batch.encoded is not None else _at_hand(p)
    first_pass = names != _HIRES
    # Words that were really encoded are the truth, whoever wrote them; tags are mended there too.
    same_words = first_pass and tuple(map(_bare, prompts)) == encoded[0]
    made = _guarded((prompts, negatives), batch, cards, only_tags=same_words)
    if made[0] != prompts:
        lists[0][here] = made[0]
    if made[1] != negatives and not (first_pass and negatives == encoded[1]):
        lists[1][here] = made[1]


def _bare(text: str) -> str:
    """Return a prompt without its tags, as the host encodes it."""
    return _TAG.sub("", text)


def _mend_main(p: Any, batch: PlannedBatch, cards: CardLookup) -> None:
    """Guard what the infotext of the grid says: another script's template, perhaps."""
    main = (getattr(p, "main_prompt", None), getattr(p, "main_negative_prompt", None))
    if not isinstance(main[0], str) or not isinstance(main[1], str):
        return
    first = batch.guarded.first
    if (first.prompts[:1], first.negative_prompts[:1]) == ((main[0],), (main[1],)):
        return
    prompts, negatives = _guarded(((main[0],), (main[1],)), batch, cards)
    if prompts[0] != main[0]:
        p.main_prompt = prompts[0]
    if negatives[0] != main[1]:
        p.main_negative_prompt = negatives[0]


def _guarded(
    texts: BatchTexts, batch: PlannedBatch, cards: CardLookup, *, only_tags: bool = False
) -> BatchTexts:
    """Return texts as the guard would write them in this batch."""
    key = (texts, only_tags)
    if key not in batch.known:
        settings = batch.settings
        if only_tags:
            rules = {
                rule: settings.mode_of(rule) if rule not in WORD_RULES else Mode.OFF
                for rule in DEFAULT_RULE_MODES
            }
            settings = replace(settings, rules=rules)
        made = plan(_request_of(texts, batch.guarded.request), cards, settings).first
        batch.known[key] = (made.prompts, made.negative_prompts)
    return batch.known[key]


def _request_of(texts: BatchTexts, request: GenerationRequest) -> GenerationRequest:
    first = PromptSet(texts[0], texts[1], request.first.cfg_scale)
    return replace(request, first=first, hires=None)
