"""All LoRAs of the host's folders, found by the names that prompts use."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ..loras.build import read_card
from ..loras.card import LoraCard
from ..loras.header import LoraFileError, read_header
from ..loras.lenient import as_text
from .files import FoundFile, list_folder

FORBIDDEN_ALIASES = ("none", "Addams")
"""Aliases that A1111 never resolves (``networks.forbidden_network_aliases``)."""


class Catalog:
    """The LoRAs below some folders; cards are read when they are first asked for.

    Names resolve as A1111 resolves them: by file stem or by ``ss_output_name``, case-sensitive;
    an alias that several files claim is refused; of one stem in two folders the last wins.

    Args:
        folders: the LoRA folders, in the host's order. A missing folder is a problem, no error.
    """

    def __init__(self, folders: Iterable[str | os.PathLike[str]]) -> None:
        self._folders = tuple(os.fspath(folder) for folder in folders)
        self.refresh()

    def refresh(self) -> None:
        """List the folders again. Cards of files that did not change are kept."""
        known = getattr(self, "_cards", {})
        self._by_name: dict[str, FoundFile] = {}
        self._files: list[FoundFile] = []
        self._listing_problems: list[str] = []
        self._aliases: dict[str, FoundFile] | None = None
        self._forbidden: set[str] = set()
        for folder in self._folders:
            listing = list_folder(folder)
            self._files.extend(listing.files)
            self._listing_problems.extend(listing.problems)
        for found in self._files:
            self._by_name[found.name] = found
        self._cards: dict[FoundFile, LoraCard] = {
            found: known[found] for found in self._files if found in known
        }

    def get(self, name: str, /) -> LoraCard | None:
        """Return the card that the host would load for ``name``, or ``None`` if it knows none."""
        found = self._by_name.get(name)
        if found is None:
            found = self._resolve_alias(name)
        return self._card(found) if found is not None else None

    def names(self) -> tuple[str, ...]:
        """Return the file stems, each once, in the host's order."""
        return tuple(self._by_name)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with folders, and with the files whose cards were read so far."""
        cards = (card for card in self._cards.values() if card.problems)
        return (
            *self._listing_problems,
            *(f"{card.name}: {problem}" for card in cards for problem in card.problems),
        )

    def _resolve_alias(self, name: str) -> FoundFile | None:
        aliases = self._aliases
        if aliases is None:
            aliases = self._aliases = self._read_aliases()
        return None if name.lower() in self._forbidden else aliases.get(name)

    def _read_aliases(self) -> dict[str, FoundFile]:
        aliases: dict[str, FoundFile] = {}
        self._forbidden = set(FORBIDDEN_ALIASES)
        for found in self._files:
            alias = _alias(found)
            if alias in aliases:
                self._forbidden.add(alias.lower())
            aliases[found.name] = found
            aliases[alias] = found
        return aliases

    def _card(self, found: FoundFile) -> LoraCard:
        card = self._cards.get(found)
        if card is None:
            card = self._cards[found] = _read(found)
        return card


def _alias(found: FoundFile) -> str:
    if found.suffix != ".safetensors":
        return found.name
    try:
        return as_text(read_header(found.path).metadata.get("ss_output_name")) or found.name
    except LoraFileError:
        return found.name


def _read(found: FoundFile) -> LoraCard:
    if found.suffix != ".safetensors":
        return LoraCard(found.name, found.path, found.name, problems=("not safetensors: unread",))
    try:
        return read_card(found.path, [side for side, _, _ in found.sides])
    except LoraFileError as error:
        return LoraCard(found.name, found.path, found.name, problems=(error.fault,))
