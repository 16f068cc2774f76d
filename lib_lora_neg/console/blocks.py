"""``lora-neg blocks``: the blocks of the model that a LoRA is kept to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from ..library.saving import DecisionBook
from ..loras import read_card
from ..loras.card import LoraCard
from ..policy.block_names import block_names, kept_of, mask_problem, presets_of
from ..telling import in_one_line
from .inputs import InputError
from .render import row
from .terminal import TerminalPalette


def saved_mask(file: Path, mask: str) -> LoraCard:
    """Save a mask beside a LoRA file and return its card; an empty one takes the mask back.

    Raises:
        InputError: the mask means nothing for this LoRA, or cannot be saved.
        LoraFileError: the file is broken.
        OSError: it cannot be read.
    """
    card = read_card(file)
    wanted = "".join(mask.split()).upper()
    problem = mask_problem(wanted, card.family) if wanted else ""
    if problem:
        raise InputError(f"{file}: {problem}")
    book = DecisionBook()
    kept = book.save(file, replace(book.decision(file), block_mask=wanted))
    if not kept.done:
        raise InputError(f"{file}: {kept.note}")
    return read_card(file)


def blocks_as_text(card: LoraCard, palette: TerminalPalette) -> str:
    """Return the mask of a LoRA, what it leaves, and masks to choose from, for people."""
    names = block_names(card.family)
    lines = [palette(in_one_line(card.name), "bold"), row("family", card.family.value)]
    lines.append(row("mask", card.block_mask or "none: it acts in all blocks"))
    kept = kept_of(card.block_mask, names)
    if card.block_mask and names:
        lines.append(row("acts in", f"{len(kept)} of {len(names)} blocks"))
    for number, preset in enumerate(presets_of(card.family)):
        note = f", {preset.source}" if preset.source else ""
        lines.append(row("" if number else "presets", f"{preset.value}: {preset.label}{note}"))
    return "\n".join(lines)


def blocks_as_json(card: LoraCard) -> str:
    """Return the same as one JSON object."""
    names = block_names(card.family)
    return json.dumps(
        {
            "lora": card.name,
            "family": card.family.value,
            "mask": card.block_mask,
            "blocks": list(names),
            "kept": list(kept_of(card.block_mask, names)),
        },
        ensure_ascii=False,
    )
