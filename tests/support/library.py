"""A library host in memory, for the tab's tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lib_lora_neg.hosts.library import SaveResult
from lib_lora_neg.library.conflicts import ConflictIndex
from lib_lora_neg.library.indexing import ReadingProgress
from lib_lora_neg.library.saving import apply_decision
from lib_lora_neg.loras.card import LoraCard
from lib_lora_neg.loras.decisions import Decision, write_decision
from lib_lora_neg.loras.reading.conflict import Conflict
from lib_lora_neg.policy import GuardSettings


class MemoryLibrary:
    """Cards by name; decisions are kept in a dictionary.

    Names in ``read_only`` take no decision; names in ``unread`` are listed but not read.
    """

    def __init__(self, *cards: LoraCard, unread: Iterable[str] = ()) -> None:
        self.inferred = {card.name: card for card in cards}
        self.unread = tuple(unread)
        self.kept: dict[str, Decision] = {}
        self.read_only: set[str] = set()
        self.conflicts = ConflictIndex()
        self.begun = 0
        self.state = ReadingProgress()
        self.faults: tuple[str, ...] = ()
        self.guard = GuardSettings()
        self.same_name: dict[str, tuple[str, ...]] = {}
        self._made: dict[str, tuple[Decision | None, LoraCard]] = {}

    def begin(self) -> None:
        self.begun += 1

    def refresh(self) -> None:
        self.state = replace(self.state, running=True)

    def progress(self) -> ReadingProgress:
        return self.state

    def names(self) -> Sequence[str]:
        return (*self.inferred, *self.unread)

    def known(self, name: str) -> LoraCard | None:
        card, decision = self.inferred.get(name), self.kept.get(name)
        if card is None or decision is None:
            return card
        made = self._made.get(name)
        if made is None or made[0] is not decision:
            made = self._made[name] = (decision, apply_decision(card, decision))
        return made[1]

    card = known

    def location(self, card: LoraCard) -> str:
        return f"folder/{card.path}"

    def copies(self, name: str) -> Sequence[str]:
        return self.same_name.get(name, ())

    def settings(self) -> GuardSettings:
        return self.guard

    def problems(self) -> Sequence[str]:
        return self.faults

    def decisions(self, names: Iterable[str]) -> Mapping[str, Decision]:
        return {name: self.kept.get(name, Decision()) for name in names if name in self.names()}

    def save(self, decisions: Mapping[str, Decision]) -> Sequence[SaveResult]:
        saved = []
        for name, decision in decisions.items():
            if name in self.read_only:
                saved.append(SaveResult(name, done=False, note="the folder cannot be written"))
                continue
            self.kept[name] = decision
            saved.append(SaveResult(name))
        return saved

    def conflict(self, first: LoraCard, second: LoraCard) -> Conflict:
        return self.conflicts.between(first.path, second.path)

    def export(self) -> Mapping[str, Any]:
        kept = {name: write_decision(said) for name, said in self.kept.items()}
        return {"kind": "decisions", "decisions": kept}

    def restore(self, exported: Mapping[str, Any]) -> Sequence[SaveResult]:
        if exported.get("kind") != "decisions":
            raise ValueError("this is no export")
        return [SaveResult(name, name in self.names()) for name in exported["decisions"]]
