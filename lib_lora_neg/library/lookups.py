"""Looking LoRAs up on their model page, one after the other in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from threading import Lock, Thread

from ..loras.card import LoraCard
from ..sentences import say
from ..telling import complain_of
from .civitai import CivitaiLookup, LookupOutcome, save_page

MOST_RESULTS = 200
"""Results that are told; a library has thousands."""


@dataclass(frozen=True)
class LookupResult:
    """What a look-up brought for one LoRA.

    Attributes:
        name: of the LoRA.
        outcome: how it ended.
        note: for people.
        before: the type before it, and how sure that was.
        after: the same with the page beside the file.
    """

    name: str
    outcome: LookupOutcome
    note: str = ""
    before: tuple[str, float] = ("unknown", 0.0)
    after: tuple[str, float] = ("unknown", 0.0)


@dataclass(frozen=True)
class LookupState:
    """How far the look-ups are.

    Attributes:
        running: the thread asks now.
        done: LoRAs that were looked up.
        total: LoRAs that were to be.
        stopped: why it ended early; empty if it did not.
        results: the latest ones, in order.
    """

    running: bool = False
    done: int = 0
    total: int = 0
    stopped: str = ""
    results: tuple[LookupResult, ...] = ()


class PageLookups:
    """Asks for the pages of LoRAs, puts what is found beside them, and reads their cards anew.

    Args:
        lookup: returns what asks; made anew for each round, so that a setting changed counts.
        path_of: where a LoRA lies; ``None`` for an unknown name.
        card_of: its card as it is now.
        changed: called with each LoRA that has a page now.
    """

    def __init__(
        self,
        lookup: Callable[[], CivitaiLookup],
        path_of: Callable[[str], str | None],
        card_of: Callable[[str], LoraCard | None],
        changed: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._lookup, self._path_of = lookup, path_of
        self._card_of, self._changed = card_of, changed
        self._lock = Lock()
        self._state = LookupState()
        self._cancelled = False

    @property
    def state(self) -> LookupState:
        """How far it is."""
        return self._state

    def start(self, names: Iterable[str]) -> bool:
        """Begin to look some LoRAs up; ``False`` while others are being looked up."""
        wanted = list(names)
        with self._lock:
            if self._state.running:
                return False
            self._cancelled = False
            self._state = LookupState(running=True, total=len(wanted))
        Thread(target=self._run, args=(wanted,), name="lora-neg-lookup", daemon=True).start()
        return True

    def cancel(self) -> None:
        """End after the LoRA that is being looked up now."""
        self._cancelled = True

    def _run(self, names: list[str]) -> None:
        stopped = ""
        try:
            lookup = self._lookup()
            for name in names:
                if self._cancelled:
                    stopped = "cancelled"
                    break
                result = self._one(lookup, name)
                kept = (*self._state.results, result)[-MOST_RESULTS:]
                self._state = replace(self._state, done=self._state.done + 1, results=kept)
                if result.outcome in (
                    LookupOutcome.OFFLINE,
                    LookupOutcome.REFUSED,
                    LookupOutcome.DISABLED,
                ):
                    # The next one would fare no better, and might annoy whoever refused.
                    stopped = result.note
                    break
        except Exception as error:
            complain_of(error)
            stopped = f"{type(error).__name__}: {error}"
        finally:
            self._state = replace(self._state, running=False, stopped=stopped)

    def _one(self, lookup: CivitaiLookup, name: str) -> LookupResult:
        path, before = self._path_of(name), _said(self._card_of(name))
        if path is None:
            return LookupResult(name, LookupOutcome.UNKNOWN, "there is no LoRA of this name")
        try:
            found = lookup.look_up(path)
        except OSError as error:
            why = say("the file cannot be read: {why}", why=error.strerror or error)
            return LookupResult(name, LookupOutcome.UNKNOWN, why, before, before)
        if found.outcome is not LookupOutcome.FOUND:
            return LookupResult(name, found.outcome, found.note, before, before)
        note = ""
        try:
            if save_page(path, found):
                self._changed(name)
            else:
                note = "a page lies beside it already; that one stays"
        except OSError as error:
            note = say("found, but its folder takes no file ({why})", why=error.strerror or error)
        return LookupResult(name, LookupOutcome.FOUND, note, before, _said(self._card_of(name)))


def _said(card: LoraCard | None) -> tuple[str, float]:
    if card is None:
        return ("unknown", 0.0)
    return (card.inference.type.value, round(card.inference.confidence, 2))
