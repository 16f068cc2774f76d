"""The guard as the host's AlwaysOn script sees it: its life, its panel, its callbacks."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from ...policy import Mode
from ..reporting import HealthItem, Report
from . import loader, options
from .guard import Guard

guard = Guard()


class WebuiPanelHost:
    """The WebUI as the panel sees it."""

    def default_enabled(self) -> bool:
        return options.default_enabled()

    def default_mode(self) -> Mode:
        return options.default_mode()

    def notice_seen(self) -> bool:
        return options.notice_seen()

    def answer_notice(self, mode: Mode) -> None:
        options.answer_notice(mode)

    def health(self) -> list[HealthItem]:
        return health()

    def last_report(self, tab: str) -> Report | None:
        return guard.generations.last.get(tab)

    def accordion(self, enabled: bool, label: str, elem_id: str) -> AbstractContextManager[Any]:
        from modules.ui_components import InputAccordion

        accordion: AbstractContextManager[Any] = InputAccordion(
            enabled, label=label, elem_id=elem_id
        )
        return accordion


def health() -> list[HealthItem]:
    """Return what is live on this host."""
    items = [
        HealthItem(
            "LoRA loader hook",
            loader.installed(),
            "" if loader.installed() else "tags that other scripts add late are not guarded",
        ),
    ]
    try:
        import networks

        count = len(networks.available_networks)
        items.append(HealthItem("LoRA list", True, f"{count} known to this host"))
    except ImportError:
        items.append(HealthItem("LoRA list", False, "the host's Lora extension is not loaded"))
    return items


def start() -> None:
    """Make the guard live; safe to call again."""
    loader.install(guard)


def stop() -> None:
    """Undo everything that was changed in the host."""
    loader.uninstall()
