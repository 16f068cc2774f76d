"""A host with a library: what the library tab needs from the place it runs in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..library.indexing import ReadingProgress
from ..loras.card import LoraCard
from ..loras.decisions import Decision
from ..loras.reading.conflict import Conflict
from ..policy import GuardSettings


@dataclass(frozen=True)
class SaveResult:
    """Result of keeping one decision.

    Attributes:
        name: of the LoRA.
        done: it was kept somewhere.
        note: for people: where it was kept if not beside the file, or why it was not.
    """

    name: str
    done: bool = True
    note: str = ""


class LibraryTabHost(Protocol):
    """A host whose LoRAs can be listed, explained and decided about.

    LoRAs are named by their file's stem, as the host names them; nobody outside the host says
    or sees a path.
    """

    def begin(self) -> None:
        """Start reading the files in the background, unless that was done before."""
        ...

    def refresh(self) -> None:
        """Look for new and changed files in the background."""
        ...

    def progress(self) -> ReadingProgress:
        """Return how far the background thread is."""
        ...

    def names(self) -> Sequence[str]:
        """Return the names of all LoRAs that the host lists now."""
        ...

    def known(self, name: str) -> LoraCard | None:
        """Return a card that was read already; never reads a file."""
        ...

    def card(self, name: str) -> LoraCard | None:
        """Return a card, reading its file if need be; ``None`` for an unknown name."""
        ...

    def location(self, card: LoraCard) -> str:
        """Return where the file lies, relative to the LoRA folder."""
        ...

    def copies(self, name: str) -> Sequence[str]:
        """Return the locations that share this name, if there are several."""
        ...

    def settings(self) -> GuardSettings:
        """Return the settings in force, for the floors and confidences that the user set."""
        ...

    def problems(self) -> Sequence[str]:
        """Return what is wrong with the folders and the index."""
        ...

    def decisions(self, names: Iterable[str]) -> Mapping[str, Decision]:
        """Return what the user decided about LoRAs, for those of the names that are known."""
        ...

    def save(self, decisions: Mapping[str, Decision]) -> Sequence[SaveResult]:
        """Keep decisions; an empty one takes back what was decided."""
        ...

    def conflict(self, first: LoraCard, second: LoraCard) -> Conflict:
        """Return what two LoRAs do to the layers that both change; kept, so that it is read once.

        Raises:
            LoraFileError: a file is broken, or the two share no layer.
        """
        ...

    def export(self) -> Mapping[str, Any]:
        """Return all decisions as a JSON object."""
        ...

    def restore(self, exported: Mapping[str, Any]) -> Sequence[SaveResult]:
        """Take over what `export` returned, here or elsewhere.

        Raises:
            ValueError: this is no such object; the message says why.
        """
        ...
