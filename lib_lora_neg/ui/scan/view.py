"""A scan as JSON for the page: what it did, its cells, what it found, what can be done with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...loras.card import LoraCard, LoraType, RangeSource, ScanBracket, WeightRange
from ...loras.families import ModelFamily
from ...policy.matrix import explicit_range
from ...policy.wording import minus
from ...scan.jobs import JobView, ScanJobs
from ...scan.locking import is_locked
from ...scan.outcome import ScanOutcome, outcome_of
from ...scan.past_scans import PastScan, past_scan
from ...scan.plan import ScanCell, ScanPlan
from ...scan.saving import in_force, propose
from ...scan.weights import format_weight, format_weights
from ...sentences import Sentence, say
from ..library.words import range_text
from .form import ScanError, form_of

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


def find_cell(scan: PastScan, name: object) -> ScanCell:
    """Return one of a scan's cells by its name.

    Raises:
        ScanError: the scan has no such cell.
    """
    match = _CELL_NAME.fullmatch(name) if isinstance(name, str) else None
    if match is not None:
        cell = ScanCell(float(match[1]), int(match[2]), int(match[3]))
        if cell.weight in scan.plan.weights and cell.pair in scan.plan.pairs:
            return cell
    raise ScanError("cell", "This scan has no such picture.")


def cell_json(cell: ScanCell) -> dict[str, Any]:
    """Return a cell as the page knows it."""
    return {"id": cell.name, "weight": cell.weight, "prompt": cell.prompt, "seed": cell.seed}


def job_json(job: JobView | None) -> dict[str, Any] | None:
    """Return a job as the page knows it."""
    if job is None:
        return None
    return {
        **asdict(job),
        "error": say(job.error),
        "note": say(job.note),
        "state": job.state.value,
        "over": job.state.is_over,
    }


def running_scan(jobs: ScanJobs) -> str:
    """Return the name of the scan that is running; empty where none is."""
    job = jobs.view()
    return job.scan if job is not None and not job.state.is_over else ""


def entry_json(scan: PastScan, running: str) -> dict[str, Any]:
    """Return a line of the history; ``running`` is the scan of the running job, if any."""
    plan = scan.plan
    outcome = outcome_of(scan)
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
        "sentence": outcome.sentence if outcome is not None else "",
    }


def is_unfinished(scan: PastScan) -> bool:
    """Whether pictures are missing that somebody wanted."""
    return scan.finished < scan.total and not scan.is_quick


def scan_json(
    scan: PastScan,
    card: LoraCard | None,
    running: str,
    family: ModelFamily = ModelFamily.UNKNOWN,
    floors: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Return everything that the page shows of one scan."""
    plan = scan.plan
    store = scan.store() if scan.finished else None
    present = store.present() if store is not None else []
    judged = _judged(outcome_of(scan), in_force(card, family, floors) if card is not None else None)
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
        "form": {
            **form_of(plan, quick=_kind(scan) == "quick"),
            "critic": store is not None and store.asks_model,
        },
        "locked": is_locked(scan.folder),
        "verdict": judged if _kind(scan) != "compare" else None,
        "comparison": judged if _kind(scan) == "compare" else None,
        "save": save_json(scan, card, family, floors or {}),
    }


def plan_facts(plan: ScanPlan) -> list[list[str]]:
    """Return how the pictures are made, as label and text."""
    sampling = plan.sampling
    facts = {
        "Checkpoint": plan.checkpoint,
        "Part": {"both": "", "unet": "unet only", "text_encoder": "text encoder only"}[
            plan.part.value
        ],
        "Blocks": plan.masks,
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


def save_json(
    scan: PastScan, card: LoraCard | None, family: ModelFamily, floors: Mapping[str, float]
) -> dict[str, Any]:
    """Return what would be saved to the LoRA, whether it is there already, and what to know.

    ``trusted`` says that it was made from pictures: a quick scan's is offered less loudly.
    """
    nothing = {"possible": False, "trusted": False, "lines": [], "saved": False}
    outcome = outcome_of(scan)
    if outcome is None or outcome.bracket is None:
        return {**nothing, "notes": []}
    if card is None:
        note = "The LoRA is not there any more, so nothing can be saved to it."
        return {**nothing, "notes": [say(note)]}
    proposal = propose(outcome, card, family, floors)
    saved = card.bracket is not None and card.bracket.scan == outcome.bracket.scan
    if not proposal.is_offered and not saved:
        return {**nothing, "notes": [proposal.reason] if proposal.reason else []}
    allowed = proposal.weight_range or outcome.verdict.weight_range
    notes = [proposal.reason] if proposal.reason else []
    force = explicit_range(card)
    if force is not None and force.source is RangeSource.USER:
        text = "You typed {range} for this LoRA; that goes before a measured one."
        notes.append(say(text, range=range_text(force)))
    return {
        "possible": True,
        "trusted": proposal.trusted,
        "saved": saved,
        "lines": _lines(allowed, outcome.bracket),
        "notes": notes,
    }


def _lines(allowed: WeightRange | None, bracket: ScanBracket) -> list[Sentence]:
    """Return what is saved with a scan, a sentence for each fact."""
    found = []
    if allowed is not None:
        found.append(say("Range {range}", range=range_text(allowed)))
        if allowed.sweet_spot is not None:
            near, far = map(minus, allowed.sweet_spot)
            text = "Best at {near}" if near == far else "Best from {near} to {far}"
            found.append(say(text, near=near, far=far))
    if bracket.bleeding_onset is not None:
        weight = minus(round(bracket.bleeding_onset, 2))
        if bracket.onset_band is None:
            found.append(say("Damage from {weight}", weight=weight))
        else:
            near, far = (minus(round(edge, 2)) for edge in bracket.onset_band)
            text = "Damage from {weight} (between {near} and {far})"
            found.append(say(text, weight=weight, near=near, far=far))
    if bracket.suppression is not None:
        text = "Effect {effect} per unit of negative weight"
        found.append(say(text, effect=f"{bracket.suppression:.2f}"))
    return found


def compared_at(card: LoraCard) -> tuple[float, str]:
    """Return the weight, and the word for the negative prompt, of an A/B picture of a LoRA."""
    if card.inference.type is LoraType.TRIGGER_NEGATIVE:
        word = card.triggers[0].text if card.triggers else "wrong"
        return (abs(card.preferred_weight or 1.0), word)
    if card.inference.type is LoraType.DEDICATED_NEGATIVE:
        return (-1.0, "")
    return (-0.5, "")


def _kind(scan: PastScan) -> str:
    if scan.is_quick:
        return "quick"
    return "compare" if scan.plan.is_comparison else "scan"


def _subject(plan: ScanPlan, prompt: int) -> bool:
    return plan.prompts[prompt].subject


def _judged(outcome: ScanOutcome | None, allowed: WeightRange | None) -> dict[str, Any] | None:
    """Return what a scan found, for the page; ``None`` before it has found anything."""
    if outcome is None:
        return None
    record = outcome.to_record()
    return {
        "sentence": outcome.told(allowed),
        "notes": outcome.notes,
        "points": record["points"],
        "damaged_to": outcome.damaged_to,
        "damaged_from": outcome.damaged_from,
    }
