"""What stands in a page's inputs before anything is generated, and what a host makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from ..loras.card import LoraCard
from ..loras.families import ModelFamily
from ..policy import CardLookup, GenerationRequest, GuardSettings, Mode, PromptSet
from ..prompts import parse


@dataclass(frozen=True)
class FormValues:
    """The inputs of one tab as they stand in the page.

    Attributes:
        prompt: as typed, styles not merged.
        negative_prompt: likewise.
        cfg_scale: of the first pass.
        hires: whether the hires pass is on.
        hr_prompt: of the hires pass; empty where it uses the first pass's.
        hr_negative_prompt: likewise.
        hr_cfg: ``None`` where the hires pass has no CFG of its own.
        styles: names of the selected styles.
        tools: names of other tools that are switched on, as the host calls them.
        family: as the caller says; ``None`` leaves it to the host.
        guided: negative guidance is on, so the negative prompt counts at CFG 1 too.
    """

    prompt: str = ""
    negative_prompt: str = ""
    cfg_scale: float = 7.0
    hires: bool = False
    hr_prompt: str = ""
    hr_negative_prompt: str = ""
    hr_cfg: float | None = None
    styles: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    family: ModelFamily | None = None
    guided: bool = False

    def passes(self) -> tuple[PromptSet, PromptSet | None]:
        """Return both passes as the host would make them from these texts."""
        first = PromptSet((self.prompt,), (self.negative_prompt,), self.cfg_scale)
        if not self.hires:
            return first, None
        return first, PromptSet(
            (self.hr_prompt or self.prompt,),
            (self.hr_negative_prompt or self.negative_prompt,),
            self.hr_cfg,
        )


@dataclass(frozen=True)
class PreviewContext:
    """What a host would generate from some form values.

    Attributes:
        form: as they stand.
        request: with styles merged.
        settings: in force.
        cards: lookup that loads nothing but single cards, and rescans nothing.
        family_assumed: no checkpoint says the family, so it is that of the LoRAs.
    """

    form: FormValues
    request: GenerationRequest
    settings: GuardSettings
    cards: CardLookup
    family_assumed: bool = False

    def without_styles(self) -> GenerationRequest:
        """Return the request without what styles add: the texts an action may write."""
        first, hires = self.form.passes()
        if (first, hires) == (self.request.first, self.request.hires):
            return self.request
        return replace(self.request, first=first, hires=hires)


class PreviewHost(Protocol):
    """A host that can say what it would make of some form values, without starting anything."""

    def context(
        self, form: FormValues, mode: Mode | None = None, rules: Mapping[str, Mode] | None = None
    ) -> PreviewContext:
        """Return what would be generated; ``mode`` and ``rules`` as far as not the user's."""
        ...

    def token_count(self, text: str) -> tuple[int, int] | None:
        """Return tokens and the size of the chunks they fill; ``None`` if not known."""
        ...


def family_of_loras(texts: tuple[str, ...], cards: CardLookup) -> ModelFamily:
    """Return the family for which all LoRAs of the prompts were made, else ``UNKNOWN``."""
    found: set[ModelFamily] = set()
    for text in texts:
        for tag in parse(text).tags:
            card: LoraCard | None = cards.get(tag.name) if tag.is_lora else None
            if card is not None:
                found.add(card.family)
    found.discard(ModelFamily.UNKNOWN)
    return found.pop() if len(found) == 1 else ModelFamily.UNKNOWN
