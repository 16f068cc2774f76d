"""Cards of the LoRAs that the host knows, by the names it accepts in a prompt."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ...loras import LoraFileError, read_card
from ...loras.card import LoraCard
from ...loras.sidecars import SIDE_SUFFIXES
from . import places

RESCAN_SECONDS = 10.0
"""How long a name that was not found is not looked for on disk again."""

Stamp = tuple[tuple[int, int] | None, ...]


class HostCards:
    """A card lookup that resolves names as the host's own loader does.

    A card is read once and again when its file or a side file changes.
    """

    def __init__(self) -> None:
        self._cards: dict[str, tuple[Stamp, LoraCard]] = {}
        self._missed: dict[str, float] = {}

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
        if on_disk is None:
            return None
        path = str(on_disk.filename)
        stamp = _stamp(path)
        known = self._cards.get(path)
        if known is None or known[0] != stamp:
            known = (stamp, _read(path, on_disk))
            self._cards[path] = known
        return known[1]

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


def _stamp(path: str) -> Stamp:
    file = Path(path)
    sides = (_mark(file.with_suffix(ending)) for ending in SIDE_SUFFIXES)
    return (_mark(file), _mark(places.own_decisions()), *sides)


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _read(path: str, on_disk: Any) -> LoraCard:
    try:
        return places.decision_book().apply(read_card(path))
    except LoraFileError as error:
        return LoraCard(name=str(on_disk.name), path=path, problems=(str(error),))
