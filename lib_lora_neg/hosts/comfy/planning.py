"""What a node was given, as a request to the planner, and the plan as what the node gives on.

LoRAs stand beside the texts here. To the planner they are tags before the prompt, so that every
rule sees them as it does in a WebUI; what became of these tags is then what becomes of the LoRAs.
A LoRA that another node has loaded already is held: nothing here can change it, so what would be
done about its weight is said, and CFG and texts are guarded with the weight that it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from ...loras.card import LoraCard
from ...loras.families import ModelFamily
from ...policy import (
    BY_ID,
    CardLookup,
    Effect,
    Field,
    Finding,
    GenerationRequest,
    GuardPlan,
    GuardSettings,
    Mode,
    PromptSet,
    plan,
)
from ...policy.model import names_of
from ...prompts import Edit, apply_edits, format_number, format_tag, parse
from ...sentences import say
from .order import TagOrder, swapped

_NOT_IN_A_TAG = re.compile(r"[<>:|{}$=\r\n]")
_BORDER = "\n"

_HELD_RULES = {rule.id: rule.group or rule.id for rule in BY_ID.values() if rule.on_loading}

HELD = ":guard=" + "".join(f"-{name}" for name in dict.fromkeys(_HELD_RULES.values()))
"""What keeps the rules about weights from a LoRA that this node cannot change."""


@dataclass(frozen=True)
class LoadedLora:
    """A LoRA beside the texts.

    Attributes:
        name: as a tag would name it.
        model: strength on the model.
        clip: strength on the text encoder.
        held: another node has loaded it.
        negative: strength on the negative branch where it has one of its own, else ``None``.
        blocks: blocks of the model that it is kept to (`prompts.blocks`); empty for all.
    """

    name: str
    model: float
    clip: float
    held: bool = False
    negative: float | None = None
    blocks: str = ""

    def tag(self, name: str) -> str:
        """Return the tag that means the same to the planner, under the name it has there."""
        written = format_tag("lora", name, self.clip, self.model)
        own = f":neg={format_number(self.negative)}" if self.negative is not None else ""
        return f"{written[:-1]}{own}{HELD if self.held else ''}>"

    @property
    def active(self) -> bool:
        """Whether it takes part in the picture."""
        return bool(self.model or self.clip)


@dataclass(frozen=True)
class NodeRequest:
    """What a node was given.

    Attributes:
        prompt: positive text, tags in the node's own order.
        negative_prompt: likewise.
        cfg_scale: ``None`` where the node has none.
        family: of the model.
        distilled_guidance: guidance is an input of the model.
        order: of the strengths in tags.
        loaded: LoRAs beside the texts, in the order of loading.
        embeddings: names that are embeddings.
    """

    prompt: str = ""
    negative_prompt: str = ""
    cfg_scale: float | None = None
    family: ModelFamily = ModelFamily.UNKNOWN
    distilled_guidance: bool = False
    order: TagOrder = TagOrder.MODEL_FIRST
    loaded: tuple[LoadedLora, ...] = ()
    embeddings: frozenset[str] = frozenset()


@dataclass(frozen=True)
class NodeResult:
    """What the node gives on.

    Attributes:
        prompt: as asked for, or guarded; the same object where nothing changed.
        negative_prompt: likewise.
        cfg_scale: likewise.
        loaded: the LoRAs as they are to be loaded; one that was taken out has the strengths 0.
        findings: tags in the node's own order.
        failure: why nothing was guarded; empty as a rule.
    """

    prompt: str
    negative_prompt: str
    cfg_scale: float | None
    loaded: tuple[LoadedLora, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    failure: str = ""


class _Named:
    """The LoRAs beside the texts by the names that their tags have, and those of the tags typed.

    ComfyUI's names are paths; people know a LoRA by the stem, so that is what findings say.
    """

    def __init__(self, loaded: Iterable[LoadedLora], cards: CardLookup | Mapping[str, LoraCard]):
        self._cards = cards
        self._meant: dict[str, str] = {}
        self.tags: list[str] = []
        for lora in loaded:
            name = _tag_name(PurePosixPath(lora.name.replace("\\", "/")).name)
            name = name.removesuffix(".safetensors") or name
            if self._meant.setdefault(name, lora.name) != lora.name:
                # Another folder has a file of this name, too.
                name = _tag_name(lora.name)
                self._meant[name] = lora.name
            self.tags.append(name)

    def get(self, name: str, /) -> LoraCard | None:
        return self._cards.get(self._meant.get(name, name))

    def names(self) -> Iterable[str]:
        return names_of(self._cards)


def _tag_name(name: str) -> str:
    return _NOT_IN_A_TAG.sub("_", name)


def guarded(
    asked: NodeRequest, cards: CardLookup | Mapping[str, LoraCard], settings: GuardSettings
) -> NodeResult:
    """Return what a node gives on instead of what it was given."""
    named = _Named(asked.loaded, cards)
    tags = [lora.tag(name) for lora, name in zip(asked.loaded, named.tags, strict=True)]
    prefix = "".join(tag + _BORDER for tag in tags)
    prompt = swapped(asked.prompt, asked.order)
    negative = swapped(asked.negative_prompt, asked.order)
    request = GenerationRequest(
        PromptSet((prefix + prompt,), (negative,), asked.cfg_scale),
        family=asked.family,
        distilled_guidance=asked.distilled_guidance,
        embeddings=asked.embeddings,
        bad_weight_drops_all=False,
    )
    made = plan(request, named, settings)
    findings = (*made.findings, *_about_held(asked, request, named, settings))
    edits = [item.edit for item in made.edits if item.field is Field.PROMPT]
    before, after = _split(sorted(edits), len(prefix))
    text = apply_edits(prompt, after)
    first = made.first
    return NodeResult(
        asked.prompt if text == prompt else swapped(text, asked.order),
        asked.negative_prompt
        if first.negative_prompts[0] == negative
        else swapped(first.negative_prompts[0], asked.order),
        asked.cfg_scale if first.cfg_scale == asked.cfg_scale else first.cfg_scale,
        _strengths(asked.loaded, named.tags, apply_edits(prefix, before)),
        tuple(_in_order(finding, asked) for finding in findings),
    )


def guarded_or_as_asked(
    asked: NodeRequest, cards: CardLookup | Mapping[str, LoraCard], settings: GuardSettings
) -> NodeResult:
    """Return what `guarded` does; where the guard itself fails, what was asked for, and why."""
    try:
        return guarded(asked, cards, settings)
    except Exception as error:  # the picture matters more than the guard
        return NodeResult(
            asked.prompt,
            asked.negative_prompt,
            asked.cfg_scale,
            asked.loaded,
            failure=f"{type(error).__name__}: {error}",
        )


def _split(edits: Iterable[Edit], border: int) -> tuple[list[Edit], list[Edit]]:
    """Divide edits between the tags in front and the text behind them."""
    before, after = [], []
    for edit in edits:
        if edit.start >= border:
            after.append(Edit(edit.start - border, edit.end - border, edit.replacement))
        elif edit.end <= border:
            before.append(edit)
        else:
            before.append(Edit(edit.start, border, edit.replacement))
            after.append(Edit(0, edit.end - border, ""))
    return before, after


def _strengths(
    loaded: tuple[LoadedLora, ...], names: Sequence[str], prefix: str
) -> tuple[LoadedLora, ...]:
    """Return the LoRAs with what their tags ask for now; those whose tag is gone have 0."""
    tags = [tag for tag in parse(prefix).tags if tag.is_lora]
    result = []
    for lora, name in zip(loaded, names, strict=True):
        if tags and tags[0].name == name:
            tag = tags.pop(0)
            te, unet = tag.te.value, tag.unet.value
            same = format_tag("lora", "x", lora.clip, lora.model) == format_tag(
                "lora", "x", te or 0.0, unet or 0.0
            )
            known = lora if same else replace(lora, model=unet or 0.0, clip=te or 0.0)
            result.append(replace(known, blocks=tag.blocks) if tag.blocks else known)
        else:
            result.append(replace(lora, model=0.0, clip=0.0))
    return tuple(result)


def _about_held(
    asked: NodeRequest,
    request: GenerationRequest,
    cards: _Named,
    settings: GuardSettings,
) -> list[Finding]:
    """Return what would be done about the weights of LoRAs that this node cannot change."""
    pairs = zip(asked.loaded, cards.tags, strict=True)
    held = {name for lora, name in pairs if lora.held}
    if not held or settings.mode is Mode.OFF:
        return []
    first = request.first
    open_texts = replace(first, prompts=(first.prompts[0].replace(HELD, ""),))
    seen: GuardPlan = plan(
        replace(request, first=open_texts), cards, replace(settings, mode=Mode.ADVISE)
    )
    return [
        replace(
            finding,
            effect=Effect.ADVISED,
            reason=say(
                "{reason}; another node has loaded it: set it there, or load it with the Guarded "
                "LoRA Loader",
                reason=finding.reason,
            ),
        )
        for finding in seen.findings
        if finding.lora in held and finding.rule in _HELD_RULES
    ]


def _in_order(finding: Finding, asked: NodeRequest) -> Finding:
    """Return a finding about tags as the node's user writes them."""
    before, after, fix = (
        swapped(text.replace(HELD, ""), asked.order)
        for text in (finding.before, finding.after, finding.fix)
    )
    return replace(finding, before=before, after=after, fix=fix)
