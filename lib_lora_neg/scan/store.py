"""Results on disk: one folder per plan, each finished cell whole or not there.

    <root>/<lora>-<digest>/
        plan.json                       the plan and its hash, and whether the model shall be asked
        verdict.json                    what came out, for the history
        report.html                     the same for reading, written when it is asked for
        quick.json                      what came out of a quick scan, which makes no cells
        cells/w-0.5000_p00_s1.png       the picture, with its infotext
        cells/w-0.5000_p00_s1.npy       its latent, where the host hands it out
        cells/w-0.5000_p00_s1.map.npy   where the model balks, if it was asked
        cells/w-0.5000_p00_s1.json      its numbers and the hashes of the others

The ``.json`` is written last, so a cell without it, or whose files do not have the hashes that it
names, counts as not made. Killing the process loses no more than the cell in flight.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..regular import read_regular
from ..whole import sweep, write_whole
from . import critic
from .critic import CriticReading
from .curves import MeasuredCell
from .files import (
    decode_latent,
    decode_png,
    digest_of,
    encode_latent,
    encode_png,
    png_text,
    read_json,
    safe_stem,
    to_json,
)
from .measures import VERSION, CellMeasures, PictureEffect, PictureStatistics
from .plan import ScanCell, ScanPlan
from .ports import Picture
from .questions import QuestionSet, question_set

SCHEMA = 1
"""Version of the folder's layout. A newer folder is left alone."""

_KEPT = ("png", "npy", "map.npy", "critic")
"""Keys of a cell's record that new numbers leave alone."""


class ScanStoreError(ValueError):
    """A folder that cannot be used; the text names it and says why."""


@dataclass(frozen=True)
class StoredCell:
    """A finished cell on disk.

    Attributes:
        cell: which one.
        picture: its file.
        measures: ``None`` when they are of another version.
        seconds: that making it took.
        reading: what the model gets wrong about it, without its maps; ``None`` when it was not
            asked, or in another version.
    """

    cell: ScanCell
    picture: Path
    measures: CellMeasures | None
    seconds: float
    reading: CriticReading | None = None


class ScanStore:
    """The folder of one plan.

    Args:
        root: folder of all scans; made if missing.
        plan: whose results are kept; the folder is found again by the plan's hash.
        quick: it is for a quick scan, which has a folder of its own.
        folder: where the results lie, if they were found under another name than the plan's.

    Raises:
        ScanStoreError: when the folder holds another plan or is of a newer version.
        OSError: when it cannot be written.
    """

    def __init__(
        self, root: Path, plan: ScanPlan, *, quick: bool = False, folder: Path | None = None
    ) -> None:
        self.plan = plan
        self.folder = folder or folder_of(root, plan, quick=quick)
        self._cells = self.folder / "cells"
        self._cells.mkdir(parents=True, exist_ok=True)
        for place in (self.folder, self._cells):
            sweep(place, own=True)
        self._claim()

    def _claim(self) -> None:
        path = self.folder / "plan.json"
        record = read_json(path)
        if record is None:
            record = {
                "schema": SCHEMA,
                "digest": self.plan.digest,
                "started": time.time(),
                "plan": self.plan.record(),
            }
            write_whole(path, to_json(record))
        schema = record.get("schema")
        if not isinstance(schema, int) or schema > SCHEMA:
            raise ScanStoreError(f"{self.folder}: written by a newer version ({schema})")
        if record.get("digest") != self.plan.digest:
            raise ScanStoreError(f"{self.folder}: holds another scan")

    def path_of(self, cell: ScanCell, suffix: str = ".png") -> Path:
        """Return where a cell's file lies or will lie."""
        return self._cells / f"{cell.name}{suffix}"

    def save(
        self, cell: ScanCell, picture: Picture, measures: CellMeasures, seconds: float
    ) -> StoredCell:
        """Keep a finished cell.

        Raises:
            OSError: when the disk does not take it.
        """
        text = {"parameters": picture.infotext} if picture.infotext else None
        png = encode_png(picture.pixels, text)
        record: dict[str, Any] = {"png": digest_of(png)}
        write_whole(self.path_of(cell), png)
        if picture.latent is not None:
            latent = encode_latent(picture.latent)
            record["npy"] = digest_of(latent)
            write_whole(self.path_of(cell, ".npy"), latent)
        self._write(cell, record, measures, seconds)
        return StoredCell(cell, self.path_of(cell), measures, seconds)

    def save_measures(self, stored: StoredCell, measures: CellMeasures) -> None:
        """Replace the numbers of a cell whose picture stays."""
        record = read_json(self.path_of(stored.cell, ".json")) or {}
        kept: dict[str, Any] = {key: record[key] for key in _KEPT if key in record}
        self._write(stored.cell, kept, measures, stored.seconds)

    def save_reading(self, stored: StoredCell, reading: CriticReading) -> None:
        """Add to a cell what the model gets wrong about it; raises `OSError` as `save`."""
        record = read_json(self.path_of(stored.cell, ".json")) or {}
        errors: dict[str, Any] = {"version": critic.VERSION, **asdict(replace(reading, maps=None))}
        del errors["maps"]
        record["critic"] = errors
        if reading.maps is not None:
            # Roots: half precision has room for the largest and the smallest of them.
            data = encode_latent(np.sqrt(reading.maps))
            record["map.npy"] = digest_of(data)
            write_whole(self.path_of(stored.cell, ".map.npy"), data)
        write_whole(self.path_of(stored.cell, ".json"), to_json(record))

    def reading(self, cell: ScanCell) -> CriticReading | None:
        """Return what the model gets wrong about a cell, with its maps where they are there."""
        record = read_json(self.path_of(cell, ".json")) or {}
        found = _read_reading(record, question_set(self.plan.sampling))
        data = self._bytes(cell, record, ".map.npy") if "map.npy" in record else None
        if found is None or data is None:
            return found
        try:
            return replace(found, maps=decode_latent(data) ** 2)
        except ValueError:
            return found

    def note_asking(self, asked: bool) -> None:
        """Keep whether the model is asked about these pictures; raises `OSError` as `save`."""
        path = self.folder / "plan.json"
        record = read_json(path) or {}
        if record and record.get("asks_model", False) is not asked:
            write_whole(path, to_json({**record, "asks_model": asked}))

    @property
    def asks_model(self) -> bool:
        """Whether the model is to be asked when somebody goes on: it was meant to be, or was."""
        record = read_json(self.folder / "plan.json") or {}
        return record.get("asks_model") is True or "critic" in self._record_at(0)

    @property
    def was_read(self) -> bool:
        """Whether the model was asked about these pictures, if only the first of them."""
        return self._is_reading(self._record_at(0))

    @property
    def is_read(self) -> bool:
        """Whether it was asked about them all, as far as the last one tells."""
        return self._is_reading(self._record_at(-1))

    def _record_at(self, index: int) -> Mapping[str, Any]:
        """Return what is kept of the first (0) or the last (−1) finished cell; else nothing."""
        present = self.present()
        return (read_json(self.path_of(present[index], ".json")) or {}) if present else {}

    def _is_reading(self, record: Mapping[str, Any]) -> bool:
        return _read_reading(record, question_set(self.plan.sampling)) is not None

    def _write(
        self, cell: ScanCell, record: Mapping[str, Any], measures: CellMeasures, seconds: float
    ) -> None:
        whole = {**record, "version": VERSION, "seconds": seconds, "measures": asdict(measures)}
        write_whole(self.path_of(cell, ".json"), to_json(whole))

    def find(self, cell: ScanCell) -> StoredCell | None:
        """Return a finished cell; ``None`` when it is missing, half written or damaged."""
        record = read_json(self.path_of(cell, ".json"))
        if record is None or self._bytes(cell, record, ".png") is None:
            return None
        if "npy" in record and self._bytes(cell, record, ".npy") is None:
            return None
        seconds = record.get("seconds")
        return StoredCell(
            cell,
            self.path_of(cell),
            _read_measures(record),
            float(seconds) if isinstance(seconds, (int, float)) else 0.0,
            _read_reading(record, question_set(self.plan.sampling)),
        )

    def picture(self, cell: ScanCell) -> Picture | None:
        """Return a finished cell's picture without its infotext; ``None`` as `find`."""
        record = read_json(self.path_of(cell, ".json"))
        if record is None:
            return None
        png, npy = self._bytes(cell, record, ".png"), self._bytes(cell, record, ".npy")
        try:
            return Picture(decode_png(png), decode_latent(npy) if npy else None) if png else None
        except (OSError, ValueError):
            return None

    def _bytes(self, cell: ScanCell, record: Mapping[str, Any], suffix: str) -> bytes | None:
        try:
            data = read_regular(self.path_of(cell, suffix))
        except OSError:
            return None
        return data if record.get(suffix[1:]) == digest_of(data) else None

    def infotext(self, cell: ScanCell) -> str:
        """Return the host's text in a cell's picture; empty when there is none."""
        try:
            return png_text(read_regular(self.path_of(cell)))
        except (OSError, ValueError):
            return ""

    def present(self) -> list[ScanCell]:
        """Return the cells that seem finished, in the order of the plan; reads no picture."""
        names = {path.name for path in self._cells.glob("w*.json")}
        return [cell for cell in self.plan.cells() if self.path_of(cell, ".json").name in names]

    def finished(self) -> Iterator[StoredCell]:
        """Yield the finished cells in the order of the plan."""
        for cell in self.plan.cells():
            stored = self.find(cell)
            if stored is not None:
                yield stored

    def measured(self) -> list[MeasuredCell]:
        """Return the numbers of all finished cells, for `bracket.judge`."""
        return [
            MeasuredCell(stored.cell, stored.measures, stored.reading)
            for stored in self.finished()
            if stored.measures is not None
        ]

    def save_verdict(self, record: Mapping[str, Any]) -> None:
        """Keep what came out, for the history; raises `OSError` as `save`."""
        write_whole(self.folder / "verdict.json", to_json(record))

    def save_quick(self, record: Mapping[str, Any]) -> None:
        """Keep what came out of a quick scan; raises `OSError` as `save`."""
        write_whole(self.folder / "quick.json", to_json(record))


def folder_of(root: Path, plan: ScanPlan, *, quick: bool = False) -> Path:
    """Return the folder of a plan, or of its quick scan; it need not exist."""
    return root / f"{safe_stem(plan.name)}-{plan.key(quick=quick)}"


def _read_measures(record: Mapping[str, Any]) -> CellMeasures | None:
    if record.get("version") != VERSION:
        return None
    try:
        measures = record["measures"]
        effect = measures["effect"]
        return CellMeasures(
            PictureStatistics(**measures["looks"]), PictureEffect(**effect) if effect else None
        )
    except (KeyError, TypeError):
        return None


def _read_reading(record: Mapping[str, Any], asked: QuestionSet) -> CriticReading | None:
    found = record.get("critic")
    if not isinstance(found, Mapping) or found.get("version") != critic.VERSION:
        return None
    try:
        errors = tuple(float(value) for value in found["errors"])
        places = tuple(tuple(float(value) for value in level) for level in found["places"])
        prompted = blank = None
        if asked.blank_level is not None:
            prompted, blank = float(found["prompted"]), float(found["blank"])
    except (KeyError, TypeError, ValueError):
        return None
    single = () if prompted is None or blank is None else (prompted, blank)
    numbers = (*errors, *single, *itertools.chain.from_iterable(places))
    whole = len(errors) == len(places) == len(asked.levels) and all(places)
    if not whole or not all(math.isfinite(value) and value >= 0 for value in numbers):
        return None
    return CriticReading(errors, prompted, blank, places)
