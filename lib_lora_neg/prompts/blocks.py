"""Which blocks of a model a LoRA may act in: the ``blocks`` argument of a tag.

    value  = item+              -S7-S20     all but single blocks 7 and 20
    item   = sign name          +IN+MID     input and middle blocks alone
    sign   = "+" | "-"          -FACE       a preset
    name   = kind [number] | preset
    kind   = IN | MID | OUT | D | S        (also M, DOUBLE, SINGLE)

SD models have input blocks 0–11 (SDXL 0–8), a middle block and as many output blocks; Flux has
double blocks 0–18 and single blocks 0–37. Other transformers have blocks of one kind: ``D`` where
text and picture are streams of their own (SD3, Qwen-Image), ``S`` where they are not (Wan,
Z-Image).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_VALUE = re.compile(r"(?:[+-][A-Za-z]{1,8}[0-9]{0,3})+")
_ITEM = re.compile(r"([+-])([A-Za-z]+)([0-9]*)")
_LONGEST = 400
"""Characters; all 57 blocks of Flux, one by one, take some 210."""
_KINDS = {"IN": "IN", "OUT": "OUT", "MID": "MID", "M": "MID", "D": "D", "S": "S"}
_KINDS |= {"DOUBLE": "D", "SINGLE": "S"}

PRESETS: Mapping[str, frozenset[str]] = {
    "FACE": frozenset({"S7", "S20"}),
    "NEGATE": frozenset(
        [f"D{number}" for number in range(14, 19)] + [f"S{number}" for number in range(23, 38)]
    ),
}
"""Names for several blocks of Flux. ``FACE``: where it keeps most of a face, by the article; its 20
can only be a single block, so both are read as single blocks. ``NEGATE``: those that a user of
ComfyUI-Inspire-Pack sets to 0 so that a LoRA at −1 leaves a picture (#167; the first of the 58
numbers there is the base's, then come 19 double and 38 single blocks)."""


@dataclass(frozen=True)
class BlockMask:
    """Blocks that a LoRA acts in: those of ``only``, all if that is empty, less ``without``."""

    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()

    def keeps(self, block: str) -> bool:
        """Whether it acts in a block, by its name (``IN4``, ``MID``, ``S20``).

        A layer outside all blocks has an empty name.
        """
        kind = block.rstrip("0123456789")
        names = {block, kind}
        return (not self.only or not names.isdisjoint(self.only)) and names.isdisjoint(self.without)


def read_blocks(value: str) -> BlockMask | None:
    """Return what the value of a ``blocks`` argument asks for; ``None`` if it means nothing."""
    text = value.strip()
    if len(text) > _LONGEST or _VALUE.fullmatch(text) is None:
        return None
    only: set[str] = set()
    without: set[str] = set()
    for sign, letters, number in _ITEM.findall(text):
        name = letters.upper()
        into = only if sign == "+" else without
        if name in PRESETS and not number:
            into |= PRESETS[name]
        elif name in _KINDS:
            kind = _KINDS[name]
            into.add(kind if kind == "MID" or not number else f"{kind}{int(number)}")
        else:
            return None
    return BlockMask(frozenset(only), frozenset(without))


_UNET = re.compile(r"(input|output)_blocks[._](\d{1,3})|(middle_block|mid_block)")
_DIFFUSERS = re.compile(
    r"(down|up)_blocks[._](\d{1,3})[._](attentions|resnets|downsamplers|upsamplers)[._](\d{1,3})"
)
_FLUX = re.compile(
    r"(single|double|joint)_blocks[._](\d{1,3})|(single_)?transformer_blocks[._](\d{1,3})"
)
_ALIKE = re.compile(
    r"(?:^|[._])(?<!refiner[._])(?<!adapter[._])(?<!encoder[._])(?:blocks|layers)[._](\d{1,3})"
)


def block_name(module: str) -> str:
    """Return the block of a module by its name in any of the usual layouts; empty outside of all.

    ``input_blocks.4.1.proj_in``, ``down_blocks.1.attentions.0.proj_in`` and kohya's spelling with
    underscores are all ``IN4``.
    """
    found = _UNET.search(module)
    if found is not None:
        if found[3]:
            return "MID"
        return f"{'IN' if found[1] == 'input' else 'OUT'}{int(found[2])}"
    found = _DIFFUSERS.search(module)
    if found is not None:
        level, kind, place = int(found[2]), found[3], int(found[4])
        if found[1] == "down":
            return f"IN{level * 3 + (3 if kind == 'downsamplers' else 1 + place)}"
        return f"OUT{level * 3 + (2 if kind == 'upsamplers' else place)}"
    found = _FLUX.search(module)
    if found is None:
        found = _ALIKE.search(module)
        return f"S{int(found[1])}" if found is not None else ""
    if found[1]:
        return f"{'S' if found[1] == 'single' else 'D'}{int(found[2])}"
    return f"{'S' if found[3] else 'D'}{int(found[4])}"
