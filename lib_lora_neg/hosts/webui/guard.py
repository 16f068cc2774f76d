"""The guard in the host's callbacks: plan a batch, apply the plan, say what was done.

If anything here fails, the picture is made as the user asked for it, and panel, infotext
and console say that it was not guarded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ...policy import Effect, Finding, GuardPlan, Mode, plan
from ...policy.notes import TOO_LONG
from ...policy.wording import change_text
from ...prompts import parse
from ...telling import complain_of, tell
from . import infotext, late_texts, matrices, options, sweeps
from .applying import apply_plan, as_asked, set_hires_cfg
from .cards import HostCards
from .generations import ATTRIBUTE, Generation, Generations
from .late_texts import PlannedBatch
from .other_negatives import findings_on, other_negatives
from .reading import batch_slice, read_request
from .sweeps import Sweep
from .xyz_cell import PlotCell, cell_of

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
        if outer is not None and outer.raw:
            self._leave_as_typed(p, cell, tab, None)
            return
        aside = cell.mode is None and not sweeps.guarded_all_the_same(p)
        if aside and cell.raw:
            self._leave_as_typed(p, cell, tab, sweeps.around() if enabled else None)
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
        sweep = _sweep_around(p, outer) if guarded and aside else None
        if sweep is not None:
            self._leave_as_typed(p, cell, tab, sweep)
            return
        infotext.clear(p, guarded=guarded)
        if guarded:
            self.generations.begin(p, settings, tab).switched = switched

    def _leave_as_typed(self, p: Any, cell: PlotCell, tab: str, sweep: Sweep | None) -> None:
        """Keep away from a cell of raw weights, and from what other scripts make within it."""
        infotext.clear(p, guarded=True)
        generation = self.generations.begin(p, options.read_settings(Mode.OFF), tab)
        generation.raw = True
        if cell.cfg_ceiling is not None:
            p.cfg_scale = min(p.cfg_scale, cell.cfg_ceiling)
        infotext.write_off(p)
        if sweep is not None:
            self._say_sweep(p, generation, sweep)

    def stand_aside(self, p: Any, generation: Generation, sweep: Sweep) -> None:
        """Leave a generation that has begun, and all that runs in it, as typed from now on."""
        restore_cfg(p, generation)
        generation.raw = True
        generation.settings = replace(generation.settings, mode=Mode.OFF)
        infotext.clear(p, guarded=True)
        self._say_sweep(p, generation, sweep)

    def _say_sweep(self, p: Any, generation: Generation, sweep: Sweep) -> None:
        """Say once in a job that its weights are left alone, and in each cell's report."""
        infotext.write_sweep(p)
        generation.sweep = sweep
        generation.add((sweep.finding(),))
        if not sweep.told:
            sweep.told = True
            comment(p, f"{TITLE}: {sweep.reason}")

    def before_process_batch(self, p: Any, batch_number: int) -> None:
        """Plan and apply one batch."""
        generation = self.generations.of(p)
        if generation is None or generation.raw or not p.prompts:
            return
        if generation.mode is Mode.OFF:
            infotext.write_failure(p)
            return
        if self._stands_aside(p, generation, batch_number):
            return
        restore_cfg(p, generation)
        # Not before: the host applies the settings of a single request after before_process.
        settings = options.read_settings(generation.mode, generation.switched)
        generation.settings = cell_of(p).applied_to(settings)
        generation.failed, generation.batch = False, None
        undo, findings = as_asked(p, batch_number), list(generation.findings)
        try:
            guarded = plan(read_request(p, batch_number), self.cards, generation.settings)
            self._apply(p, generation, guarded, batch_number)
        except Exception as error:  # the picture matters more than the guard
            undo()
            generation.findings, generation.batch = findings, None
            self._failed(p, generation, error)

    def _stands_aside(self, p: Any, generation: Generation, batch_number: int) -> bool:
        """Whether this turns out to be a sweep, now that the prompts are there."""
        if generation.nested or cell_of(p).mode is not None or sweeps.guarded_all_the_same(p):
            return False
        sweep = None
        if batch_number == 0:
            sweep = matrices.before_a_batch(p, generation.n_iter)
        changing = generation.changing(_added_tags(p, batch_number), batch_number, False)
        if sweep is None and changing:
            sweep = Sweep(sweeps.ANOTHER_SCRIPT, changing)
        if sweep is not None:
            self.stand_aside(p, generation, sweep)
        return sweep is not None

    def _apply(self, p: Any, generation: Generation, guarded: GuardPlan, batch_number: int) -> None:
        request = guarded.request
        apply_plan(p, guarded, batch_number)
        remember_cfg(generation, "cfg_scale", request.first.cfg_scale, guarded.first.cfg_scale)
        if request.hires is not None and guarded.hires is not None:
            remember_cfg(generation, "hr_cfg", request.hires.cfg_scale, guarded.hires.cfg_scale)
        infotext.write(p, generation.mode, guarded.findings)
        passes = (guarded.first, guarded.hires)
        generation.planned = frozenset(
            tag.items for texts in passes if texts for tag in parse(texts.prompts[0]).tags
        )
        generation.batch = PlannedBatch(batch_number, guarded, generation.settings)
        unread = [finding for finding in guarded.findings if finding.rule == TOO_LONG.id]
        if unread:  # nor is anything changed later, when its tags are loaded
            generation.failed, generation.batch = True, None
            comment(p, f"{TITLE}: {unread[0].reason}")
        self.say(p, generation.add(guarded.findings))
        self.say_around(generation, guarded.findings)
        self._look_elsewhere(p, generation, guarded)

    def _look_elsewhere(self, p: Any, generation: Generation, guarded: GuardPlan) -> None:
        """Advise on negatives that other extensions keep in boxes of their own."""
        negatives = other_negatives(p)
        if negatives:
            request = replace(guarded.request, first=guarded.first)
            found = findings_on(negatives, request, self.cards, generation.settings)
            generation.add(tuple(found))

    def note_encoded(self, p: Any) -> None:
        """Remember what a pass is made with."""
        generation = self.generations.of(p)
        if generation is not None and generation.batch is not None:
            late_texts.note_encoded(p, generation.batch)

    def write_again(self, p: Any, *, shown: bool = False) -> None:
        """Write the batch's texts once more, where another script has put back its own copy."""
        generation = self.generations.of(p)
        if generation is None or generation.raw or generation.batch is None:
            return
        if generation.mode is not Mode.ENFORCE:
            return
        try:
            late_texts.write_again(p, generation.batch, self.cards, shown=shown)
        except Exception as error:  # the picture is made; its infotext is as the others wrote it
            complain_of(error)

    def say_around(self, generation: Generation | None, findings: Iterable[Finding]) -> None:
        """Say what was changed in a nested generation in the infotext of the one around it."""
        outermost = self.generations.outermost()
        p = outermost.owner() if outermost is not None and outermost is not generation else None
        changes = [change_text(f) for f in findings if f.effect is Effect.ENFORCED]
        if p is not None and changes:
            infotext.write_nested(p, changes)

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
            complain_of(error)


def _added_tags(p: Any, batch_number: int) -> list[str]:
    """Return LoRA tags that other scripts have added to this batch alone, not to the job's."""
    job = p.all_prompts[batch_slice(p, batch_number)]
    if not job or not p.prompts or p.prompts[0] == job[0]:
        return []
    text = p.prompts[0]
    asked = {tag.items for tag in parse(job[0]).tags}
    return [
        text[tag.start : tag.end]
        for tag in parse(text).tags
        if tag.is_lora and tag.items not in asked
    ]


def _sweep_around(p: Any, outer: Generation | None) -> Sweep | None:
    """Return the sweep that a generation is part of, as far as that shows before it begins."""
    plot = sweeps.around()
    if plot is not None or outer is not None:
        return plot
    try:
        return matrices.before_the_first_picture(p)
    except Exception as error:  # another extension's code is stranger than thought: guard as usual
        complain_of(error)
        return None


def comment(p: Any, text: str) -> None:
    """Show a line beside the picture and in the console."""
    tell(text)
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
