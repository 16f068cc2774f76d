"""The WebUI's LoRAs as the library tab sees them: listed by the host, read in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ...library import Catalog
from ...library.civitai import CivitaiLookup
from ...library.conflicts import ConflictIndex
from ...library.indexing import BackgroundReader, ReadingProgress
from ...library.lookups import PageLookups
from ...library.saving import StoredDecision
from ...loras.card import LoraCard
from ...loras.decisions import Decision
from ...loras.reading.conflict import Conflict
from ...policy import GuardSettings, Mode
from ..library import SaveResult
from . import places
from .cards import HostCards
from .option_values import LOOKUPS
from .options import read_settings

SETTLED_SECONDS = 3.0
"""How long nothing must have been saved before the changed files are read into the index."""


class WebuiLibraryTab:
    """The host's LoRAs: their names are the host's, what is known of them is read by a catalog.

    Args:
        cards: what generations and pages look cards up in; the catalog fills it.
    """

    def __init__(self, cards: HostCards) -> None:
        self._store = cards
        self._catalog: Catalog | None = None
        self._conflicts: ConflictIndex | None = None
        self._copies: Mapping[str, tuple[str, ...]] = {}
        self._problems: tuple[str, ...] = ()
        self._rescan = False
        self._reader = BackgroundReader(self._read_all, is_busy)
        self._lookups = PageLookups(_civitai, path_of, self.card, self._found_page)

    def begin(self) -> None:
        self._reader.begin()

    def refresh(self) -> None:
        self._rescan = True
        self._reader.again()

    def stop(self) -> None:
        """End the reading; the extension is being unloaded."""
        self._reader.stop()
        self._lookups.cancel()
        if self._conflicts is not None:
            self._conflicts.close()

    @property
    def lookups(self) -> PageLookups:
        """The look-up of model pages in the background."""
        return self._lookups

    def may_look_up(self) -> bool:
        """Whether the user allowed look-ups in the settings."""
        from modules.shared import opts

        return getattr(opts, LOOKUPS, False) is True

    def _found_page(self, name: str) -> None:
        self._reader.again(SETTLED_SECONDS)

    def progress(self) -> ReadingProgress:
        return self._reader.progress

    def names(self) -> Sequence[str]:
        return tuple(available())

    def known(self, name: str) -> LoraCard | None:
        path = path_of(name)
        return self._store.known(path) if path is not None else None

    def card(self, name: str) -> LoraCard | None:
        path = path_of(name)
        return self._store.at(path) if path is not None else None

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

    def save(self, decisions: Mapping[str, Decision]) -> Sequence[SaveResult]:
        paths = available()
        names = {paths[name]: name for name in decisions if name in paths}
        wanted = {path: decisions[name] for path, name in names.items()}
        kept = places.decision_book().save_all(wanted)
        return self._saved({names[path]: item for path, item in kept.items()})

    def conflict(self, first: LoraCard, second: LoraCard) -> Conflict:
        if self._conflicts is None:
            self._conflicts = ConflictIndex(places.index_folder())
        return self._conflicts.between(first.path, second.path)

    def export(self) -> Mapping[str, Any]:
        return places.decision_book().export(available().items())

    def restore(self, exported: Mapping[str, Any]) -> Sequence[SaveResult]:
        return self._saved(places.decision_book().restore(exported, available()))

    def _saved(self, kept: Mapping[str, StoredDecision]) -> list[SaveResult]:
        """Read the cards of what was kept anew; the catalog follows in the background."""
        for name in (name for name, item in kept.items() if item.done):
            self.card(name)
        if kept:
            self._reader.again(SETTLED_SECONDS)
        return [SaveResult(name, item.done, item.note) for name, item in kept.items()]

    def _read_all(self, after_file: Callable[[int, int], None]) -> None:
        """Bring the catalog up to date; runs in the reader's thread."""
        after_file(0, 0)
        if self._catalog is None:
            self._catalog = Catalog(places.lora_folders(), places.index_folder())
        else:
            self._catalog.refresh()
        catalog = self._catalog
        if self._rescan:
            self._rescan = False
            # The host takes many seconds for thousands of files and knows none meanwhile.
            if set(catalog.names()) != set(available()):
                _host_rescan()
        self._copies = catalog.duplicates()
        catalog.index(after_file, self._store.offer)
        for path in available().values():
            # A file that the host has from elsewhere, or that it names in another way.
            if self._store.known(path) is None:
                self._store.at(path)
        of_files = {
            f"{name}: {text}"
            for name, path in available().items()
            if (card := self._store.known(path)) is not None
            for text in card.problems
        }
        self._problems = tuple(text for text in catalog.problems if text not in of_files)


def available() -> dict[str, str]:
    """Return the host's LoRA files by name; none where its Lora extension is switched off."""
    try:
        import networks
    except ImportError:
        return {}
    # A copy first: the host empties and fills its own when it looks for new files.
    return {name: str(found.filename) for name, found in dict(networks.available_networks).items()}


def path_of(name: str) -> str | None:
    """Return where the host has a LoRA, by its file's stem."""
    try:
        import networks
    except ImportError:
        return None
    found = networks.available_networks.get(name)
    return str(found.filename) if found is not None else None


def _host_rescan() -> None:
    """Let the host look for new files, as its own Refresh button does."""
    try:
        import networks
    except ImportError:
        return
    networks.list_available_networks()


def _civitai() -> CivitaiLookup:
    return CivitaiLookup(places.pages_folder(), enabled=True)


def is_busy() -> bool:
    """Whether the host is making pictures."""
    from modules.shared import state

    return bool(getattr(state, "job", ""))
