"""The WebUI's LoRAs as the library tab sees them: listed by the host, read in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any

from ...library import Catalog
from ...library.saving import DecisionBook, Kept, apply_decision
from ...loras import LoraFileError, read_card
from ...loras.card import LoraCard
from ...loras.decisions import Decision
from ...policy import GuardSettings, Mode
from ..indexing import BackgroundReader
from ..library import Progress, Saved
from . import places
from .options import SECTION, read_settings

BADGES = "lora_neg_card_badges"
"""The option that the page's script looks at."""


class WebuiLibraryTab:
    """The host's LoRAs: their names are the host's, what is known of them is the catalog's."""

    def __init__(self) -> None:
        self._catalog: Catalog | None = None
        self._cards: dict[str, LoraCard] = {}
        self._edited: dict[str, LoraCard] = {}
        self._copies: Mapping[str, tuple[str, ...]] = {}
        self._problems: tuple[str, ...] = ()
        self._lock = Lock()
        self._rescan = False
        self._reader = BackgroundReader(self._read_all, is_busy)

    def register_option(self) -> None:
        """Add the badges' switch to the settings; to be called in ``on_ui_settings``."""
        import gradio as gr
        from modules import shared

        label = "Show type and range on LoRA cards"
        info = shared.OptionInfo(True, label, gr.Checkbox, section=SECTION)
        shared.opts.add_option(BADGES, info)

    def begin(self) -> None:
        self._reader.begin()

    def refresh(self) -> None:
        self._rescan = True
        self._reader.again()

    def stop(self) -> None:
        """End the reading; the extension is being unloaded."""
        self._reader.stop()

    def progress(self) -> Progress:
        return self._reader.progress

    def names(self) -> Sequence[str]:
        return tuple(available())

    def known(self, name: str) -> LoraCard | None:
        return self._cards.get(name)

    def card(self, name: str) -> LoraCard | None:
        card, path = self._cards.get(name), available().get(name)
        if card is not None or path is None:
            return card
        return _read(name, path, places.decision_book())

    def location(self, card: LoraCard) -> str:
        return places.below_lora_folder(card.path)

    def copies(self, name: str) -> Sequence[str]:
        return [places.below_lora_folder(path) for path in self._copies.get(name, ())]

    def settings(self) -> GuardSettings:
        return read_settings(Mode.ENFORCE)

    def problems(self) -> Sequence[str]:
        return self._problems

    def decisions(self, names: Iterable[str]) -> Mapping[str, Decision]:
        book, paths = places.decision_book(), available()
        return {name: book.decision(paths[name]) for name in names if name in paths}

    def save(self, decisions: Mapping[str, Decision]) -> Sequence[Saved]:
        book, paths = places.decision_book(), available()
        kept = {
            name: book.save(paths[name], decision)
            for name, decision in decisions.items()
            if name in paths
        }
        return self._saved(kept, paths, book)

    def export(self) -> Mapping[str, Any]:
        return places.decision_book().export(available().items())

    def restore(self, exported: Mapping[str, Any]) -> Sequence[Saved]:
        book, paths = places.decision_book(), available()
        return self._saved(book.restore(exported, paths), paths, book)

    def _saved(
        self, kept: Mapping[str, Kept], paths: Mapping[str, str], book: DecisionBook
    ) -> list[Saved]:
        """Read the cards of what was kept anew; the catalog follows in the background."""
        for name in (name for name, item in kept.items() if item.done):
            card = _read(name, paths[name], book)
            with self._lock:
                self._cards[name] = self._edited[name] = card
        if kept:
            self._reader.again()
        return [Saved(name, item.done, item.note) for name, item in kept.items()]

    def _read_all(self, after_file: Callable[[int, int], None]) -> None:
        """Bring the catalog up to date and take its cards over; runs in the reader's thread."""
        after_file(0, 0)
        with self._lock:
            self._edited.clear()
        if self._catalog is None:
            self._catalog = Catalog(places.lora_folders(), places.index_folder())
        else:
            self._catalog.refresh()
        catalog, book = self._catalog, places.decision_book()
        of_catalog = set(catalog.names())
        if self._rescan:
            self._rescan = False
            # The host takes many seconds for thousands of files and knows none meanwhile.
            if of_catalog != set(available()):
                _host_rescan()
        catalog.index(after_file)
        own_store = places.own_decisions().exists()
        cards: dict[str, LoraCard] = {}
        for name, path in available().items():
            card = catalog.get(name) if name in of_catalog else None
            if card is None or is_unreadable(card):
                card = _read(name, path, book)
            cards[name] = book.apply(card) if own_store else card
        self._copies = catalog.duplicates()
        of_files = {f"{card.name}: {text}" for card in cards.values() for text in card.problems}
        self._problems = tuple(text for text in catalog.problems if text not in of_files)
        with self._lock:
            self._cards = {**cards, **self._edited}


def available() -> dict[str, str]:
    """Return the host's LoRA files by name; none where its Lora extension is switched off."""
    try:
        import networks
    except ImportError:
        return {}
    # A copy first: the host empties and fills its own when it looks for new files.
    return {name: str(found.filename) for name, found in dict(networks.available_networks).items()}


def _host_rescan() -> None:
    """Let the host look for new files, as its own Refresh button does."""
    try:
        import networks
    except ImportError:
        return
    networks.list_available_networks()


def _read(name: str, path: str, book: DecisionBook) -> LoraCard:
    try:
        return book.apply(read_card(path))
    except LoraFileError as error:
        card = LoraCard(name, path, name, problems=(error.fault,))
        return apply_decision(card, book.decision(path))


def is_unreadable(card: LoraCard) -> bool:
    """Whether nothing is known of a file but what is wrong with it."""
    return card == LoraCard(card.name, card.path, card.alias, problems=card.problems)


def is_busy() -> bool:
    """Whether the host is making pictures."""
    from modules.shared import state

    return bool(getattr(state, "job", ""))
