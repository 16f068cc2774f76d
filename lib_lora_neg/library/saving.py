"""Keeping what the user decided: beside the LoRA, else in a store of our own; export, import."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..loras.card import TYPE_BY_USER, WORD_BY_USER, LoraCard, Trigger, TypeInference
from ..loras.decisions import OWN_KEY, SCHEMA, Decision, read_decision, write_decision
from ..regular import read_regular
from .writing import one_writer, replace_json

EXPORT_KIND = "lora_neg decisions"
"""What an exported file says of itself."""

MAX_SIDECAR_BYTES = 8_000_000
"""A longer sidecar is not rewritten."""


MAX_OWN_BYTES = 1 << 28
"""A longer own store is not read: some hundred bytes per LoRA make far less."""

WRITERS = 16
"""Sidecars that are written at once."""


@dataclass(frozen=True)
class StoredDecision:
    """Result of keeping one decision.

    Attributes:
        done: it was kept somewhere.
        beside: it lies beside the LoRA and travels with it.
        note: for people: why it does not lie beside the LoRA, or was not kept at all.
    """

    done: bool = True
    beside: bool = True
    note: str = ""


class DecisionBook:
    """Reads and writes the decisions about LoRA files.

    A decision goes into the A1111 sidecar ``<name>.json`` under our own key: all other keys stay,
    the file is replaced as a whole or not at all. Where the folder does not take it, or the
    sidecar is no JSON, it goes into ``own_file`` instead.

    Args:
        own_file: JSON file for what cannot lie beside its LoRA; ``None``: there is no such place.
    """

    def __init__(self, own_file: str | os.PathLike[str] | None = None) -> None:
        self._own_file = Path(own_file) if own_file is not None else None
        self._known: tuple[tuple[int, int, int], Mapping[str, Any]] | None = None

    def decision(self, lora: str | os.PathLike[str]) -> Decision:
        """Return what is decided about the LoRA file: in the own store, else beside it.

        The own store comes first: it is only written when the sidecar cannot be, and emptied
        when it can.
        """
        own = self.own(lora)
        if own is not None:
            return own
        with contextlib.suppress(OSError, ValueError, RecursionError):
            return read_decision(_load(_sidecar(lora)).get(OWN_KEY)) or Decision()
        return Decision()

    def own(self, lora: str | os.PathLike[str]) -> Decision | None:
        """Return what the own store has about the LoRA file, if anything."""
        return read_decision(self._load_own().get(_key(lora)))

    def save(self, lora: str | os.PathLike[str], decision: Decision) -> StoredDecision:
        """Keep a decision; an empty one takes back what was decided."""
        return self.save_all({os.fspath(lora): decision})[os.fspath(lora)]

    def save_all(self, decisions: Mapping[str, Decision]) -> dict[str, StoredDecision]:
        """Keep many decisions, by LoRA file; the own store is written once for all of them."""
        with one_writer(self._own_file):
            faults = _save_all_beside(decisions)
            before = self._load_own()
            records = dict(before)
            kept = {
                lora: self._keep(records, lora, decision, faults[lora])
                for lora, decision in decisions.items()
            }
            fault = self._write_own(records) if records != before else ""
        return {lora: _lost(item, fault) for lora, item in kept.items()} if fault else kept

    def apply(self, card: LoraCard) -> LoraCard:
        """Return the card with what the own store has about it; sidecars are in it already."""
        decision = self.own(card.path) if card.path else None
        return apply_decision(card, decision) if decision is not None else card

    def export(self, loras: Iterable[tuple[str, str | os.PathLike[str]]]) -> dict[str, Any]:
        """Return the decisions about the given LoRAs (name and file) as a JSON object."""
        found = ((name, self.decision(path)) for name, path in loras)
        decisions = {name: write_decision(said) for name, said in found if not said.is_empty}
        return {"kind": EXPORT_KIND, "schema": SCHEMA, "decisions": decisions}

    def restore(
        self, exported: object, loras: Mapping[str, str | os.PathLike[str]]
    ) -> dict[str, StoredDecision]:
        """Keep exported decisions for the LoRAs that are here, by name.

        Raises:
            ValueError: this is nothing that `export` returned; the message says why.
        """
        decisions = read_export(exported)
        here = {os.fspath(loras[name]): said for name, said in decisions.items() if name in loras}
        kept = self.save_all(here)
        missing = StoredDecision(
            done=False, beside=False, note="there is no LoRA of this name here"
        )
        return {
            name: kept[os.fspath(loras[name])] if name in loras else missing for name in decisions
        }

    def _keep(
        self, records: dict[str, Any], lora: str, decision: Decision, fault: str
    ) -> StoredDecision:
        """Change the own store's records according to what became of the sidecar."""
        before = records.pop(_key(lora), None)
        if not fault:
            return StoredDecision()
        # An empty decision can only take back what the own store says, not a sidecar's word.
        if self._own_file is None or (decision.is_empty and before is None):
            return StoredDecision(done=False, beside=False, note=fault)
        if not decision.is_empty:
            records[_key(lora)] = write_decision(decision)
        return StoredDecision(
            beside=False, note=f"{fault}; kept in the extension's own store instead"
        )

    def _write_own(self, records: Mapping[str, Any]) -> str:
        """Write the own store; return why that was not possible."""
        if self._own_file is None:
            return ""
        try:
            self._own_file.parent.mkdir(parents=True, exist_ok=True)
            self._spare_broken()
            replace_json(self._own_file, {"schema": SCHEMA, "decisions": records})
        except OSError as error:
            return f"own store: {_cause(error)}"
        return ""

    def _spare_broken(self) -> None:
        """Put an own store that nobody can read out of the way: somebody may mend it by hand."""
        assert self._own_file is not None
        try:
            _load(self._own_file, MAX_OWN_BYTES)
        except FileNotFoundError:
            return
        except (ValueError, RecursionError):
            self._own_file.replace(self._own_file.with_suffix(f".broken-{time.time_ns()}.json"))

    def _load_own(self) -> Mapping[str, Any]:
        """Return the own store's records; read anew only when the file was replaced."""
        if self._own_file is None:
            return {}
        with contextlib.suppress(OSError, ValueError, RecursionError):
            status = self._own_file.stat()
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            known = self._known
            if known is None or known[0] != stamp:
                records = _load(self._own_file, MAX_OWN_BYTES).get("decisions")
                known = self._known = (stamp, records if isinstance(records, dict) else {})
            return known[1]
        return {}


def read_export(exported: object) -> dict[str, Decision]:
    """Return the decisions in an exported object, by name.

    Raises:
        ValueError: this is no export, or one of a newer version.
    """
    if not isinstance(exported, dict) or exported.get("kind") != EXPORT_KIND:
        raise ValueError("this is no export of LoRA decisions")
    if exported.get("schema") != SCHEMA:
        raise ValueError(f"this export is of schema {exported.get('schema')}, not {SCHEMA}")
    records = exported.get("decisions")
    if not isinstance(records, dict):
        raise ValueError("this export has no decisions")
    read = ((str(name), read_decision(record)) for name, record in records.items())
    return {name: decision for name, decision in read if decision is not None}


def apply_decision(card: LoraCard, decision: Decision) -> LoraCard:
    """Return the card as the user's decision has it; what is not decided stays as inferred."""
    ranges = (decision.weight_range, decision.measured)
    decided = tuple(item for item in ranges if item is not None)
    sources = {item.source for item in decided}
    kept = tuple(item for item in card.ranges if item.source not in sources)
    inference, triggers = card.inference, card.triggers
    if decision.type is not None:
        inference = TypeInference(decision.type, 1.0, (TYPE_BY_USER,))
    if decision.triggers is not None:
        triggers = tuple(Trigger(text, WORD_BY_USER, 1.0) for text in decision.triggers)
    return replace(
        card,
        inference=inference,
        triggers=triggers,
        ranges=(*decided, *kept),
        guard_off=card.guard_off or decision.guard_off,
        bracket=decision.bracket or card.bracket,
        block_mask=decision.block_mask or card.block_mask,
    )


def _lost(kept: StoredDecision, fault: str) -> StoredDecision:
    """What was to lie in the own store was not kept; what lies beside its LoRA was."""
    return kept if kept.beside else StoredDecision(done=False, beside=False, note=fault)


def _sidecar(lora: str | os.PathLike[str]) -> Path:
    return Path(lora).with_suffix(".json")


def _key(lora: str | os.PathLike[str]) -> str:
    return os.fspath(Path(lora).absolute())


def _load(path: Path, limit: int = MAX_SIDECAR_BYTES) -> dict[str, Any]:
    data = json.loads(read_regular(path, limit).decode("utf-8-sig"))
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    return data


def _save_all_beside(decisions: Mapping[str, Decision]) -> dict[str, str]:
    """Write sidecars; return why one could not be written, or an empty text, by LoRA file."""

    def save(item: tuple[str, Decision]) -> str:
        lora, decision = item
        try:
            _save_beside(_sidecar(lora), decision)
        except (OSError, ValueError, RecursionError) as error:
            return f"{_sidecar(lora).name}: {_cause(error)}"
        return ""

    if len(decisions) == 1:
        return dict(zip(decisions, map(save, decisions.items()), strict=True))
    # Each file waits until it is safely on the disk; together they wait little longer than one.
    with ThreadPoolExecutor(WRITERS) as writers:
        return dict(zip(decisions, writers.map(save, decisions.items()), strict=True))


def _save_beside(sidecar: Path, decision: Decision) -> None:
    try:
        data = _load(sidecar)
    except FileNotFoundError:
        if decision.is_empty:
            return
        data = {}
    before = data.pop(OWN_KEY, None)
    if not decision.is_empty:
        # Keys of ours that this version does not know stay, as everybody else's do.
        known = dict(before) if isinstance(before, dict) else {}
        for key in ("type", "triggers", "range", "measured", "guard", "blocks"):
            known.pop(key, None)
        data[OWN_KEY] = {**known, **write_decision(decision)}
    if data:
        replace_json(sidecar, data)
    elif before is not None:
        sidecar.unlink()


def _cause(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be written ({error.strerror or error})"
    return f"not rewritten, because it is broken ({error})"
