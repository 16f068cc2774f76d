"""`lora-neg export --to comfyui`: a picture, an infotext or prompts as a workflow of ComfyUI."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ..export.comfy_loras import WiringOption
from ..export.comfyui import ComfyWorkflow, to_comfyui
from ..export.generation import GenerationParameters, from_infotext
from ..infotext import Infotext
from ..library.catalog import Catalog
from ..loras.families import ModelFamily
from ..loras.families.named import named_family
from ..policy import Finding, GuardSettings
from ..scan.usual import usual_sampling
from ..telling import printable
from ..whole import write_whole
from .check import HostTraits, check, family_of, note_as_finding
from .export import export_as_json
from .inputs import AskedGeneration, InputError
from .render import finding_lines, row
from .terminal import TerminalPalette

MAX_SEED = 2**64 - 1


class ExportedWorkflow(NamedTuple):
    """One exported generation."""

    workflow: ComfyWorkflow
    findings: tuple[Finding, ...]
    asked: AskedGeneration


def workflows(
    options: argparse.Namespace,
    requests: Iterable[AskedGeneration | InputError],
    catalog: Catalog | None,
    settings: GuardSettings,
) -> Iterator[ExportedWorkflow | InputError]:
    """Yield a workflow for each request: guarded first, where the LoRAs are known.

    Raises:
        InputError: an option means nothing here.
    """
    if options.seed is not None and not 0 <= options.seed <= MAX_SEED:
        raise InputError(f"--seed must be 0 to {MAX_SEED}")
    for asked in requests:
        if isinstance(asked, InputError):
            yield asked
            continue
        yield _made(options, asked, catalog, settings)


def write_files(path: Path, workflow: ComfyWorkflow, number: int) -> list[Path]:
    """Write a workflow's two forms and return their files; of several each has its number.

    Raises:
        InputError: they cannot be written.
    """
    stem = path.stem if number == 0 else f"{path.stem}-{number + 1}"
    page = path.with_name(f"{stem}{path.suffix or '.json'}")
    server = path.with_name(f"{stem}_api{path.suffix or '.json'}")
    try:
        for file, content in ((page, workflow.page), (server, workflow.prompt)):
            write_whole(file, json.dumps(content, ensure_ascii=False, indent=1).encode())
    except OSError as problem:
        raise InputError(f"{path}: {problem.strerror or problem}") from problem
    return [page, server]


def as_line(made: ExportedWorkflow) -> str:
    """Return both forms and the findings as one line of JSON."""
    entry = {"to": "comfyui", "workflow": made.workflow.page, "prompt": made.workflow.prompt}
    return export_as_json(entry, made.findings, made.asked.extra)


def as_told(made: ExportedWorkflow, files: list[Path], palette: TerminalPalette) -> str:
    """Return what was written where, and below it what was changed and left out."""
    page, server = files
    nodes = len(made.workflow.prompt)
    lines = [
        row("workflow", printable(f"{page} ({nodes} nodes, to open in ComfyUI's page)")),
        row("API", printable(f"{server} (for POST /prompt)")),
    ]
    for finding in made.findings:
        lines.extend(finding_lines(finding, palette))
    return "\n".join(lines)


def _made(
    options: argparse.Namespace,
    asked: AskedGeneration,
    catalog: Catalog | None,
    settings: GuardSettings,
) -> ExportedWorkflow:
    notes = tuple(note_as_finding(note) for note in asked.notes)
    family = named_family(options.family or asked.family or "") or ModelFamily.UNKNOWN
    if family is ModelFamily.UNKNOWN and catalog is not None:
        family = family_of(asked.prompt, catalog)
    generation = _generation(options, asked, family)
    if catalog is not None:
        # Guarding what was guarded when it was made changes nothing.
        wanted = replace(asked, family=family.value, notes=())
        checked = check(wanted, catalog, settings, HostTraits(generation.embeddings))
        family, notes = checked.plan.request.family, (*notes, *checked.plan.findings)
        generation = generation.guarded(checked.plan.first, checked.plan.hires)
    made = to_comfyui(
        generation,
        family=family,
        option=WiringOption(options.option),
        file_of=lambda name: _file_of(name, catalog, options.lora_dir),
    )
    return ExportedWorkflow(made, (*notes, *made.findings), asked)


def _generation(
    options: argparse.Namespace, asked: AskedGeneration, family: ModelFamily
) -> GenerationParameters:
    generation = from_infotext(Infotext(asked.prompt, asked.negative_prompt, asked.parameters))
    if not asked.parameters:
        usual = usual_sampling(family)
        # Prompts alone have no noise that could differ.
        generation = replace(
            generation,
            steps=usual.steps,
            width=usual.width,
            height=usual.height,
            distilled_cfg=usual.distilled_cfg,
            cpu_noise=True,
        )
    hires = generation.hires
    if hires is not None and asked.hires is not None:
        own = asked.hires
        hires = replace(
            hires,
            prompt=own.prompt,
            negative_prompt=own.negative_prompt,
            cfg_scale=own.cfg_scale,
        )
    return replace(
        generation,
        cfg_scale=asked.cfg_scale,
        hires=hires,
        seed=generation.seed if options.seed is None else options.seed,
        checkpoint=options.checkpoint or generation.checkpoint,
        embeddings=generation.embeddings | frozenset(options.embedding),
    )


def _file_of(name: str, catalog: Catalog | None, folders: Iterable[Path]) -> str | None:
    card = catalog.get(name) if catalog is not None else None
    if card is None or not card.path:
        return None
    for folder in folders:
        try:
            return Path(card.path).relative_to(folder).as_posix()
        except ValueError:
            continue
    return Path(card.path).name
