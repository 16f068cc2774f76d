"""What the scan tab's routes answer: JSON in, JSON out, whatever carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any

from ...hosts.answers import Answer
from ...hosts.scanning import ScanTabHost
from ...loras.card import LoraCard
from ...loras.families import ModelFamily
from ...policy.block_names import mask_in_force
from ...scan.critic import COST, LOST_FROM, balks, off_prompt, unlikely
from ...scan.jobs import JobView, ScanJobError, ScanJobs
from ...scan.locking import is_locked
from ...scan.pace import known_pace, megapixels
from ...scan.plan import ScanCell, ScanPlan
from ...scan.quick import evaluations
from ...scan.quick_report import LEVELS
from ...scan.store import (
    PastScan,
    ScanStore,
    ScanStoreError,
    StoredCell,
    delete_scan,
    folder_of,
    history,
    past_scan,
)
from ...scan.suggestions import suggest_prompts
from ...scan.weights import PRESETS, format_weights
from ...sentences import as_sentence, as_whole, said_by, say
from ..library.rows import RowTable, matching, read_query
from ..library.words import LETTERS, bracket_text
from .form import FormError, ScanError, family_problem, read_form, sampling_fields
from .saving import ScanSaver
from .view import cell_json, compared_at, entry_json, find_cell, find_scan, job_json, scan_json

MAX_LISTED = 60
MAX_HISTORY = 100
MAX_NEWS = 500

LISTED_ONE_BY_ONE = 9
_PRESET_NAMES = {"article": "5 weights", "nine": "9 weights", "fine": "21 weights"}


def scan_answers(host: ScanTabHost, jobs: ScanJobs) -> dict[str, Answer]:
    """Return the answers of the tab's routes by the last part of their address."""
    tab = _ScanTab(host, jobs)
    return {
        "scan-overview": tab.overview,
        "scan-loras": tab.loras,
        "scan-lora": tab.lora,
        "scan-plan": tab.plan,
        "scan-start": tab.start,
        "scan-resume": tab.resume,
        "scan-stop": tab.stop,
        "scan-state": tab.state,
        "scan-open": tab.open,
        "scan-cell": tab.cell,
        "scan-grid-text": tab.grid_text,
        "scan-save": tab.save,
        "scan-take-back": tab.take_back,
        "scan-history": tab.history,
        "scan-delete": tab.delete,
    }


class _ScanTab:
    """The tab's state on the server. Requests come in threads."""

    def __init__(self, host: ScanTabHost, jobs: ScanJobs) -> None:
        self._host, self._jobs = host, jobs
        self._table, self._listing = RowTable(host.library), Lock()
        self._saver, self._saving = ScanSaver(host.library), Lock()
        self._paces: dict[tuple[str, object], float | None] = {}

    @property
    def _root(self) -> Path:
        return self._host.scans_folder()

    # ---- the form ----------------------------------------------------------------------------

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
        card = self._card(name)
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
        asked = self._asks_model(body)
        existing = past_scan(folder_of(self._root, plan, quick=quick))
        entry = None
        if existing is not None:
            unread = asked and not existing.store().is_read
            entry = {**entry_json(existing, self._running), "unread": unread}
        return {"errors": {}, "cost": self._cost(plan, quick, asked), "existing": entry}

    def _asks_model(self, body: Mapping[str, Any]) -> bool:
        wanted = body.get("critic") is True and body.get("kind") != "quick"
        return wanted and self._host.critic() is not None

    def _cost(self, plan: ScanPlan, quick: bool, asked: bool) -> dict[str, Any]:
        cost = plan.cost
        made = evaluations(plan, LEVELS) if quick else cost.evaluations
        more = COST * cost.pictures if asked else 0
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
            self._paces = {key: known_pace(history(self._root), checkpoint)}
        return self._paces[key]

    # ---- the job -----------------------------------------------------------------------------

    def start(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Start what the form asks for."""
        plan = read_form(body, self._host)
        quick = body.get("kind") == "quick"
        return self._started(plan, quick=quick, asked=self._asks_model(body))

    def resume(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Go on with a scan where it was stopped."""
        scan = find_scan(self._root, body.get("scan"))
        plan = scan.plan
        for lora in plan.loras:
            if lora.digest and self._host.lora_digest(lora.name) != lora.digest:
                raise ScanError(
                    "lora",
                    say(
                        "The file of {name} is missing or has changed since this scan began; "
                        "start a new scan of it.",
                        name=lora.name,
                    ),
                )
        asked = scan.store().was_read and self._host.critic() is not None
        return self._started(plan, quick=False, asked=asked)

    def _started(self, plan: ScanPlan, *, quick: bool, asked: bool) -> dict[str, Any]:
        try:
            if quick:
                return {"job": job_json(self._jobs.start_quick(plan))}
            return {"job": job_json(self._jobs.start(plan, critic=asked))}
        except ScanJobError as problem:
            raise ScanError("job", as_whole(said_by(problem))) from problem

    def stop(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """Stop the running job after the picture in hand."""
        self._jobs.stop()
        return {"job": job_json(self._jobs.view())}

    def state(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the job, and the cells that became finished since the ``after``-th."""
        job = self._jobs.view()
        after = body.get("after")
        start = after if isinstance(after, int) and after > 0 else 0
        news = self._jobs.news(job.scan, start)[:MAX_NEWS] if job is not None else []
        return {
            "job": job_json(job),
            "after": start + len(news),
            "news": [{**cell_json(item.cell), "error": say(item.error or "")} for item in news],
        }

    @property
    def _running(self) -> str:
        job: JobView | None = self._jobs.view()
        return job.scan if job is not None and not job.state.is_over else ""

    # ---- results -----------------------------------------------------------------------------

    def open(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return one scan; with ``quiet``, nothing where a job has left none yet."""
        try:
            return self._shown(find_scan(self._root, body.get("scan")))
        except ScanError:
            if body.get("quiet") is not True:
                raise
            return {"scan": None}

    def _shown(self, scan: PastScan) -> dict[str, Any]:
        card, floors = self._card(scan.plan.loras[0].name), self._host.library.settings().floors
        return scan_json(scan, card, self._running, self._family, floors)

    @property
    def _family(self) -> ModelFamily:
        checkpoint = self._host.checkpoint()
        return checkpoint.family if checkpoint is not None else ModelFamily.UNKNOWN

    def cell(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is known of one picture."""
        scan = find_scan(self._root, body.get("scan"))
        cell = find_cell(scan, body.get("cell"))
        store = scan.store()
        stored = store.find(cell)
        if stored is None:
            raise ScanError("cell", "The picture is missing or damaged; go on with the scan.")
        infotext = store.infotext(cell)
        effect = stored.measures.effect if stored.measures else None
        sends = self._host.can_send() and infotext
        return {
            **cell_json(cell),
            "text": scan.plan.prompts[cell.prompt].text,
            "infotext": infotext,
            "seconds": stored.seconds,
            "effect": None if effect is None else round(effect.strength, 3),
            **self._judged_by_model(store, stored),
            "send": self._host.cell_text(scan.plan, infotext) if sends else "",
        }

    @staticmethod
    def _judged_by_model(store: ScanStore, stored: StoredCell) -> dict[str, Any]:
        """Return by how many octaves less likely a picture is to the model than at weight 0."""
        cell, measures = stored.cell, stored.measures
        at_zero, reading = store.reading(ScanCell(0.0, *cell.pair)), stored.reading
        if at_zero is None or reading is None or not cell.weight:
            return {"unlikely": None, "balks": False, "lost": False}
        octaves = unlikely(reading, at_zero)
        effect = measures.effect if measures else None
        balking = effect is not None and balks(octaves, effect.colour)
        lost = off_prompt(reading, at_zero) >= LOST_FROM
        return {"unlikely": round(octaves, 3), "balks": balking, "lost": lost}

    def grid_text(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what makes the host's XYZ plot make this scan's grid."""
        return {"text": self._host.grid_text(find_scan(self._root, body.get("scan")).plan)}

    def save(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Save to the LoRA what a scan found."""
        scan = find_scan(self._root, body.get("scan"))
        with self._saving:
            result = self._saver.save(scan, self._family)
        return {"result": dict(result), "scan": self._shown(scan)}

    def take_back(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Undo `save`."""
        scan = find_scan(self._root, body.get("scan"))
        with self._saving:
            result = self._saver.take_back(scan)
        return {"result": dict(result), "scan": self._shown(scan)}

    def history(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return past scans, the latest first: of one LoRA, on one checkpoint, or all."""
        lora, checkpoint = body.get("lora") or None, body.get("checkpoint") or None
        if not all(value is None or isinstance(value, str) for value in (lora, checkpoint)):
            raise ScanError("history", "A name of a LoRA or the hash of a checkpoint is needed.")
        found = history(self._root, lora=lora, checkpoint=checkpoint)
        return {
            "total": len(found),
            "entries": [entry_json(scan, self._running) for scan in found[:MAX_HISTORY]],
        }

    def delete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Delete a scan with its pictures."""
        scan = find_scan(self._root, body.get("scan"))
        if scan.folder.name == self._running or is_locked(scan.folder):
            raise ScanError("scan", "This scan is running; stop it first.")
        try:
            delete_scan(scan.folder)
        except (OSError, ScanStoreError) as problem:
            raise ScanError("scan", say("It could not be deleted: {why}", why=problem)) from problem
        self._jobs.forget(scan.folder.name)
        return {"deleted": scan.folder.name}

    def _card(self, name: object) -> LoraCard | None:
        library = self._host.library
        return library.card(name) if isinstance(name, str) and name in library.names() else None


def _listed(weights: tuple[float, ...]) -> str:
    """Return weights as a person would write them: one by one while they are few."""
    if len(weights) > LISTED_ONE_BY_ONE:
        return format_weights(weights)
    return ", ".join(f"{weight:g}" for weight in weights)
