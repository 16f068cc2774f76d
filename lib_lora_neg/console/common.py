"""What several commands share: exit statuses, and what the parsed options say."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from ..policy import GuardSettings, NegativeTag
from ..telling import complain, in_one_line
from .inputs import AskedGeneration, Hires, InputError, read_file

UNCHANGED, CHANGED, BAD_INPUT, FAILED = 0, 1, 2, 3
"""Exit statuses."""


def settings_of(options: argparse.Namespace) -> GuardSettings:
    """Return the guard's settings as the options have them.

    Raises:
        InputError: a value is out of its bounds.
    """
    try:
        return GuardSettings(
            mode=options.mode,
            rules=dict(options.rule),
            cfg_ceiling=options.cfg_ceiling,
            negative_tag=NegativeTag(options.negative_tag),
        )
    except ValueError as problem:
        raise InputError(str(problem)) from problem


def requests_of(options: argparse.Namespace) -> Iterable[AskedGeneration | InputError]:
    """Return what `check` or `export` is asked about: the prompts typed, or those of a file.

    A line of a file that cannot be read comes as its error, so that the others are not lost.

    Raises:
        InputError: there is nothing to look at, or the file cannot be read.
    """
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


def folders_of(folders: Iterable[Path]) -> list[Path]:
    """Return the folders.

    Raises:
        InputError: when one is no folder: all its LoRAs would silently be unknown.
    """
    existing = list(folders)
    for folder in existing:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder")
    return existing


def complain_of_input(problem: Exception | str) -> None:
    """Write one line on what is wrong to standard error."""
    complain(f"lora-neg: {in_one_line(str(problem))}")
