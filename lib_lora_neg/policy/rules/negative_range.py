"""What R1 and R1f share: negative weights stay in the range of the LoRA's type."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

from ...loras.card import LoraCard, LoraType, RangeSource, WeightRange
from ...loras.families import FLUX_FAMILIES, UNET_WITH_CFG
from ...sentences import Sentence, say
from ..draft import (
    Context,
    Draft,
    LoraUse,
    TextDraft,
    each_prompt,
    edited_tag,
    guarded_uses,
    reaching,
    weight_numbers,
)
from ..matrix import FRAMEWORK, explicit_range, range_in_force
from ..options import Mode
from ..wording import minus, type_text
from . import range_advice
from .range_advice import RangeAdvice

NO_CHARACTER = (
    "{type}: no negative weight; a character at a negative weight gives a distorted mirror, not "
    "an opposite; use its trained weight and screen seeds instead"
)


def hold_to_range(rule: str, draft: Draft, context: Context) -> Draft:
    """Clamp negative weights, or take the tag out where no negative weight is safe."""
    if context.mode(rule) is Mode.OFF:
        return draft

    scales = _cfg_scales(draft, context)

    def judge(text: TextDraft) -> TextDraft:
        for position, use, card in guarded_uses(text, rule):
            judge = _Judge(rule, text, use, card, context, scales)
            text = text.with_use(position, judge.judged())
        return text

    return each_prompt(draft, judge)


class _Verdict(NamedTuple):
    """What the range says of one use: the use as it should be, and why."""

    use: LoraUse
    sure: bool
    reason: str
    source: str
    floor: float


class _Judge(NamedTuple):
    """One use before the rule."""

    rule: str
    text: TextDraft
    use: LoraUse
    card: LoraCard
    context: Context
    scales: tuple[float, ...]

    @property
    def _on_flux(self) -> bool:
        return self.context.request.family in FLUX_FAMILIES

    def judged(self) -> LoraUse:
        """Return the use as it goes on."""
        use, card, context = self.use, self.card, self.context
        lowest = _lowest(use, self.scales)
        if lowest is None or lowest >= 0.0:
            return self._advise(range_advice.no_negative_branch(use, card, context))
        if explicit_range(card) is None:
            advice = range_advice.without_range(use, card, lowest, context)
            if advice is not None:
                return self._advise(advice)
            if _made_for_sd(card) and self._on_flux:
                return self._decide(self._refused_on_flux())
        allowed = range_in_force(card, context.request.family, context.settings.floors)
        if allowed is None or allowed.floor is None:
            return use
        # What must be positive may be nothing; no negative weight becomes positive.
        return self._held_to(allowed, min(allowed.floor, 0.0), lowest)

    def _held_to(self, allowed: WeightRange, floor: float, lowest: float) -> LoraUse:
        on_flux = self._on_flux and allowed.source is RangeSource.TYPE
        if lowest >= floor:
            caution = range_advice.scan_first(self.use, allowed, lowest, self.context)
            return self._advise(caution if on_flux else None)
        if self.use.te is None or self.use.unet is None:
            return self._advise(range_advice.scheduled(self.use, self.card, allowed, lowest))
        return self._decide(self._clamped(allowed, floor))

    def _clamped(self, allowed: WeightRange, floor: float) -> _Verdict:
        use, card, settings = self.use, self.card, self.context.settings
        if use.branched and self.scales:
            return self._branches_held(allowed, floor)
        unet = _raised(use.unet, floor)
        te = unet if use.te == use.unet else _raised(use.te, floor)
        if use.te != use.unet and card.parts is not None and not card.parts.text_encoder:
            te = use.te
        none_allowed = floor >= 0.0
        dropped = none_allowed and max(te or 0.0, unet or 0.0) <= 0.0
        needed = settings.drop_confidence if none_allowed else settings.clamp_confidence
        sure = allowed.source is not RangeSource.TYPE or card.inference.confidence >= needed
        clamped = replace(use, te=te, unet=unet, removed=dropped)
        return _Verdict(clamped, sure, self._reason(allowed, floor), allowed.reference, floor)

    def _branches_held(self, allowed: WeightRange, floor: float) -> _Verdict:
        """Hold what reaches the picture to the range, part by part."""
        use, card, settings = self.use, self.card, self.context.settings
        unet, neg = _held(use.unet or 0.0, use.neg or 0.0, floor, self.scales)
        te, negte = _held(use.te or 0.0, use.negte or 0.0, floor, self.scales)
        if card.parts is not None and not card.parts.text_encoder:
            te = unet if use.te == use.unet else use.te or 0.0
            negte = neg if use.negte == use.neg else use.negte or 0.0
        none_allowed = floor >= 0.0
        dropped = none_allowed and max(te, unet, neg, negte) <= 0.0
        needed = settings.drop_confidence if none_allowed else settings.clamp_confidence
        sure = allowed.source is not RangeSource.TYPE or card.inference.confidence >= needed
        held = replace(use, te=te, unet=unet, neg=neg, negte=negte, removed=dropped)
        lowest = _lowest(use, self.scales)
        reason = say(
            "{range}; with its negative branch it acts on the picture as {weight} would",
            range=self._reason(allowed, floor),
            weight=minus(lowest or 0.0),
        )
        return _Verdict(held, sure, reason, allowed.reference, floor)

    def _reason(self, allowed: WeightRange, floor: float) -> Sentence:
        on_flux = self._on_flux and allowed.source is RangeSource.TYPE
        if on_flux and floor < 0.0 and allowed.sweet_spot is not None:
            near, far = allowed.sweet_spot
            return say(
                "{type}: floor {floor}; the article names {near} to {far} on Flux, but {caution}",
                type=type_text(self.card, allowed),
                floor=minus(floor),
                near=minus(near),
                far=minus(far),
                caution=range_advice.flux_caution(self.context),
            )
        return _reason(self.card, allowed, floor)

    def _refused_on_flux(self) -> _Verdict:
        use, card = self.use, self.card
        known = card.family in UNET_WITH_CFG
        sure = known and card.inference.confidence >= self.context.settings.drop_confidence
        refused = replace(
            use,
            te=_raised(use.te, 0.0),
            unet=_raised(use.unet, 0.0),
            removed=max(use.te or 0.0, use.unet or 0.0) <= 0.0,
        )
        if known:
            made_for = card.family.value.upper()
            reason = say(
                "dedicated negative made for {family}: does not work on Flux", family=made_for
            )
        else:
            reason = say(
                "dedicated negative made for an SD model, as far as can be told: does not work on "
                "Flux"
            )
        source = f"{FRAMEWORK}, type table: only on SDXL, not Flux"
        return _Verdict(refused, sure, reason, source, 0.0)

    def _decide(self, verdict: _Verdict) -> LoraUse:
        text, use = self.text, self.use
        enforced = verdict.sure and self.context.enforces(self.rule)
        reason = verdict.reason
        if not verdict.sure:
            reason = say(
                "{reason} (not enforced: only {share} sure of the type)",
                reason=reason,
                share=f"{self.card.inference.confidence:.0%}",
            )
        wanted = verdict.use
        if wanted.removed and use.tag is not None and not self.context.may_remove(text, use.tag):
            none = 0.0 if wanted.branched else None
            wanted = replace(wanted, te=0.0, unet=0.0, neg=none, negte=none, removed=False)
        if edited_tag(text, use) == edited_tag(text, wanted):
            return use
        self._report(wanted, enforced, reason, verdict.source, verdict.floor)
        return wanted if enforced else use

    def _advise(self, advice: RangeAdvice | None) -> LoraUse:
        if advice is not None:
            self._report(advice.use, False, advice.reason, advice.source)
        return self.use

    def _report(
        self,
        wanted: LoraUse,
        enforced: bool,
        reason: str,
        source: str,
        floor: float | None = None,
    ) -> None:
        numbers = weight_numbers(self.use.unet, None if wanted.removed else wanted.unet)
        if floor is not None:
            numbers["floor"] = floor
        self.context.report(
            self.rule,
            self.text,
            enforced=enforced,
            lora=self.use.name,
            before=edited_tag(self.text, self.use),
            after=edited_tag(self.text, wanted),
            reason=reason,
            evidence=self.card.inference.reasons,
            source=source,
            numbers=numbers,
        )


def _reason(card: LoraCard, allowed: WeightRange, floor: float) -> Sentence:
    of = type_text(card, allowed)
    if floor >= 0.0:
        character = card.inference.type is LoraType.CHARACTER
        return say(NO_CHARACTER if character else "{type}: no negative weight is safe", type=of)
    near, far = allowed.sweet_spot or (floor, floor)
    if near == far:
        return say("{type}: floor {floor}", type=of, floor=minus(floor))
    return say(
        "{type}: floor {floor}, works best from {near} to {far}",
        type=of,
        floor=minus(floor),
        near=minus(near),
        far=minus(far),
    )


def _lowest(use: LoraUse, scales: tuple[float, ...]) -> float | None:
    """Return the lowest weight the tag gives any part; ``None`` if it gives no number.

    Of a LoRA with two strengths it is what reaches the picture.
    """
    if use.te is not None and use.unet is not None:
        if use.neg is None or use.negte is None or not scales:
            return min(use.te, use.unet)
        pairs = ((use.te, use.negte), (use.unet, use.neg))
        return min(_finite(reaching(*pair, cfg)) for pair in pairs for cfg in scales)
    if use.tag is None:
        return None
    stated = [w.minimum for w in (use.tag.te, use.tag.unet) if w.minimum is not None]
    return min(stated, default=None)


def _cfg_scales(draft: Draft, context: Context) -> tuple[float, ...]:
    """Return the CFG scales at which the two strengths of a LoRA may meet.

    CFG may still be lowered after the weights are decided. What reaches the picture goes in a
    straight line with CFG, so what is in range at both is so in between.
    """
    if draft.cfg is None or draft.cfg == 1.0:
        return ()
    return tuple(dict.fromkeys((draft.cfg, min(draft.cfg, context.settings.cfg_ceiling))))


_MOST = 1e6
"""Of a strength that is counted with: beyond any number that somebody means, ``-inf`` too."""

_SLACK = 1e-6
"""What the arithmetic of decimals may miss a floor by."""


def _finite(weight: float) -> float:
    return max(-_MOST, min(_MOST, weight)) if not math.isnan(weight) else 0.0


def _held(
    cond: float, uncond: float, floor: float, scales: tuple[float, ...]
) -> tuple[float, float]:
    """Return two strengths of which no less than ``floor`` reaches the picture at any scale.

    A strength of 0 or more where the prompt acts stays, and the negative branch gets less; else
    both shrink in proportion. No sign is turned. Thousandths are cut so that more is left.
    """
    cond, uncond = _finite(cond), _finite(uncond)
    cfg = min(scales, key=lambda scale: reaching(cond, uncond, scale))
    reaches = reaching(cond, uncond, cfg)
    if reaches >= floor - _SLACK:
        return cond, uncond
    if cond >= 0.0:
        return cond, max(0.0, _cut_down((cfg * cond - floor) / (cfg - 1.0)))
    share = floor / reaches
    return min(0.0, -_cut_down(-cond * share)), _cut_down(uncond * share)


def _cut_down(weight: float) -> float:
    """Return a weight in thousandths, the next lower one."""
    return math.floor(round(weight * 1000.0, 6)) / 1000.0 + 0.0


def _made_for_sd(card: LoraCard) -> bool:
    """Whether it is a dedicated negative that Flux cannot use."""
    dedicated = card.inference.type is LoraType.DEDICATED_NEGATIVE
    return dedicated and card.family not in FLUX_FAMILIES


def _raised(weight: float | None, floor: float) -> float | None:
    """Return a negative weight raised to the floor; others as they are."""
    if weight is None or weight >= 0.0:
        return weight
    return max(weight, floor)
