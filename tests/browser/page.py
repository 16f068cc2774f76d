"""A small page of the extension's own components, for browser tests without a WebUI.

    python tests/browser/page.py --port 7890 [--loras 2000] [--auth user:password] [--log FILE]

Runs on gradio 3.41.2 and 4.40.0, and on the one of our own page. It stands in for the host with
the ids that A1111 and Forge give to their inputs, and with the functions that their script.js
offers to extensions.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import gradio as gr  # noqa: E402
from starlette.responses import Response  # noqa: E402

from lib_lora_neg.api.page import add_page_routes  # noqa: E402
from lib_lora_neg.api.public import add_public_routes  # noqa: E402
from lib_lora_neg.hosts.guidance_keys import GuidanceDefaults  # noqa: E402
from lib_lora_neg.hosts.preview import FormValues, PreviewContext  # noqa: E402
from lib_lora_neg.hosts.reporting import HealthItem, Report, Reports  # noqa: E402
from lib_lora_neg.hosts.webui import xyz  # noqa: E402
from lib_lora_neg.hosts.webui.tools import PageTool  # noqa: E402
from lib_lora_neg.loras.card import LoraCard, RangeSource, WeightRange  # noqa: E402
from lib_lora_neg.loras.families import ModelFamily  # noqa: E402
from lib_lora_neg.policy import GenerationRequest, GuardSettings, Mode, plan  # noqa: E402
from lib_lora_neg.ui.library.answers import library_answers  # noqa: E402
from lib_lora_neg.ui.panel.answers import page_answers  # noqa: E402
from lib_lora_neg.ui.panel.build import Panel, build_panel  # noqa: E402
from lib_lora_neg.ui.panel.preset import PresetWiring  # noqa: E402
from tests.support.cards import SyntheticCards, card  # noqa: E402
from tests.support.library import MemoryLibrary  # noqa: E402
from tests.support.lora_factors import write_factors  # noqa: E402

STYLES = {"quality": ("masterpiece", "lowres, impasto_oil_style")}


class Library:
    """Cards of a few known LoRAs and of as many others as asked for."""

    def __init__(self, count: int) -> None:
        known = [
            card("style_x", "style", triggers=("impasto_oil_style",), family=ModelFamily.SDXL),
            card("hero", "character", triggers=("ariavale",), family=ModelFamily.SDXL),
            card("thing", "concept", negative_text="bad_thing, lowres", family=ModelFamily.SDXL),
            card("rainy", "style", shares={"rain": 0.8}, family=ModelFamily.SDXL),
            card("mystery", "unknown", confidence=0.0, family=ModelFamily.SDXL),
        ]
        made = SyntheticCards()
        self._steps: list[dict[str, LoraCard]] = []
        self._cards: dict[str, LoraCard] = {c.name: c for c in known}
        for number in range(count):
            name = f"lora_{number:04d}"
            made_card = made.get(name)
            if made_card is not None:
                self._cards[name] = replace(made_card, family=ModelFamily.SDXL)

    def get(self, name: str, /) -> LoraCard | None:
        return self._cards.get(name)

    def names(self) -> list[str]:
        return list(self._cards)

    def card(self, name: str) -> LoraCard | None:
        return self._cards.get(name)

    def edit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a decision, as the library's own route does."""
        self._steps.append({name: self._cards[name] for name in body["names"]})
        for name in body["names"]:
            self._cards[name] = replace(self._cards[name], guard_off=body["set"]["guard_off"])
        return {"saved": len(body["names"]), "failed": 0, "notes": [], "step": len(self._steps)}

    def undo(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Take one back."""
        self._cards |= self._steps[body["step"] - 1]
        return {"saved": 1, "failed": 0, "notes": []}

    def name_in_prompts(self, name: str) -> str:
        return name


class Host:
    """What the WebUI is to the panel, the preview and the API."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.mode = Mode.ENFORCE
        self.seen = False
        self.reports = Reports()

    def default_enabled(self) -> bool:
        return True

    def default_mode(self) -> Mode:
        return self.mode

    def default_guidance(self) -> GuidanceDefaults:
        return GuidanceDefaults()

    def notice_seen(self) -> bool:
        return self.seen

    def answer_notice(self, mode: Mode) -> None:
        self.seen, self.mode = True, mode

    def health(self) -> list[HealthItem]:
        return [HealthItem("LoRA list", True, f"{len(self.library.names())} known to this host")]

    def last_report(self, tab: str, key: str) -> Report | None:
        return self.reports.find(tab, key)

    def has_settings(self) -> bool:
        return True

    @contextlib.contextmanager
    def accordion(self, enabled: bool, label: str, elem_id: str) -> Iterator[Any]:
        with gr.Accordion(label, open=True, elem_id=elem_id):
            yield gr.Checkbox(enabled, label="Guard this tab", elem_id=f"{elem_id}-checkbox")

    def context(
        self, form: FormValues, mode: Mode | None = None, rules: Mapping[str, Mode] | None = None
    ) -> PreviewContext:
        settings = GuardSettings(self.mode if mode is None else mode, rules=rules or {})
        first, hires = form.passes()
        for name in form.styles:
            extra, negative = STYLES.get(name, ("", ""))
            first = replace(
                first,
                prompts=(f"{first.prompts[0]}, {extra}",),
                negative_prompts=(f"{first.negative_prompts[0]}, {negative}",),
            )
        family = form.family or ModelFamily.SDXL
        request = GenerationRequest(first, hires, family=family, cfg_tools=form.tools)
        return PreviewContext(form, request, settings, self.library)

    def tools(self, tab: str) -> list[PageTool]:
        return [PageTool("Dynamic Thresholding", f"{tab}_thresholding")]

    def token_count(self, text: str) -> tuple[int, int]:
        return len(text.replace(",", " ").split()), 75


def build(host: Host, wiring: PresetWiring) -> gr.Blocks:
    """Build each tab by itself and then put it into the page, as both hosts do."""
    # gradio 6 builds a tab when it is first shown; both hosts build all of them at once.
    at_once = {"render_children": True} if "render_children" in signature(gr.Tab).parameters else {}
    tabs = {}
    for tab in ("txt2img", "img2img"):
        with gr.Blocks(analytics_enabled=False) as tabs[tab]:
            build_tab(host, wiring, tab)
    with gr.Blocks(title="LoRA Negative Guard test page") as demo, gr.Tabs():
        for tab, inside in tabs.items():
            with gr.Tab(tab, elem_id=f"tab_{tab}", **at_once):
                inside.render()
    return demo


def build_tab(host: Host, wiring: PresetWiring, tab: str) -> None:
    def made(component: Any) -> Any:
        wiring.component(component, component.elem_id)
        return component

    with gr.Column(elem_id=f"{tab}_prompt_container"):
        with gr.Row(elem_id=f"{tab}_prompt_row", elem_classes=["prompt-row"]):
            prompt = made(gr.Textbox(label="Prompt", lines=3, elem_id=f"{tab}_prompt"))
        with gr.Row(elem_id=f"{tab}_neg_prompt_row", elem_classes=["prompt-row"]):
            negative = gr.Textbox(label="Negative prompt", lines=3, elem_id=f"{tab}_neg_prompt")
    gr.Markdown("Below the boxes: nothing here may move.", elem_id=f"{tab}_below")
    with gr.Row():
        generate = gr.Button("Generate", elem_id=f"{tab}_generate", variant="primary")
        paste = gr.Button("Paste", elem_id=f"{tab}_paste")
    gr.Dropdown(list(STYLES), multiselect=True, value=[], label="Styles", elem_id=f"{tab}_styles")
    with gr.Row():
        cfg = made(
            gr.Slider(1, 30, value=7, step=0.5, label="CFG Scale", elem_id=f"{tab}_cfg_scale")
        )
        made(
            gr.Dropdown(
                ["Euler", "DPM++ 2M"], value="Euler", label="Sampler", elem_id=f"{tab}_sampling"
            )
        )
        made(
            gr.Dropdown(
                ["Automatic", "Karras"],
                value="Automatic",
                label="Schedule",
                elem_id=f"{tab}_scheduler",
            )
        )
    if tab == "txt2img":
        gr.Checkbox(False, label="Hires. fix", elem_id=f"{tab}_hr-checkbox")
        gr.Textbox(label="Hires prompt", elem_id="hires_prompt")
        gr.Textbox(label="Hires negative prompt", elem_id="hires_neg_prompt")
    gr.Checkbox(False, label="Dynamic Thresholding", elem_id=f"{tab}_thresholding")
    gr.HTML(cards_html(tab))
    build_plot(tab)
    panel = build_panel(host, tab, lambda name: f"script_{tab}_lora_negative_guard_{name}", wiring)
    info = gr.HTML("", elem_id=f"html_info_{tab}")
    inputs = [prompt, negative, cfg, panel.enabled, panel.mode]
    generate.click(lambda *values: generated(host, tab, *values), inputs, [info])
    outputs = [prompt, negative, panel.enabled, panel.mode]
    paste.click(lambda: pasted(host, panel), [], outputs)


def build_plot(tab: str) -> None:
    """Build the host's X/Y/Z plot, as far as the strip reads it."""

    def dropdown(choices: list[str], label: str, elem_id: str) -> None:
        gr.Dropdown(choices, value=choices[0], label=label, elem_id=elem_id, interactive=True)

    with gr.Column(elem_id=f"{tab}_script_container"):
        dropdown(["None", "X/Y/Z plot"], "Script", "script_list")
        with gr.Row():
            for axis in "xyz":
                name = f"script_{tab}_xyz_plot_{axis}"
                axes = ["Nothing", "Steps", "Prompt S/R", xyz.WEIGHT, xyz.MODE]
                dropdown(axes, f"{axis} type", f"{name}_type")
                gr.Textbox(label=f"{axis} values", elem_id=f"{name}_values", interactive=True)


def generated(
    host: Host, tab: str, prompt: str, negative: str, cfg: float, on: bool, mode: str
) -> str:
    form = FormValues(prompt or "", negative or "", float(cfg))
    chosen = Mode.parse(mode) if on else Mode.OFF
    context = host.context(form, chosen)
    planned = plan(context.request, context.cards, context.settings)
    key = str(time.time_ns())
    host.reports.keep(tab, key, Report(chosen, planned.findings, ()))
    return f'<p data-lora-neg-report="{key}">picture {key}</p>'


def pasted(host: Host, panel: Panel) -> tuple[str, str, bool, str]:
    """An infotext without our keys: the user's defaults come back."""
    del panel
    return "pasted <lora:style_x:-0.8>", "", host.default_enabled(), host.default_mode().value


CARD = (
    '<div class="card" data-name="{name}" style="display:inline-block;position:relative;'
    'padding:2em 4em 6em;border:1px solid"'
    """ onclick="cardClicked('{tab}', '&lt;lora:{name}:1&gt;', '', false)">"""
    '<div class="button-row" style="position:absolute;inset:0 0 auto auto"></div>'
    '<span class="name">{name}</span></div>'
)


CARDS = ("style_x", "hero", "thing", "fast", "mystery", "slide", "allowed")


def badges() -> Callable[[Mapping[str, Any]], Any]:
    """Return what answers for the badges on the cards."""
    library = MemoryLibrary(
        card("style_x", "style", family=ModelFamily.SDXL),
        card("hero", "character", family=ModelFamily.SDXL),
        card("thing", "concept", confidence=0.6, family=ModelFamily.SDXL),
        card("fast", "accelerator", family=ModelFamily.SDXL),
        card("mystery", "unknown", confidence=0.0),
        card("slide", "slider", ranges=(WeightRange(-2.0, 2.0, source=RangeSource.SIDECAR),)),
        card("allowed", "style", guard_off=True),
    )
    return library_answers(library)["library-badges"]


def conflicts() -> Callable[[Mapping[str, Any]], Any]:
    """Return what compares the LoRAs of the prompt, with real files behind their names."""
    folder = Path(tempfile.mkdtemp(prefix="lora-neg-page-"))
    made = []
    for name, sign in (("style_x", 1.0), ("hero", -1.0), ("thing", 1.0)):
        path = write_factors(folder / f"{name}.safetensors", sign)
        made.append(replace(card(name, "style", family=ModelFamily.SDXL), path=str(path)))
    return library_answers(MemoryLibrary(*made))["library-conflict"]


def cards_html(tab: str) -> str:
    cards = "".join(CARD.format(tab=tab, name=name) for name in CARDS)
    return f'<div class="extra-network-pane"><div id="{tab}_lora_cards">{cards}</div></div>'


HEAD = (
    '<script src="./own/host.js"></script><script src="./own/lora_neg.js"></script>'
    '<link rel="stylesheet" href="./own/style.css">'
)
OWN_FILES = {
    "host.js": Path(__file__).with_name("host.js"),
    "lora_neg.js": ROOT / "javascript" / "lora_neg.js",
    "style.css": ROOT / "style.css",
}
"""What the page loads of ours, as a WebUI loads it, and what stands in for the WebUI's scripts."""


def own_file(name: str) -> Response:
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    return Response(OWN_FILES[name].read_text(encoding="utf-8"), media_type=kind)


def inject(html: str) -> None:
    """Put our files into gradio's page, as the host does with the files of extensions."""
    original = gr.routes.templates.TemplateResponse

    def respond(*args: Any, **kwargs: Any) -> Any:
        response = original(*args, **kwargs)
        response.body = response.body.replace(b"</head>", f"{html}</head>".encode(), 1)
        response.init_headers()
        return response

    gr.routes.templates.TemplateResponse = respond


def serve_own_files(app: Any, host: Host) -> None:
    def forget() -> None:
        host.mode, host.seen = Mode.ENFORCE, False

    app.add_api_route("/own/{name}", own_file, methods=["GET"])
    app.add_api_route("/own/forget", forget, methods=["POST"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=7890)
    parser.add_argument("--loras", type=int, default=2000)
    parser.add_argument("--auth", help="user:password of the page and of the API")
    options = parser.parse_args()
    host = Host(Library(options.loras))
    wiring = PresetWiring(host.library)
    inject(HEAD)
    account = tuple(options.auth.split(":", 1)) if options.auth else None
    app, _, _ = build(host, wiring).launch(
        server_name="127.0.0.1",
        server_port=options.port,
        auth=account,
        prevent_thread_lock=True,
        quiet=True,
        **({"show_api": False} if "show_api" in signature(gr.Blocks.launch).parameters else {}),
    )
    serve_own_files(app, host)
    answers = page_answers(host, host.library, lasting=True, tools=host.tools, notice=host)
    decisions = {
        "library-edit": host.library.edit,
        "library-undo": host.library.undo,
        "library-badges": badges(),
        "library-conflict": conflicts(),
    }
    add_page_routes(app, {**answers, **decisions})
    add_public_routes(app, host, host.library, dict([account]) if account else {})
    print(f"ready http://127.0.0.1:{options.port}", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
