"""What the library tab's routes answer: JSON in, JSON out, whatever carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from threading import Lock
from typing import Any

from ...hosts.answers import Answer
from ...hosts.form_reading import FormValueError
from ...hosts.library import LibraryTabHost
from ...loras.card import LoraType
from ...loras.decisions import Decision
from ...policy.matrix import explicit_range
from ...sentences import as_sentence, say
from .conflict import conflict
from .detail import GRADE_MEANINGS, GRADE_NAMES, detail
from .edit import MAX_NAME, Editor, EditResult, blocks_fit, read_change, read_names
from .rows import MAX_ROWS, LibraryRow, RowTable, counts, matching, read_query
from .words import (
    EVIDENCE_NAMES,
    LETTERS,
    effective_range,
    is_sure,
    is_type_decided,
    range_short,
    range_text,
    type_name,
)

MAX_BADGES = 1000
MAX_REASONS = 4
MAX_PROBLEMS = 20


def library_answers(host: LibraryTabHost) -> dict[str, Answer]:
    """Return the answers of the tab's routes by the last part of their address."""
    library = _Library(host)
    return {
        "library-words": words,
        "library-rows": library.rows,
        "library-status": library.status,
        "library-names": library.names,
        "library-detail": library.detail,
        "library-edit": library.edit,
        "library-undo": library.undo,
        "library-refresh": library.refresh,
        "library-export": library.export,
        "library-import": library.restore,
        "library-badges": library.badges,
        "library-conflict": library.conflict,
    }


def words(_: Mapping[str, Any]) -> dict[str, Any]:
    """Return what types, evidence and grades are called."""
    return {
        "types": [
            {"id": kind.value, "name": type_name(kind), "letter": LETTERS[kind]}
            for kind in LoraType
        ],
        "evidence": dict(EVIDENCE_NAMES),
        "grades": [
            {"id": grade.value, "name": name, "meaning": GRADE_MEANINGS[grade]}
            for grade, name in GRADE_NAMES.items()
        ],
    }


class _Library:
    """The tab's state on the server: rows made once, and the last edit.

    Requests come in threads; whoever changes or builds something holds the lock.
    """

    def __init__(self, host: LibraryTabHost) -> None:
        self._host = host
        self._table = RowTable(host)
        self._editor = Editor(host)
        self._building, self._editing = Lock(), Lock()

    def _rows(self) -> list[LibraryRow]:
        with self._building:
            return self._table.rows()

    def rows(self, body: Mapping[str, Any]) -> dict[str, Any]:
        query = read_query(body)
        offset, limit = _count(body, "offset", 0), min(_count(body, "limit", 100), MAX_ROWS)
        self._host.begin()
        everything = self._rows()
        found = matching(everything, query)
        return {
            "total": len(everything),
            "matched": len(found),
            "offset": offset,
            "rows": [row.data for row in found[offset : offset + limit]],
            "counts": counts(everything),
            "undo": self._editor.undo_label,
            **self.status({}),
        }

    def status(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "progress": asdict(self._host.progress()),
            "problems": list(self._host.problems())[:MAX_PROBLEMS],
        }

    def names(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return {"names": [row.name for row in matching(self._rows(), read_query(body))]}

    def detail(self, body: Mapping[str, Any]) -> dict[str, Any]:
        name, host = _name(body), self._host
        card = host.card(name) if name in host.names() else None
        if card is None:
            raise FormValueError("name", "no LoRA of this name is known")
        decision = host.decisions([name]).get(name, Decision())
        return detail(card, decision, host.location(card), host.copies(name), host.settings())

    def conflict(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return conflict(self._host, body)

    def edit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        names, change = read_names(body), read_change(body)
        blocks_fit(filter(None, map(self._host.known, names)), body)
        with self._editing:
            continued = body.get("continued") is True
            return self._edited(self._editor.edit(names, change, continued=continued))

    def undo(self, body: Mapping[str, Any]) -> dict[str, Any]:
        number = body.get("step")
        if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
            raise FormValueError("step", "must be the number of an edit")
        with self._editing:
            return self._edited(self._editor.undo(number))

    def _edited(self, result: EditResult) -> dict[str, Any]:
        return {**result.as_json(), "undo": self._editor.undo_label}

    def refresh(self, _: Mapping[str, Any]) -> dict[str, Any]:
        self._host.refresh()
        return self.status({})

    def export(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self._host.export())

    def restore(self, body: Mapping[str, Any]) -> dict[str, Any]:
        exported = body.get("decisions")
        if not isinstance(exported, Mapping):
            raise FormValueError("decisions", "must be what an export wrote")
        try:
            with self._editing:
                return self._edited(EditResult(tuple(self._host.restore(exported))))
        except ValueError as error:
            raise FormValueError("decisions", str(error)) from error

    def badges(self, body: Mapping[str, Any]) -> dict[str, Any]:
        names = read_names(body)
        if len(names) > MAX_BADGES:
            raise FormValueError("names", f"must be at most {MAX_BADGES}")
        self._host.begin()
        complete = not self._host.progress().running
        return {
            "badges": {name: badge(self._host, name) for name in names},
            "complete": complete,
        }


def badge(host: LibraryTabHost, name: str) -> dict[str, Any] | None:
    """Return what a badge on the host's own card shows; ``None`` while it is not known."""
    card = host.known(name)
    if card is None:
        return None
    settings = host.settings()
    inference, allowed = card.inference, effective_range(card, settings)
    sure = is_sure(card, settings)
    kind = say("Type: {type}", type=type_name(inference.type))
    if inference.confidence and not is_type_decided(card):
        share = f"{inference.confidence:.0%}"
        kind = say("Type: {type} ({share})", type=type_name(inference.type), share=share)
    limits = say("Range: {range}", range=range_text(allowed))
    short = range_short(allowed)
    if inference.type is LoraType.ACCELERATOR and explicit_range(card) is None:
        # No number limits it, but "±" would read as an invitation.
        limits, short = say("an accelerator acts in the prompt only, at the weight made for it"), ""
    return {
        "type": inference.type.value,
        "letter": LETTERS[inference.type],
        "sure": sure,
        "range": say("off") if card.guard_off else short,
        "lines": [
            kind,
            say("Guard off: no rule applies") if card.guard_off else limits,
            *[as_sentence(reason, 200) for reason in inference.reasons[:MAX_REASONS]],
            *([] if sure else [say("Too unsure for the guard to act: it only advises.")]),
        ],
    }


def _name(body: Mapping[str, Any]) -> str:
    name = body.get("name")
    if not isinstance(name, str) or len(name) > MAX_NAME:
        raise FormValueError("name", "must be the name of a LoRA")
    return name


def _count(body: Mapping[str, Any], key: str, default: int) -> int:
    value = body.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise FormValueError(key, "must be a whole number, 0 or more")
    return value
