"""R6: negative terms that pull at the same thing as an active LoRA."""

from __future__ import annotations

from ...sentences import Sentence, say
from ..matrix import FRAMEWORK
from ..options import Mode
from ..rule import ChipText, Rule
from .caption_terms import CaptionRule
from .r2b_core_terms import CORE

TUG_SHARE = 0.65
TUG_SOURCE = f"{FRAMEWORK}, the tug-of-war; SHARK PR #1972 (tags on ≥ 65 % of images)"


def _reason(lora: str, share: float) -> Sentence:
    return say(
        "{lora} was trained with it on {share} of its pictures, so the two pull at the same thing: "
        "move the LoRA's weight by a step in either direction, or lower CFG",
        lora=lora,
        share=f"{share:.0%}",
    )


TUG = CaptionRule("R6", TUG_SHARE, False, _reason, TUG_SOURCE, stronger=(CORE,))

RULE = Rule(
    id=TUG.id,
    apply=TUG.apply,
    title="Tug of war",
    setting="tug of war",
    help="a negative term that stands on 65 to 90 % of an active LoRA's captions",
    default=Mode.ADVISE,
    chip=ChipText("tug of war with", names_lora=True),
    advise_only=True,
    nudges=True,
    lowers_cfg=True,
    reads_negative=True,
)
