"""What the scan tab asks of finished pictures: one scan, one cell, saving, the past scans."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any

from ...hosts.scanning import ScanTabHost
from ...loras.families import ModelFamily
from ...scan.critic import balks, off_prompt, unlikely
from ...scan.jobs import ScanJobs
from ...scan.locking import is_locked
from ...scan.past_scans import PastScan, delete_scan, history
from ...scan.plan import ScanCell
from ...scan.questions import question_set
from ...scan.store import ScanStore, ScanStoreError, StoredCell
from ...sentences import say
from .form import ScanError, card_of
from .saving import ScanSaver
from .view import cell_json, entry_json, find_cell, find_scan, running_scan, scan_json

MAX_HISTORY = 100


class ResultAnswers:
    """Answers what the page asks of scans on the disk. Requests come in threads."""

    def __init__(self, host: ScanTabHost, jobs: ScanJobs) -> None:
        self._host, self._jobs = host, jobs
        self._saver, self._saving = ScanSaver(host.library), Lock()

    def open(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return one scan; with ``quiet``, nothing where a job has left none yet."""
        try:
            return self._shown(find_scan(self._host.scans_folder(), body.get("scan")))
        except ScanError:
            if body.get("quiet") is not True:
                raise
            return {"scan": None}

    def _shown(self, scan: PastScan) -> dict[str, Any]:
        card, floors = (
            card_of(self._host, scan.plan.loras[0].name),
            self._host.library.settings().floors,
        )
        return scan_json(scan, card, running_scan(self._jobs), self._family, floors)

    @property
    def _family(self) -> ModelFamily:
        checkpoint = self._host.checkpoint()
        return checkpoint.family if checkpoint is not None else ModelFamily.UNKNOWN

    def cell(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is known of one picture."""
        scan = find_scan(self._host.scans_folder(), body.get("scan"))
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
        lost = off_prompt(reading, at_zero) >= question_set(store.plan.sampling).lost_from
        return {"unlikely": round(octaves, 3), "balks": balking, "lost": lost}

    def grid_text(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what makes the host's XYZ plot make this scan's grid."""
        return {
            "text": self._host.grid_text(
                find_scan(self._host.scans_folder(), body.get("scan")).plan
            )
        }

    def save(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Save to the LoRA what a scan found."""
        scan = find_scan(self._host.scans_folder(), body.get("scan"))
        with self._saving:
            result = self._saver.save(scan, self._family)
        return {"result": dict(result), "scan": self._shown(scan)}

    def take_back(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Undo `save`."""
        scan = find_scan(self._host.scans_folder(), body.get("scan"))
        with self._saving:
            result = self._saver.take_back(scan)
        return {"result": dict(result), "scan": self._shown(scan)}

    def history(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return past scans, the latest first: of one LoRA, on one checkpoint, or all."""
        lora, checkpoint = body.get("lora") or None, body.get("checkpoint") or None
        if not all(value is None or isinstance(value, str) for value in (lora, checkpoint)):
            raise ScanError("history", "A name of a LoRA or the hash of a checkpoint is needed.")
        found = history(self._host.scans_folder(), lora=lora, checkpoint=checkpoint)
        return {
            "total": len(found),
            "entries": [entry_json(scan, running_scan(self._jobs)) for scan in found[:MAX_HISTORY]],
        }

    def delete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Delete a scan with its pictures."""
        scan = find_scan(self._host.scans_folder(), body.get("scan"))
        if scan.folder.name == running_scan(self._jobs) or is_locked(scan.folder):
            raise ScanError("scan", "This scan is running; stop it first.")
        try:
            delete_scan(scan.folder)
        except (OSError, ScanStoreError) as problem:
            raise ScanError("scan", say("It could not be deleted: {why}", why=problem)) from problem
        self._jobs.forget(scan.folder.name)
        return {"deleted": scan.folder.name}
