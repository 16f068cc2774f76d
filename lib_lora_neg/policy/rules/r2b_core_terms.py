"""R2b: negative terms that describe the core aesthetic of an active LoRA."""

from __future__ import annotations

from ...sentences import Sentence, say
from ..matrix import FRAMEWORK
from ..options import Mode
from ..rule import ChipText, Rule
from .caption_terms import CaptionRule

CORE_SHARE = 0.9
"""On so many captions a term describes what the LoRA was trained on."""

CORE_SOURCE = f"{FRAMEWORK}, the trigger word problem: core aesthetic"


def _reason(lora: str, share: float) -> Sentence:
    return say("core of what {lora} was trained on: as a negative it fights the LoRA", lora=lora)


CORE = CaptionRule("R2b", CORE_SHARE, True, _reason, CORE_SOURCE)

RULE = Rule(
    id=CORE.id,
    apply=CORE.apply,
    title="Core term in the negative prompt",
    setting="core caption terms in the negative prompt",
    help="terms on at least 90 % of a LoRA's captions; Enforce takes them out",
    default=Mode.ADVISE,
    switch="Core caption terms in the negative prompt",
    chip=ChipText("core of", names_lora=True),
    reads_negative=True,
)
