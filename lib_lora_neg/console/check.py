"""What a request becomes under the rules, as `lora-neg check` and the demo show it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..loras.families import ModelFamily
from ..loras.families.named import named_family
from ..policy import (
    CardLookup,
    Effect,
    Field,
    Finding,
    GenerationRequest,
    GuardPlan,
    GuardSettings,
    PromptSet,
    plan,
)
from ..prompts import parse
from .inputs import AskedGeneration


@dataclass(frozen=True)
class HostTraits:
    """What the checked generation's host brings along.

    Attributes:
        embeddings: names of its textual-inversion embeddings.
        unknown_lora_drops_all: one unknown LoRA name makes it drop all of them (Forge,
            reForge).
    """

    embeddings: frozenset[str] = frozenset()
    unknown_lora_drops_all: bool = False


@dataclass(frozen=True)
class CheckedRequest:
    """One request with its plan; ``family_inferred`` when nobody named the family."""

    plan: GuardPlan
    family_inferred: bool
    asked: AskedGeneration = field(default_factory=AskedGeneration)

    @property
    def first(self) -> tuple[str, str, float]:
        """Prompt, negative prompt and CFG scale of the first pass, guarded."""
        guarded = self.plan.first
        return guarded.prompts[0], guarded.negative_prompts[0], guarded.cfg_scale or 0.0


def check(
    asked: AskedGeneration,
    cards: CardLookup,
    settings: GuardSettings,
    host: HostTraits | None = None,
) -> CheckedRequest:
    """Plan one request. A family that nobody named is taken from the prompt's LoRAs.

    Raises:
        UnknownFamilyError: the request names a family that does not exist.
    """
    host = host or HostTraits()
    named = named_family(asked.family) if asked.family else None
    family = named or family_of(asked.prompt, cards)
    request = GenerationRequest(
        first=PromptSet((asked.prompt,), (asked.negative_prompt,), asked.cfg_scale),
        hires=_hires(asked),
        family=family,
        distilled_guidance=asked.distilled,
        embeddings=host.embeddings,
        unknown_lora_drops_all=host.unknown_lora_drops_all,
    )
    planned = plan(request, cards, settings)
    if asked.notes:
        notes = tuple(note_as_finding(note) for note in asked.notes)
        planned = replace(planned, findings=(*notes, *planned.findings))
    return CheckedRequest(planned, family_inferred=named is None, asked=asked)


def note_as_finding(note: str) -> Finding:
    """Return what was not understood of the input as a finding, so that nobody overlooks it."""
    return Finding("input", Effect.ADVISED, Field.PROMPT, None, "", "", note)


def family_of(prompt: str, cards: CardLookup) -> ModelFamily:
    """Return the family for which all LoRAs of a prompt were made, else ``UNKNOWN``."""
    found = [cards.get(tag.name) for tag in parse(prompt).tags if tag.is_lora]
    families = {card.family for card in found if card} - {ModelFamily.UNKNOWN}
    return families.pop() if len(families) == 1 else ModelFamily.UNKNOWN


def _hires(asked: AskedGeneration) -> PromptSet | None:
    own = asked.hires
    if own is None:
        return None
    prompt = asked.prompt if own.prompt is None else own.prompt
    negative = asked.negative_prompt if own.negative_prompt is None else own.negative_prompt
    return PromptSet((prompt,), (negative,), own.cfg_scale)
