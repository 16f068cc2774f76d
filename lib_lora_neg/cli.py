"""`lora-neg`: the guard on the command line. Needs neither torch nor gradio."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from . import __version__
from .console.check import HostTraits, check
from .console.inputs import Asked, Hires, InputError, read_file
from .console.render import as_json, as_text
from .console.terminal import palette_for, use_utf8
from .policy import DEFAULT_RULE_MODES, GuardSettings, Mode, NegativeTag

UNCHANGED, CHANGED, BAD_INPUT = 0, 1, 2
EPILOG = """exit status: 0 nothing was changed, 1 something was, 2 the input is bad"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    use_utf8()
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except InputError as problem:
        _complain(problem)
        return BAD_INPUT
    except BrokenPipeError:
        # The reader (head, a pager) has seen enough; the flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNCHANGED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lora-neg",
        description="Safe negative prompts and negative LoRA weights.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_check(commands)
    return parser


def _add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "check",
        help="what the guard would make of prompts, and why",
        description="Print what the guard would make of one or many prompts, and why.",
        epilog=EPILOG,
    )
    parser.set_defaults(run=_check)
    _add_request(parser.add_argument_group("the generation"))
    _add_policy(parser.add_argument_group("the rules"))
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def _add_request(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--lora-dir",
        action="append",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of LoRA files, searched with its sub-folders; repeat for more",
    )
    group.add_argument("--prompt", help="prompt with its <lora:…> tags")
    group.add_argument("--negative", help="negative prompt")
    group.add_argument("--cfg", type=_finite, default=7.0, help="CFG scale (default: 7)")
    group.add_argument(
        "--family",
        help="of the checkpoint: sd1, sd2, sdxl, sd3, flux, flux2 … (default: the LoRAs' own)",
    )
    group.add_argument("--distilled", action="store_true", help="guidance is distilled (Flux)")
    group.add_argument("--hr-prompt", help="prompt of the hires pass")
    group.add_argument("--hr-negative", help="negative prompt of the hires pass")
    group.add_argument("--hr-cfg", type=_finite, help="CFG scale of the hires pass")
    group.add_argument(
        "--embedding",
        action="extend",
        nargs="+",
        default=[],
        metavar="NAME",
        help="loaded textual-inversion embeddings; they are never removed",
    )
    group.add_argument(
        "--host",
        choices=("a1111", "forge"),
        default="a1111",
        help="where one unknown LoRA drops them all: forge (default: a1111)",
    )
    group.add_argument(
        "--file",
        type=Path,
        help="many prompts: JSON lines (.jsonl), an infotext, a PNG picture, or one prompt a "
        "line; the options above are the defaults",
    )


def _add_policy(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--mode", type=_mode, default=Mode.ENFORCE, help="Enforce, Advise or Off")
    group.add_argument(
        "--rule",
        type=_rule,
        action="append",
        default=[],
        metavar="RULE=MODE",
        help="mode of one rule, as R5=enforce; repeat for more",
    )
    group.add_argument(
        "--negative-tag",
        type=NegativeTag,
        choices=list(NegativeTag),
        default=NegativeTag.MOVE,
        help="what becomes of <lora:…> in the negative prompt: move, remove or leave",
    )
    group.add_argument(
        "--cfg-ceiling", type=_finite, default=6.0, help="of R3, 4 to 6 (default: 6)"
    )


def _check(options: argparse.Namespace) -> int:
    # Imported late: the catalog brings a database along that `--help` does not need.
    from .library.catalog import Catalog

    try:
        settings = GuardSettings(
            mode=options.mode,
            rules=dict(options.rule),
            cfg_ceiling=options.cfg_ceiling,
            negative_tag=options.negative_tag,
        )
    except ValueError as problem:
        raise InputError(str(problem)) from problem
    host = HostTraits(frozenset(options.embedding), options.host == "forge")
    cards = Catalog(_folders(options.lora_dir))
    as_lines = options.json or (options.file and options.file.suffix.lower() == ".jsonl")
    palette = palette_for(sys.stdout)
    status = UNCHANGED
    for number, asked in enumerate(_requests(options)):
        if isinstance(asked, InputError):
            _complain(asked)
            status = BAD_INPUT
            continue
        checked = check(asked, cards, settings, host)
        _print(as_json(checked) if as_lines else "\n" * (number > 0) + as_text(checked, palette))
        if checked.plan.changed:
            status = max(status, CHANGED)
    return status


def _requests(options: argparse.Namespace) -> Iterable[Asked | InputError]:
    if options.prompt is None and options.negative is None and options.file is None:
        raise InputError("nothing to check: give --prompt, --negative or --file")
    own = (options.hr_prompt, options.hr_negative, options.hr_cfg)
    asked = Asked(
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


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _mode(text: str) -> Mode:
    try:
        return Mode.parse(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


def _rule(text: str) -> tuple[str, Mode]:
    rule, equals, mode = text.partition("=")
    names = {name.lower(): name for name in DEFAULT_RULE_MODES}
    if not equals or rule.lower() not in names:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not RULE=MODE with a rule of {', '.join(DEFAULT_RULE_MODES)}"
        )
    return names[rule.lower()], _mode(mode)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


def _complain(problem: Exception) -> None:
    sys.stderr.write(f"lora-neg: {problem}\n")
