"""A translated prompt for people and for programs, and the lines of a file of prompts."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..policy import Finding
from ..regular import read_regular
from ..telling import printable
from .inputs import MAX_TEXT_FILE_BYTES, STANDARD_INPUT, InputError
from .render import finding_lines, row, to_json
from .terminal import TerminalPalette


def export_as_text(
    rows: Mapping[str, str], findings: Iterable[Finding], palette: TerminalPalette
) -> str:
    """Return the texts of a translation with their labels, and below them what was changed."""
    lines = [
        row(label, printable(text).replace("\n", "⏎") or palette("(empty)", "dim"))
        for label, text in rows.items()
    ]
    for finding in findings:
        lines.extend(finding_lines(finding, palette))
    return "\n".join(lines)


def export_as_json(
    entry: Mapping[str, object], findings: Iterable[Finding], extra: Mapping[str, object]
) -> str:
    """Return one line of JSON: the texts, the findings, and what the request's line had beside."""
    return to_json({**extra, **entry, "findings": [finding.plain() for finding in findings]})


def read_lines(path: Path) -> Iterator[str]:
    """Yield the prompts of a text file, one a line, empty lines left out; ``-`` is standard input.

    Raises:
        InputError: when the file cannot be read, is too large, is no text or has no prompts.
    """
    try:
        if path == STANDARD_INPUT:
            data = sys.stdin.buffer.read(MAX_TEXT_FILE_BYTES + 1)
        else:
            data = read_regular(path, MAX_TEXT_FILE_BYTES)
    except OSError as problem:
        raise InputError(f"{path}: {problem.strerror or problem}") from problem
    if len(data) > MAX_TEXT_FILE_BYTES:
        raise InputError(f"{path}: longer than {MAX_TEXT_FILE_BYTES} bytes")
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as problem:
        raise InputError(f"{path}: no UTF-8 text") from problem
    found = [line.strip() for line in lines if line.strip()]
    if not found:
        raise InputError(f"{path}: no prompts in this file")
    yield from found
