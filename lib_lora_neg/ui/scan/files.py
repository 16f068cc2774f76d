"""Files of the scan tab: pictures, curves, reports. Named by scan and cell, never by a path."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from ...hosts.answers import FileAnswer, PageFile
from ...hosts.scanning import ScanTabHost
from ...regular import open_regular, read_regular
from ...scan.drawing import DARK, LIGHT
from ...scan.figures import draw_curves
from ...scan.files import encode_png
from ...scan.heat import heat_of
from ...scan.outcome import outcome_of
from ...scan.past_scans import PastScan
from ...scan.quick import QuickPoint, QuickVerdict
from ...scan.quick_report import draw_quick
from ...scan.report import REPORT, conclude, report_of
from ...whole import write_whole
from .form import ScanError
from .view import find_cell, find_scan

THUMBNAIL_SIDES = (96, 192, 384)
"""Longer sides in which pictures are handed out, besides their own."""

MAX_REPORT_BYTES = 256 * 1024 * 1024
"""A report has all its pictures in it."""

KEPT_THUMBNAILS = 2000
"""About 15 kB each at most."""


def scan_files(host: ScanTabHost) -> dict[str, FileAnswer]:
    """Return what hands out files, by the last part of the address; takes the query's values."""

    def picture(query: Mapping[str, str]) -> PageFile:
        scan = find_scan(host.scans_folder(), query.get("scan"))
        cell = find_cell(scan, query.get("cell"))
        path = scan.folder / "cells" / f"{cell.name}.png"
        try:
            if query.get("side") is None:
                return PageFile(read_regular(path), PNG, lasting=True)
            side = min(THUMBNAIL_SIDES, key=lambda known: abs(known - _number(query["side"])))
            small = _thumbnail(path, path.stat().st_mtime_ns, side)
            return PageFile(small, "image/jpeg", lasting=True)
        except OSError as problem:
            raise ScanError("cell", "The picture is missing or damaged.") from problem

    def heat(query: Mapping[str, str]) -> PageFile:
        scan = find_scan(host.scans_folder(), query.get("scan"))
        drawn = heat_of(scan.store(), find_cell(scan, query.get("cell")))
        if drawn is None:
            raise ScanError("cell", "The model was not asked about this picture.")
        return PageFile(encode_png(drawn), PNG, lasting=True)

    def curves(query: Mapping[str, str]) -> PageFile:
        scan = find_scan(host.scans_folder(), query.get("scan"))
        return PageFile(_curves(scan, query.get("theme") == "dark"), PNG)

    def report(query: Mapping[str, str]) -> PageFile:
        scan = find_scan(host.scans_folder(), query.get("scan"))
        name = f"{scan.folder.name}.html"
        return PageFile(_report(scan), "text/html; charset=utf-8", name)

    def numbers(query: Mapping[str, str]) -> PageFile:
        scan = find_scan(host.scans_folder(), query.get("scan"))
        outcome = scan.quick if scan.is_quick else scan.verdict
        if not outcome:
            raise ScanError("scan", "This scan has no outcome yet.")
        text = json.dumps(outcome, ensure_ascii=True, allow_nan=False, indent=1)
        return PageFile(text.encode(), "application/json", f"{scan.folder.name}.json")

    return {
        "scan-picture": picture,
        "scan-heat": heat,
        "scan-curves": curves,
        "scan-report": report,
        "scan-json": numbers,
    }


PNG = "image/png"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


def _report(scan: PastScan) -> bytes:
    """Return the report, which is written when it is first asked for; once per outcome."""
    if not scan.verdict:
        raise ScanError("scan", "There is no report of this scan yet.")
    path = scan.folder / REPORT
    kept = _kept(path, scan.folder / "verdict.json")
    if kept is not None:
        return kept
    store = scan.store()
    page = report_of(store, conclude(store))
    with contextlib.suppress(OSError):
        write_whole(path, page)
    return page


def _kept(path: Path, source: Path) -> bytes | None:
    """Return a file that is not older than what it was made from."""
    try:
        if path.stat().st_mtime_ns < source.stat().st_mtime_ns:
            return None
        return read_regular(path, MAX_REPORT_BYTES)
    except OSError:
        return None


@lru_cache(maxsize=KEPT_THUMBNAILS)
def _thumbnail(path: Path, changed: int, side: int) -> bytes:
    """Return a picture as JPEG with its longer side at most ``side``."""
    from PIL import Image

    del changed
    out = io.BytesIO()
    with open_regular(path) as file, Image.open(file) as image:
        small = image.convert("RGB")
        small.thumbnail((side, side), Image.Resampling.BOX)
        small.save(out, "JPEG", quality=85, subsampling=0)
    return out.getvalue()


def _curves(scan: PastScan, dark: bool) -> bytes:
    """Return the curves in the page's colours; drawn once per outcome and theme."""
    source = scan.folder / ("verdict.json" if scan.finished else "quick.json")
    drawn = scan.folder / f"{source.stem}-{'dark' if dark else 'light'}.png"
    kept = _kept(drawn, source)
    if kept is not None:
        return kept
    palette = DARK if dark else LIGHT
    outcome = outcome_of(scan)
    if outcome is None:
        raise ScanError("scan", "This scan has no outcome yet.")
    if isinstance(outcome.verdict, QuickVerdict):
        bracket = outcome.bracket
        zero = QuickPoint(0.0, 0.0, 0.0, None, 0.0)
        points = sorted([*outcome.verdict.points, zero], key=lambda point: point.weight)
        png = draw_quick(points, bracket.onset_band if bracket else None, palette)
    else:
        png = draw_curves(outcome.verdict, palette)
    if png is None:
        raise ScanError("scan", "There is nothing to draw yet.")
    with contextlib.suppress(OSError):  # drawn again next time
        write_whole(drawn, png)
    return png
