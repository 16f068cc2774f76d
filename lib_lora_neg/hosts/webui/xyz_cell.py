"""What the axes of an XYZ plot ask of the guard in one cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ...policy import DEFAULT_RULE_MODES, GuardSettings, Mode, NegativeTag
from ...policy.matrix import DEFAULT_FLOORS

ATTRIBUTE = "_lora_neg_cell"
"""On the ``p`` of a cell. The plot copies ``p`` without what it refers to, so that a cell's value
is replaced and never changed."""


@dataclass(frozen=True)
class PlotCell:
    """What one cell sets; all else is as in any other generation.

    Attributes:
        raw: a weight axis passes its weights as they are, so the guard keeps away.
        mode: of the guard; where it is given, raw weights are guarded in it too.
        cfg_ceiling: highest CFG scale: in a raw cell of every weight, else R3's.
        settings: fields of `GuardSettings`; rules and floors add to the user's.
        guidance: arguments of negative guidance (`guidance_keys.read_guidance`) that differ.
    """

    raw: bool = False
    mode: Mode | None = None
    cfg_ceiling: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    guidance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unguarded(self) -> bool:
        """Whether this cell is made as typed, whatever the panel says."""
        return self.raw and self.mode is None

    def mode_instead_of(self, panel: Mode) -> Mode:
        """Return the guard's mode in this cell, where it is guarded, given the panel's."""
        return panel if self.mode is None else self.mode

    def applied_to(self, settings: GuardSettings) -> GuardSettings:
        """Return the user's settings with this cell's."""
        changes = dict(self.settings)
        for name in ("rules", "floors"):
            if name in changes:
                changes[name] = {**getattr(settings, name), **changes[name]}
        if self.cfg_ceiling is not None:
            changes["cfg_ceiling"] = self.cfg_ceiling
        return replace(settings, **changes) if changes else settings


NO_CELL = PlotCell()


def cell_of(p: Any) -> PlotCell:
    """Return what the axes ask of ``p``."""
    cell = getattr(p, ATTRIBUTE, NO_CELL)
    # After a UI reload a class of the same name may stand there.
    return cell if isinstance(cell, PlotCell) else NO_CELL


def change_cell(p: Any, **wishes: Any) -> None:
    """Add to what the cell of ``p`` sets."""
    setattr(p, ATTRIBUTE, replace(cell_of(p), **wishes))


def change_guidance(p: Any, **wishes: Any) -> None:
    """Add arguments of negative guidance to the cell of ``p``."""
    change_cell(p, guidance={**cell_of(p).guidance, **wishes})


def read_mode(text: str) -> Mode:
    """Return the mode of that name; raises `ValueError` as `Mode.parse`."""
    return Mode.parse(text)


def read_ceiling(text: str) -> float:
    """Return a CFG ceiling.

    Raises:
        ValueError: it is no number or not 4 to 6, R3's range.
    """
    try:
        return GuardSettings(cfg_ceiling=float(text)).cfg_ceiling
    except ValueError as error:
        raise ValueError(f"CFG under guard: {text!r} is not a number from 4 to 6") from error


def read_changes(text: str) -> dict[str, Any]:
    """Return what ``CFG ceiling=5; R1=Advise`` sets, as `PlotCell.settings` holds it.

    Raises:
        ValueError: a part is no setting, or its value is none.
    """
    changes: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        reader = _READERS.get(name.lower())
        if not sign or reader is None:
            raise ValueError(
                f"{part!r} is no setting of the guard; write name=value with one of: "
                + ", ".join(SETTING_NAMES)
            )
        key, read, inner = reader
        try:
            found = read(value)
            if inner is None:
                changes[key] = found
            else:
                changes[key] = {**changes.get(key, {}), inner: found}
            GuardSettings(**changes)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{part!r}: {error}") from error
    if not changes:
        raise ValueError("a setting is written as name=value, for example: CFG ceiling=5")
    return changes


def _truth(text: str) -> bool:
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError(f"{text!r} is neither true nor false")
    return words[text.lower()]


def _floor(text: str) -> float:
    floor = float(text)
    if not -10 <= floor <= 0:
        raise ValueError("a lowest weight is -10 to 0")
    return floor


_Reader = tuple[str, Callable[[str], Any], "str | None"]


def _readers() -> dict[str, _Reader]:
    by_type: dict[str, Callable[[str], Any]] = {
        "float": float,
        "bool": _truth,
        "NegativeTag": NegativeTag,
    }
    readers: dict[str, _Reader] = {rule: ("rules", Mode.parse, rule) for rule in DEFAULT_RULE_MODES}
    for item in fields(GuardSettings):
        read = by_type.get(str(item.type))
        if read is not None:
            readers[item.name.replace("_", " ").replace("cfg", "CFG")] = (item.name, read, None)
    for name in DEFAULT_FLOORS:
        readers[f"{name.replace('_', ' ')} floor"] = ("floors", _floor, name)
    return readers


SETTING_NAMES = tuple(_readers())
"""Names that `read_changes` takes, in any case."""

_READERS = {name.lower(): reader for name, reader in _readers().items()}
