"""Whether a plot of the host varies the weight of a LoRA, and which of its cells are out of range.

Asked once per plot, before its first cell: the host draws all plots with one function, which is
wrapped. The axes that write prompts are tried on copies of the plot's ``p``.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from typing import Any, NamedTuple, Protocol

from ...policy import Finding
from ...prompts import parse
from ...scan.weights import format_weight
from ...telling import complain
from . import sweeps
from .code_reading import read_code
from .sweeps import Sweep

_MARK = "_lora_neg_original"

MAX_CELLS = 2_000
"""Cells that are tried; in larger plots each axis is tried alone."""

MAX_JUDGED = 400
"""Cells whose range is looked at for the labels."""

_PROMPTS = frozenset({"prompt", "styles", "hr_prompt"})
"""What an axis must name to be able to change a LoRA's weight."""


class RangeJudge(Protocol):
    """Says which weights of a cell are outside their LoRA's range."""

    def outside(self, p: Any, prompt: str, negative_prompt: str) -> Sequence[Finding]:
        """Return R1's findings on a cell with these texts; none where the guard is off."""
        ...


class Axis(NamedTuple):
    """One axis of a plot: the host's option and its values."""

    option: Any
    values: Sequence[Any]

    @property
    def writes_prompts(self) -> bool:
        """Whether its values may change the prompts, and can be tried without other effects."""
        if len(self.values) < 2:
            return False
        reading = read_code([self.option.apply])
        return bool(_PROMPTS & (reading.names | reading.texts)) and not reading.sets_globals


class TriedCell(NamedTuple):
    """One cell that was tried: the place of its value on each axis, and its ``p``."""

    places: tuple[int, ...]
    p: Any
    prompts: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, str]:
        """Its prompt and negative prompt, without styles; empty where they are lists."""
        given = (self.p.prompt, self.p.negative_prompt)
        prompt, negative = (text if isinstance(text, str) else "" for text in given)
        return prompt, negative


def install(module: Any, judge: RangeJudge, sets_the_guard: Callable[[str], bool]) -> bool:
    """Wrap the function of the plot's module that draws plots; return whether there is one.

    Args:
        module: of the host's plot.
        judge: of weights.
        sets_the_guard: tells the labels of axes that say themselves how cells are guarded.
    """
    drawn = getattr(module, "draw_xyz_grid", None)
    if drawn is None:
        return False
    original = getattr(drawn, _MARK, drawn)

    @functools.wraps(original)
    def draw_xyz_grid(*args: Any, **more: Any) -> Any:
        sweep = None
        try:
            bound = inspect.signature(original).bind(*args, **more)
            sweep = _prepared(bound.arguments, judge, sets_the_guard)
            args, more = bound.args, bound.kwargs
        except Exception as error:  # a plot is made in any case; its cells are guarded then
            complain(f"LoRA Negative Guard could not look at this plot: {error}")
        with sweeps.standing_aside(sweep):
            return original(*args, **more)

    setattr(draw_xyz_grid, _MARK, original)
    module.draw_xyz_grid = draw_xyz_grid
    return True


def uninstall(module: Any) -> None:
    """Give the plot its own function back."""
    original = getattr(getattr(module, "draw_xyz_grid", None), _MARK, None)
    if original is not None:
        module.draw_xyz_grid = original


def _prepared(
    arguments: dict[str, Any], judge: RangeJudge, sets_the_guard: Callable[[str], bool]
) -> Sweep | None:
    """Return the sweep that a plot is, with its labels marked; ``None`` where it is none."""
    p, axes = arguments["p"], _axes(arguments)
    if sweeps.guarded_all_the_same(p):
        return None
    if any(sets_the_guard(axis.option.label) for axis in axes):
        return None
    cells = list(_tried(p, axes))
    loras = _varied(cells)
    if not loras:
        return None
    sources, marks = [], _Judge(judge)
    for place, axis in enumerate(axes):
        along = _varied_along(place, cells)
        if along:
            sources.append(str(axis.option.label))
            _mark(arguments, place, _for_labels(cells), along, marks)
    return Sweep(" × ".join(sources) or "X/Y/Z plot", loras)


def _axes(arguments: dict[str, Any]) -> list[Axis]:
    from modules.shared import state

    axes = []
    for name in "xyz":
        info = getattr(state, f"xyz_plot_{name}", None)
        if info is not None:
            axes.append(Axis(info.axis, arguments.get(f"{name}s", info.values)))
    return axes


def _tried(p: Any, axes: Sequence[Axis]) -> Iterator[TriedCell]:
    """Yield the cells of a plot as far as their prompts differ."""
    free = [axis.writes_prompts for axis in axes]
    spans = [len(axis.values) if writes else 1 for axis, writes in zip(axes, free, strict=True)]
    for places in _places(spans):
        cell = _apart(p)
        for axis, writes, place in zip(axes, free, places, strict=True):
            if writes:
                axis.option.apply(cell, axis.values[place], axis.values)
        yield TriedCell(places, cell, _prompts(cell))


def _places(spans: Sequence[int]) -> Iterable[tuple[int, ...]]:
    count = 1
    for span in spans:
        count *= span
    if count <= MAX_CELLS:
        return itertools.product(*map(range, spans))
    alone = (
        tuple(step if other == axis else 0 for other in range(len(spans)))
        for axis, span in enumerate(spans)
        for step in range(min(span, MAX_CELLS))
    )
    return dict.fromkeys(alone)


def _apart(p: Any) -> Any:
    """Return a copy whose lists and dictionaries are its own, so that trying changes nothing."""
    cell = copy(p)
    for name, value in list(vars(cell).items()):
        if isinstance(value, list | dict):
            setattr(cell, name, copy(value))
    return cell


def _prompts(cell: Any) -> tuple[str, ...]:
    """Return the prompts of a cell's passes, with its styles."""
    from modules import shared

    first = cell.prompt if isinstance(cell.prompt, str) else ""
    texts = [first, getattr(cell, "hr_prompt", "") or ""]
    styles, names = getattr(shared, "prompt_styles", None), getattr(cell, "styles", None)
    if styles is not None and names:
        texts = [styles.apply_styles_to_prompt(text, names) for text in texts]
    return tuple(texts)


def _varied(cells: Iterable[TriedCell]) -> tuple[str, ...]:
    """Return the LoRAs whose weight is not the same in all of these cells, in either pass."""
    passes = zip(*(cell.prompts for cell in cells), strict=True)
    return tuple(dict.fromkeys(name for texts in passes for name in sweeps.varied(texts)))


def _varied_along(place: int, cells: Sequence[TriedCell]) -> frozenset[object]:
    """Return the LoRAs whose weight changes along one axis, the other values being the same."""
    rows: dict[tuple[int, ...], list[TriedCell]] = {}
    for cell in cells:
        rest = cell.places[:place] + cell.places[place + 1 :]
        rows.setdefault(rest, []).append(cell)
    names = [name for row in rows.values() for name in _varied(row)]
    return frozenset(map(sweeps.file_of, names))


def _mark(
    arguments: dict[str, Any],
    place: int,
    cells: Sequence[TriedCell],
    loras: frozenset[object],
    judge: _Judge,
) -> None:
    """Say beside the values of an axis whose cells are all outside the range that they are."""
    name = f"{'xyz'[place]}_labels"
    labels = list(arguments.get(name) or ())
    for step, label in enumerate(labels):
        found = [judge.notes(cell, loras) for cell in cells if cell.places[place] == step]
        common = frozenset.intersection(*found) if found else frozenset()
        if common:
            labels[step] = f"{label} ({', '.join(sorted(common))})"
    if labels:
        arguments[name] = labels


class _Judge:
    """Remembers what the range says of texts: rows and columns ask for the same cells."""

    def __init__(self, judge: RangeJudge) -> None:
        self._judge = judge
        self._known: dict[tuple[object, ...], Sequence[Finding]] = {}

    def notes(self, cell: TriedCell, loras: frozenset[object]) -> frozenset[str]:
        """Return what is outside in a cell, of these LoRAs."""
        key = (*cell.texts, *(cell.p.styles or ()))
        if key not in self._known:
            self._known[key] = self._judge.outside(cell.p, *cell.texts)
        return frozenset(
            range_note(finding)
            for finding in self._known[key]
            if finding.lora and sweeps.file_of(finding.lora) in loras
        )


def _for_labels(cells: Sequence[TriedCell]) -> Sequence[TriedCell]:
    """Return the cells whose range is looked at: all, or one per value in a large plot."""
    if len(cells) <= MAX_JUDGED:
        return cells
    return [cell for cell in cells if sum(place > 0 for place in cell.places) <= 1]


def range_note(finding: Finding) -> str:
    """Return what a finding of the range says of a weight, for a narrow label."""
    tags = parse(finding.after).tags
    weights = [weight.value for tag in tags for weight in (tag.te, tag.unet)]
    lowest = min((weight for weight in weights if weight is not None), default=0.0)
    if lowest >= 0.0:
        return "outside: no negative weight"
    return f"outside: lowest {format_weight(lowest)}"
