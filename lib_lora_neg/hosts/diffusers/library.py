"""The LoRA folders as the library tab sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...library.indexing import BackgroundReader, ReadingProgress
from ...library.saving import StoredDecision
from ...loras.card import LoraCard
from ...loras.decisions import Decision
from ...loras.reading.conflict import Conflict
from ...policy import GuardSettings
from ..library import SaveResult
from .engine import Engine


class DiffusersLibrary:
    """The LoRAs of an engine's folders, read in the background."""

    def __init__(self, engine: Engine, settings: Callable[[], GuardSettings]) -> None:
        self._engine = engine
        self._settings = settings
        self._read: set[str] = set()
        self._relist = False
        self._reader = BackgroundReader(self._read_all, lambda: engine.busy)

    def begin(self) -> None:
        self._reader.begin()

    def refresh(self) -> None:
        self._relist = True
        self._reader.again()

    def stop(self) -> None:
        """End the reading at its next file."""
        self._reader.stop()

    def progress(self) -> ReadingProgress:
        return self._reader.progress

    def names(self) -> Sequence[str]:
        return self._engine.catalog.names()

    def known(self, name: str) -> LoraCard | None:
        return self._engine.get(name) if name in self._read else None

    def card(self, name: str) -> LoraCard | None:
        return self._engine.get(name)

    def location(self, card: LoraCard) -> str:
        return self._below(card.path)

    def copies(self, name: str) -> Sequence[str]:
        return [self._below(path) for path in self._engine.catalog.duplicates().get(name, ())]

    def settings(self) -> GuardSettings:
        return self._settings()

    def problems(self) -> Sequence[str]:
        return self._engine.catalog.problems

    def decisions(self, names: Iterable[str]) -> Mapping[str, Decision]:
        paths, book = self._paths(), self._engine.book
        return {name: book.decision(paths[name]) for name in names if name in paths}

    def save(self, decisions: Mapping[str, Decision]) -> Sequence[SaveResult]:
        paths = self._paths()
        names = {paths[name]: name for name in decisions if name in paths}
        wanted = {path: decisions[name] for path, name in names.items()}
        kept = self._engine.book.save_all(wanted)
        return self._saved({names[path]: item for path, item in kept.items()})

    def conflict(self, first: LoraCard, second: LoraCard) -> Conflict:
        return self._engine.conflicts.between(first.path, second.path)

    def export(self) -> Mapping[str, Any]:
        return self._engine.book.export(self._paths().items())

    def restore(self, exported: Mapping[str, Any]) -> Sequence[SaveResult]:
        return self._saved(self._engine.book.restore(exported, self._paths()))

    def _saved(self, kept: Mapping[str, StoredDecision]) -> list[SaveResult]:
        if any(item.done for item in kept.values()):
            # The sidecars have changed, and the next generation is to obey them.
            self._engine.catalog.refresh()
        return [SaveResult(name, item.done, item.note) for name, item in kept.items()]

    def _paths(self) -> dict[str, str]:
        catalog = self._engine.catalog
        cards = (catalog.get(name) for name in catalog.names())
        return {card.name: card.path for card in cards if card is not None and card.path}

    def _below(self, path: str) -> str:
        for folder in self._engine.lora_folders:
            try:
                return Path(path).relative_to(folder).as_posix()
            except ValueError:
                continue
        return Path(path).name

    def _read_all(self, after_file: Callable[[int, int], None]) -> None:
        """Bring the catalog up to date; runs in the reader's thread."""
        after_file(0, 0)
        catalog = self._engine.catalog
        if self._relist:
            self._relist = False
            catalog.refresh()
        catalog.index(after_file)
        self._read = set(catalog.names())
