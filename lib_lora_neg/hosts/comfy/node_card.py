"""*LoRA card*: what is known of a file, as outputs for other nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...loras.card import LoraCard, LoraType, WeightRange
from ...loras.families import ModelFamily
from ...policy.matrix import range_in_force
from ...policy.wording import minus, type_text
from ...telling import printable
from . import place, report, settings
from .families import FROM_MODEL, model_of
from .node_base import CATEGORY, FAMILY, changes_with, lora_menu

NO_BOUND = -100.0
"""The lowest strength that ComfyUI's own loader takes."""

MOST = 12
"""Reasons and trigger words on the face of the node."""


def _chosen(lora_name: Any = None, **_: Any) -> Iterable[str]:
    return (lora_name,) if isinstance(lora_name, str) else ()


class LoraCardNode:
    """Tells type, range, trigger words and recommended negative of a LoRA file."""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """Return the inputs as ComfyUI asks for them."""
        return {
            "required": {"lora_name": lora_menu(), "family": FAMILY},
            "optional": {"model": ("MODEL", {"tooltip": "Tells the family."})},
        }

    RETURN_TYPES = ("STRING", "FLOAT", "FLOAT", "FLOAT", "STRING", "STRING", "STRING")
    RETURN_NAMES = ("type", "floor", "sweet_near", "sweet_far", "triggers", "negative", "report")
    OUTPUT_TOOLTIPS = (
        "style, concept, character, slider …",
        "Lowest safe strength; 0: none is known to be safe; −100: nothing limits it.",
        "The end of the sweet spot near 0; 0 where there is none.",
        "The far end of the sweet spot; 0 where there is none.",
        "Trigger words, separated by commas.",
        "The LoRA's own recommended negative prompt.",
        "All of it, with the evidence.",
    )
    FUNCTION = "run"
    CATEGORY = CATEGORY
    OUTPUT_NODE = True
    DESCRIPTION = "What a LoRA file and its side files tell: type, safe range, trigger words."
    IS_CHANGED = changes_with(_chosen)

    def run(self, lora_name: str, family: str = FROM_MODEL, model: Any = None) -> dict[str, Any]:
        """Return the card's facts.

        Raises:
            ValueError: there is no such LoRA.
        """
        loras = place.loras()
        loras.look()
        card = loras.get(lora_name)
        if card is None:
            raise ValueError(f"LoRA {lora_name}: not found in ComfyUI's LoRA folders")
        known = model_of(model, family).family
        where = card.family if card.family is not ModelFamily.UNKNOWN else known
        allowed = range_in_force(card, where, settings.in_force(place.kept_settings()).floors)
        lines = list(_lines(card, allowed))
        text = printable("\n".join(lines))
        near, far = (allowed.sweet_spot if allowed is not None else None) or (0.0, 0.0)
        values = (
            card.inference.type.value,
            floor_of(card, allowed),
            near,
            far,
            ", ".join(trigger.text for trigger in card.triggers),
            card.negative_text,
        )
        face = {**report.as_rows((), settings.in_force({}), facts=lines), "mode": ""}
        return {"ui": {"lora_neg": [face], "text": [text]}, "result": (*values, text)}


def floor_of(card: LoraCard, allowed: WeightRange | None) -> float:
    """Return the lowest safe strength as one number."""
    if allowed is None or (allowed.floor is None and card.inference.type is LoraType.UNKNOWN):
        return 0.0
    return NO_BOUND if allowed.floor is None else allowed.floor


def _lines(card: LoraCard, allowed: WeightRange | None) -> Iterator[str]:
    kind = card.inference
    yield f"{card.name}: {kind.type.value.replace('_', ' ')}, {kind.confidence:.0%} sure"
    if allowed is None or (allowed.floor is None and kind.type is LoraType.UNKNOWN):
        yield "no safe negative range is known"
    elif allowed.floor is None:
        yield f"nothing limits it ({type_text(card, allowed)})"
    elif allowed.floor == 0:
        yield f"no negative strength is safe ({type_text(card, allowed)})"
    else:
        yield f"safe from {minus(allowed.floor)} ({type_text(card, allowed)})"
        if allowed.sweet_spot is not None:
            near, far = allowed.sweet_spot
            yield f"sweet spot {minus(near)} to {minus(far)}"
    if allowed is not None and allowed.reference:
        yield f"source: {allowed.reference}"
    yield f"made for {card.family.value}"
    if card.triggers:
        yield "trigger words: " + ", ".join(t.text for t in card.triggers[:MOST])
    if card.negative_text:
        yield f"recommended negative: {card.negative_text}"
    yield from (f"· {reason}" for reason in kind.reasons[:MOST])
    yield from (f"! {problem}" for problem in card.problems[:MOST])
