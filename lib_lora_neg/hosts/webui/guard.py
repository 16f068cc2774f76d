"""The guard in the host's callbacks: plan a batch, apply the plan, say what was done.

If anything here fails, the picture is made as the user asked for it, and panel, infotext
and console say that it was not guarded.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from typing import Any

from ...policy import Effect, Finding, GuardPlan, Mode, plan
from ...policy.wording import change_text
from . import infotext, options
from .applying import apply_plan, as_asked, set_hires_cfg
from .cards import HostCards
from .generations import ATTRIBUTE, Generation, Generations
from .reading import read_request
from .xyz_cell import Cell, cell_of

TITLE = "LoRA Negative Guard"


class Guard:
    """The one guard of this process; the scripts of both tabs and the loader hook share it."""

    def __init__(self) -> None:
        self.cards = HostCards()
        self.generations = Generations()

    def before_process(
        self,
        p: Any,
        enabled: bool,
        mode: object,
        tab: str,
        switched: Mapping[str, Mode] | None = None,
    ) -> None:
        """Begin a generation, or leave it alone; ``switched`` are the panel's quick switches."""
        restore_cfg(p, getattr(p, ATTRIBUTE, None))
        cell, outer = cell_of(p), self.generations.outer()
        if cell.unguarded or (outer is not None and outer.raw):
            self._leave_as_typed(p, cell, tab)
            return
        try:
            asked = cell.mode_instead_of(Mode.parse(mode) if enabled else Mode.OFF)
            settings = cell.applied_to(options.read_settings(asked, switched))
        except ValueError as error:
            infotext.clear(p, guarded=True)
            generation = self.generations.begin(p, options.read_settings(Mode.OFF), tab)
            self._failed(p, generation, error)
            return
        guarded = settings.mode is not Mode.OFF
        infotext.clear(p, guarded=guarded)
        if guarded:
            self.generations.begin(p, settings, tab).switched = switched

    def _leave_as_typed(self, p: Any, cell: Cell, tab: str) -> None:
        """Keep away from a cell of raw weights, and from what other scripts make within it."""
        infotext.clear(p, guarded=True)
        self.generations.begin(p, options.read_settings(Mode.OFF), tab).raw = True
        if cell.cfg_ceiling is not None:
            p.cfg_scale = min(p.cfg_scale, cell.cfg_ceiling)
        infotext.write_off(p)

    def before_process_batch(self, p: Any, batch_number: int) -> None:
        """Plan and apply one batch."""
        generation = self.generations.of(p)
        if generation is None or generation.raw or not p.prompts:
            return
        if generation.mode is Mode.OFF:
            infotext.write_failure(p)
            return
        restore_cfg(p, generation)
        # Not before: the host applies the settings of a single request after before_process.
        settings = options.read_settings(generation.mode, generation.switched)
        generation.settings = cell_of(p).applied_to(settings)
        generation.failed = False
        undo, findings = as_asked(p, batch_number), list(generation.findings)
        try:
            guarded = plan(read_request(p, batch_number), self.cards, generation.settings)
            self._apply(p, generation, guarded, batch_number)
        except Exception as error:  # the picture matters more than the guard
            undo()
            generation.findings = findings
            self._failed(p, generation, error)

    def _apply(self, p: Any, generation: Generation, guarded: GuardPlan, batch_number: int) -> None:
        request = guarded.request
        apply_plan(p, guarded, batch_number)
        remember_cfg(generation, "cfg_scale", request.first.cfg_scale, guarded.first.cfg_scale)
        if request.hires is not None and guarded.hires is not None:
            remember_cfg(generation, "hr_cfg", request.hires.cfg_scale, guarded.hires.cfg_scale)
        infotext.write(p, generation.mode, guarded.findings)
        self.say(p, generation.add(guarded.findings))

    def postprocess(self, p: Any) -> bool:
        """End a generation; return whether anything in it was changed."""
        generation = self.generations.end(p)
        findings = generation.findings if generation is not None else []
        return any(finding.effect is Effect.ENFORCED for finding in findings)

    def say(self, p: Any, findings: list[Finding]) -> None:
        """Show what was changed beside the picture and in the console."""
        changes = [change_text(f) for f in findings if f.effect is Effect.ENFORCED]
        if changes:
            comment(p, f"{TITLE}: {'; '.join(changes)}")

    def _failed(self, p: Any, generation: Generation, error: Exception) -> None:
        generation.failed = True
        generation.asked_cfg.clear()
        generation.set_cfg.clear()
        generation.failures.append(f"{type(error).__name__}: {error}")
        infotext.write_failure(p)
        comment(p, f"{TITLE} failed, so this was not guarded: {type(error).__name__}: {error}")
        if not isinstance(error, ValueError):
            traceback.print_exception(type(error), error, error.__traceback__)


def comment(p: Any, text: str) -> None:
    """Show a line beside the picture and in the console."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))  # noqa: T201
    if callable(getattr(p, "comment", None)):
        p.comment(text)


def remember_cfg(
    generation: Generation, name: str, asked: float | None, given: float | None
) -> None:
    """Remember what a lowered CFG scale was, because each batch starts from that."""
    if asked != given:
        generation.asked_cfg[name] = asked
        generation.set_cfg[name] = given


def restore_cfg(p: Any, generation: object) -> None:
    """Put back the CFG scales that were asked for, unless somebody else changed them since."""
    if not isinstance(generation, Generation):
        return
    for name, asked in generation.asked_cfg.items():
        if getattr(p, name, None) != generation.set_cfg[name]:
            continue
        if name == "hr_cfg":
            set_hires_cfg(p, asked)
        else:
            setattr(p, name, asked)
    generation.asked_cfg.clear()
    generation.set_cfg.clear()
