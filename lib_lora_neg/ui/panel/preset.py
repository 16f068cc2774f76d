"""The preset for negative LoRAs on SDXL (R4), in one click and one to take it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from ...policy import CardLookup
from ...sentences import ENGLISH, Translator, say
from .recommend import preset_prompt

CFG = 5.0
SAMPLER, SCHEDULER = "DPM++ 2M", "Karras"

LABEL = "SDXL preset for negative LoRAs"
HINT = say(
    "unet −0.3 for styles, −0.2 for concepts, text encoder 0.5 (in this project's lab 0 did "
    "better), CFG 5, DPM++ 2M Karras"
)
TAKEN_BACK = say("Preset taken back.")

COMPONENTS = ("prompt", "cfg_scale", "sampling", "scheduler")
"""The host's inputs that the preset sets, by the end of their ids. Old hosts lack the last."""


@dataclass(frozen=True)
class PresetParts:
    """The preset's own components in one panel."""

    button: Any
    undo: Any
    note: Any


def build_preset(elem_id: Callable[[str], str]) -> PresetParts:
    """Build the buttons; they do nothing before `PresetWiring` has found the host's inputs."""
    with gr.Row(elem_classes=["lora-neg-preset"]):
        button = gr.Button(LABEL, elem_id=elem_id("preset"), size="sm")
        undo = gr.Button("Undo preset", elem_id=elem_id("preset_undo"), size="sm", visible=False)
    note = gr.HTML(f'<p class="lora-neg-empty">{HINT}</p>', elem_id=elem_id("preset_note"))
    return PresetParts(button, undo, note)


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
        parts.button.click(fn=self._apply, inputs=inputs, outputs=outputs, **quick)
        parts.undo.click(fn=self._undo, inputs=[before], outputs=outputs, **quick)

    def _apply(self, *values: Any) -> list[Any]:
        preset = preset_prompt(str(values[0] or ""), self._cards)
        if not preset.applies:
            note = _note(self._words()(preset.note))
            return [*_unchanged(self._names), None, gr.update(visible=False), note]
        wanted = [preset.prompt, CFG, SAMPLER, SCHEDULER][: len(self._names)]
        note = _note(self._words()(preset.note))
        return [*wanted, list(values), gr.update(visible=True), note]

    def _undo(self, before: Any) -> list[Any]:
        if not before:
            note = _note(self._words()(HINT))
            return [*_unchanged(self._names), None, gr.update(visible=False), note]
        note = _note(self._words()(TAKEN_BACK))
        return [*before, None, gr.update(visible=False), note]


def _unchanged(names: Iterable[str]) -> list[Any]:
    return [gr.update() for _ in names]


def _note(text: str) -> str:
    return f'<p class="lora-neg-empty">{escape(text)}</p>'
