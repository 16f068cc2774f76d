"""What the buttons of a tab do."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from html import escape
from threading import Event
from typing import Any

import gradio as gr

from ..hosts import guidance_keys
from ..policy import Mode
from ..telling import complain_of
from ..ui.panel.build import Panel
from .examples import Example, look_html
from .generation import GenerationOutcome, GenerationProgress, TabRequest, make
from .host import InputDefaults, PageHost
from .inputs import Inputs
from .outputs import Outputs
from .panel_host import PagePanelHost
from .restore import RestoredInputs, RestoreError, of_picture, of_text
from .running import BackgroundTask, JobRegistry, StoppedWaitingError

PANEL_VALUES = 4 + len(guidance_keys.NAMES)
IDLE = '<div class="lora-neg-page-progress lora-neg-page-idle"></div>'
INTEGERS = frozenset({"steps", "width", "height", "batch_count", "batch_size", "seed"})


class TabEvents:
    """The functions behind one tab; gradio calls them in threads of its own.

    Attributes:
        reference: a comparison also shows each picture without its LoRAs.
    """

    reference = False

    def __init__(
        self,
        host: PageHost,
        panel_host: PagePanelHost,
        outputs: Outputs,
        registry: JobRegistry,
        tab: str,
    ) -> None:
        self._host = host
        self._panel_host = panel_host
        self._outputs = outputs
        self._registry = registry
        self._tab = tab

    # ---- generating ----

    def generate(self, names: Sequence[str]) -> Callable[..., Iterator[list[Any]]]:
        """Return the function behind Generate; its values are ``names`` and the panel's."""

        def on_generate(request: gr.Request, *values: Any) -> Iterator[list[Any]]:
            asked = self._asked(names, values)
            if self._tab == "img2img" and asked.fields.get("init_image") is None:
                yield _ended(failed("Choose a picture to start from first."))
                return
            key = (str(request.session_hash), self._tab)
            cancel = self._registry.begin(key)
            if cancel is None:  # a second click before the button was hidden
                yield [gr.skip()] * 7
                return
            try:
                yield [
                    gr.skip(),
                    gr.skip(),
                    note(""),
                    bar(GenerationProgress(0.0)),
                    *_busy(True),
                    gr.skip(),
                ]
                running = BackgroundTask(partial(self._work, asked), cancel)
                for progress in running.progress():
                    yield [gr.skip()] * 3 + [bar(progress)] + [gr.skip()] * 3
                ended = self._result(running)
            finally:
                # Also when the visitor has gone: nobody waits for these pictures any more.
                cancel.set()
                self._registry.end(key)
            yield ended

        return on_generate

    def interrupt(self, request: gr.Request) -> None:
        """End what this visitor has running in this tab."""
        self._registry.interrupt((str(request.session_hash), self._tab))

    def selected(self, texts: list[str], event: gr.SelectData) -> str:
        """Return the infotext of the picture that was selected."""
        index = event.index if isinstance(event.index, int) else 0
        return texts[index] if 0 <= index < len(texts) else ""

    def _work(
        self, asked: TabRequest, cancel: Event, tell: Callable[[GenerationProgress], None]
    ) -> GenerationOutcome:
        with self._registry.turn(cancel, tell):
            return make(self._host, asked, cancel, tell)

    def _result(self, running: BackgroundTask[GenerationOutcome]) -> list[Any]:
        try:
            return self._shown(running.result())
        except StoppedWaitingError:
            return _ended(note("Interrupted before it began."))
        except Exception as problem:
            if not isinstance(problem, RuntimeError | ValueError):
                complain_of(problem)
            return _ended(failed(f"{problem or type(problem).__name__}"))

    def _asked(self, names: Sequence[str], values: Sequence[Any]) -> TabRequest:
        fields = dict(zip(names, values[:-PANEL_VALUES], strict=True))
        for name in INTEGERS & fields.keys():
            fields[name] = int(fields[name]) if fields[name] is not None else -1
        fields["prompt"] = fields["prompt"] or ""
        fields["negative_prompt"] = fields["negative_prompt"] or ""
        enabled, mode, compare, rules, *guidance = values[-PANEL_VALUES:]
        fields["guidance"] = guidance_keys.read_guidance(*guidance)
        named_mode = str(mode or Mode.OFF.value)
        return TabRequest(fields, bool(enabled), named_mode, bool(compare), rules, self.reference)

    def _shown(self, outcome: GenerationOutcome) -> list[Any]:
        key = secrets.token_urlsafe(9)
        self._panel_host.reports.keep(self._tab, key, outcome.report)
        items, texts = [], []
        notes = list(outcome.notes)
        for shown in outcome.shown:
            picture: Any = shown.image
            if shown.keep:
                try:
                    picture = str(
                        self._outputs.save(self._tab, shown.image, shown.infotext, shown.seed)
                    )
                except OSError as problem:
                    notes.append(f"Not saved: {problem.strerror or problem}.")
            items.append((picture, shown.caption or None))
            texts.append(shown.infotext)
        small = bool(outcome.shown) and min(outcome.shown[-1].image.size) < 200
        gallery = gr.update(
            value=items,
            selected_index=0 if items else None,
            elem_classes=["lora-neg-page-small"] if small else [],
        )
        said = sentence(outcome, notes, key)
        return [gallery, texts[0] if texts else "", said, IDLE, *_busy(False), texts]

    # ---- restoring ----

    def connect_restoring(
        self, inputs: Inputs, panel: Panel, sources: tuple[Any, Any], said: Any, infotext: Any
    ) -> None:
        """Let the button and a dropped picture, the ``sources``, fill the inputs.

        With an empty prompt the button takes the infotext of the picture that is shown.
        """
        paste, picture = sources
        named = {
            **inputs.named(),
            "enabled": panel.enabled,
            "mode": panel.mode,
            **{name: getattr(panel.guidance, name) for name in guidance_keys.NAMES},
        }
        names = list(named)

        def fill(read: Callable[..., RestoredInputs], given: str) -> list[Any]:
            host, mode = self._host, self._panel_host.default_mode()
            try:
                found = read(given, host.samplers(), host.schedulers(), mode)
            except RestoreError as problem:
                return [gr.skip()] * len(names) + [failed(str(problem))]
            return [found.values.get(name, gr.skip()) for name in names] + [note(found.said)]

        def fill_from(path: str | None) -> list[Any]:
            return fill(of_picture, path) if path else [gr.skip()] * (len(names) + 1)

        outputs = [*named.values(), said]
        quick = {"show_progress": "hidden", "queue": False}
        paste.click(
            lambda text, shown: fill(of_text, text if text and text.strip() else shown or ""),
            [inputs.prompt, infotext],
            outputs,
            **quick,
        )
        picture.upload(fill_from, [picture], outputs, **quick)

    def connect_example(
        self,
        button: Any,
        example: Example,
        inputs: Inputs,
        panel: Panel,
        look: Any,
        defaults: InputDefaults,
    ) -> None:
        """Let a button fill the inputs and switch the comparison on; toggle and mode stay.

        Everything that a picture follows from is set, so that it is the one that was measured.
        """
        values = {
            "prompt": example.prompt,
            "negative_prompt": example.negative_prompt,
            "cfg_scale": example.cfg_scale,
            "seed": example.seed,
            "steps": defaults.steps,
            "width": defaults.width,
            "height": defaults.height,
            "batch_count": 1,
            "batch_size": 1,
            "sampler": next(iter(self._host.samplers()), None),
            "scheduler": next(iter(self._host.schedulers()), None),
        }
        given = [*values.values(), True, look_html(example.look)]
        outputs = [*(getattr(inputs, name) for name in values), panel.compare, look]
        button.click(lambda: given, [], outputs, show_progress="hidden", queue=False)


def bar(progress: GenerationProgress) -> str:
    """Return the progress bar."""
    percent = round(100 * min(max(progress.share, 0.0), 1.0))
    words = f"{progress.stage} {percent} %" if progress.stage else f"{percent} %"
    return (
        f'<div class="lora-neg-page-progress" role="progressbar" aria-label="Generating" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}">'
        f'<i style="width:{percent}%"></i><b>{escape(words)}</b></div>'
    )


def sentence(outcome: GenerationOutcome, notes: Sequence[str], key: str = "") -> str:
    """Return what to say of a generation that is over; by ``key`` its report is found."""
    made = sum(shown.keep for shown in outcome.shown)
    pictures = f"{made} picture" if made == 1 else f"{made} pictures"
    how = "interrupted after" if outcome.interrupted else "made in"
    parts = [f"{pictures} {how} {outcome.seconds:.2f} s.", f"Seed {outcome.seed}.", *notes]
    return note(" ".join(parts), key)


def note(text: str, key: str = "") -> str:
    """Return a sentence for the line under Generate."""
    mark = f' data-lora-neg-report="{escape(key)}"' if key else ""
    return f'<p class="lora-neg-page-said" role="status"{mark}>{escape(text)}</p>'


def failed(text: str) -> str:
    """Return a sentence that says what went wrong."""
    return f'<p class="lora-neg-page-said lora-neg-page-failed" role="alert">{escape(text)}</p>'


def _busy(busy: bool) -> list[Any]:
    return [gr.update(visible=not busy), gr.update(visible=busy)]


def _ended(said: str) -> list[Any]:
    return [gr.skip(), gr.skip(), said, IDLE, *_busy(False), gr.skip()]
