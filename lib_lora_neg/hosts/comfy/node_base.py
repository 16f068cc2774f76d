"""What the guard's nodes have in common: their menus, requests and answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ...policy import GuardSettings, Mode
from ...policy.rules.r12_face_blocks import RULE as MASKS
from ...telling import complain
from . import place, report, settings
from .families import CHOICES, FROM_MODEL, ModelFacts
from .planning import LoadedLora, NodeRequest, NodeResult, guarded_or_as_asked

CATEGORY = "LoRA Negative Guard"

TEXT = ("STRING", {"default": "", "multiline": True, "dynamicPrompts": True})
FAMILY = (
    CHOICES,
    {
        "default": FROM_MODEL,
        "tooltip": "Which kind of checkpoint the LoRAs act on; the ranges depend on it.",
    },
)
MODE = (
    settings.MODES,
    {
        "default": settings.AS_SET,
        "tooltip": "Enforce changes what goes on and says so; Advise only says what it would do.",
    },
)
ORDER = (
    settings.ORDERS,
    {
        "default": settings.AS_SET,
        "tooltip": "Which strength stands first in <lora:name:a:b>. Lora-Manager, Impact, "
        "prompt-control and SwarmUI write the model's first, A1111 the text encoder's.",
    },
)
CFG = (
    "FLOAT",
    {"default": 7.0, "min": 0.0, "max": 100.0, "step": 0.1, "round": 0.01},
)
HIDDEN = {"workflow": "PROMPT", "node": "UNIQUE_ID"}


def strength(tooltip: str, default: float = 1.0) -> tuple[str, dict[str, Any]]:
    """Return the input of a LoRA's strength, as wide as ComfyUI's own."""
    return (
        "FLOAT",
        {"default": default, "min": -100.0, "max": 100.0, "step": 0.01, "tooltip": tooltip},
    )


def lora_menu() -> tuple[list[str], dict[str, Any]]:
    """Return the input that chooses a LoRA, as ComfyUI's own loader has it."""
    return place.listed(), {"tooltip": "The LoRA file."}


def settings_of(mode: str) -> GuardSettings:
    """Return the settings in force for a node of this mode."""
    return settings.in_force(place.kept_settings(), mode)


def request_of(
    known: ModelFacts, loaded: Iterable[LoadedLora], negative: str, cfg: float, **more: Any
) -> NodeRequest:
    """Return what a node is to guard.

    Args:
        known: of the model.
        loaded: LoRAs beside the texts, in the order of loading.
        negative: the negative prompt.
        cfg: as typed.
        more: other fields of the request; the order of a tag's strengths is as set without.
    """
    return NodeRequest(
        negative_prompt=negative,
        cfg_scale=float(cfg),
        family=known.family,
        distilled_guidance=known.distilled_guidance,
        loaded=tuple(loaded),
        embeddings=place.embeddings(),
        **{"order": settings.order_of(place.kept_settings()), **more},
    )


def guard(asked: NodeRequest, chosen: GuardSettings) -> NodeResult:
    """Return what a node gives on; a guard that fails is told on the console, too."""
    loras = place.loras()
    loras.look()
    made = guarded_or_as_asked(asked, loras, chosen)
    if made.failure:
        complain(f"LoRA Negative Guard failed, so this is not guarded: {made.failure}")
    return made


def without_masks(chosen: GuardSettings) -> GuardSettings:
    """Return settings for a node that loads nothing: no other node knows masks of blocks."""
    return replace(chosen, rules={**chosen.rules, MASKS.id: Mode.OFF})


def mask_facts(names: Iterable[str]) -> Iterable[str]:
    """Yield a sentence for each LoRA whose saved mask of blocks is not obeyed here."""
    for name in dict.fromkeys(names):
        card = place.loras().get(name)
        if card is not None and card.block_mask:
            yield (
                f"{name}: its mask of blocks {card.block_mask} acts with the Guarded LoRA Loader "
                "alone"
            )


def answer(
    values: Iterable[Any],
    made: NodeResult,
    chosen: GuardSettings,
    facts: Iterable[str] = (),
) -> dict[str, Any]:
    """Return a node's outputs, its report last, with what its face shows."""
    facts = list(facts)
    text = report.as_text(made.findings, chosen, facts=facts, failure=made.failure)
    rows = report.as_rows(made.findings, chosen, facts=facts, failure=made.failure)
    return {"ui": {"lora_neg": [rows], "text": [text]}, "result": (*values, text)}


def changes_with(names: Callable[..., Iterable[str]]) -> Any:
    """Return an ``IS_CHANGED`` for a node that depends on the settings and on some LoRA files.

    Args:
        names: returns the LoRAs among the node's inputs; linked inputs are ``None`` here.
    """

    def is_changed(cls: type, /, **inputs: Any) -> str:
        del cls
        files = place.loras().stamp(name for name in names(**inputs) if isinstance(name, str))
        return f"{place.settings_stamp()};{place.loras_stamp()};{files}"

    return classmethod(is_changed)
