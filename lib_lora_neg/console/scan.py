"""`lora-neg scan`: plans, makes, judges and keeps weight scans on the diffusers host."""

from __future__ import annotations

import argparse
import importlib.util
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..loras.card import LoraCard
from ..policy.block_names import mask_in_force
from ..scan import (
    PlanError,
    Sampling,
    ScanFailedError,
    ScannedLora,
    ScanOutcome,
    ScanPlan,
    ScanPrompt,
    ScanStore,
    ScanStoreError,
    Scenes,
    in_force,
    judge_quick,
    propose,
    run,
    scenes_of,
    suggest_prompts,
    take_samples,
    write_quick,
    write_report,
)
from ..scan.locking import FolderInUseError, locked
from ..scan.questions import question_set
from ..scan.quick import evaluations
from ..scan.quick_report import LEVELS
from ..scan.report import REPORT
from ..scan.runner import CellDone
from ..scan.weights import format_weight, format_weights
from ..telling import complain, in_one_line, printable, write
from .inputs import InputError
from .render import to_json

if TYPE_CHECKING:
    from ..hosts.diffusers import DiffusersHost

DONE, STOPPED = 0, 1

NEEDED = ("torch", "diffusers", "transformers", "peft", "accelerate", "skimage", "matplotlib")
INSTALL = "pip install 'sd-webui-lora-neg[diffusers]'"


def scan(options: argparse.Namespace) -> int:
    """Carry out the command; return its exit status.

    Raises:
        InputError: the model, a LoRA or the plan cannot be used.
    """
    _need_libraries()
    from ..hosts.diffusers import HostError

    host = _open(options)
    status = DONE
    try:
        for name in _names(options, host):
            plan = _plan(options, host, name)
            _tell_cost(options, plan)
            if not options.dry_run:
                status = max(status, _carry_out(options, host, plan))
    except HostError as problem:
        raise InputError(str(problem)) from problem
    finally:
        host.close()
    return status


def _need_libraries() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(f"{', '.join(missing)} not installed; install with: {INSTALL}")


def _open(options: argparse.Namespace) -> DiffusersHost:
    from ..hosts.diffusers import HostError, open_host

    folders = list(options.lora_dir)
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder")
    # Last, because of one name in two folders the last wins.
    files = [Path(lora) for lora in options.lora if _is_file(lora)]
    folders += dict.fromkeys(file.parent for file in files)
    _say(f"Loading {options.model} …")
    try:
        return open_host(
            options.model,
            folders,
            device=options.device,
            dtype=options.dtype,
            tokenizer=options.tokenizer,
            vae=options.vae,
            text_encoders=options.text_encoder,
            data_folder=options.output / ".lora-neg",
        )
    except HostError as problem:
        raise InputError(str(problem)) from problem


def _is_file(lora: str) -> bool:
    return lora.endswith(".safetensors")


def _names(options: argparse.Namespace, host: DiffusersHost) -> Iterator[str]:
    for lora in options.lora:
        path = Path(lora)
        if not _is_file(lora):
            if host.engine.get(lora) is None:
                raise InputError(f"{lora}: no LoRA of this name; give its file, or --lora-dir")
            yield lora
            continue
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        card = host.engine.get(path.stem)
        if card is None or not Path(card.path).samefile(path):
            raise InputError(f"{path}: another LoRA has this name too: {card and card.path}")
        yield path.stem


def _plan(options: argparse.Namespace, host: DiffusersHost, name: str) -> ScanPlan:
    engine, own = host.engine, host.engine.defaults()
    card = engine.get(name)
    assert card is not None  # `_names` has seen it
    width, height = options.size or (own.width, own.height)
    mask = mask_in_force(card, host.settings)
    try:
        return ScanPlan(
            loras=(ScannedLora(name, engine.hashes.of_lora(card), blocks=mask),),
            prompts=_prompts(options, card, scenes_of(engine.knows)),
            seeds=options.seeds,
            weights=options.weights,
            part=options.part,
            held=options.held,
            negative_prompt=options.negative,
            sampling=Sampling(
                cfg=own.cfg_scale if options.cfg is None else options.cfg,
                steps=options.steps or own.steps,
                width=width,
                height=height,
                sampler=options.sampler,
                scheduler=options.scheduler,
                distilled_cfg=options.distilled_cfg or own.distilled_cfg,
            ),
            checkpoint=engine.digest()[:10],
        )
    except PlanError as problem:
        raise InputError(f"{name}: {problem}") from problem


def _prompts(options: argparse.Namespace, card: LoraCard, scenes: Scenes) -> tuple[ScanPrompt, ...]:
    suggested = suggest_prompts(card, scenes)
    subject = tuple(ScanPrompt(text) for text in options.prompt)
    unrelated = tuple(ScanPrompt(text, subject=False) for text in options.unrelated)
    return (
        *(subject or tuple(prompt for prompt in suggested if prompt.subject)),
        *(unrelated or tuple(prompt for prompt in suggested if not prompt.subject)),
    )


def _tell_cost(options: argparse.Namespace, plan: ScanPlan) -> None:
    weights = format_weights(plan.weights)
    prompts, seeds = len(plan.prompts), len(plan.seeds)
    counted = f"{len(plan.weights)} weights ({weights}) × {prompts} prompts × {seeds} seeds"
    if plan.masks:
        _say(f"{plan.name}: in the blocks that were saved with it: {plan.masks}")
    if options.quick:
        calls = evaluations(plan, LEVELS)
        _say(f"{plan.name}: {counted} × {len(LEVELS)} noise levels = {calls} evaluations")
        return
    cost = plan.cost
    made = cost.evaluations
    told = f"{made} evaluations"
    if options.ask_model:
        more = question_set(plan.sampling).cost * cost.pictures
        told += f" and {more} more to ask the model ({more / made:.0%})"
    _say(f"{plan.name}: {counted} = {cost.pictures} pictures, {told}")
    for prompt in plan.prompts:
        _say(f"  {'with' if prompt.subject else 'without'} its subject: {in_one_line(prompt.text)}")


def _carry_out(options: argparse.Namespace, host: DiffusersHost, plan: ScanPlan) -> int:
    try:
        store = ScanStore(options.output, plan, quick=options.quick)
        with locked(store.folder), _stopped_by_ctrl_c() as stop:
            if options.quick:
                outcome, status = _quick(host, store, stop)
            else:
                outcome, status = _pictures(host, store, stop, options.ask_model)
    except FolderInUseError as problem:
        raise InputError(f"{plan.name}: this scan is running in another process") from problem
    except ScanStoreError as problem:
        raise InputError(str(problem)) from problem
    except OSError as problem:
        raise InputError(f"{options.output}: {problem.strerror or problem}") from problem
    if outcome is None:
        return status
    if options.json:
        write(to_json(outcome.to_record()) + "\n", sys.stdout)
    else:
        card = host.engine.get(plan.loras[0].name)
        family, floors = host.engine.family, host.settings.floors
        told = outcome.told(in_force(card, family, floors) if card is not None else None)
        write(printable("\n".join([told, *outcome.notes])) + "\n", sys.stdout)
        if not outcome.quick:
            write(f"Report: {in_one_line(str(store.folder / REPORT))}\n", sys.stdout)
    if options.save and status == DONE:
        _save(host, plan, outcome)
    return status


def _pictures(
    host: DiffusersHost, store: ScanStore, stop: threading.Event, ask_model: bool
) -> tuple[ScanOutcome | None, int]:
    critic, complaints = host.critic() if ask_model else None, list[str]()
    store.note_asking(ask_model)
    line = _ProgressLine(store.plan.cost.pictures)
    failed = ""
    try:
        cells = run(
            store.plan,
            host.generator(),
            store,
            stop,
            critic=critic,
            on_complaint=complaints.append,
        )
        for cell in cells:
            line.show(cell)
            failed = cell.error or failed
    except ScanFailedError as problem:
        raise InputError(f"{store.plan.name}: the scan was given up: {problem}") from problem
    finally:
        line.end()
    for complaint in complaints:
        _say(f"The model could not be asked about the pictures: {in_one_line(complaint)}")
    if stop.is_set():
        _say("Stopped. The same command goes on from here.")
    if not any(True for _ in store.finished()):
        return None, STOPPED
    outcome = write_report(store)
    if failed:
        _say(f"Some pictures failed: {failed}")
    return outcome, STOPPED if stop.is_set() or failed else DONE


def _quick(
    host: DiffusersHost, store: ScanStore, stop: threading.Event
) -> tuple[ScanOutcome | None, int]:
    samples = take_samples(store.plan, host.denoiser(), LEVELS)
    if stop.is_set():
        return None, STOPPED
    verdict = judge_quick(samples, checkpoint=store.plan.checkpoint)
    return write_quick(store, verdict), DONE


def _save(host: DiffusersHost, plan: ScanPlan, outcome: ScanOutcome) -> None:
    name = plan.loras[0].name
    card = host.engine.get(name)
    assert card is not None  # it was scanned
    proposal = propose(outcome, card, host.engine.family, host.settings.floors)
    if proposal.weight_range is None or proposal.bracket is None:
        _say(f"{name}: {proposal.reason or 'nothing to save, because no range was found.'}")
        return
    known = host.library.decisions([name])[name]
    bracket = replace(proposal.bracket, date=date.today().isoformat())
    decision = replace(known, measured=proposal.weight_range, bracket=bracket)
    for saved in host.library.save({name: decision}):
        if not saved.done:
            raise InputError(f"{name}: not saved: {saved.note}")
        _say(f"{name}: saved. {saved.note}".rstrip())


class _ProgressLine:
    """How far a scan is: one line that is written over, or a line for each weight in a file."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._live = sys.stderr.isatty()
        self._weight: float | None = None

    def show(self, cell: CellDone) -> None:
        progress, weight = cell.progress, cell.cell.weight
        text = f"{progress.done}/{self._total}  at {format_weight(weight)}"
        if progress.seconds_left is not None:
            text += f"  {_time(progress.seconds_left)} left"
        if cell.error:
            self.end()
            _say(f"  {cell.error}")
        if self._live:
            _over(text)
        elif weight != self._weight or progress.done == self._total:
            _say(text)
        self._weight = weight

    def end(self) -> None:
        """Leave the line."""
        if self._live:
            _over("")


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@contextmanager
def _stopped_by_ctrl_c() -> Iterator[threading.Event]:
    """Let the first Ctrl+C stop the scan in good order; a second one ends the program."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before: Callable[..., Any] | int | None = signal.getsignal(signal.SIGINT)

    def handler(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, handler)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _say(text: str) -> None:
    """Tell what is none of the outcome: beside it, so that it can be piped."""
    complain(text)


def _over(text: str) -> None:
    with suppress(OSError):  # a terminal that is gone
        write(f"\r\x1b[K{text}", sys.stderr)
