"""What the form of the scan tab asks: LoRAs, what a scan would cost, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from threading import Lock
from typing import Any

from ...hosts.scanning import ScanTabHost
from ...policy.block_names import mask_in_force
from ...scan.jobs import ScanJobs
from ...scan.pace import known_pace, megapixels
from ...scan.past_scans import history, past_scan
from ...scan.plan import ScanPlan
from ...scan.questions import question_set
from ...scan.quick import evaluations
from ...scan.quick_report import LEVELS
from ...scan.store import folder_of
from ...scan.suggestions import suggest_prompts
from ...scan.weights import PRESETS, format_weights
from ...sentences import as_sentence, say
from ..library.rows import RowTable, matching, read_query
from ..library.words import LETTERS, bracket_text
from .form import (
    FormError,
    ScanError,
    asks_model,
    card_of,
    family_problem,
    read_form,
    sampling_fields,
)
from .view import compared_at, entry_json, job_json, running_scan

MAX_LISTED = 60

LISTED_ONE_BY_ONE = 9
_PRESET_NAMES = {"article": "5 weights", "nine": "9 weights", "fine": "21 weights"}


class FormAnswers:
    """Answers the form. Requests come in threads."""

    def __init__(self, host: ScanTabHost, jobs: ScanJobs) -> None:
        self._host, self._jobs = host, jobs
        self._table, self._listing = RowTable(host.library), Lock()
        self._paces: dict[tuple[str, object], float | None] = {}

    def overview(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the tab begins with."""
        host = self._host
        checkpoint, form = host.checkpoint(), host.form()
        host.library.begin()
        return {
            "checkpoint": None
            if checkpoint is None
            else {
                "title": checkpoint.title,
                "digest": checkpoint.digest,
                "family": checkpoint.family.value,
            },
            "form": {"negative_prompt": form.negative_prompt, **sampling_fields(form.sampling)},
            "samplers": list(form.samplers),
            "schedulers": list(form.schedulers),
            "presets": [
                {"id": key, "name": say(_PRESET_NAMES[key]), "weights": _listed(weights)}
                for key, weights in PRESETS.items()
            ],
            "quick": host.denoiser() is not None,
            "critic": host.critic() is not None,
            "sends": host.can_send(),
            "loras": len(host.library.names()),
            "job": job_json(self._jobs.view()),
        }

    def loras(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the LoRAs that a search finds; those of another family come last."""
        query = read_query({"search": body.get("search")})
        checkpoint = self._host.checkpoint()
        with self._listing:
            everything = self._table.rows()
        rows = matching(everything, query)
        shown = []
        for row in rows:
            card = self._host.library.known(row.name)
            fits = card is None or not family_problem(card, checkpoint)
            shown.append({**row.data, "letter": LETTERS[row.kind], "fits": fits})
        shown.sort(key=lambda row: not row["fits"])
        return {"matched": len(rows), "rows": shown[:MAX_LISTED]}

    def lora(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the form needs to know of one LoRA."""
        name = body.get("name")
        card = card_of(self._host, name)
        if card is None:
            raise ScanError("lora", "No LoRA of this name is known.")
        with self._listing:
            row = next((row for row in self._table.rows() if row.name == name), None)
        weight, word = compared_at(card)
        parts, mask = card.parts, mask_in_force(card, self._host.library.settings())
        kept = say("Scanned in the blocks that were saved with it: {mask}", mask=mask)
        return {
            **(row.data if row is not None else {"name": name}),
            "name": name,
            "letter": LETTERS[card.inference.type],
            "type": card.inference.type.value,
            "problem": as_sentence(family_problem(card, self._host.checkpoint())),
            "reasons": [as_sentence(reason) for reason in card.inference.reasons[:4]],
            "saved": bracket_text(card),
            "blocks": kept if mask else "",
            "text_encoder": parts is None or parts.text_encoder,
            "unet": parts is None or parts.unet,
            "prompts": [
                asdict(prompt) for prompt in suggest_prompts(card, self._host.form().scenes)
            ],
            "compare": {"weight": weight, "word": word},
        }

    def plan(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the form's scan would cost, or what is wrong with it."""
        try:
            plan = read_form(body, self._host)
        except FormError as problem:
            errors = {field: as_sentence(text) for field, text in problem.errors.items()}
            return {"errors": errors, "cost": None, "existing": None}
        quick = body.get("kind") == "quick"
        asked = asks_model(body, self._host)
        existing = past_scan(folder_of(self._host.scans_folder(), plan, quick=quick))
        entry = None
        if existing is not None:
            unread = asked and not existing.store().is_read
            entry = {**entry_json(existing, running_scan(self._jobs)), "unread": unread}
        return {"errors": {}, "cost": self._cost(plan, quick, asked), "existing": entry}

    def _cost(self, plan: ScanPlan, quick: bool, asked: bool) -> dict[str, Any]:
        cost = plan.cost
        made = evaluations(plan, LEVELS) if quick else cost.evaluations
        more = question_set(plan.sampling).cost * cost.pictures if asked else 0
        pace = self._pace(plan.checkpoint)
        return {
            "pictures": 0 if quick else cost.pictures,
            "weights": len(plan.weights),
            "prompts": len(plan.prompts),
            "seeds": len(plan.seeds),
            "evaluations": made,
            "asked": more,
            "seconds": None if pace is None else (made + more) * pace * megapixels(plan),
        }

    def _pace(self, checkpoint: str) -> float | None:
        job = self._jobs.view()
        key = (checkpoint, (job.scan, job.state.is_over) if job is not None else None)
        if key not in self._paces:
            self._paces = {key: known_pace(history(self._host.scans_folder()), checkpoint)}
        return self._paces[key]


def _listed(weights: tuple[float, ...]) -> str:
    """Return weights as a person would write them: one by one while they are few."""
    if len(weights) > LISTED_ONE_BY_ONE:
        return format_weights(weights)
    return ", ".join(f"{weight:g}" for weight in weights)
