"""The panel under the prompt: toggle, mode, findings of the last generation, health."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import astuple, dataclass
from functools import partial
from typing import Any, Protocol

import gradio as gr
from gradio.context import Context

from ...hosts.guidance_keys import GuidanceDefaults
from ...hosts.reporting import HealthItem, Report
from ...policy import Mode
from ...policy.switches import SWITCHES
from ...sentences import ENGLISH, Translator
from .findings_html import report_html
from .guidance import GuidanceInputs, build_guidance
from .health import health_html
from .preset import PresetWiring, build_preset

MODES = [mode.value for mode in Mode]

SWITCH_CLASS = "lora-neg-switch-"
"""Begins the classes that name the quick switches to the page's script, in their order."""

RULES_INFO = "Switched off here, a rule does nothing. What each one does: Settings."

BUDGET = '<div class="lora-neg-budget" hidden></div>'

_QUICK: dict[str, Any] = {"inputs": [], "show_progress": False, "queue": False}


class PanelHost(Protocol):
    """What the panel needs from the place it runs in."""

    def default_enabled(self) -> bool: ...

    def default_mode(self) -> Mode: ...

    def default_guidance(self) -> GuidanceDefaults: ...

    def health(self) -> list[HealthItem]: ...

    def last_report(self, tab: str, key: str) -> Report | None:
        """Return the report of the generation that a browser knows by ``key``."""
        ...

    def has_settings(self) -> bool:
        """Whether there is a page of settings that explains the rules."""
        ...

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
    guidance: GuidanceInputs

    @property
    def inputs(self) -> list[Any]:
        """Return them in order."""
        return [self.enabled, self.mode, self.compare, self.rules, *self.guidance.inputs]


def build_panel(
    host: PanelHost,
    tab: str,
    elem_id: Callable[[str], str],
    preset: PresetWiring,
    words: Callable[[], Translator] = lambda: ENGLISH,
) -> Panel:
    """Build the panel of one tab inside the current gradio blocks.

    Args:
        host: what the panel shows, and where answers are kept.
        tab: ``txt2img`` or ``img2img``.
        elem_id: gives a part's name its id in the page.
        preset: finds the host's inputs.
        words: returns the page's language, for the sentences that are made here.
    """
    built = _Defaults.of(host)
    with (
        host.accordion(built.enabled, "LoRA Negative Guard", elem_id("enabled")) as enabled,
        gr.Column(elem_classes=["lora-neg-panel"]),
    ):
        mode = gr.Radio(
            choices=MODES,
            value=built.mode.value,
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
        # The page's script draws the stacking budget of the prompt in it.
        gr.HTML(BUDGET, elem_id=elem_id("budget"))
        guidance = build_guidance(elem_id, built.guidance, words)
        with gr.Accordion("More", open=False, elem_id=elem_id("more")):
            rules = gr.CheckboxGroup(
                choices=[(switch.label, switch.id) for switch in SWITCHES],
                value=[switch.id for switch in SWITCHES],
                label="Rules for this tab",
                info=RULES_INFO if host.has_settings() else None,
                interactive=True,
                elem_id=elem_id("rules"),
                # In the page an option of Gradio 3 knows its label alone, which may be translated.
                elem_classes=[f"{SWITCH_CLASS}{switch.id}" for switch in SWITCHES],
            )
            preset.panel(tab, build_preset(elem_id))
        _build_findings(host, tab, elem_id, words)
        # The page's script presses it when the notice of the first run was answered.
        follow = gr.Button("", elem_id=elem_id("follow"), elem_classes=["lora-neg-follow"])
    defaults = [mode, enabled, guidance.guidance, guidance.strength, guidance.share]
    now = partial(_now, host, built)
    follow.click(fn=now, outputs=defaults, **_QUICK)
    if Context.root_block is not None:
        # The page is built once, and loaded many times with other settings.
        Context.root_block.load(fn=now, outputs=defaults, **_QUICK)
    return Panel(enabled, mode, compare, rules, guidance)


def _build_findings(
    host: PanelHost, tab: str, elem_id: Callable[[str], str], words: Callable[[], Translator]
) -> None:
    """Build the findings of the last generation, their button, and the health line."""

    def shown(key: str = "") -> tuple[str, str]:
        said = words()
        found = host.last_report(tab, key) if key else None
        return report_html(found, said), health_html(host.health(), said)

    findings = gr.HTML(lambda: shown()[0], elem_id=elem_id("findings"))
    # Which generation this browser has made; there may be others. Its value comes with the click.
    key = gr.Textbox("", elem_id=elem_id("key"), elem_classes=["lora-neg-follow"], label="Key")
    refresh = gr.Button(
        "Show findings of the last generation",
        elem_id=elem_id("refresh"),
        elem_classes=["lora-neg-refresh"],
        size="sm",
    )
    health = gr.HTML(lambda: shown()[1], elem_id=elem_id("health"))
    quick = {**_QUICK, "inputs": [key], **_in_browser(_key_of(elem_id("refresh")))}
    refresh.click(fn=shown, outputs=[findings, health], **quick)


def _key_of(button: str) -> str:
    """Return the JavaScript that reads the key which the page's script wrote on a button."""
    return f"() => document.getElementById({button!r})?.dataset.loraNegKey || ''"


def _in_browser(script: str) -> dict[str, str]:
    """Return the argument of an event listener whose inputs ``script`` gives, in the browser."""
    return {"_js" if gr.__version__.startswith("3.") else "js": script}


@dataclass(frozen=True)
class _Defaults:
    """What the user's settings say about a panel."""

    enabled: bool
    mode: Mode
    guidance: GuidanceDefaults

    @classmethod
    def of(cls, host: PanelHost) -> _Defaults:
        return cls(host.default_enabled(), host.default_mode(), host.default_guidance())


def _now(host: PanelHost, built: _Defaults) -> list[Any]:
    """Return what has changed since the panel was built; the rest of it is left as it stands."""
    now = _Defaults.of(host)
    pairs = [
        (now.mode.value, built.mode.value),
        (now.enabled, built.enabled),
        *zip(astuple(now.guidance), astuple(built.guidance), strict=True),
    ]
    return [gr.update(value=new) if new != old else gr.update() for new, old in pairs]
