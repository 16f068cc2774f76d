"""*Guard prompts*: texts and CFG go in, guarded ones come out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...policy import GuardSettings, NegativeTag
from ...prompts import parse
from . import place, settings
from .families import FROM_MODEL, model_of
from .node_base import (
    CATEGORY,
    CFG,
    FAMILY,
    HIDDEN,
    MODE,
    ORDER,
    TEXT,
    answer,
    changes_with,
    guard,
    mask_facts,
    request_of,
    settings_of,
    without_masks,
)
from .order import TagOrder
from .report import order_fact
from .stacks import read_stack
from .upstream import loras_before_node


def _tagged(positive: Any = "", negative: Any = "", **_: Any) -> Iterator[str]:
    for text in (positive, negative):
        if isinstance(text, str):
            yield from (tag.name for tag in parse(text).tags if tag.is_lora)


class GuardPrompts:
    """Takes trigger words and misplaced tags out of the texts, and holds CFG down where needed."""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """Return the inputs as ComfyUI asks for them."""
        return {
            "required": {
                "positive": TEXT,
                "negative": TEXT,
                "cfg": CFG,
                "family": FAMILY,
                "tag_order": ORDER,
                "mode": MODE,
            },
            "optional": {
                "model": (
                    "MODEL",
                    {"tooltip": "Tells the family, and which LoRAs are loaded already."},
                ),
                "lora_stack": ("LORA_STACK", {"tooltip": "LoRAs that a later node loads."}),
            },
            "hidden": HIDDEN,
        }

    RETURN_TYPES = ("STRING", "STRING", "FLOAT", "STRING")
    RETURN_NAMES = ("positive", "negative", "cfg", "report")
    FUNCTION = "run"
    CATEGORY = CATEGORY
    OUTPUT_NODE = True
    DESCRIPTION = (
        "Guards a prompt, its negative prompt and CFG against what a loaded LoRA makes of them: "
        "trigger words in the negative, LoRA tags in the negative, negative weights out of range, "
        "CFG too high beside a negative weight. LoRA tags stay in the text, for the node that "
        "loads them."
    )
    IS_CHANGED = changes_with(_tagged)

    def run(
        self,
        positive: str,
        negative: str,
        cfg: float,
        family: str = FROM_MODEL,
        tag_order: str = settings.AS_SET,
        mode: str = settings.AS_SET,
        model: Any = None,
        lora_stack: Any = None,
        workflow: Any = None,
        node: Any = None,
    ) -> dict[str, Any]:
        """Return the guarded texts and CFG, with a report."""
        chosen = without_masks(settings_of(mode))
        order = settings.order_of(place.kept_settings(), tag_order)
        known = model_of(model, family)
        held, notes = loras_before_node(model, workflow, node)
        stacked, odd = read_stack(lora_stack, held=True)
        made = guard(
            request_of(known, (*held, *stacked), negative, cfg, prompt=positive, order=order),
            chosen,
        )
        facts = [f"family: {known.family.value}", *_facts(made.prompt, order, chosen)]
        facts += [
            f"loaded before: {lora.name} (model {lora.model:g}, clip {lora.clip:g})"
            for lora in (*held, *stacked)
        ]
        facts += mask_facts(tag.name for tag in parse(made.prompt).tags if tag.is_lora)
        values = (made.prompt, made.negative_prompt, made.cfg_scale)
        return answer(values, made, chosen, [*facts, *notes, *odd])


def _facts(prompt: str, order: TagOrder, chosen: GuardSettings) -> Iterable[str]:
    tags = [tag for tag in parse(prompt).tags if tag.is_lora]
    if any(tag.te.value != tag.unet.value for tag in tags):
        yield order_fact(order)
    if tags:
        yield (
            f"{len(tags)} LoRA tag{'s' * (len(tags) > 1)} in the positive text: they act only if a "
            "node behind this one loads them"
        )
    if chosen.negative_tag is NegativeTag.LEAVE:
        yield "LoRA tags in the negative text are left there, as set"
