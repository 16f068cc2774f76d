"""The regular expressions of the browser's scripts, read from their source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("javascript", "lib_lora_neg/page/assets")


@dataclass(frozen=True)
class Expression:
    """An expression and the script that has it.

    Attributes:
        source: between the slashes; of one that is put together, what stands in ``RegExp(…)``.
        put_together: its text only shows when it runs.
    """

    script: str
    source: str
    flags: str = ""
    put_together: bool = False

    def __str__(self) -> str:
        return f"{self.script}: {self.source[:60]}"


_PIECE = re.compile(
    r"""
      (?P<blank>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<word>[\w$]+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_LITERAL = re.compile(r"/((?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)/([a-z]*)")
_OPERATOR_WORDS = {"return", "typeof", "case", "in", "of", "yield", "await", "void", "delete"}
_VALUE_ENDS = set(")]}")


def scripts() -> list[Path]:
    """Return all scripts that a browser gets, wherever they lie below `FOLDERS`."""
    found = [
        path
        for folder in FOLDERS
        for pattern in ("*.js", "*.mjs")
        for path in (ROOT / folder).rglob(pattern)
    ]
    return sorted(found)


def collect() -> list[Expression]:
    """Return the expressions of all scripts, literals and those that are put together."""
    made: dict[tuple[str, str], Expression] = {}
    for path in scripts():
        name = path.relative_to(ROOT).as_posix()
        for found in expressions(name, path.read_text(encoding="utf-8")):
            made.setdefault((found.source, found.flags), found)
    return list(made.values())


def expressions(name: str, source: str) -> Iterator[Expression]:
    """Yield the expressions of one script."""
    position, last, templates = 0, "", []
    while position < len(source):
        literal = _LITERAL.match(source, position) if _may_begin(last) else None
        piece = _PIECE.match(source, position)
        assert piece is not None
        if piece["blank"]:
            position = piece.end()
            continue
        if literal:
            yield Expression(name, literal[1], literal[2])
            position, last = literal.end(), ")"
            continue
        text = piece[0]
        position = piece.end()
        if last == "RegExp" and text == "(":
            yield Expression(name, _argument(source, position), "", put_together=True)
        if text == "`" or (text == "}" and templates and templates[-1] == 0):
            if text == "}":
                templates.pop()
            position, opened = _template(source, position)
            if opened:
                templates.append(0)
            last = "(" if opened else ")"
            continue
        if templates and text in "{}":
            templates[-1] += 1 if text == "{" else -1
        last = ")" if piece["string"] else text


def _may_begin(last: str) -> bool:
    """Return whether a slash after ``last`` begins an expression, and is no division."""
    if last in _VALUE_ENDS:
        return False
    return not re.match(r"[\w$]", last) or last in _OPERATOR_WORDS


def _template(source: str, position: int) -> tuple[int, bool]:
    """Return where the text of a template ends, and whether at a ``${``."""
    end = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*(`|\$\{)", re.DOTALL).match(source, position)
    assert end is not None, source[position : position + 80]
    return end.end(), end[1] != "`"


def _argument(source: str, position: int) -> str:
    """Return the first argument of a call, which begins at ``position``."""
    depth, inside = 0, ""
    for end in range(position, len(source)):
        char = source[end]
        if inside:
            inside = "" if char == inside and source[end - 1] != "\\" else inside
        elif char in "\"'`":
            inside = char
        elif char in "([{":
            depth += 1
        elif char in ")]}" and depth:
            depth -= 1
        elif char in ")," and not depth:
            return source[position:end].strip()
    return source[position:]
