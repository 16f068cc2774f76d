"""The LoRA files that ComfyUI lists, with what is known of them.

ComfyUI names a LoRA by its path below a LoRA folder, ``styles/ink.safetensors``; tags of its packs
name it so too, or without the ending, or by the file's stem.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ...library import Catalog
from ...library.saving import DecisionBook, StoredDecision
from ...loras.build import read_any_card
from ...loras.card import LoraCard
from ...loras.decisions import Decision
from ...loras.reading.sidecars import SIDE_SUFFIXES

LOOK_AGAIN_SECONDS = 2.0
"""The folders are listed anew when a node runs this long after the last time: people change files
and what is said beside them while ComfyUI runs."""

NONE = "None"
"""What packs write for “no LoRA”."""


class ComfyLoras:
    """LoRAs by the names that ComfyUI and tags use.

    Args:
        folders: the LoRA folders, in ComfyUI's order.
        listed: returns ComfyUI's own names of the LoRAs, as its menus have them.
        path_of: returns the file of one of these names, or ``None``.
        data: where the index is kept between two starts, and what cannot lie beside its LoRA;
            ``None`` keeps both in memory.
    """

    def __init__(
        self,
        folders: Iterable[str | os.PathLike[str]],
        listed: Callable[[], Sequence[str]],
        path_of: Callable[[str], str | None],
        data: Path | None = None,
    ) -> None:
        self._listed, self._path_of = listed, path_of
        self.catalog = Catalog(folders, data / "index" if data is not None else None)
        self.book = DecisionBook(data / "decisions.json" if data is not None else None)
        self._looked = time.monotonic()

    def names(self) -> Sequence[str]:
        """Return the names of all LoRAs as tags have them."""
        return self.catalog.names()

    def look(self) -> None:
        """Take in what changed on disk; what did not change is not read again."""
        if time.monotonic() - self._looked > LOOK_AGAIN_SECONDS:
            self.catalog.refresh()
            self._looked = time.monotonic()

    def path(self, name: str) -> str | None:
        """Return the file of a LoRA, by any name that ComfyUI or a tag has for it."""
        exact = self._exact(name)
        if exact is not None:
            return self._path_of(exact)
        card = self._by_stem(name)
        return card.path if card is not None and card.path else None

    def get(self, name: str, /) -> LoraCard | None:
        """Return the card of a LoRA with what the user decided; ``None`` for an unknown name."""
        if not name or name == NONE:
            return None
        exact = self._exact(name)
        path = self._path_of(exact) if exact is not None else None
        card = self._of_file(path) if path is not None else self._by_stem(name)
        return self.book.apply(card) if card is not None else None

    def save(self, name: str, decision: Decision) -> StoredDecision | None:
        """Keep a decision about a LoRA, so that every host obeys it; ``None``: there is none."""
        path = self.path(name)
        if path is None:
            return None
        kept = self.book.save(path, decision)
        if kept.done:
            self.catalog.refresh()
        return kept

    def stamp(self, names: Iterable[str]) -> str:
        """Return what changes when one of these files, or what is said beside it, changes."""
        found = []
        for name in names:
            path = self.path(name) if name else None
            for file in _with_sides(path) if path else ():
                try:
                    status = file.stat()
                except OSError:
                    continue
                found.append(f"{file.name}:{status.st_size}:{status.st_mtime_ns}")
        return "|".join(found)

    def _exact(self, name: str) -> str | None:
        """Return ComfyUI's own name where this is one, but for slashes and its ending."""
        plain = name.replace("\\", "/")
        for listed in self._listed():
            own = listed.replace("\\", "/")
            if plain in (own, own.rpartition(".")[0]):
                return listed
        return None

    def _by_stem(self, name: str) -> LoraCard | None:
        stem = name.replace("\\", "/").rpartition("/")[2]
        for suffix in (".safetensors", ".ckpt", ".pt"):
            stem = stem.removesuffix(suffix)
        return self.catalog.get(stem)

    def _of_file(self, path: str) -> LoraCard:
        """Return the card of this very file: another folder may hold one of the same stem."""
        known = self.catalog.get(Path(path).stem)
        if known is not None and _same(known.path, path):
            return known
        return read_any_card(path)


def _with_sides(path: str) -> list[Path]:
    file = Path(path)
    return [file, *(file.with_suffix(suffix) for suffix in SIDE_SUFFIXES)]


def _same(one: str, other: str) -> bool:
    return os.path.normcase(os.path.abspath(one)) == os.path.normcase(os.path.abspath(other))  # noqa: PTH100
