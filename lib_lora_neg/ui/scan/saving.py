"""Saving to a LoRA what a scan found, and taking it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from ...hosts.library import LibraryTabHost
from ...loras.decisions import Decision
from ...loras.families import ModelFamily
from ...scan.outcome import Proposal, outcome_of
from ...scan.past_scans import PastScan
from ...scan.saving import propose
from ...sentences import say
from ..library.edit import Editor
from .form import ScanError


class ScanSaver:
    """Writes a scan's range into the decision about its LoRA, so that the guard obeys it."""

    def __init__(
        self, library: LibraryTabHost, today: Callable[[], date] = lambda: date.today()
    ) -> None:
        self._library, self._today = library, today
        self._editor = Editor(library)

    def save(self, scan: PastScan, family: ModelFamily = ModelFamily.UNKNOWN) -> Mapping[str, Any]:
        """Keep what the scan found; ``family`` is the checkpoint's, for LoRAs of an unknown one.

        Raises:
            ScanError: it found nothing that can be kept, or it was not kept.
        """
        name = scan.plan.loras[0].name
        outcome, card = outcome_of(scan), self._library.card(name)
        if outcome is not None and card is None:
            raise ScanError("lora", "The LoRA is not there any more.")
        proposal = Proposal()
        if outcome is not None and card is not None:
            proposal = propose(outcome, card, family, self._library.settings().floors)
        allowed, bracket = proposal.weight_range, proposal.bracket
        if allowed is None or bracket is None:
            known = proposal.reason or "This scan found no range that could be saved."
            raise ScanError("scan", known)
        bracket = replace(bracket, date=self._today().isoformat())
        return self._edit(
            name,
            lambda decision: replace(decision, measured=allowed, bracket=bracket),
        )

    def take_back(self, scan: PastScan) -> Mapping[str, Any]:
        """Undo `save`: what was measured before comes back, as far as that is known.

        Raises:
            ScanError: it could not be written.
        """
        name = scan.plan.loras[0].name
        if self._editor.undo_label == name:
            result = self._editor.undo().as_json()
            if result["saved"]:
                return result
        return self._edit(name, lambda decision: replace(decision, measured=None, bracket=None))

    def _edit(self, name: str, change: Callable[[Decision], Decision]) -> Mapping[str, Any]:
        result = self._editor.edit([name], change).as_json()
        if result["unknown"]:
            raise ScanError("lora", "The LoRA is not there any more.")
        if result["failed"]:
            raise ScanError("lora", say("Not saved: {why}", why="; ".join(result["notes"])))
        return result
