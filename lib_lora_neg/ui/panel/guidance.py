"""The panel's inputs of negative guidance: method, strength, share, the method's own numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from html import escape
from typing import Any

import gradio as gr

from ...guidance import Method
from ...guidance.known import KnownNumbers, known_numbers
from ...guidance.numbers import MAX_TEXT, read_numbers, written_numbers
from ...hosts.guidance_keys import OFF, GuidanceDefaults, method_named
from ...sentences import ENGLISH, Translator, say

METHODS = [OFF, *(method.value for method in Method)]

_QUICK: dict[str, Any] = {"show_progress": False, "queue": False}


@dataclass(frozen=True)
class GuidanceInputs:
    """The components, named and ordered as `hosts.guidance_keys.NAMES`."""

    guidance: Any
    strength: Any
    share: Any
    numbers: Any
    several: Any

    @property
    def inputs(self) -> list[Any]:
        """Return them in order."""
        return [getattr(self, item.name) for item in fields(self)]


def build_guidance(
    elem_id: Callable[[str], str],
    built: GuidanceDefaults,
    words: Callable[[], Translator] = lambda: ENGLISH,
) -> GuidanceInputs:
    """Build the inputs inside the current gradio blocks.

    Args:
        elem_id: gives a part's name its id in the page.
        built: what they begin with.
        words: returns the page's language, for the sentences that are made here.
    """
    with gr.Accordion("Negative guidance", open=False, elem_id=elem_id("guidance_box")):
        method = gr.Radio(
            choices=METHODS,
            value=built.method,
            label="Guidance method",
            info="A negative prompt that works at CFG 1 too. NAG is the best known; ONG is "
            "experimental, our reading of its abstract.",
            interactive=True,
            elem_id=elem_id("guidance"),
        )
        with gr.Row():
            strength = gr.Slider(
                0,
                3,
                value=built.strength,
                step=0.05,
                label="Strength (1: the model's default)",
                interactive=True,
                elem_id=elem_id("guidance_strength"),
            )
            share = gr.Slider(
                0,
                1,
                value=built.share,
                step=0.05,
                label="Share of the steps, from the first",
                interactive=True,
                elem_id=elem_id("guidance_share"),
            )
        with gr.Accordion("Numbers and concepts", open=False, elem_id=elem_id("guidance_more")):
            numbers, several = _build_more(elem_id, method, words)
    return GuidanceInputs(method, strength, share, numbers, several)


def _build_more(
    elem_id: Callable[[str], str], method: Any, words: Callable[[], Translator]
) -> tuple[Any, Any]:
    several = gr.Checkbox(
        False,
        label="AND in the negative prompt divides concepts, each guided away from by itself",
        interactive=True,
        elem_id=elem_id("guidance_several"),
    )
    with gr.Row():
        numbers = gr.Textbox(
            "",
            label="The method's own numbers (empty: the model's default)",
            placeholder="phi 4, tau 2.5, alpha 0.25",
            max_lines=1,
            interactive=True,
            elem_id=elem_id("guidance_numbers"),
        )
        known = {_title(one): one for one in known_numbers()}
        take = gr.Dropdown(
            choices=list(known),
            value=None,
            label="Take known numbers",
            interactive=True,
            elem_id=elem_id("guidance_known"),
        )
    # Chosen once, it is no setting: the host must not remember it.
    take.do_not_save_to_config = True
    said = gr.HTML("", elem_id=elem_id("guidance_said"))
    gr.HTML(lambda: known_html(words()), elem_id=elem_id("guidance_table"))

    def taken(title: str | None) -> list[Any]:
        one = known.get(title or "")
        if one is None:
            return [gr.update()] * 3
        # Emptied again, so that the same can be taken twice.
        text = written_numbers(one.method, one.numbers)
        return [gr.update(value=None), one.method.value, text]

    def read(text: str | None, method_now: str) -> str:
        return numbers_html(method_now, text or "", words())

    take.change(fn=taken, inputs=[take], outputs=[take, method, numbers], **_QUICK)
    for changed in (numbers, method):
        changed.change(fn=read, inputs=[numbers, method], outputs=[said], **_QUICK)
    return numbers, several


def numbers_html(method: str, text: str, words: Translator = ENGLISH) -> str:
    """Return how own numbers are understood, or why they are not; empty where there are none."""
    if not text.strip():
        return ""
    try:
        wanted = method_named(method)
        if wanted is None:
            return _said(words(say("Choose a method: without one the numbers do nothing.")))
        found = read_numbers(wanted, text[: MAX_TEXT + 1])
    except ValueError as problem:
        return _said(str(problem), "lora-neg-failed")
    understood = f"{wanted.value}: {written_numbers(wanted, found)}"
    rest = say("what is not written here has the model's default")
    return _said(f"{understood} ({words(rest)})")


def known_html(words: Translator = ENGLISH) -> str:
    """Return a table of the known numbers, with the model or tool and where they come from."""
    heads = (say("Model or tool"), say("Numbers"), say("From"))
    head = "".join(f"<th>{escape(words(text))}</th>" for text in heads)
    rows = "".join(_row(one, words) for one in known_numbers())
    return (
        '<details class="lora-neg-known"><summary>'
        f"{escape(words(say('Known numbers, and where they come from')))}</summary>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></details>"
    )


def _row(one: KnownNumbers, words: Translator) -> str:
    numbers = f"{one.method.value}: {written_numbers(one.method, one.numbers)}"
    name = one.name
    if one.default:
        name = words(say("{model} (default)", model=name))
    source = one.source if one.tested else words(say("{source}; untested here", source=one.source))
    cells = "".join(f"<td>{escape(text)}</td>" for text in (name, numbers, source))
    return f"<tr>{cells}</tr>"


def _title(one: KnownNumbers) -> str:
    numbers = written_numbers(one.method, one.numbers)
    return f"{one.method.value}, {one.name}: {numbers}"


def _said(text: str, kind: str = "lora-neg-empty") -> str:
    return f'<p class="lora-neg-numbers-said {kind}" role="status">{escape(text)}</p>'
