"""What the user changes about LoRAs: read from JSON, applied to decisions, taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...hosts.form_reading import FormValueError
from ...hosts.library import LibraryTabHost, SaveResult
from ...loras.card import LoraCard, LoraType, RangeSource, WeightRange
from ...loras.decisions import MOST_MASK, Decision
from ...loras.families import ModelFamily
from ...policy.block_names import mask_problem
from ...sentences import say

MAX_NAMES = 20_000
MAX_NAME = 1000
MAX_TRIGGERS = 100
MAX_TRIGGER = 200
WIDEST = 20.0
"""No LoRA is used at a weight beyond this; Flux workflows reach ±10."""

MAX_NOTES = 5
MAX_STEPS = 20
"""Edits that can be taken back, each of up to a whole library."""

REFERENCE = say("typed by the user")

DecisionChange = Callable[[Decision], Decision]


@dataclass(frozen=True)
class EditResult:
    """What an edit did.

    Attributes:
        saved: what became of each decision.
        unknown: names that the host does not know.
        unchanged: LoRAs of which the decision already said so.
        step: number by which `Editor.undo` takes just this edit back; 0 if nothing was done.
    """

    saved: tuple[SaveResult, ...]
    unknown: int = 0
    unchanged: int = 0
    step: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the result for the page, notes once each."""
        notes = list(dict.fromkeys(item.note for item in self.saved if item.note))
        failed = [item for item in self.saved if not item.done]
        return {
            "saved": len(self.saved) - len(failed),
            "failed": len(failed),
            "unknown": self.unknown,
            "unchanged": self.unchanged,
            "step": self.step,
            "names": [item.name for item in self.saved if item.done],
            "notes": [say(note) for note in notes[:MAX_NOTES]],
            "more_notes": max(0, len(notes) - MAX_NOTES),
        }


@dataclass(frozen=True)
class _Step:
    """One edit, as it can be taken back."""

    before: Mapping[str, Decision]
    after: Mapping[str, Decision]

    @property
    def label(self) -> str:
        count = len(self.before)
        return next(iter(self.before)) if count == 1 else say("{count} LoRAs", count=count)

    def followed_by(self, step: _Step) -> _Step:
        """Return both as one."""
        return _Step({**step.before, **self.before}, {**self.after, **step.after})


class Editor:
    """Changes decisions and remembers the changes, so that each can be taken back."""

    def __init__(self, host: LibraryTabHost) -> None:
        self._host = host
        self._steps: dict[int, _Step] = {}
        self._count = 0

    @property
    def undo_label(self) -> str:
        """What `undo` would take back, in words; empty if nothing."""
        return next(reversed(self._steps.values())).label if self._steps else ""

    def edit(
        self, names: Sequence[str], change: DecisionChange, *, continued: bool = False
    ) -> EditResult:
        """Apply a change to the decisions of some LoRAs and keep them.

        An edit that changes nothing leaves alone what can be taken back.

        ``continued``: this is more of the last edit, and is taken back together with it.
        """
        known = set(self._host.names())
        before = self._host.decisions(name for name in names if name in known)
        after = {name: change(decision) for name, decision in before.items()}
        changed = {name: after[name] for name in before if after[name] != before[name]}
        saved = tuple(self._host.save(changed)) if changed else ()
        done = {item.name for item in saved if item.done}
        number = 0
        if done:
            step = _Step(
                {name: before[name] for name in before if name in done},
                {name: after[name] for name in before if name in done},
            )
            number = self._remember(step, continued)
        return EditResult(saved, len(set(names) - known), len(before) - len(changed), number)

    def undo(self, number: int | None = None) -> EditResult:
        """Take an edit back, the last one or that of ``number``.

        A LoRA about which somebody has decided anew since is left as it is: what stood before an
        older edit never comes back over a newer one.

        Raises:
            FormValueError: there is nothing to take back.
        """
        if number is None and self._steps:
            number = next(reversed(self._steps))
        step = self._steps.pop(number, None) if number is not None else None
        if step is None:
            raise FormValueError("undo", say("there is nothing to take back"))
        now = self._host.decisions(step.after)
        same = {
            name: decision
            for name, decision in step.before.items()
            if now.get(name) == step.after[name]
        }
        saved = tuple(self._host.save(same)) if same else ()
        return EditResult(saved, unchanged=len(step.before) - len(same))

    def _remember(self, step: _Step, continued: bool) -> int:
        if continued and self._steps:
            number = next(reversed(self._steps))
            self._steps[number] = self._steps[number].followed_by(step)
            return number
        self._count += 1
        self._steps[self._count] = step
        while len(self._steps) > MAX_STEPS:
            del self._steps[next(iter(self._steps))]
        return self._count


def read_names(body: Mapping[str, Any]) -> list[str]:
    """Return the names that a request is about, each once.

    Raises:
        FormValueError: they are not a list of texts of bearable size.
    """
    names = body.get("names")
    if not isinstance(names, list) or len(names) > MAX_NAMES:
        raise FormValueError("names", f"must be a list of at most {MAX_NAMES} names")
    if not all(isinstance(name, str) and len(name) <= MAX_NAME for name in names):
        raise FormValueError("names", "must be names of LoRAs")
    return list(dict.fromkeys(names))


def read_change(body: Mapping[str, Any]) -> DecisionChange:
    """Understand ``{"clear": true}`` or ``{"set": {…}}``; null in ``set`` means "as inferred".

    What a scan measured stays: it is not the user's word.

    Raises:
        FormValueError: a value has the wrong type or size.
    """
    if body.get("clear") is True:
        return lambda decision: Decision(measured=decision.measured, bracket=decision.bracket)
    wanted = body.get("set")
    if not isinstance(wanted, Mapping) or not wanted:
        raise FormValueError("set", "must be an object that says what to change")
    fields: dict[str, Any] = {}
    for key, value in wanted.items():
        if key == "type":
            fields["type"] = _type(value)
        elif key == "triggers":
            fields["triggers"] = _triggers(value)
        elif key == "range":
            fields["weight_range"] = _range(value)
        elif key == "guard_off" and isinstance(value, bool):
            fields["guard_off"] = value
        elif key == "blocks":
            fields["block_mask"] = _blocks(value)
        else:
            raise FormValueError(str(key)[:40], "cannot be set so")
    return lambda decision: replace(decision, **fields)


def _type(value: object) -> LoraType | None:
    if value is None:
        return None
    try:
        return LoraType(value)
    except ValueError as error:
        raise FormValueError("type", "must be one of the types, or null") from error


def _triggers(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > MAX_TRIGGERS:
        raise FormValueError("triggers", f"must be a list of at most {MAX_TRIGGERS} words")
    if not all(isinstance(text, str) and len(text) <= MAX_TRIGGER for text in value):
        raise FormValueError("triggers", f"must be texts of at most {MAX_TRIGGER} characters")
    words = (" ".join(text.split()) for text in value)
    return tuple(dict.fromkeys(word for word in words if word))


def _range(value: object) -> WeightRange | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise FormValueError("range", "must be an object with floor and ceiling, or null")
    floor, ceiling = _weight(value, "floor"), _weight(value, "ceiling")
    if floor is None and ceiling is None:
        return None
    if floor is not None and floor > 0:
        raise FormValueError("floor", say("must be 0 or below: it is the lowest negative weight"))
    if ceiling is not None and ceiling < 0:
        raise FormValueError("ceiling", say("must be 0 or above"))
    return WeightRange(floor, ceiling, None, RangeSource.USER, REFERENCE)


def _blocks(value: object) -> str:
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or len(value) > MOST_MASK:
        raise FormValueError("blocks", "must be a mask of blocks, or null")
    mask = "".join(value.split()).upper()
    problem = mask_problem(mask, ModelFamily.UNKNOWN)
    if problem:
        raise FormValueError("blocks", problem)
    return mask


def blocks_fit(cards: Iterable[LoraCard], body: Mapping[str, Any]) -> None:
    """Check that a mask of blocks in ``{"set": {"blocks": …}}`` fits the LoRAs it is for.

    Raises:
        FormValueError: one is of a family that has no such block.
    """
    wanted = body.get("set")
    mask = _blocks(wanted.get("blocks")) if isinstance(wanted, Mapping) else ""
    if not mask:
        return
    for card in cards:
        problem = mask_problem(mask, card.family)
        if problem:
            raise FormValueError(
                "blocks", say("{lora}: {problem}", lora=card.name, problem=problem)
            )


def _weight(value: Mapping[str, Any], key: str) -> float | None:
    number = value.get(key)
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise FormValueError(key, say("must be a number"))
    # Compared before it is converted: NaN fails the test, and an integer may have any size.
    if not -WIDEST <= number <= WIDEST:
        text = "must lie between −{widest} and {widest}"
        raise FormValueError(key, say(text, widest=f"{WIDEST:g}"))
    return float(number)
