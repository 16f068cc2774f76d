"""A scan as JSON for the page: what it did, its cells, what it found, what can be done with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..loras.card import Bracket, LoraCard, LoraType, RangeSource, WeightRange
from ..policy.matrix import explicit_range
from ..policy.wording import minus
from ..scan.jobs import JobView
from ..scan.locking import is_locked
from ..scan.plan import Cell, ScanPlan
from ..scan.store import QUICK_SUFFIX, PastScan, past_scan
from ..scan.weights import format_weight, format_weights
from ..sentences import say
from .library_words import band_text, range_text
from .scan_form import ScanError, form_of

MAX_SCAN_NAME = 200
_SCAN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_CELL_NAME = re.compile(r"w(-?\d{1,3}\.\d{4})_p(\d{2,3})_s(\d{1,10})")


def find_scan(root: Path, name: object) -> PastScan:
    """Return a scan by the name of its folder.

    Raises:
        ScanError: there is no such scan.
    """
    if isinstance(name, str) and len(name) <= MAX_SCAN_NAME and _SCAN_NAME.fullmatch(name):
        found = past_scan(root / name)
        if found is not None:
            return found
    raise ScanError("scan", "This scan is not there any more.")


def find_cell(scan: PastScan, name: object) -> Cell:
    """Return one of a scan's cells by its name.

    Raises:
        ScanError: the scan has no such cell.
    """
    match = _CELL_NAME.fullmatch(name) if isinstance(name, str) else None
    if match is not None:
        cell = Cell(float(match[1]), int(match[2]), int(match[3]))
        if cell.weight in scan.plan.weights and cell.pair in scan.plan.pairs:
            return cell
    raise ScanError("cell", "This scan has no such picture.")


def cell_json(cell: Cell) -> dict[str, Any]:
    """Return a cell as the page knows it."""
    return {"id": cell.name, "weight": cell.weight, "prompt": cell.prompt, "seed": cell.seed}


def job_json(job: JobView | None) -> dict[str, Any] | None:
    """Return a job as the page knows it."""
    if job is None:
        return None
    return {
        **asdict(job),
        "error": say(job.error),
        "state": job.state.value,
        "over": job.state.is_over,
    }


def entry_json(scan: PastScan, running: str) -> dict[str, Any]:
    """Return a line of the history; ``running`` is the scan of the running job, if any."""
    plan = scan.plan
    outcome = scan.verdict if scan.finished else scan.quick
    return {
        "scan": scan.folder.name,
        "name": plan.name,
        "started": scan.started,
        "kind": _kind(scan),
        "weights": format_weights(plan.weights),
        "prompts": len(plan.prompts),
        "seeds": len(plan.seeds),
        "checkpoint": plan.checkpoint,
        "finished": scan.finished,
        "total": scan.total,
        "unfinished": is_unfinished(scan) and scan.folder.name != running,
        "running": scan.folder.name == running,
        "sentence": _sentence(scan, outcome),
    }


def is_unfinished(scan: PastScan) -> bool:
    """Whether pictures are missing that somebody wanted."""
    return scan.finished < scan.total and not (scan.quick and not scan.finished)


def scan_json(scan: PastScan, card: LoraCard | None, running: str) -> dict[str, Any]:
    """Return everything that the page shows of one scan."""
    plan = scan.plan
    present = scan.store().present() if scan.finished else []
    outcome = scan.verdict if scan.finished else scan.quick
    return {
        **entry_json(scan, running),
        "cells": [cell_json(cell) for cell in present],
        "columns": [{"weight": w, "text": format_weight(w)} for w in plan.weights],
        "rows": [
            {"prompt": p, "seed": seed, "text": plan.prompts[p].text, "subject": _subject(plan, p)}
            for p, seed in plan.pairs
        ],
        "width": plan.sampling.width,
        "height": plan.sampling.height,
        "facts": plan_facts(plan),
        "form": form_of(plan, quick=_kind(scan) == "quick"),
        "locked": is_locked(scan.folder),
        "verdict": _verdict(outcome) if _kind(scan) != "compare" else None,
        "comparison": _comparison(outcome) if _kind(scan) == "compare" else None,
        "save": save_json(scan, card),
    }


def plan_facts(plan: ScanPlan) -> list[list[str]]:
    """Return how the pictures are made, as label and text."""
    sampling = plan.sampling
    facts = {
        "Checkpoint": plan.checkpoint,
        "Part": {"both": "", "unet": "unet only", "text_encoder": "text encoder only"}[
            plan.part.value
        ],
        "Negative prompt": plan.negative_prompt,
        "Added to it with the LoRA": plan.negative_word,
        "CFG scale": f"{sampling.cfg:g}",
        "Steps": str(sampling.steps),
        "Size": f"{sampling.width} × {sampling.height}",
        "Sampler": f"{sampling.sampler} {sampling.scheduler}".strip(),
        **dict(plan.facts),
    }
    return [
        [label, say(text) if label == "Part" else text] for label, text in facts.items() if text
    ]


def found_range(scan: PastScan) -> tuple[WeightRange, Bracket] | None:
    """Return what a scan found that the guard can obey; ``None`` when that is nothing."""
    outcome = scan.verdict if scan.finished else scan.quick
    allowed, bracket = outcome.get("weight_range"), outcome.get("bracket")
    if not isinstance(allowed, Mapping) or not isinstance(bracket, Mapping):
        return None
    if scan.plan.is_comparison or len(scan.plan.loras) > 1:
        return None
    spot, band = allowed.get("sweet_spot"), bracket.get("onset_band")
    try:
        return (
            WeightRange(
                allowed["floor"],
                allowed["ceiling"],
                (float(spot[0]), float(spot[1])) if spot else None,
                RangeSource.MEASURED,
                str(allowed["reference"]),
            ),
            Bracket(
                bracket["suppression"],
                bracket["bleeding_onset"],
                (float(band[0]), float(band[1])) if band else None,
                str(bracket["checkpoint"]),
                scan.folder.name[-len(QUICK_SUFFIX) - 16 :]
                if scan.quick
                else scan.plan.digest[:16],
            ),
        )
    except (KeyError, TypeError, ValueError, IndexError):
        return None


def save_json(scan: PastScan, card: LoraCard | None) -> dict[str, Any]:
    """Return what would be saved to the LoRA, whether it is there already, and what to know."""
    found = found_range(scan)
    if found is None:
        return {"possible": False, "lines": [], "saved": False, "notes": []}
    allowed, bracket = found
    if card is None:
        note = "The LoRA is not there any more, so nothing can be saved to it."
        return {"possible": False, "lines": [], "saved": False, "notes": [say(note)]}
    lines = [f"Range {range_text(allowed)}"]
    if allowed.sweet_spot is not None:
        near, far = map(minus, allowed.sweet_spot)
        lines.append(f"Best at {near}" if near == far else f"Best from {near} to {far}")
    if bracket.bleeding_onset is not None:
        lines.append(f"Damage from {minus(round(bracket.bleeding_onset, 2))}{band_text(bracket)}")
    if bracket.suppression is not None:
        lines.append(f"Effect {bracket.suppression:.2f} per unit of negative weight")
    notes = []
    force = explicit_range(card)
    if force is not None and force.source is RangeSource.USER:
        notes.append(
            f"You typed {range_text(force)} for this LoRA; that goes before a measured one."
        )
    if scan.finished and is_unfinished(scan):
        notes.append("The scan is not finished; more pictures may change this.")
    saved = card.bracket is not None and card.bracket.scan == bracket.scan
    said = {"lines": [say(line) for line in lines], "notes": [say(note) for note in notes]}
    return {"possible": True, "saved": saved, **said}


def compared_at(card: LoraCard) -> tuple[float, str]:
    """Return the weight, and the word for the negative prompt, of an A/B picture of a LoRA."""
    if card.inference.type is LoraType.TRIGGER_NEGATIVE:
        word = card.triggers[0].text if card.triggers else "wrong"
        return (abs(card.preferred_weight or 1.0), word)
    if card.inference.type is LoraType.DEDICATED_NEGATIVE:
        return (-1.0, "")
    return (-0.5, "")


def _kind(scan: PastScan) -> str:
    if scan.quick and not scan.finished:
        return "quick"
    return "compare" if scan.plan.is_comparison else "scan"


def _subject(plan: ScanPlan, prompt: int) -> bool:
    return plan.prompts[prompt].subject


def _sentence(scan: PastScan, outcome: Mapping[str, Any]) -> str:
    if _kind(scan) == "compare":
        compared = _comparison(outcome)
        return compared["sentence"] if compared else ""
    return say(str(outcome.get("sentence") or ""))


def _verdict(outcome: Mapping[str, Any]) -> dict[str, Any] | None:
    if not outcome.get("sentence"):
        return None
    onset, ceiling = outcome.get("onset"), outcome.get("ceiling_onset")
    bracket = outcome.get("bracket")
    below = onset.get("weight") if isinstance(onset, Mapping) else None
    if below is None and isinstance(bracket, Mapping):
        below = bracket.get("bleeding_onset")
    return {
        "sentence": say(str(outcome["sentence"])),
        "notes": [say(str(note)) for note in outcome.get("notes") or []],
        "points": outcome.get("points") or [],
        "damaged_to": below,
        "damaged_from": ceiling.get("weight") if isinstance(ceiling, Mapping) else None,
    }


def _comparison(outcome: Mapping[str, Any]) -> dict[str, Any] | None:
    """Say how far the pictures with the LoRA are from those without; which is better, eyes say."""
    points = [point for point in outcome.get("points") or [] if point.get("weight")]
    if not points:
        return None
    (point, *_rest) = points
    pairs, outside = point.get("pairs") or 0, point.get("outside") or 0.0
    damaged = round(outside * pairs)
    pictures = "picture" if pairs == 1 else "pictures"
    harm = (
        "none looks damaged by itself"
        if not damaged
        else f"{damaged} of them look damaged by themselves"
    )
    return {
        "sentence": say(
            f"With the LoRA at {format_weight(point['weight'])}, {pairs} {pictures} "
            f"differ from those without it by {point.get('effect') or 0:.2f}; {harm}."
        ),
        "notes": [
            say("0 is the same picture, 1 another one. Which of two is better, your eyes decide.")
        ],
    }
