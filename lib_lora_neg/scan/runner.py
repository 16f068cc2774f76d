"""Carries out a plan: streams finished cells, goes on where it was stopped, stops at any cell."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from .asking import Asking, said
from .measures import CellMeasures, PictureError, PreparedPicture, measure, prepare
from .plan import ScanCell, ScanPlan
from .ports import Cancellation, Critic, Generator, Picture
from .store import ScanStore, StoredCell

GIVE_UP_AFTER = 3
"""Cells that fail in succession before the scan is given up: then the host is broken, and every
further cell would only cost the user time."""


class ScanFailedError(RuntimeError):
    """The host failed several cells in succession; the text is its last complaint."""


@dataclass(frozen=True)
class ScanProgress:
    """How far a scan is.

    Attributes:
        done: cells that are finished or failed.
        total: cells of the plan.
        kept: finished cells that were on disk already.
        failed: cells without a picture.
        seconds_left: from the cells made so far, and what asking the model about them takes;
            ``None`` before the first one.
    """

    done: int
    total: int
    kept: int
    failed: int
    seconds_left: float | None


@dataclass(frozen=True)
class CellDone:
    """One cell that is over.

    Attributes:
        cell: which one.
        picture: its file; ``None`` when it failed.
        measures: its numbers; ``None`` when it failed.
        error: what the host said; empty when it worked.
        kept: it was on disk already.
        progress: after this cell.
    """

    cell: ScanCell
    picture: Path | None
    measures: CellMeasures | None
    error: str
    kept: bool
    progress: ScanProgress


def run(
    plan: ScanPlan,
    generator: Generator,
    store: ScanStore,
    cancel: Cancellation,
    *,
    critic: Critic | None = None,
    on_complaint: Callable[[str], None] = lambda text: None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[CellDone]:
    """Yield every cell of the plan as it is finished, in the plan's order of weights.

    Cells in the store are not made again; those that failed before are tried again. Setting
    ``cancel``, or no longer asking for cells, leaves a store that a later run completes.

    Args:
        plan: what to make.
        generator: makes it.
        store: keeps it.
        cancel: stops it.
        critic: asked about the pictures as soon as there are some, and about those of an earlier
            run that it has not seen; ``None`` asks nothing.
        on_complaint: told, once, why the critic could not answer; the scan goes on without it.
        clock: seconds.

    Raises:
        ScanFailedError: after `GIVE_UP_AFTER` failures in succession.
        OSError: when the store's disk does not take a cell.
    """
    asking = Asking(plan, store, critic, cancel, on_complaint, clock)
    return _Run(plan, generator, store, cancel, clock, asking).cells()


@dataclass
class _Run:
    plan: ScanPlan
    generator: Generator
    store: ScanStore
    cancel: Cancellation
    clock: Callable[[], float]
    asking: Asking
    done: int = 0
    kept: int = 0
    failed: int = 0
    failures_in_succession: int = 0
    references: dict[tuple[int, int], PreparedPicture | None] = field(default_factory=dict)
    pace: _Pace = field(default_factory=lambda: _Pace())

    def cells(self) -> Iterator[CellDone]:
        by_weight: dict[float, list[ScanCell]] = {}
        for cell in self.plan.cells():
            by_weight.setdefault(cell.weight, []).append(cell)
        for cells in by_weight.values():
            missing: list[ScanCell] = []
            for cell in cells:
                stored = self.store.find(cell)
                if stored is None:
                    missing.append(cell)
                else:
                    yield self._keep(stored)
            yield from self._make(missing)
            if self.cancel.is_set():
                return
            self.asking.ask()
        self.asking.ask(least=1)

    def _make(self, missing: list[ScanCell]) -> Iterator[CellDone]:
        """Make cells of one weight; those of a batch that failed are tried again alone."""
        largest = max(1, self.generator.abilities().max_batch)
        batches = deque(
            tuple(missing[start : start + largest]) for start in range(0, len(missing), largest)
        )
        while batches and not self.cancel.is_set():
            batch = batches.popleft()
            finished = 0
            error = ""
            try:
                for event in self._batch(batch):
                    finished += 1
                    yield event
            except _HostError as problem:
                error = str(problem)
            left = batch[finished:]
            if not left or self.cancel.is_set():
                continue
            if len(left) == 1 and len(batch) == 1:
                yield self._fail(left[0], error)
            else:
                batches.extendleft((cell,) for cell in reversed(left))

    def _batch(self, cells: tuple[ScanCell, ...]) -> Iterator[CellDone]:
        """Yield the finished cells of one batch, in order.

        Raises:
            _HostError: when the host raises, yields a picture that is none, or too few.
        """
        request = self.plan.batch(cells)
        self.pace.begin()
        with ExitStack() as stack:
            started = self.clock()
            pictures = _guarded(lambda: iter(self.generator.generate(request, self.cancel)))
            close = getattr(pictures, "close", None)
            if close is not None:
                stack.callback(close)
            for cell in cells:
                picture = _guarded(lambda: next(pictures, None))
                if picture is None:
                    if self.cancel.is_set():
                        return
                    raise _HostError("the host ended without a picture")
                seconds = self.clock() - started
                yield self._finish(cell, picture, seconds)
                started = self.clock()

    def _finish(self, cell: ScanCell, picture: Picture, seconds: float) -> CellDone:
        prepared = _guarded(lambda: prepare(picture))
        if cell.weight == 0:
            self.references[cell.pair] = prepared
        reference = self._reference(cell.pair)
        measures = _guarded(lambda: measure(prepared, reference))
        stored = self.store.save(cell, picture, measures, seconds)
        self.asking.add(stored)
        self.failures_in_succession = 0
        self.pace.add(seconds)
        self.done += 1
        return CellDone(cell, stored.picture, measures, "", False, self._progress())

    def _keep(self, stored: StoredCell) -> CellDone:
        measures = stored.measures
        if measures is None or measures.effect is None:
            measures = self._measure_again(stored)
        self.asking.add(stored)
        self.done += 1
        self.kept += 1
        return CellDone(stored.cell, stored.picture, measures, "", True, self._progress())

    def _measure_again(self, stored: StoredCell) -> CellMeasures | None:
        reference = self._reference(stored.cell.pair)
        if stored.measures is not None and reference is None:
            return stored.measures
        picture = self.store.picture(stored.cell)
        if picture is None:
            return stored.measures
        measures = measure(prepare(picture), reference)
        self.store.save_measures(stored, measures)
        return measures

    def _fail(self, cell: ScanCell, error: str) -> CellDone:
        self.done += 1
        self.failed += 1
        self.failures_in_succession += 1
        if self.failures_in_succession >= GIVE_UP_AFTER:
            raise ScanFailedError(error)
        return CellDone(cell, None, None, error, False, self._progress())

    def _reference(self, pair: tuple[int, int]) -> PreparedPicture | None:
        if pair not in self.references:
            picture = self.store.picture(ScanCell(0.0, *pair))
            self.references[pair] = prepare(picture) if picture else None
        return self.references[pair]

    def _progress(self) -> ScanProgress:
        total = self.plan.cost.pictures
        per_picture = self.pace.per_picture()
        left = None
        if per_picture is not None:
            missing = total - self.done
            left = per_picture * missing + self.asking.seconds_left(missing, per_picture)
        return ScanProgress(self.done, total, self.kept, self.failed, left)


@dataclass
class _Pace:
    """Seconds per picture, by batches: a host may hand out the pictures of a batch all at once."""

    batches: list[list[float]] = field(default_factory=list)

    def begin(self) -> None:
        if not self.batches or self.batches[-1]:
            self.batches.append([])

    def add(self, seconds: float) -> None:
        self.batches[-1].append(seconds)

    def per_picture(self) -> float | None:
        # The batch in progress counts only where there is no whole one, and the first one, which
        # may have loaded the model, only where there is no second.
        whole = self.batches[:-1]
        chosen = [batch for batch in whole[1:] or whole or self.batches if batch]
        count = sum(map(len, chosen))
        return sum(map(sum, chosen)) / count if count else None


class _HostError(Exception):
    """Whatever went wrong in the host, in one line."""


_T = TypeVar("_T")


def _guarded(call: Callable[[], _T]) -> _T:
    try:
        return call()
    except PictureError as problem:
        raise _HostError(str(problem)) from problem
    except Exception as problem:
        raise _HostError(said(problem)) from problem
