"""The panel under the prompt: toggle, mode, findings of the last generation, health."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import gradio as gr

from ..hosts.reporting import HealthItem, Report
from ..hosts.switches import LABELS
from ..policy import Mode
from .findings_html import report_html
from .health import health_html
from .preset import PresetWiring, build_preset

MODES = [mode.value for mode in Mode]

NOTICE = (
    "<strong>LoRA Negative Guard is on.</strong> Before a picture is made it keeps negative "
    "LoRA weights in the range their type can stand, takes trigger words out of the negative "
    "prompt, and lowers CFG while a negative weight is active. Every change is listed here and "
    "in the infotext. With <em>Advise</em> it only says what it would change. "
    "<code>guard=off</code> inside a LoRA tag exempts that LoRA."
)


class PanelHost(Protocol):
    """What the panel needs from the place it runs in."""

    def default_enabled(self) -> bool: ...

    def default_mode(self) -> Mode: ...

    def notice_seen(self) -> bool: ...

    def answer_notice(self, mode: Mode) -> None: ...

    def health(self) -> list[HealthItem]: ...

    def last_report(self, tab: str) -> Report | None: ...

    def accordion(self, enabled: bool, label: str, elem_id: str) -> AbstractContextManager[Any]:
        """Open an accordion with the toggle; yields the toggle."""
        ...


@dataclass(frozen=True)
class Panel:
    """The components whose values go with a generation, in the order of the API's arguments."""

    enabled: Any
    mode: Any
    compare: Any
    rules: Any

    @property
    def inputs(self) -> list[Any]:
        """Return them in order."""
        return [self.enabled, self.mode, self.compare, self.rules]


def build_panel(
    host: PanelHost, tab: str, elem_id: Callable[[str], str], preset: PresetWiring
) -> Panel:
    """Build the panel of one tab inside the current gradio blocks."""
    with host.accordion(
        host.default_enabled(), "LoRA Negative Guard", elem_id("enabled")
    ) as enabled:
        notice, answers = _notice(host, elem_id)
        mode = gr.Radio(
            choices=MODES,
            value=host.default_mode().value,
            label="Mode",
            info="Enforce changes the generation and says so; Advise only says so.",
            elem_id=elem_id("mode"),
        )
        compare = gr.Checkbox(
            False,
            label="Compare: make each picture also as typed, at the same seed",
            interactive=True,
            elem_id=elem_id("compare"),
        )
        with gr.Accordion("More", open=False, elem_id=elem_id("more")):
            rules = gr.CheckboxGroup(
                choices=LABELS,
                value=LABELS,
                label="Rules for this tab",
                info="Switched off here, a rule does nothing. What each one does: Settings.",
                interactive=True,
                elem_id=elem_id("rules"),
            )
            preset.panel(tab, build_preset(elem_id))
        findings = gr.HTML(report_html(None), elem_id=elem_id("findings"))
        refresh = gr.Button(
            "Show findings of the last generation",
            elem_id=elem_id("refresh"),
            elem_classes=["lora-neg-refresh"],
            size="sm",
        )
        health = gr.HTML(lambda: health_html(host.health()), elem_id=elem_id("health"))
    refresh.click(
        fn=lambda: (report_html(host.last_report(tab)), health_html(host.health())),
        inputs=[],
        outputs=[findings, health],
        show_progress=False,
        queue=False,
    )
    for button, answer in answers:
        button.click(
            fn=_answering(host, answer),
            inputs=[],
            outputs=[notice, mode],
            show_progress=False,
            queue=False,
        )
    return Panel(enabled, mode, compare, rules)


def _notice(host: PanelHost, elem_id: Callable[[str], str]) -> tuple[Any, list[tuple[Any, Mode]]]:
    group = gr.Group(
        visible=not host.notice_seen(),
        elem_id=elem_id("notice"),
        elem_classes=["lora-neg-notice"],
    )
    with group:
        gr.HTML(NOTICE)
        with gr.Row(elem_classes=["lora-neg-answers"]):
            keep = gr.Button("Keep guarding", elem_id=elem_id("notice_keep"), size="sm")
            advise = gr.Button("Only advise me", elem_id=elem_id("notice_advise"), size="sm")
    return group, [(keep, Mode.ENFORCE), (advise, Mode.ADVISE)]


def _answering(host: PanelHost, answer: Mode) -> Callable[[], tuple[Any, Any]]:
    def on_click() -> tuple[Any, Any]:
        host.answer_notice(answer)
        return gr.update(visible=False), gr.update(value=answer.value)

    return on_click
