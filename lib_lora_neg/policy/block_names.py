"""The blocks that a family's models have, and masks that people have found useful."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..loras.card import LoraCard
from ..loras.families import ModelFamily
from ..prompts.blocks import read_blocks
from ..sentences import Sentence, say
from .matrix import FRAMEWORK
from .options import Mode
from .rules import r12_face_blocks as r12
from .settings import GuardSettings

_SD = {"IN": 12, "MID": 1, "OUT": 12}
_SDXL = {"IN": 9, "MID": 1, "OUT": 9}
_FLUX = {"D": 19, "S": 38}

LAYOUTS: Mapping[ModelFamily, Mapping[str, int]] = {
    ModelFamily.SD1: _SD,
    ModelFamily.SD2: _SD,
    ModelFamily.SDXL: _SDXL,
    ModelFamily.FLUX: _FLUX,
    ModelFamily.CHROMA: _FLUX,
}
"""How many blocks of each kind there are. Families that come in several sizes are not here."""

INSPIRE = "ComfyUI-Inspire-Pack #167: at −1 on Flux the picture stays with these blocks left out"


@dataclass(frozen=True)
class MaskPreset:
    """A mask to choose.

    Attributes:
        value: of a ``blocks`` argument.
        label: in a list.
        source: where it comes from.
    """

    value: str
    label: Sentence
    source: str


_OF_FLUX = (
    MaskPreset(
        "-FACE",
        say("not in the face blocks"),
        f"{FRAMEWORK}, Flux stack: face features concentrate in blocks 7 and 20",
    ),
    MaskPreset("-NEGATE", say("for negative weights: the last blocks left out"), INSPIRE),
    MaskPreset("-S", say("double blocks only"), ""),
    MaskPreset("-D", say("single blocks only"), ""),
)
_OF_UNETS = (
    MaskPreset("+IN", say("input blocks only"), "LoRA Block Weight: INALL"),
    MaskPreset("+MID", say("middle block only"), "LoRA Block Weight: MIDALL"),
    MaskPreset("+OUT", say("output blocks only"), "LoRA Block Weight: OUTALL"),
    MaskPreset("-IN", say("not in the input blocks"), ""),
    MaskPreset("-OUT", say("not in the output blocks"), ""),
)


def block_names(family: ModelFamily) -> tuple[str, ...]:
    """Return all blocks of a family's models, in their order; empty where that is not known."""
    layout = LAYOUTS.get(family, {})
    return tuple(
        kind if kind == "MID" else f"{kind}{number}"
        for kind, count in layout.items()
        for number in range(count)
    )


def presets_of(family: ModelFamily) -> tuple[MaskPreset, ...]:
    """Return masks to choose from; all where the family is not known."""
    layout = LAYOUTS.get(family)
    if layout is None:
        return (*_OF_UNETS, *_OF_FLUX)
    return _OF_FLUX if "D" in layout else _OF_UNETS


def mask_problem(value: str, family: ModelFamily) -> Sentence | str:
    """Return what is wrong with a mask for a LoRA of ``family``; empty where it can be kept."""
    mask = read_blocks(value)
    if mask is None:
        return say("{mask} names no blocks: write -S7-S20 or +IN+MID", mask=value[:80])
    names = block_names(family)
    if not names:
        return ""
    known = {*names, *LAYOUTS[family]}
    strange = sorted((mask.only | mask.without) - known)
    if strange:
        text = "{block} is no block of {family}"
        return say(text, block=strange[0], family=family.value)
    if not any(mask.keeps(name) for name in names):
        return say("this mask leaves no block: the LoRA would do nothing")
    return ""


def kept_of(value: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the blocks of ``names`` that a mask keeps a LoRA to; all where it means nothing."""
    mask = read_blocks(value) if value else None
    return names if mask is None else tuple(name for name in names if mask.keeps(name))


def mask_in_force(card: LoraCard, settings: GuardSettings) -> str:
    """Return the mask that R12 keeps a LoRA to, so that a scan measures what generations do."""
    off = settings.mode_of(r12.RULE.id) is Mode.OFF
    return "" if off else r12.saved_mask(card)
