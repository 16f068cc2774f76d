"""The words that hosts, rules and panels pass to each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from ..loras.card import LoraCard
from ..loras.families import FLUX_FAMILIES, ModelFamily
from ..prompts.edits import Edit


@dataclass(frozen=True)
class PromptSet:
    """The texts and the CFG scale of one sampling pass.

    ``prompts`` and ``negative_prompts`` have one entry per picture of the batch. The host
    loads the LoRAs of the first prompt only. ``cfg_scale`` is ``None`` where a hires pass
    has no CFG of its own and uses the first pass's.
    """

    prompts: tuple[str, ...]
    negative_prompts: tuple[str, ...]
    cfg_scale: float | None = None


@dataclass(frozen=True)
class InjectedLora:
    """A LoRA that the host adds to every prompt by itself (``opts.sd_lora``)."""

    name: str
    weight: float


@dataclass(frozen=True)
class GenerationRequest:
    """One batch as the user asked for it, styles merged, tags still in the prompts.

    Attributes:
        first: the first (or only) pass.
        hires: the hires pass, or ``None``.
        family: of the checkpoint.
        distilled_guidance: guidance is an input of the model, not a second pass.
        embeddings: names of the loaded textual-inversion embeddings.
        injected: LoRAs the host adds by itself.
        cfg_tools: active tools that change CFG themselves, by their names.
        prompt_tools: active tools that give prompts a meaning of their own
            (``negpip``, ``loractl``, ``lora-block-weight`` …).
        emphasis: whether brackets mean attention on this host (``opts.emphasis``).
        unknown_lora_drops_all: one unknown LoRA name makes this host drop all of them (Forge,
            reForge).
        bad_weight_drops_all: one weight that is no number makes this host drop all LoRAs of the
            prompt, as A1111, Forge, reForge and Neo do.
        weight_schedules: whether an extension of this host reads weights such as ``[1@0,0@0.5]``
            or ``0@0,1@0.4``; where none does, such a weight is no number. ``None``: not known.
        distilled: whether the checkpoint is a distilled one (Flux.2 Klein comes as both);
            ``None``: not known.
        negative_guidance: attention guides away from the negative prompt (NAG, VSF, ONG), so it
            has an effect at CFG 1 too.
    """

    first: PromptSet
    hires: PromptSet | None = None
    family: ModelFamily = ModelFamily.UNKNOWN
    distilled_guidance: bool = False
    embeddings: frozenset[str] = frozenset()
    injected: tuple[InjectedLora, ...] = ()
    cfg_tools: tuple[str, ...] = ()
    prompt_tools: frozenset[str] = frozenset()
    emphasis: bool = True
    unknown_lora_drops_all: bool = False
    bad_weight_drops_all: bool = True
    weight_schedules: bool | None = None
    negative_guidance: bool = False
    distilled: bool | None = None

    @property
    def has_negative_branch(self) -> bool:
        """Whether a negative prompt acts on the picture: not on Flux, but on Flux.2 Klein base."""
        if self.family not in FLUX_FAMILIES or self.negative_guidance:
            return True
        return self.family is ModelFamily.FLUX2 and self.distilled is False


class Effect(str, Enum):
    """What a rule did about what it saw."""

    ENFORCED = "enforced"
    ADVISED = "advised"


class Field(str, Enum):
    """The input of a generation that a finding is about."""

    PROMPT = "prompt"
    NEGATIVE = "negative_prompt"
    CFG = "cfg_scale"
    HR_PROMPT = "hr_prompt"
    HR_NEGATIVE = "hr_negative_prompt"
    HR_CFG = "hr_cfg"


class Choice(NamedTuple):
    """One of several ways to write a piece of an input.

    Attributes:
        label: on its button: what it is, and whose evidence is for it.
        after: the piece as it would be.
    """

    label: str
    after: str


@dataclass(frozen=True)
class Finding:
    """What a rule saw, and what it did or would do.

    Attributes:
        rule: ``R1`` … ``R12``, or the name of a note.
        effect: enforced (the generation was changed) or advised.
        field: the input concerned.
        lora: the LoRA's name as the prompt has it, or ``None``.
        before: the piece of the input as it was.
        after: the piece as it is (enforced) or as the rule would have it (advised);
            empty where it is removed, equal to ``before`` where there is nothing to do.
        reason: one sentence for people.
        evidence: the facts that led to it.
        source: where the rule's number or claim comes from.
        index: which prompt of the batch.
        fix: what one click could write instead of ``before``, where what was meant is likely but
            not certain (a near name, a minus sign from a web page); empty where nothing is.
        loras: all LoRAs that it speaks of, where they are several; ``lora`` is the first.
        moved: what goes here arrives in another input, or what is new here went from one; where
            the finding is advised, it would.
        numbers: what it rests on, by name: ``before`` and ``after`` (unet weights, text-encoder
            weights for R4, or CFG scales), ``floor`` of the range, ``share`` of the captions (0-1),
            ``onset`` of damage, ``total`` and ``limit`` of a sum.
        choices: several ways to write ``before``, each with a text of its own on its button, where
            the evidence is for more than one; empty where ``after`` is the only one.
    """

    rule: str
    effect: Effect
    field: Field
    lora: str | None
    before: str
    after: str
    reason: str
    evidence: tuple[str, ...] = ()
    source: str = ""
    index: int = 0
    fix: str = ""
    loras: tuple[str, ...] = ()
    moved: bool = False
    numbers: tuple[tuple[str, float], ...] = ()
    choices: tuple[Choice, ...] = ()

    def __post_init__(self) -> None:
        if self.lora is not None and not self.loras:
            object.__setattr__(self, "loras", (self.lora,))

    def number(self, name: str) -> float | None:
        """Return one of its numbers, ``None`` where it has none of this name."""
        return dict(self.numbers).get(name)

    def plain(self) -> dict[str, object]:
        """Return the finding as plain values, for JSON."""
        return {
            "rule": self.rule,
            "effect": self.effect.value,
            "field": self.field.value,
            "lora": self.lora,
            "before": self.before,
            "after": self.after,
            "reason": self.reason,
            "evidence": list(self.evidence),
            "source": self.source,
            "fix": self.fix,
            "loras": list(self.loras),
            "moved": self.moved,
            "numbers": dict(self.numbers),
        }


@dataclass(frozen=True)
class PromptEdit:
    """An `Edit` of one text of the request."""

    field: Field
    index: int
    edit: Edit


@dataclass(frozen=True)
class GuardPlan:
    """What will be generated instead of the request, and why.

    Texts that no rule touches are the request's own string objects.
    """

    request: GenerationRequest
    first: PromptSet
    hires: PromptSet | None
    findings: tuple[Finding, ...]
    edits: tuple[PromptEdit, ...]

    @property
    def changed(self) -> bool:
        """Whether anything differs from the request."""
        return self.first != self.request.first or self.hires != self.request.hires


class CardLookup(Protocol):
    """Cards by the name or alias that the host would accept; ``None`` for an unknown name.

    A lookup that also has ``names()``, or is a mapping, lets a finding say which known name an
    unknown one is near to.
    """

    def get(self, name: str, /) -> LoraCard | None: ...


def names_of(cards: CardLookup | Mapping[str, LoraCard]) -> Iterable[str]:
    """Return the names that a lookup can tell; none where it cannot."""
    if isinstance(cards, Mapping):
        return cards
    names = getattr(cards, "names", None)
    return names() if callable(names) else ()
