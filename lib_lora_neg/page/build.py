"""The whole page: a heading and its tabs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import gradio as gr

from ..loras.card import LoraCard
from ..ui.library.tab import library_tab
from ..ui.panel.preset import PresetWiring
from .examples import ModelGuide, examples
from .host import InputDefaults, PageHost
from .outputs import Outputs
from .panel_host import LibraryNames, PagePanelHost
from .running import JobRegistry
from .tab import TabContext, build_tab

TITLE = "LoRA Negative Guard"
TABS = ("txt2img", "img2img")

TabBuilder = Callable[[], "list[tuple[Any, str, str]]"]
"""What the WebUI's ``on_ui_tabs`` takes: returns blocks, title and id of each tab."""


@dataclass(frozen=True)
class PageParts:
    """What the page is made of.

    Attributes:
        host: makes the pictures.
        panel_host: the host as the panel sees it.
        outputs: where pictures are saved.
        registry: what is running.
        model: name of the checkpoint, for the heading.
        guide: what is known of this model, where it is the small one.
        defaults: what stands in the inputs at first.
        more_tabs: builders of tabs beside generating and the library.
    """

    host: PageHost
    panel_host: PagePanelHost
    outputs: Outputs
    registry: JobRegistry
    model: str
    guide: ModelGuide | None = None
    defaults: InputDefaults = field(default_factory=InputDefaults)
    more_tabs: Sequence[TabBuilder] = ()


def build_page(parts: PageParts) -> gr.Blocks:
    """Build the page."""
    names = LibraryNames(parts.host.library)
    cards = _cards(names)
    context = TabContext(
        parts.host,
        parts.panel_host,
        PresetWiring(names),
        parts.outputs,
        parts.registry,
        parts.defaults,
        parts.guide,
        parts.guide.examples if parts.guide is not None else examples(cards),
        [trigger.text for card in cards for trigger in card.triggers],
    )
    more = [tab for builder in (library_tab, *parts.more_tabs) for tab in builder()]
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        gr.HTML(_heading(parts.model))
        with gr.Tabs(elem_id="tabs"):
            for tab in TABS:
                with gr.Tab(tab, elem_id=f"tab_{tab}", render_children=True):
                    build_tab(context, tab)
            for blocks, title, elem_id in more:
                with gr.Tab(title, elem_id=f"tab_{elem_id}", render_children=True):
                    blocks.render()
    for block in page.blocks.values():
        if isinstance(block, gr.HTML):
            # Our style sheet has it all; gradio's own makes every button in there a big one.
            block.apply_default_css = False
    return page


def _cards(names: LibraryNames) -> list[LoraCard]:
    cards = (names.card(name) for name in sorted(names.names(), key=str.lower))
    return [card for card in cards if card is not None]


def theme() -> Any:
    """Return gradio's own look, with the fonts of the system: none is fetched."""
    system = ["ui-sans-serif", "system-ui", "sans-serif"]
    own = gr.themes.Default(
        font=system, font_mono=["ui-monospace", "Consolas", "monospace"], primary_hue="orange"
    )
    # gradio's own greys and orange are too pale to be read by everybody.
    fills = {
        f"button_primary_background_fill{state}{dark}": shade
        for state, shade in (("", "*primary_700"), ("_hover", "*primary_800"))
        for dark in ("", "_dark")
    }
    greys = {
        f"{part}{dark}": shade
        for part in ("body_text_color_subdued", "block_info_text_color", "block_label_text_color")
        for dark, shade in (("", "*neutral_600"), ("_dark", "*neutral_300"))
    }
    return own.set(**fills, **greys)


def _heading(model: str) -> str:
    return (
        f'<header class="lora-neg-page-head"><h1>{TITLE}</h1>'
        f"<span>Model: <bdi>{escape(model)}</bdi></span></header>"
    )
