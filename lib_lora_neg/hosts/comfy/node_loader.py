"""*Guarded LoRA Loader*: ComfyUI's LoRA loader with the guard in it, in three wirings.

Where a LoRA can act in ComfyUI:

* **A**, on the model: its strengths are added to MODEL and CLIP, for both branches. A negative
  strength turns its direction round.
* **B**, into the negative text encode: the text encoder alone, for the negative prompt alone. The
  sampler subtracts what the negative prompt asks for, which turns the direction round already; a
  negative strength there would turn it twice. So the strength is loaded with its sign flipped.
* **neg**: one strength on the positive branch and another on the negative one, model and text
  encoder, through ComfyUI's hooks. Exact, and the sampler swaps weights in every step.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...loras.card import LoraCard
from . import place, settings
from .families import model_of
from .node_base import (
    CATEGORY,
    CFG,
    HIDDEN,
    MODE,
    TEXT,
    answer,
    changes_with,
    guard,
    lora_menu,
    request_of,
    settings_of,
    strength,
)
from .planning import LoadedLora
from .upstream import loras_before_node, note
from .weights import LoraFileCache, ModelAndClip, hooked, loaded_onto

A = "A: on the model"
B = "B: into the negative text encode"
NEG = "neg: own strength on the negative branch"
WIRINGS = [A, B, NEG]


def _chosen(lora_name: Any = None, **_: Any) -> Iterable[str]:
    return (lora_name,) if isinstance(lora_name, str) else ()


class GuardedLoraLoader:
    """Loads one LoRA at a strength that its type allows."""

    def __init__(self) -> None:
        self._file = LoraFileCache()

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """Return the inputs as ComfyUI asks for them."""
        return {
            "required": {
                "model": ("MODEL",),
                "clip": ("CLIP",),
                "lora_name": lora_menu(),
                "strength_model": strength("On the model (unet)."),
                "strength_clip": strength("On the text encoder."),
                "wiring": (
                    WIRINGS,
                    {
                        "default": A,
                        "tooltip": "A: both branches; a negative strength is the opposite. B: "
                        "the text encoder of the negative prompt alone; the sign is flipped, "
                        "because the negative prompt turns the direction round already. neg: "
                        "another strength on the negative branch, through hooks.",
                    },
                ),
                "neg": strength("On the negative branch; counts with the wiring neg alone.", 0.0),
                "negative": TEXT,
                "cfg": CFG,
                "mode": MODE,
            },
            "hidden": HIDDEN,
        }

    RETURN_TYPES = ("MODEL", "CLIP", "CLIP", "STRING", "FLOAT", "STRING")
    RETURN_NAMES = ("model", "clip", "clip_negative", "negative", "cfg", "report")
    OUTPUT_TOOLTIPS = (
        "For the sampler.",
        "For the positive text encode.",
        "For the negative text encode.",
        "The negative prompt, guarded.",
        "CFG, guarded.",
        "What was done, and why.",
    )
    FUNCTION = "run"
    CATEGORY = CATEGORY
    # ComfyUI shows again what a node said before only where it is one.
    OUTPUT_NODE = True
    DESCRIPTION = (
        "Loads a LoRA and holds its negative strength in the range of its type; takes its trigger "
        "words out of the negative prompt and lowers CFG where a negative strength needs it."
    )
    IS_CHANGED = changes_with(_chosen)

    def run(
        self,
        model: Any,
        clip: Any,
        lora_name: str,
        strength_model: float,
        strength_clip: float,
        wiring: str = A,
        neg: float = 0.0,
        negative: str = "",
        cfg: float = 7.0,
        mode: str = settings.AS_SET,
        workflow: Any = None,
        node: Any = None,
    ) -> dict[str, Any]:
        """Return model, CLIP for either text encode, negative prompt and CFG, with a report.

        Raises:
            LoraUnreadableError: the file is missing or damaged.
        """
        chosen = settings_of(mode)
        known = model_of(model)
        held, notes = loras_before_node(model, workflow, node)
        wanted = _wanted(lora_name, strength_model, strength_clip, wiring, neg)
        made = guard(request_of(known, (*held, wanted), negative, cfg), chosen)
        lora = made.loaded[-1]
        outputs = self._outputs(ModelAndClip(model, clip), lora, wiring)
        card = place.loras().get(lora_name)
        facts = [f"family: {known.family.value}", *_facts(wiring, lora, card)]
        if lora.blocks and wiring != B:
            facts.append(f"kept to the blocks {lora.blocks} of the model")
        values = (*outputs, made.negative_prompt, made.cfg_scale)
        return answer(values, made, chosen, [*facts, *notes])

    def _outputs(self, pair: ModelAndClip, lora: LoadedLora, wiring: str) -> tuple[Any, Any, Any]:
        if not lora.active and not lora.negative:
            return pair.model, pair.clip, pair.clip
        tensors = self._file.read(lora.name, place.loras().path(lora.name))
        if wiring == B:
            flipped = LoadedLora(lora.name, 0.0, -lora.clip)
            return (
                pair.model,
                pair.clip,
                loaded_onto(ModelAndClip(None, pair.clip), tensors, flipped).clip,
            )
        if wiring == NEG:
            own = lora.negative or 0.0
            model = pair.model.clone()
            note(model, (lora,))
            return (
                model,
                hooked(pair.clip, tensors, lora),
                hooked(pair.clip, tensors, LoadedLora(lora.name, own, own, blocks=lora.blocks)),
            )
        model, clip = loaded_onto(pair, tensors, lora)
        return model, clip, clip


def _wanted(name: str, model: float, clip: float, wiring: str, neg: float) -> LoadedLora:
    """Return what a wiring asks for, as a strength whose sign says what it does to the picture."""
    if wiring == B:
        return LoadedLora(name, 0.0, -abs(float(clip)))
    own = float(neg) if wiring == NEG else None
    return LoadedLora(name, float(model), float(clip), negative=own)


def _facts(wiring: str, lora: LoadedLora, card: LoraCard | None) -> Iterable[str]:
    if wiring == B:
        yield (
            f"option B: loaded at {-lora.clip:g} for the negative text encode alone; that branch "
            "is subtracted, so this acts like a negative strength, and a negative one would be "
            "turned round twice"
        )
        if card is not None and card.parts is not None and not card.parts.text_encoder:
            yield (
                "this LoRA has no text-encoder part, so option B does nothing with it: use the "
                "wiring neg, which takes the model's part along"
            )
    elif wiring == NEG:
        yield (
            f"positive branch: model {lora.model:g}, clip {lora.clip:g}; negative branch: "
            f"{lora.negative or 0.0:g}; through hooks, so connect both CLIP outputs"
        )
    else:
        yield f"loaded: model {lora.model:g}, clip {lora.clip:g}"
