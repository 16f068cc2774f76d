"""The page as the guard's panel sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import gradio as gr

from ..hosts.guidance_keys import GuidanceDefaults
from ..hosts.library import LibraryTabHost
from ..hosts.reporting import HealthItem, Report, Reports
from ..loras.card import LoraCard
from ..policy import Mode
from .host import PageHost
from .memory import Memory


class PagePanelHost:
    """Defaults, notice and reports of this page.

    Args:
        host: makes the pictures.
        memory: what was answered to the notice.
    """

    def __init__(self, host: PageHost, memory: Memory) -> None:
        self._host = host
        self._memory = memory
        self.reports = Reports()
        if memory.mode is not None:
            host.settings = replace(host.settings, mode=memory.mode)

    def default_enabled(self) -> bool:
        return self._host.settings.mode is not Mode.OFF

    def default_mode(self) -> Mode:
        return self._host.settings.mode

    def default_guidance(self) -> GuidanceDefaults:
        return GuidanceDefaults()

    def notice_seen(self) -> bool:
        return self._memory.mode is not None

    def answer_notice(self, mode: Mode) -> None:
        self._memory.answer(mode)
        self._host.settings = replace(self._host.settings, mode=mode)

    def health(self) -> list[HealthItem]:
        return self._host.health()

    def last_report(self, tab: str, key: str) -> Report | None:
        return self.reports.find(tab, key)

    def has_settings(self) -> bool:
        return False

    @contextmanager
    def accordion(self, enabled: bool, label: str, elem_id: str) -> Iterator[Any]:
        with gr.Accordion(label, open=True, elem_id=elem_id):
            yield gr.Checkbox(enabled, label="Guard this tab", elem_id=f"{elem_id}-checkbox")


class LibraryNames:
    """The library by the names that prompts use, which here are those of the files."""

    def __init__(self, library: LibraryTabHost) -> None:
        self._library = library

    def get(self, name: str, /) -> LoraCard | None:
        return self._library.card(name)

    def names(self) -> Sequence[str]:
        return self._library.names()

    def card(self, name: str) -> LoraCard | None:
        return self._library.card(name)

    def name_in_prompts(self, name: str) -> str:
        return name
