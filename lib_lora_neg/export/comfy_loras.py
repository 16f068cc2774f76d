"""The LoRAs of an exported prompt: which loaders and hooks a workflow has for them.

A LoRA at a negative weight is wired in one of two ways: **A**, on the model, as A1111 has it; or
**B**, into the negative text encode, where the sign is flipped, since that branch is subtracted. A
LoRA with a strength of its own on the negative branch (``neg=``) goes through ComfyUI's hooks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ..prompts import NetworkTag, parse
from ..sentences import say
from .comfy_names import file_name
from .comfy_nodes import NodeOutput, Workflow

FileOf = Callable[[str], "str | None"]
"""Returns a LoRA's file below the LoRA folder, by its name in a tag; ``None`` where not known."""


class WiringOption(str, Enum):
    """How a LoRA at a negative weight is wired."""

    A = "A"
    """On the model and its text encoder, for both branches."""
    B = "B"
    """The text encoder of the negative prompt alone, with the sign flipped."""


class BranchModels(NamedTuple):
    """A model and a text encoder for either branch, with their LoRAs."""

    model: NodeOutput
    positive: NodeOutput
    negative: NodeOutput


@dataclass(frozen=True)
class LoraOfPrompt:
    """One LoRA of a prompt."""

    name: str
    file: str
    unet: float
    te: float
    neg: float | None = None
    negte: float | None = None

    @property
    def branched(self) -> bool:
        return self.neg is not None

    @property
    def negative(self) -> bool:
        return not self.branched and min(self.unet, self.te) < 0


class LoraWiring:
    """Adds what loads LoRAs to a workflow, once for prompts with the same ones.

    Args:
        workflow: that is being made.
        base: model and text encoder without LoRAs.
        option: the wiring of LoRAs at negative weights.
        file_of: finds the LoRAs' files.
        report: takes a finding's rule, what was, what is instead, why, and the LoRA.
    """

    def __init__(
        self,
        workflow: Workflow,
        base: BranchModels,
        option: WiringOption,
        file_of: FileOf,
        report: Callable[..., None],
    ) -> None:
        self.workflow, self._base, self.option = workflow, base, option
        self.file_of, self.say = file_of, report
        self._loaded: dict[tuple[LoraOfPrompt, ...], BranchModels] = {}

    def with_loras(self, prompt: str) -> BranchModels:
        """Return the model and the text encoders with the LoRAs of a prompt."""
        loras = tuple(lora for tag in parse(prompt).tags if (lora := self._lora(tag)) is not None)
        if loras not in self._loaded:
            self._loaded[loras] = self._chain(loras)
        return self._loaded[loras]

    def _chain(self, loras: tuple[LoraOfPrompt, ...]) -> BranchModels:
        model, positive, negative = self._base
        flipped = [lora for lora in loras if self.option is WiringOption.B and lora.negative]
        for lora in loras:
            if lora in flipped or lora.branched:
                continue
            same = positive == negative
            model = self._load(lora, model, positive, lora.unet, lora.te)
            positive = NodeOutput(model.node, 1)
            negative = positive if same else negative
        for lora in flipped:
            weight = -min(lora.unet, lora.te)
            loader = self._load(lora, model, negative, 0.0, weight, "Option B")
            negative = NodeOutput(loader.node, 1)
            reason = say(
                "option B: {weight} in the negative text encode; that branch is subtracted, so a "
                "negative number there would be turned round twice. The text encoder alone: the "
                "model's part of the LoRA does not act",
                weight=f"{weight:g}",
            )
            self.say("CF-option-B", f"{-weight:g}", f"{weight:g}", reason, lora=lora.name)
        branched = [lora for lora in loras if lora.branched]
        if branched:
            positive = self._hooked(positive, [(x, x.unet, x.te) for x in branched])
            negative = self._hooked(
                negative,
                [(x, x.neg or 0.0, x.neg if x.negte is None else x.negte) for x in branched],
            )
        return BranchModels(model, positive, negative)

    def _load(
        self,
        lora: LoraOfPrompt,
        model: NodeOutput,
        clip: NodeOutput,
        unet: float,
        te: float,
        title: str = "",
    ) -> NodeOutput:
        return self.workflow.add(
            "LoraLoader",
            title,
            model=model,
            clip=clip,
            lora_name=lora.file,
            strength_model=unet,
            strength_clip=te,
        )

    def _hooked(
        self, clip: NodeOutput, loras: list[tuple[LoraOfPrompt, float, float | None]]
    ) -> NodeOutput:
        hooks: NodeOutput | None = None
        for lora, unet, te in loras:
            if unet or te:
                hooks = self.workflow.add(
                    "CreateHookLora",
                    lora_name=lora.file,
                    strength_model=unet,
                    strength_clip=te or 0.0,
                    prev_hooks=hooks,
                )
        if hooks is None:
            return clip
        return self.workflow.add(
            "SetClipHooks", clip=clip, hooks=hooks, apply_to_conds=True, schedule_clip=False
        )

    def _lora(self, tag: NetworkTag) -> LoraOfPrompt | None:
        written = f"<{tag.type}:{':'.join(tag.items)}>"
        if not tag.is_lora:
            self.say(
                "CF-network", written, "", say("ComfyUI's core loads no networks of this kind")
            )
            return None
        strengths = [tag.unet, tag.te, *(w for w in (tag.neg, tag.negte) if w is not None)]
        if any(weight.value is None for weight in strengths):
            reason = say("a weight that changes, or is no number: left out")
            self.say("CF-weight", written, "", reason, lora=tag.name)
            return None
        file = self.file_of(tag.name)
        if file is None:
            file = file_name(tag.name)
            reason = say("the LoRA's file is not known here: {file} is assumed", file=file)
            self.say("CF-file", tag.name, file, reason, lora=tag.name)
        if tag.blocks:
            reason = say(
                "ComfyUI's core loaders know no masks of blocks: it acts in all of them there; the "
                "Guarded LoRA Loader obeys a mask that was saved with the LoRA"
            )
            self.say("CF-blocks", f"blocks={tag.blocks}", "", reason, lora=tag.name)
        unet, te = tag.unet.value or 0.0, tag.te.value or 0.0
        if not tag.branched:
            return LoraOfPrompt(tag.name, file, unet, te) if unet or te else None
        neg, negte = tag.negative_unet.value, tag.negative_te.value
        return LoraOfPrompt(tag.name, file, unet, te, neg, negte)
