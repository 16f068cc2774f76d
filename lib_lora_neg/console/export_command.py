"""`lora-neg export`: prompts and generations for Midjourney and ComfyUI, and back to the WebUI."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..export.from_midjourney import from_midjourney
from ..export.midjourney import to_midjourney
from ..library.catalog import Catalog
from ..loras.card import LoraCard
from ..policy import Finding
from ..policy.near import near_names
from .check import note_as_finding
from .common import (
    BAD_INPUT,
    UNCHANGED,
    complain_of_input,
    folders_of,
    requests_of,
    settings_of,
)
from .export import export_as_json, export_as_text, read_lines
from .export_workflow import as_line, as_told, workflows, write_files
from .inputs import InputError
from .terminal import index_folder, palette_for, print_text, progress_on


def export(options: argparse.Namespace) -> int:
    """Carry out the command; return its exit status.

    Raises:
        InputError: an option means nothing with this target, or a file or LoRA is not there.
    """
    if options.to == "comfyui":
        return _workflow(options)
    as_lines = options.json or (options.file and options.file.suffix.lower() == ".jsonl")
    palette = palette_for(sys.stdout)
    status = UNCHANGED
    for number, made in enumerate(_translations(options)):
        if isinstance(made, InputError):
            complain_of_input(made)
            status = BAD_INPUT
            continue
        rows, entry, findings, extra = made
        if as_lines:
            print_text(export_as_json({"to": options.to, **entry}, findings, extra))
        else:
            print_text("\n" * (number > 0) + export_as_text(rows, findings, palette))
    return status


def _workflow(options: argparse.Namespace) -> int:
    if options.lora:
        raise InputError("--lora has no meaning with --to comfyui")
    catalog, _ = _exported_loras(options)
    palette = palette_for(sys.stdout)
    status = UNCHANGED
    made = workflows(options, requests_of(options), catalog, settings_of(options))
    for number, one in enumerate(made):
        if isinstance(one, InputError):
            complain_of_input(one)
            status = BAD_INPUT
        elif options.output is None:
            print_text(as_line(one))
        else:
            files = write_files(options.output, one.workflow, number)
            print_text(as_line(one) if options.json else as_told(one, files, palette))
    return status


_Translated = tuple[dict[str, str], dict[str, object], Sequence[Finding], Mapping[str, object]]
"""Texts with their labels, the same for JSON, the findings, and what a line of JSON had beside."""


def _translations(options: argparse.Namespace) -> Iterator[_Translated | InputError]:
    if options.to == "webui":
        for text in _midjourney_prompts(options):
            back = from_midjourney(text)
            texts = {"prompt": back.prompt, "negative_prompt": back.negative_prompt}
            rows = {"prompt": back.prompt, "negative": back.negative_prompt}
            yield rows, {**texts}, back.findings, {}
        return
    catalog, loras = _exported_loras(options)
    if loras and options.file is None:
        options.prompt = options.prompt or ""
    for asked in requests_of(options):
        if isinstance(asked, InputError):
            yield asked
            continue
        made = to_midjourney(asked.prompt, asked.negative_prompt, catalog, loras, options.embedding)
        entry: dict[str, object] = {"text": made.text, "prompt": made.prompt, "no": made.no}
        notes = tuple(note_as_finding(note) for note in asked.notes)
        yield {"midjourney": made.text}, entry, (*notes, *made.findings), asked.extra


def _midjourney_prompts(options: argparse.Namespace) -> Iterable[str]:
    for name in ("negative", "lora", "lora_dir", "embedding"):
        if getattr(options, name):
            written = name.replace("_", "-")
            raise InputError(f"--{written} has no meaning with --to webui")
    if (options.prompt is None) == (options.file is None):
        raise InputError("give a Midjourney prompt with --prompt, or --file")
    return read_lines(options.file) if options.file else [options.prompt]


def _exported_loras(options: argparse.Namespace) -> tuple[Catalog | None, list[LoraCard]]:
    """Return the catalog, or none without a folder, and the cards of the LoRAs that are named."""
    if not options.lora_dir:
        if options.lora:
            raise InputError("--lora needs the folder of the LoRA files: --lora-dir")
        return None, []
    catalog = Catalog(folders_of(options.lora_dir), index_folder(), progress_on(sys.stderr))
    cards = []
    for name in options.lora:
        card = catalog.get(name)
        if card is None:
            near = near_names(name, catalog.names())
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise InputError(f"no LoRA named {name!r} in the folders{hint}")
        cards.append(card)
    return catalog, cards
