"""Cards of the LoRAs that the host knows: one store for generations, pages and the library."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Lock
from typing import Any

from ...library.files import CardStamp, stamp_of
from ...loras import read_any_card
from ...loras.card import LoraCard
from . import places

RESCAN_SECONDS = 10.0
"""How long a name that was not found is not looked for on disk again."""

_Stamps = tuple[CardStamp | None, object]


class HostCards:
    """A card lookup that resolves names as the host's own loader does.

    A card is read once, by whoever needs it first, and again when its file, a side file or the
    user's own decisions change. Reading one file takes milliseconds; nobody ever waits for the
    library's reading of all of them.
    """

    def __init__(self) -> None:
        self._cards: dict[str, tuple[_Stamps, LoraCard]] = {}
        self._missed: dict[str, float] = {}
        self._lock = Lock()

    def get(self, name: str, /) -> LoraCard | None:
        """Return the card of ``name``, or ``None`` if the host would not find it either."""
        card = self.peek(name)
        if card is None and self._may_rescan(name):
            _rescan()
            card = self.peek(name)
        return card

    def peek(self, name: str, /) -> LoraCard | None:
        """Return the card of ``name`` if the host knows it now, without looking for new files."""
        on_disk = _resolve(name)
        return None if on_disk is None else self.at(str(on_disk.filename))

    def names(self) -> tuple[str, ...]:
        """Return the names that the host knows now, for “did you mean”."""
        import networks

        return tuple(networks.available_networks)

    def at(self, path: str) -> LoraCard:
        """Return the card of a file, reading it if it is new or changed."""
        stamps = (stamp_of(path), _own_stamp())
        known = self._cards.get(path)
        if known is not None and known[0] == stamps:
            return known[1]
        return self._keep(path, stamps, read_any_card(path))

    def known(self, path: str) -> LoraCard | None:
        """Return the card of a file as it was last read; touches no disk."""
        found = self._cards.get(path)
        return found[1] if found is not None else None

    def offer(self, card: LoraCard, stamp: CardStamp) -> None:
        """Take a card that the catalog read, unless the same state of the file is known."""
        stamps = (stamp, _own_stamp())
        known = self._cards.get(card.path)
        if known is None or known[0] != stamps:
            self._keep(card.path, stamps, card)

    def _keep(self, path: str, stamps: _Stamps, card: LoraCard) -> LoraCard:
        decided = places.decision_book().apply(card)
        with self._lock:
            self._cards[path] = (stamps, decided)
        return decided

    def _may_rescan(self, name: str) -> bool:
        now = time.monotonic()
        if now - self._missed.get(name, -RESCAN_SECONDS) < RESCAN_SECONDS:
            return False
        self._missed[name] = now
        return bool(name)


def _rescan() -> None:
    """Let the host look for new files, as its loader does for a name it does not know."""
    import networks

    networks.list_available_networks()


def _resolve(name: str) -> Any | None:
    import networks

    if name.lower() in networks.forbidden_network_aliases:
        return networks.available_networks.get(name)
    return networks.available_network_aliases.get(name)


def _own_stamp() -> object:
    return _mark(places.own_decisions())


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
