"""`lora-neg`: the guard on the command line. Only `serve` needs torch and gradio."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .console.arguments import build_parser
from .console.cards import card_as_json, card_as_text, cards_as_table
from .console.check import HostTraits, check, said
from .console.files import with_files
from .console.inputs import AskedGeneration, Hires, InputError, read_file
from .console.render import as_json, as_text
from .console.terminal import (
    index_folder,
    palette_for,
    progress_on,
    use_utf8,
    width_of,
)
from .policy import Finding, GuardSettings, NegativeTag
from .telling import be_silent, complain, complain_of, in_one_line, tell, write

if TYPE_CHECKING:
    from .library.catalog import Catalog
    from .loras.card import LoraCard

UNCHANGED, CHANGED, BAD_INPUT, FAILED = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    use_utf8()
    options = build_parser().parse_args(arguments)
    try:
        status = _COMMANDS[options.command](options)
        sys.stdout.flush()
        return status
    except InputError as problem:
        _complain(problem)
        return BAD_INPUT
    except BrokenPipeError:
        # The reader (head, a pager) has seen enough; the flush at exit must not complain.
        be_silent(sys.stdout)
        return UNCHANGED
    except Exception as error:
        # Python's own way to tell it would let the message steer the terminal.
        complain_of(error)
        return FAILED


def _check(options: argparse.Namespace) -> int:
    # Imported late: the catalog brings a database along that `--help` does not need.
    from .library.catalog import Catalog

    settings = _settings(options)
    host = HostTraits(frozenset(options.embedding), options.host == "forge")
    cards = Catalog(_folders(options.lora_dir), index_folder(), progress_on(sys.stderr))
    as_lines = options.json or (options.file and options.file.suffix.lower() == ".jsonl")
    palette = palette_for(sys.stdout)
    status = UNCHANGED
    version_names = _version_names()
    for number, asked in enumerate(_requests(options)):
        if isinstance(asked, InputError):
            _complain(asked)
            status = BAD_INPUT
            continue
        if asked.lora_hashes or asked.versions:
            known = version_names(cards) if asked.versions else {}
            asked = with_files(asked, cards, known)
        checked = check(asked, cards, settings, host)
        _print(as_json(checked) if as_lines else "\n" * (number > 0) + as_text(checked, palette))
        if checked.plan.changed:
            status = max(status, CHANGED)
    return status


def _version_names() -> Callable[[Catalog], Mapping[int, str]]:
    """Return a function that looks the versions of all files up once, when it is first asked."""
    found: dict[int, str] | None = None

    def names(cards: Catalog) -> Mapping[int, str]:
        nonlocal found
        if found is None:
            from .library.versions import versions_of

            known = (card for name in cards.names() if (card := cards.get(name)) is not None)
            found = versions_of((card.name, card.path) for card in known)
        return found

    return names


def _show(options: argparse.Namespace) -> int:
    from .loras import LoraFileError, read_card
    from .loras.reading.weights import measure_weights

    palette = palette_for(sys.stdout)
    status = UNCHANGED
    for number, path in enumerate(options.file):
        try:
            card = read_card(path)
        except (LoraFileError, OSError) as problem:
            _complain(problem)
            status = BAD_INPUT
            continue
        weights = None
        if options.weights:
            try:
                weights = measure_weights(path)
            except LoraFileError as problem:
                # The card is worth showing without them.
                _complain(problem)
                status = BAD_INPUT
        as_json = options.json
        text = card_as_json(card, weights) if as_json else card_as_text(card, palette, weights)
        _print("\n" * (number > 0 and not options.json) + text)
    return status


def _conflict(options: argparse.Namespace) -> int:
    from .console.conflict import conflict_as_json, conflict_as_text
    from .loras import LoraFileError
    from .loras.reading.conflict import measure_conflict

    first, second = options.file
    weights = (options.at[0], options.at[1])
    try:
        found = measure_conflict(first, second)
    except (LoraFileError, OSError) as problem:
        _complain(problem)
        return BAD_INPUT
    names = (first.stem, second.stem)
    if options.json:
        _print(conflict_as_json(names, weights, found))
    else:
        _print(conflict_as_text(names, weights, found, palette_for(sys.stdout)))
    return UNCHANGED


def _blocks(options: argparse.Namespace) -> int:
    from .console.blocks import blocks_as_json, blocks_as_text, saved_mask
    from .loras import LoraFileError, read_card

    mask = "" if options.clear else options.set
    palette = palette_for(sys.stdout)
    status = UNCHANGED
    for number, path in enumerate(options.file):
        try:
            card = read_card(path) if mask is None else saved_mask(path, mask)
        except (InputError, LoraFileError, OSError) as problem:
            _complain(problem)
            status = BAD_INPUT
            continue
        text = blocks_as_json(card) if options.json else blocks_as_text(card, palette)
        _print("\n" * (number > 0 and not options.json) + text)
    return status


def _library(options: argparse.Namespace) -> int:
    from .library.catalog import Catalog

    catalog = Catalog(_folders(options.folder), index_folder(), progress_on(sys.stderr))
    catalog.index()
    cards = [card for name in catalog.names() if (card := catalog.get(name)) is not None]
    if options.json:
        for card in cards:
            _print(card_as_json(card))
    else:
        _print(cards_as_table(cards, palette_for(sys.stdout), width_of(sys.stdout)))
    for problem in catalog.problems:
        _complain(problem)
    return UNCHANGED


def _scan(options: argparse.Namespace) -> int:
    from .console.scan import scan

    return scan(options)


def _export(options: argparse.Namespace) -> int:
    from .console.export import export_as_json, export_as_text

    if options.to == "comfyui":
        return _export_workflow(options)
    as_lines = options.json or (options.file and options.file.suffix.lower() == ".jsonl")
    palette = palette_for(sys.stdout)
    status = UNCHANGED
    for number, made in enumerate(_translations(options)):
        if isinstance(made, InputError):
            _complain(made)
            status = BAD_INPUT
            continue
        rows, entry, findings, extra = made
        if as_lines:
            _print(export_as_json({"to": options.to, **entry}, findings, extra))
        else:
            _print("\n" * (number > 0) + export_as_text(rows, findings, palette))
    return status


def _export_workflow(options: argparse.Namespace) -> int:
    from .console.export_workflow import as_line, as_told, workflows, write_files

    if options.lora:
        raise InputError("--lora has no meaning with --to comfyui")
    catalog, _ = _exported_loras(options)
    palette = palette_for(sys.stdout)
    status = UNCHANGED
    made = workflows(options, _requests(options), catalog, _settings(options))
    for number, one in enumerate(made):
        if isinstance(one, InputError):
            _complain(one)
            status = BAD_INPUT
        elif options.output is None:
            _print(as_line(one))
        else:
            files = write_files(options.output, one.workflow, number)
            _print(as_line(one) if options.json else as_told(one, files, palette))
    return status


_Translated = tuple[dict[str, str], dict[str, object], Sequence[Finding], Mapping[str, object]]
"""Texts with their labels, the same for JSON, the findings, and what a line of JSON had beside."""


def _translations(options: argparse.Namespace) -> Iterator[_Translated | InputError]:
    from .export.from_midjourney import from_midjourney
    from .export.midjourney import to_midjourney

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
    for asked in _requests(options):
        if isinstance(asked, InputError):
            yield asked
            continue
        made = to_midjourney(asked.prompt, asked.negative_prompt, catalog, loras, options.embedding)
        entry: dict[str, object] = {"text": made.text, "prompt": made.prompt, "no": made.no}
        notes = tuple(said(note) for note in asked.notes)
        yield {"midjourney": made.text}, entry, (*notes, *made.findings), asked.extra


def _midjourney_prompts(options: argparse.Namespace) -> Iterable[str]:
    from .console.export import read_lines

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
    from .library.catalog import Catalog
    from .policy.near import near_names

    catalog = Catalog(_folders(options.lora_dir), index_folder(), progress_on(sys.stderr))
    cards = []
    for name in options.lora:
        card = catalog.get(name)
        if card is None:
            near = near_names(name, catalog.names())
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise InputError(f"no LoRA named {name!r} in the folders{hint}")
        cards.append(card)
    return catalog, cards


def _samples(options: argparse.Namespace) -> int:
    from .samples.tour import tour

    try:
        tour(options.folder)
    except OSError as problem:
        raise InputError(f"{options.folder}: cannot be written: {problem.strerror}") from problem
    return UNCHANGED


def _serve(options: argparse.Namespace) -> int:
    from .page.opening import need_libraries, open_site
    from .page.options import ServeError, ServeOptions, check_start, read_accounts, read_names
    from .page.serving import serve

    settings = _settings(options)
    try:
        served = ServeOptions(
            output=options.output.resolve(),
            port=options.port,
            listen=options.listen,
            accounts=read_accounts(options.auth) if options.auth is not None else {},
            browser=not options.no_browser,
            allowed=read_names(options.allowed_host),
        )
        need_libraries()
        check_start(served)
        site = open_site(
            options.model,
            options.lora_dir,
            data_folder=served.output / ".lora-neg",
            device=options.device,
            settings=settings,
            say=tell,
        )
        serve(site, served, tell)
    except ServeError as problem:
        raise InputError(str(problem)) from problem


def _settings(options: argparse.Namespace) -> GuardSettings:
    try:
        return GuardSettings(
            mode=options.mode,
            rules=dict(options.rule),
            cfg_ceiling=options.cfg_ceiling,
            negative_tag=NegativeTag(options.negative_tag),
        )
    except ValueError as problem:
        raise InputError(str(problem)) from problem


def _requests(options: argparse.Namespace) -> Iterable[AskedGeneration | InputError]:
    if options.prompt is None and options.negative is None and options.file is None:
        raise InputError("nothing to check: give --prompt, --negative or --file")
    if options.command == "export":
        cfg = AskedGeneration().cfg_scale if options.cfg is None else options.cfg
        asked = AskedGeneration(
            prompt=options.prompt or "", negative_prompt=options.negative or "", cfg_scale=cfg
        )
        return read_file(options.file, asked) if options.file else [asked]
    own = (options.hr_prompt, options.hr_negative, options.hr_cfg)
    asked = AskedGeneration(
        prompt=options.prompt or "",
        negative_prompt=options.negative or "",
        cfg_scale=options.cfg,
        family=options.family,
        hires=None if own == (None, None, None) else Hires(*own),
        distilled=options.distilled,
    )
    return read_file(options.file, asked) if options.file else [asked]


def _folders(folders: Iterable[Path]) -> list[Path]:
    """Return the folders.

    Raises:
        InputError: when one is no folder: all its LoRAs would silently be unknown.
    """
    existing = list(folders)
    for folder in existing:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder")
    return existing


def _print(text: str) -> None:
    write(text + "\n", sys.stdout)


def _complain(problem: Exception | str) -> None:
    complain(f"lora-neg: {in_one_line(str(problem))}")


_COMMANDS = {
    "check": _check,
    "show": _show,
    "conflict": _conflict,
    "blocks": _blocks,
    "library": _library,
    "scan": _scan,
    "export": _export,
    "serve": _serve,
    "samples": _samples,
}
