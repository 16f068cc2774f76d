"""Boxes of a page with made-up LoRAs, for tests of the preview and the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from lib_lora_neg.hosts.preview import FormValues, PreviewContext
from lib_lora_neg.loras.card import LoraCard
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import GenerationRequest, GuardSettings, Mode


class PreviewFor:
    """A host with these LoRAs, SDXL, and one style that adds to the negative prompt."""

    def __init__(self, cards: Iterable[LoraCard], styles: Mapping[str, str] | None = None) -> None:
        self.cards = {card.name: card for card in cards}
        self.styles = styles or {}

    def context(
        self, form: FormValues, mode: Mode | None = None, rules: Mapping[str, Mode] | None = None
    ) -> PreviewContext:
        first, hires = form.passes()
        added = "".join(f", {self.styles[name]}" for name in form.styles if name in self.styles)
        if added:
            first = replace(first, negative_prompts=(first.negative_prompts[0] + added,))
        request = GenerationRequest(first, hires, family=form.family or ModelFamily.SDXL)
        settings = GuardSettings(mode or Mode.ENFORCE, rules=rules or {})
        return PreviewContext(form, request, settings, self.cards)

    def token_count(self, text: str) -> tuple[int, int]:
        return len(text.split()), 75

    def names(self) -> list[str]:
        return list(self.cards)

    def card(self, name: str) -> LoraCard | None:
        return self.cards.get(name)

    def name_in_prompts(self, name: str) -> str:
        return f"{name}_alias"
