"""One tab in which pictures are made: boxes, panel, inputs, gallery, and what connects them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ..ui.panel.build import Panel, build_panel
from ..ui.panel.preset import PresetWiring
from .cards import cards_html
from .examples import Example, ModelGuide, look_html, told_html
from .host import InputDefaults, PageHost
from .inputs import InputBuilder, Inputs
from .knowledge import unknown_html
from .outputs import Outputs
from .panel_host import PagePanelHost
from .running import JobRegistry
from .tab_events import IDLE, TabEvents, note

TRY, TRY_OWN = "Try this", "Try with your LoRAs"


@dataclass(frozen=True)
class TabContext:
    """What all tabs share."""

    host: PageHost
    panel_host: PagePanelHost
    wiring: PresetWiring
    outputs: Outputs
    registry: JobRegistry
    defaults: InputDefaults
    guide: ModelGuide | None
    examples: Sequence[Example]
    triggers: Sequence[str]


@dataclass(frozen=True)
class Results:
    """Where a generation is shown.

    Attributes:
        gallery: pictures.
        infotext: of the picture that is selected.
        said: a sentence about the last generation.
        progress: a bar while one runs.
        generate: hidden while one runs.
        interrupt: shown while one runs.
        texts: infotexts of the gallery's pictures, kept for the session.
    """

    gallery: Any
    infotext: Any
    said: Any
    progress: Any
    generate: Any
    interrupt: Any
    texts: Any

    def in_order(self) -> list[Any]:
        """Return them in the order in which generating fills them."""
        return [
            self.gallery,
            self.infotext,
            self.said,
            self.progress,
            self.generate,
            self.interrupt,
            self.texts,
        ]


def build_tab(context: TabContext, tab: str) -> None:
    """Build one tab inside the current gradio blocks."""
    builder = InputBuilder(context.host, tab, context.wiring, context.defaults)
    tries, look = _examples(context, tab)
    with gr.Row(elem_classes=["lora-neg-page-top"]):
        with gr.Column(scale=6, elem_id=f"{tab}_prompt_container"):
            prompts = builder.prompts(context.guide.knowledge.example if context.guide else "")
            _words(context, tab, prompts)
            _cards(context, tab)
        with gr.Column(scale=1, min_width=200, elem_classes=["lora-neg-page-actions"]):
            generate, interrupt, sources, feedback = _buttons(tab)
    with gr.Row(elem_classes=["lora-neg-page-body"]):
        with gr.Column(scale=1, min_width=340):
            picture = builder.picture()
            panel = build_panel(context.panel_host, tab, _panel_id(tab), context.wiring)
            inputs = builder.sampling(prompts, picture)
        with gr.Column(scale=1, min_width=340, elem_id=f"{tab}_results"):
            results = _results(tab, generate, interrupt, feedback)
    events = TabEvents(context.host, context.panel_host, context.outputs, context.registry, tab)
    events.reference = context.guide is not None
    _connect(events, inputs, panel, results)
    events.connect_restoring(inputs, panel, sources, results.said, results.infotext)
    if look is not None:
        _follow_prompt(prompts[0], look, context.examples)
    for button, example in tries:
        events.connect_example(button, example, inputs, panel, look, context.defaults)


def _panel_id(tab: str) -> Any:
    return lambda part: f"script_{tab}_lora_negative_guard_{part}"


def _examples(context: TabContext, tab: str) -> tuple[list[tuple[Any, Example]], Any]:
    """Build a button for each example, and the line that says what to look at."""
    if tab != "txt2img" or not context.examples:
        return [], None
    with gr.Row(elem_id="txt2img_tries", elem_classes=["lora-neg-page-tries"]):
        gr.HTML(f"<strong>{TRY if context.guide else TRY_OWN}:</strong>")
        tries = [
            (gr.Button(example.title, size="sm", elem_id=f"txt2img_try_{number}"), example)
            for number, example in enumerate(context.examples)
        ]
        if context.guide is not None:
            gr.HTML(told_html(context.guide.told))
    return tries, gr.HTML(look_html(""), elem_id="txt2img_look")


def _follow_prompt(prompt: Any, look: Any, examples: Sequence[Example]) -> None:
    """Let the line say what to look at as long as the prompt is an example's own."""
    lines = {example.prompt: look_html(example.look) for example in examples}
    prompt.change(
        lambda text: lines.get(text, look_html("")),
        [prompt],
        [look],
        show_progress="hidden",
        queue=False,
        trigger_mode="always_last",
    )


def _words(context: TabContext, tab: str, prompts: tuple[Any, Any]) -> None:
    """Build what a small model knows, and the line that names words it does not."""
    if context.guide is None:
        return
    knowledge, triggers = context.guide.knowledge, context.triggers
    gr.HTML(knowledge.html(), elem_id=f"{tab}_known")
    unknown = gr.HTML(unknown_html([]), elem_id=f"{tab}_unknown")
    gr.on(
        [box.change for box in prompts],
        fn=lambda *texts: unknown_html(knowledge.unknown([text or "" for text in texts], triggers)),
        inputs=list(prompts),
        outputs=[unknown],
        show_progress="hidden",
        queue=False,
        trigger_mode="always_last",
    )


def _buttons(tab: str) -> tuple[Any, Any, tuple[Any, Any], tuple[Any, Any]]:
    """Build Generate, Interrupt, what restores settings (from a text, from a picture), and between
    them, where the eyes are, the progress and what is said."""
    generate = gr.Button("Generate", variant="primary", elem_id=f"{tab}_generate")
    interrupt = gr.Button("Interrupt", variant="stop", visible=False, elem_id=f"{tab}_interrupt")
    with gr.Column(elem_classes=["lora-neg-page-status"]):
        progress = gr.HTML(IDLE, elem_id=f"{tab}_progress")
        said = gr.HTML(note(""), elem_id=f"html_info_{tab}")
    paste = gr.Button("Restore from infotext", size="sm", elem_id=f"{tab}_paste")
    picture = gr.UploadButton(
        "Restore from a picture",
        file_types=[".png", ".jpg", ".jpeg", ".webp", ".avif"],
        type="filepath",
        size="sm",
        elem_id=f"{tab}_picture",
    )
    return generate, interrupt, (paste, picture), (progress, said)


def _cards(context: TabContext, tab: str) -> None:
    with gr.Accordion("LoRAs to insert", open=False, elem_id=f"{tab}_extra_networks"):
        gr.HTML(lambda: cards_html(context.host.library, tab))


def _results(tab: str, generate: Any, interrupt: Any, feedback: tuple[Any, Any]) -> Results:
    gallery = gr.Gallery(
        label="Pictures",
        columns=4,
        height=520,
        object_fit="contain",
        format="png",
        interactive=False,
        buttons=["download", "fullscreen"],
        elem_id=f"{tab}_gallery",
    )
    progress, said = feedback
    infotext = gr.Textbox(
        label="Infotext",
        lines=4,
        max_lines=12,
        interactive=False,
        buttons=["copy"],
        elem_id=f"{tab}_infotext",
    )
    return Results(gallery, infotext, said, progress, generate, interrupt, gr.State([]))


def _connect(events: TabEvents, inputs: Inputs, panel: Panel, results: Results) -> None:
    results.generate.click(
        fn=events.generate(list(inputs.named())),
        inputs=[*inputs.named().values(), *panel.inputs],
        outputs=results.in_order(),
        show_progress="hidden",
        concurrency_limit=None,
        # The server refuses a second one by itself; gradio would still do so when it is over.
        trigger_mode="multiple",
    )
    results.interrupt.click(fn=events.interrupt, inputs=[], outputs=[], queue=False)
    results.gallery.select(
        fn=events.selected,
        inputs=[results.texts],
        outputs=[results.infotext],
        show_progress="hidden",
        queue=False,
    )
