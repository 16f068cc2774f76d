"""Keeping what the user decided: beside the LoRA, else in a store of our own; export, import."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..loras.card import LoraCard, Trigger, TypeInference
from ..loras.decisions import OWN_KEY, SCHEMA, Decision, read_decision, write_decision

EXPORT_KIND = "lora_neg decisions"
"""What an exported file says of itself."""

MAX_SIDECAR_BYTES = 8_000_000
"""A longer sidecar is not rewritten."""


@dataclass(frozen=True)
class Kept:
    """What became of one decision.

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

    def decision(self, lora: str | os.PathLike[str]) -> Decision:
        """Return what is decided about the LoRA file: beside it, else in the own store."""
        with contextlib.suppress(OSError, ValueError, RecursionError):
            beside = read_decision(_load(_sidecar(lora)).get(OWN_KEY))
            if beside is not None:
                return beside
        return self.own(lora) or Decision()

    def own(self, lora: str | os.PathLike[str]) -> Decision | None:
        """Return what the own store has about the LoRA file, if anything."""
        return read_decision(self._load_own().get(_key(lora)))

    def save(self, lora: str | os.PathLike[str], decision: Decision) -> Kept:
        """Keep a decision; an empty one takes back what was decided."""
        try:
            _save_beside(_sidecar(lora), decision)
        except (OSError, ValueError, RecursionError) as error:
            return self._save_own(lora, decision, f"{_sidecar(lora).name}: {_cause(error)}")
        if self.own(lora) is not None:
            self._save_own(lora, Decision(), "")
        return Kept()

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
    ) -> dict[str, Kept]:
        """Keep exported decisions for the LoRAs that are here, by name.

        Raises:
            ValueError: this is nothing that `export` returned; the message says why.
        """
        decisions = read_export(exported)
        kept: dict[str, Kept] = {}
        for name, decision in decisions.items():
            path = loras.get(name)
            kept[name] = (
                self.save(path, decision)
                if path is not None
                else Kept(done=False, beside=False, note="there is no LoRA of this name here")
            )
        return kept

    def _save_own(self, lora: str | os.PathLike[str], decision: Decision, fault: str) -> Kept:
        if self._own_file is None:
            return Kept(done=False, beside=False, note=fault)
        try:
            records = self._load_own()
            records.pop(_key(lora), None)
            if not decision.is_empty:
                records[_key(lora)] = write_decision(decision)
            self._own_file.parent.mkdir(parents=True, exist_ok=True)
            replace_json(self._own_file, {"schema": SCHEMA, "decisions": records})
        except OSError as error:
            return Kept(done=False, beside=False, note=f"{fault}; own store: {_cause(error)}")
        return Kept(beside=False, note=f"{fault}; kept in the extension's own store instead")

    def _load_own(self) -> dict[str, Any]:
        if self._own_file is None:
            return {}
        with contextlib.suppress(OSError, ValueError, RecursionError):
            records = _load(self._own_file).get("decisions")
            return dict(records) if isinstance(records, dict) else {}
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
        inference = TypeInference(decision.type, 1.0, ("chosen by the user",))
    if decision.triggers is not None:
        triggers = tuple(Trigger(text, "chosen by the user", 1.0) for text in decision.triggers)
    return replace(
        card,
        inference=inference,
        triggers=triggers,
        ranges=(*decided, *kept),
        guard_off=card.guard_off or decision.guard_off,
        bracket=decision.bracket or card.bracket,
    )


def _sidecar(lora: str | os.PathLike[str]) -> Path:
    return Path(lora).with_suffix(".json")


def _key(lora: str | os.PathLike[str]) -> str:
    return os.fspath(Path(lora).absolute())


def _load(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        raw = file.read(MAX_SIDECAR_BYTES + 1)
    if len(raw) > MAX_SIDECAR_BYTES:
        raise ValueError("too long to be rewritten")
    data = json.loads(raw.decode("utf-8-sig"))
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    return data


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
        for key in ("type", "triggers", "range", "measured", "guard"):
            known.pop(key, None)
        data[OWN_KEY] = {**known, **write_decision(decision)}
    if data:
        replace_json(sidecar, data)
    elif before is not None:
        sidecar.unlink()


def replace_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write JSON as the host does (four spaces, no escapes), whole or not at all.

    Raises:
        OSError: it cannot be written, or is a link, which could lead out of the LoRA folders.
    """
    if path.is_symlink():
        raise OSError(errno.ELOOP, "it is a link", str(path))
    target = path
    text = json.dumps(data, indent=4, ensure_ascii=False).encode("utf-8", "surrogatepass")
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".lora_neg-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask()
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _cause(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be written ({error.strerror or error})"
    return f"not rewritten, because it is broken ({error})"
