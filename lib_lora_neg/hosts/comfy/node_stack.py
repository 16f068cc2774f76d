"""*Guard LoRA stack*: a stack goes in, the same stack with safe strengths comes out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import place, settings
from .families import FROM_MODEL, model_of
from .node_base import (
    CATEGORY,
    CFG,
    FAMILY,
    HIDDEN,
    MODE,
    TEXT,
    answer,
    changes_with,
    guard,
    mask_facts,
    request_of,
    settings_of,
    without_masks,
)
from .stacks import count, read_stack, write_stack
from .upstream import loras_before_node, note_stack


def _no_names(**_: Any) -> Iterable[str]:
    return ()


class GuardLoraStack:
    """Guards a stack before the node that loads it."""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """Return the inputs as ComfyUI asks for them."""
        return {
            "required": {
                "lora_stack": ("LORA_STACK",),
                "negative": TEXT,
                "cfg": CFG,
                "family": FAMILY,
                "mode": MODE,
            },
            "optional": {"model": ("MODEL", {"tooltip": "Tells the family."})},
            "hidden": HIDDEN,
        }

    RETURN_TYPES = ("LORA_STACK", "STRING", "FLOAT", "STRING")
    RETURN_NAMES = ("lora_stack", "negative", "cfg", "report")
    FUNCTION = "run"
    CATEGORY = CATEGORY
    # ComfyUI shows again what a node said before only where it is one.
    OUTPUT_NODE = True
    DESCRIPTION = (
        "Holds the negative strengths of a LORA_STACK in the range of each LoRA's type, and guards "
        "the negative prompt and CFG that go with it. Place it between the stack and the node that "
        "loads it."
    )
    IS_CHANGED = changes_with(_no_names)

    def run(
        self,
        lora_stack: Any,
        negative: str,
        cfg: float,
        family: str = FROM_MODEL,
        mode: str = settings.AS_SET,
        model: Any = None,
        workflow: Any = None,
        node: Any = None,
    ) -> dict[str, Any]:
        """Return the guarded stack, negative prompt and CFG, with a report."""
        chosen = without_masks(settings_of(mode))
        known = model_of(model, family)
        held, notes = loras_before_node(model, workflow, node)
        stacked, odd = read_stack(lora_stack)
        made = guard(request_of(known, (*held, *stacked), negative, cfg), chosen)
        note_stack(node, stacked, made.loaded[len(held) :])
        written = write_stack(lora_stack, made.loaded[len(held) :])
        facts = [
            f"family: {known.family.value}",
            f"{len(written)} of {count(lora_stack)} LoRAs go on",
        ]
        missing = [lora.name for lora in stacked if place.loras().path(lora.name) is None]
        facts += [f"{name}: not found in ComfyUI's LoRA folders" for name in missing]
        facts += mask_facts(lora.name for lora in stacked)
        values = (written, made.negative_prompt, made.cfg_scale)
        return answer(values, made, chosen, [*facts, *notes, *odd])
