"""Past scans: what lies in the folder of all scans, the latest first, and deleting one."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..whole import is_leftover
from .files import read_json
from .plan import PlanError, ScanPlan, from_record
from .store import SCHEMA, ScanStore, ScanStoreError, folder_of

_OWN_FILES = ("*.json", "report.html", "*.png", "cells/w*.*", "*.lock")


@dataclass(frozen=True)
class PastScan:
    """One line of the history.

    Attributes:
        folder: where it lies.
        plan: what it did.
        started: seconds since 1970.
        finished: cells on disk.
        verdict: the saved record, or empty when the scan was not finished.
        quick: the saved record of a quick scan, or empty. `outcome.outcome_of` reads either.
    """

    folder: Path
    plan: ScanPlan
    started: float
    finished: int
    verdict: Mapping[str, Any]
    quick: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_quick(self) -> bool:
        """Whether it is a quick scan, without pictures; its folder says so before its record."""
        if self.finished:
            return False
        own = folder_of(self.folder.parent, self.plan, quick=True)
        return bool(self.quick) or self.folder.name == own.name

    @property
    def total(self) -> int:
        """Pictures that the plan asks for."""
        return self.plan.cost.pictures

    def store(self) -> ScanStore:
        """Open its results; raises as `ScanStore`."""
        return ScanStore(self.folder.parent, self.plan, folder=self.folder)


def history(
    root: Path, *, lora: str | None = None, checkpoint: str | None = None
) -> list[PastScan]:
    """Return past scans, the latest first; folders that are none of ours are passed over.

    Args:
        root: folder of all scans; may be missing.
        lora: only scans in which the LoRA of this name takes part.
        checkpoint: only scans on the checkpoint of this short hash.
    """
    found = [
        scan for folder in sorted(root.glob("*/plan.json")) if (scan := past_scan(folder.parent))
    ]
    return sorted(
        (
            scan
            for scan in found
            if lora is None or any(item.name == lora for item in scan.plan.loras)
            if checkpoint is None or scan.plan.checkpoint == checkpoint
        ),
        key=lambda scan: scan.started,
        reverse=True,
    )


def past_scan(folder: Path) -> PastScan | None:
    """Return the scan that a folder holds; ``None`` when it holds none of ours."""
    record = read_json(folder / "plan.json") or {}
    plan, schema, started = record.get("plan"), record.get("schema"), record.get("started")
    if not isinstance(plan, dict) or not isinstance(schema, int) or schema > SCHEMA:
        return None
    try:
        return PastScan(
            folder=folder,
            plan=from_record(plan),
            started=float(started) if isinstance(started, (int, float)) else 0.0,
            finished=sum(1 for _ in (folder / "cells").glob("w*.json")),
            verdict=read_json(folder / "verdict.json") or {},
            quick=read_json(folder / "quick.json") or {},
        )
    except PlanError:
        return None


def delete_scan(folder: Path) -> None:
    """Delete a scan's files; whatever else lies in its folder stays.

    Raises:
        ScanStoreError: the folder holds no scan.
        OSError: a file cannot be deleted.
    """
    if past_scan(folder) is None:
        raise ScanStoreError(f"{folder}: holds no scan")
    # The plan goes first: what is half deleted is no scan any more.
    for pattern in ("plan.json", *_OWN_FILES):
        for path in folder.glob(pattern):
            path.unlink()
    places = (folder / "cells", folder)
    for path in [path for place in places for path in place.glob(".*")]:
        if is_leftover(path.name, own=True):
            path.unlink(missing_ok=True)
    for empty in places:
        with contextlib.suppress(OSError):
            empty.rmdir()
