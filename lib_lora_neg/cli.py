"""`lora-neg`: the guard on the command line. Only `serve` needs torch and gradio."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from .console.arguments import build_parser
from .console.cards import card_as_json, card_as_text, cards_as_table
from .console.check import HostTraits, check
from .console.common import (
    BAD_INPUT,
    CHANGED,
    FAILED,
    UNCHANGED,
    complain_of_input,
    folders_of,
    requests_of,
    settings_of,
)
from .console.files import with_files
from .console.inputs import InputError
from .console.render import as_json, as_text
from .console.terminal import (
    index_folder,
    palette_for,
    print_text,
    progress_on,
    use_utf8,
    width_of,
)
from .telling import be_silent, complain_of, tell

if TYPE_CHECKING:
    from .library.catalog import Catalog


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    use_utf8()
    options = build_parser().parse_args(arguments)
    try:
        status = _COMMANDS[options.command](options)
        sys.stdout.flush()
        return status
    except InputError as problem:
        complain_of_input(problem)
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

    settings = settings_of(options)
    host = HostTraits(frozenset(options.embedding), options.host == "forge")
    cards = Catalog(folders_of(options.lora_dir), index_folder(), progress_on(sys.stderr))
    as_lines = options.json or (options.file and options.file.suffix.lower() == ".jsonl")
    palette = palette_for(sys.stdout)
    status = UNCHANGED
    version_names = _version_names()
    for number, asked in enumerate(requests_of(options)):
        if isinstance(asked, InputError):
            complain_of_input(asked)
            status = BAD_INPUT
            continue
        if asked.lora_hashes or asked.versions:
            known = version_names(cards) if asked.versions else {}
            asked = with_files(asked, cards, known)
        checked = check(asked, cards, settings, host)
        print_text(
            as_json(checked) if as_lines else "\n" * (number > 0) + as_text(checked, palette)
        )
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
            complain_of_input(problem)
            status = BAD_INPUT
            continue
        weights = None
        if options.weights:
            try:
                weights = measure_weights(path)
            except LoraFileError as problem:
                # The card is worth showing without them.
                complain_of_input(problem)
                status = BAD_INPUT
        as_json = options.json
        text = card_as_json(card, weights) if as_json else card_as_text(card, palette, weights)
        print_text("\n" * (number > 0 and not options.json) + text)
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
        complain_of_input(problem)
        return BAD_INPUT
    names = (first.stem, second.stem)
    if options.json:
        print_text(conflict_as_json(names, weights, found))
    else:
        print_text(conflict_as_text(names, weights, found, palette_for(sys.stdout)))
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
            complain_of_input(problem)
            status = BAD_INPUT
            continue
        text = blocks_as_json(card) if options.json else blocks_as_text(card, palette)
        print_text("\n" * (number > 0 and not options.json) + text)
    return status


def _library(options: argparse.Namespace) -> int:
    from .library.catalog import Catalog

    catalog = Catalog(folders_of(options.folder), index_folder(), progress_on(sys.stderr))
    catalog.index()
    cards = [card for name in catalog.names() if (card := catalog.get(name)) is not None]
    if options.json:
        for card in cards:
            print_text(card_as_json(card))
    else:
        print_text(cards_as_table(cards, palette_for(sys.stdout), width_of(sys.stdout)))
    for problem in catalog.problems:
        complain_of_input(problem)
    return UNCHANGED


def _scan(options: argparse.Namespace) -> int:
    from .console.scan import scan

    return scan(options)


def _export(options: argparse.Namespace) -> int:
    from .console.export_command import export

    return export(options)


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

    settings = settings_of(options)
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
