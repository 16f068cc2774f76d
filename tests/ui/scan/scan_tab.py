"""The scan tab over a host in memory, and a form that it is asked with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.scan.jobs import ScanJobs
from lib_lora_neg.ui.scan.answers import Answer, scan_answers
from lib_lora_neg.ui.scan.files import scan_files
from tests.support.cards import card
from tests.support.library import MemoryLibrary
from tests.support.scanning import MemoryScanHost

FORM: dict[str, Any] = {
    "kind": "scan",
    "lora": "ink",
    "weights": "-1, -0.5, 0, 0.5",
    "prompts": [{"text": "inkwash"}, {"text": "a lake", "subject": False}],
    "seeds": "1",
    "steps": 20,
    "width": 64,
    "height": 64,
}
SECONDS = 60


class Tab:
    """The tab's answers over a host, with the words of a person at it."""

    def __init__(self, folder: Path) -> None:
        library = MemoryLibrary(
            card("ink", "style", family=ModelFamily.SDXL, triggers=("inkwash",)),
            card("zzz for sd1", "style", family=ModelFamily.SD1),
            card("wrong", "trigger_negative", family=ModelFamily.SDXL, triggers=("wrong",)),
            card("bad", "dedicated_negative", family=ModelFamily.SDXL),
        )
        self.host = MemoryScanHost(library, folder)
        self.jobs = ScanJobs(self.host, self.host.scans_folder)
        self.answers: dict[str, Answer] = scan_answers(self.host, self.jobs)
        self.files = scan_files(self.host)

    def ask(self, route: str, /, **body: object) -> Any:
        answer = self.answers[f"scan-{route}"](body)
        json.dumps(answer, allow_nan=False)
        return answer

    def finish(self, **fields: object) -> str:
        """Start what the form asks for and wait for it; returns the scan's name."""
        scan = str(self.ask("start", **{**FORM, **fields})["job"]["scan"])
        self.jobs.wait(SECONDS)
        return scan
