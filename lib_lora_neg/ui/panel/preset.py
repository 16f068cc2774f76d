"""Presets for negative LoRAs (R4), in one click and one to take it back.

The whole one is the article's for SDXL. What the text encoder is to have beside a negative unet
weight is a question with two answers, so that each has a button that touches nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from ...policy import CardLookup
from ...sentences import ENGLISH, Translator, say
from .recommend import TEXT_ENCODER, Preset, preset_prompt, text_encoder_prompt

CFG = 5.0
SAMPLER, SCHEDULER = "DPM++ 2M", "Karras"

LABEL = "SDXL preset for negative LoRAs"
HINT = say("unet −0.3 for styles, −0.2 for concepts, text encoder 0.5, CFG 5, DPM++ 2M Karras")
TE_HALF, TE_ZERO = "Text encoder +0.5 (the article)", "Text encoder 0 (this project's lab)"
EVIDENCE = (
    say(
        "Text encoder +0.5 beside a negative unet weight: the article's number for SDXL (0.4 to "
        "0.6), stated without a measurement."
    ),
    say(
        "Text encoder 0: in this project's lab, one LoRA of a small model at unet −0.5, it kept "
        "three quarters of the suppression and added no damage; +0.5 left no suppression and added "
        "damage (docs/lab.md)."
    ),
)
TAKEN_BACK = say("Preset taken back.")

COMPONENTS = ("prompt", "cfg_scale", "sampling", "scheduler")
"""The host's inputs that the preset sets, by the end of their ids. Old hosts lack the last."""


@dataclass(frozen=True)
class PresetParts:
    """The preset's own components in one panel."""

    button: Any
    te_half: Any
    te_zero: Any
    undo: Any
    note: Any


def build_preset(elem_id: Callable[[str], str]) -> PresetParts:
    """Build the buttons; they do nothing before `PresetWiring` has found the host's inputs."""
    with gr.Row(elem_classes=["lora-neg-preset"]):
        button = gr.Button(LABEL, elem_id=elem_id("preset"), size="sm")
        te_half = gr.Button(TE_HALF, elem_id=elem_id("preset_te_half"), size="sm")
        te_zero = gr.Button(TE_ZERO, elem_id=elem_id("preset_te_zero"), size="sm")
        undo = gr.Button("Undo preset", elem_id=elem_id("preset_undo"), size="sm", visible=False)
    note = gr.HTML(_note(HINT, *EVIDENCE), elem_id=elem_id("preset_note"))
    return PresetParts(button, te_half, te_zero, undo, note)


class PresetWiring:
    """Connects the preset's buttons with the host's inputs, which are built before or after.

    Components of a host that builds its page several times over (A1111 does, for its API) never
    meet: each tab is connected once.
    """

    def __init__(
        self,
        cards: CardLookup,
        has_scheduler: bool = True,
        words: Callable[[], Translator] = lambda: ENGLISH,
    ) -> None:
        self._cards = cards
        self._words = words
        self._names = COMPONENTS if has_scheduler else COMPONENTS[:-1]
        self._inputs: dict[tuple[str, str], Any] = {}
        self._parts: dict[str, PresetParts] = {}
        self._done: set[str] = set()

    def component(self, component: Any, elem_id: str | None) -> None:
        """Notice a component of the host."""
        tab, _, name = (elem_id or "").partition("_")
        if tab in ("txt2img", "img2img") and name in self._names and tab not in self._done:
            self._inputs[tab, name] = component
            self._connect(tab)

    def panel(self, tab: str, parts: PresetParts) -> None:
        """Notice the panel of a tab."""
        if tab not in self._done:
            self._parts[tab] = parts
            self._connect(tab)

    def _connect(self, tab: str) -> None:
        parts = self._parts.get(tab)
        inputs = [self._inputs.get((tab, name)) for name in self._names]
        if parts is None or any(component is None for component in inputs):
            return
        self._done.add(tab)
        before = gr.State(None)
        outputs = [*inputs, before, parts.undo, parts.note]
        quick = {"show_progress": False, "queue": False}
        apply = {
            parts.button: self._apply,
            parts.te_half: partial(self._set_text_encoder, TEXT_ENCODER),
            parts.te_zero: partial(self._set_text_encoder, 0.0),
        }
        for button, act in apply.items():
            button.click(fn=act, inputs=inputs, outputs=outputs, **quick)
        parts.undo.click(fn=self._undo, inputs=[before], outputs=outputs, **quick)

    def _apply(self, *values: Any) -> list[Any]:
        preset = preset_prompt(str(values[0] or ""), self._cards)
        return self._written(preset, values, [CFG, SAMPLER, SCHEDULER])

    def _set_text_encoder(self, te: float, *values: Any) -> list[Any]:
        preset = text_encoder_prompt(str(values[0] or ""), self._cards, te)
        return self._written(preset, values, _unchanged(self._names[1:]))

    def _written(self, preset: Preset, values: tuple[Any, ...], others: list[Any]) -> list[Any]:
        """Return the inputs with a preset's prompt and what else it sets, and how to undo it."""
        note = _note(self._words()(preset.note))
        if not preset.applies:
            return [*_unchanged(self._names), None, gr.update(visible=False), note]
        wanted = [preset.prompt, *others][: len(self._names)]
        return [*wanted, list(values), gr.update(visible=True), note]

    def _undo(self, before: Any) -> list[Any]:
        if not before:
            note = _note(*map(self._words(), (HINT, *EVIDENCE)))
            return [*_unchanged(self._names), None, gr.update(visible=False), note]
        note = _note(self._words()(TAKEN_BACK))
        return [*before, None, gr.update(visible=False), note]


def _unchanged(names: Iterable[str]) -> list[Any]:
    return [gr.update() for _ in names]


def _note(*texts: str) -> str:
    return "".join(f'<p class="lora-neg-empty">{escape(text)}</p>' for text in texts)
