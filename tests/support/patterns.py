"""All regular expressions of the package, and texts that are hard for each.

Hard texts come from an expression's own parse tree: what it matches, cut off anywhere, repeated,
and run on with every character that it speaks of. An expression that backtracks needs such a text.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    from re import _constants as codes  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
else:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import sre_constants as codes
        import sre_parse as parser

ROOT = Path(__file__).parents[2]
PACKAGE = "lib_lora_neg"

FUNCTIONS = {
    "compile",
    "search",
    "match",
    "fullmatch",
    "split",
    "findall",
    "finditer",
    "sub",
    "subn",
}


@dataclass(frozen=True)
class Found:
    """An expression and the module that has it.

    Attributes:
        anchored: it is only ever tried at one place (``match``, ``fullmatch``), never looked for.
    """

    module: str
    pattern: re.Pattern[str]
    anchored: bool = False

    def __str__(self) -> str:
        return f"{self.module}: {self.pattern.pattern[:60]}"


@dataclass(frozen=True)
class Unknown:
    """A call whose expression is put together when it runs."""

    module: str
    line: int
    expression: str


def collect() -> tuple[list[Found], list[Unknown]]:
    """Return all expressions of the package, and the calls whose expression only shows at run time.

    Those in calls are read from the source, those that are put together when a module is loaded
    from the module.
    """
    found: dict[tuple[str, int], Found] = {}
    unknown: list[Unknown] = []
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        module = path.relative_to(ROOT / PACKAGE).as_posix()
        source = path.read_text(encoding="utf-8")
        if "re." not in source:
            continue
        patterns, calls = _of_source(module, source)
        if calls:
            names = _only_matched(ast.parse(source))
            patterns += [
                (pattern, name in names)
                for name, value in _names_of(path).items()
                for pattern in _inside(value)
            ]
            calls = [call for call in calls if call.line not in _at_load(source)]
        unknown += calls
        for pattern, anchored in patterns:
            key = (pattern.pattern, pattern.flags)
            if key not in found or (found[key].anchored and not anchored):
                found[key] = Found(module, pattern, anchored)
    return list(found.values()), unknown


def _names_of(path: Path) -> dict[str, object]:
    """Return a module's names; none where an extra is missing (CI has a suite with all)."""
    try:
        return vars(importlib.import_module(_dotted(path)))
    except ModuleNotFoundError as error:
        if str(error.name).split(".")[0] == PACKAGE:
            raise
        return {}


def given_to(function: str, where: str) -> list[re.Pattern[str]]:
    """Return the literals that stand second in the calls of a function, in a module or a room."""
    top = ROOT / PACKAGE / where
    texts = [
        node.args[1].value
        for path in (sorted(top.rglob("*.py")) if top.is_dir() else [top])
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == function
        and isinstance(node.args[1], ast.Constant)
    ]
    assert texts, f"{function} is no longer called in {where}"
    return [re.compile(text) for text in texts]


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _of_source(
    module: str, source: str
) -> tuple[list[tuple[re.Pattern[str], bool]], list[Unknown]]:
    patterns, unknown = [], []
    tree = ast.parse(source)
    anchored = set(_only_matched(tree).values())
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        if not (isinstance(owner, ast.Name) and owner.id == "re" and node.func.attr in FUNCTIONS):
            continue
        text = node.args[0]
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            only = node.func.attr in ANCHORED or node in anchored
            patterns.append((re.compile(text.value, _flags(node)), only))
        else:
            unknown.append(Unknown(module, node.lineno, ast.unparse(text)))
    return patterns, unknown


ANCHORED = {"match", "fullmatch"}


def _only_matched(tree: ast.Module) -> dict[str, ast.Call]:
    """Return the calls that give a private name to an expression that is never looked for."""
    calls = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and node.targets[0].id.startswith("_")
    }
    uses: dict[str, int] = {}
    matched: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            uses[node.id] = uses.get(node.id, 0) + 1
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = node.value.id
            matched[name] = matched.get(name, 0) + (node.attr in ANCHORED)
    return {name: call for name, call in calls.items() if uses.get(name) == matched.get(name)}


def _flags(call: ast.Call) -> int:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "flags"]
    # Where flags stand: behind the text for `sub` and `split` there are other arguments first.
    place = {"compile": 1, "search": 2, "match": 2, "fullmatch": 2, "findall": 2, "finditer": 2}
    assert isinstance(call.func, ast.Attribute)
    at = place.get(call.func.attr)
    given += call.args[at : at + 1] if at is not None else []
    return int(eval(ast.unparse(given[0]), {"re": re})) if given else 0


def _at_load(source: str) -> set[int]:
    """Return the lines that run when the module is loaded."""
    lines: set[int] = set()
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def _inside(value: Any, depth: int = 0) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield value
    elif depth < 4:
        parts: Any = ()
        if isinstance(value, tuple | list | set | frozenset):
            parts = value
        elif isinstance(value, Mapping):
            parts = value.values()
        elif is_dataclass(value) and not isinstance(value, type):
            parts = [getattr(value, field.name) for field in fields(value)]
        for part in parts:
            yield from _inside(part, depth + 1)


# --- what is hard for one ---------------------------------------------------------------------

_CATEGORY = {
    "CATEGORY_DIGIT": "7",
    "CATEGORY_NOT_DIGIT": "x",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": "x",
    "CATEGORY_WORD": "w",
    "CATEGORY_NOT_WORD": "-",
}
_PLENTY = "a A7_-.,:;()<>[]{}\"'\n|\\é漢"
MAX_EXAMPLE = 60


def examples(pattern: re.Pattern[str]) -> list[str]:
    """Return texts that the expression nearly or wholly matches: one by each of its branches."""
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    made = {""}
    for choice in range(8):
        for longer in (0, 1, 3):
            made.add(_write(tree, choice, longer)[:MAX_EXAMPLE])
    return sorted(made - {""})


def alphabet(pattern: re.Pattern[str]) -> str:
    """Return a character of each kind that the expression speaks of."""
    seen: dict[str, None] = {}

    def walk(tree: Any) -> None:
        for op, value in tree:
            name = str(op)
            if name == "LITERAL":
                seen.setdefault(chr(value))
            elif name == "NOT_LITERAL":
                seen.setdefault(_other(chr(value)))
            elif name == "ANY":
                seen.setdefault("x")
            elif name == "IN":
                for char in _members(value):
                    seen.setdefault(char)
            for part in _children(name, value):
                walk(part)

    walk(parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG))
    return "".join(seen)


def _children(name: str, value: Any) -> list[Any]:
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return [value[2]]
    if name == "SUBPATTERN":
        return [value[3]]
    if name == "BRANCH":
        return list(value[1])
    if name in ("ASSERT", "ASSERT_NOT"):
        return [value[1]]
    if name == "ATOMIC_GROUP":
        return [value]
    return []


def _write(tree: Any, choice: int, longer: int) -> str:
    out = []
    for op, value in tree:
        name = str(op)
        if name == "LITERAL":
            out.append(chr(value))
        elif name == "NOT_LITERAL":
            out.append(_other(chr(value)))
        elif name == "ANY":
            out.append("x")
        elif name == "IN":
            members = _members(value)
            out.append(members[choice % len(members)])
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, body = value
            count = min(low + longer, high if high is not codes.MAXREPEAT else low + longer)
            out.append(_write(body, choice, longer) * count)
        elif name == "BRANCH":
            out.append(_write(value[1][choice % len(value[1])], choice // 2, longer))
        elif name in ("SUBPATTERN", "ATOMIC_GROUP"):
            out.append(_write(value[3] if name == "SUBPATTERN" else value, choice, longer))
    return "".join(out)


def _members(items: Any) -> list[str]:
    negated = any(str(op) == "NEGATE" for op, _ in items)
    chars: list[str] = []
    for op, value in items:
        name = str(op)
        if name == "LITERAL":
            chars.append(chr(value))
        elif name == "RANGE":
            chars.append(chr(value[0]))
        elif name == "CATEGORY":
            chars.append(_CATEGORY[str(value)])
    if not negated:
        return list(dict.fromkeys(chars))
    matches = re.compile("[" + "".join(re.escape(char) for char in chars) + "]")
    categories = {str(value) for op, value in items if str(op) == "CATEGORY"}
    free = [char for char in _PLENTY if not matches.match(char) and not _is_in(char, categories)]
    return free or ["\x01"]


def _is_in(char: str, categories: set[str]) -> bool:
    kinds = {
        "CATEGORY_DIGIT": char.isdigit(),
        "CATEGORY_SPACE": char.isspace(),
        "CATEGORY_WORD": char.isalnum() or char == "_",
    }
    return any(
        kinds[name] if name in kinds else not kinds[name.replace("NOT_", "")] for name in categories
    )


def _other(char: str) -> str:
    return "x" if char != "x" else "y"


Seed = tuple[str, str, str]
"""What stands first, what is repeated, and what stands last, of a text of any length."""


def hard_seeds(pattern: re.Pattern[str]) -> list[Seed]:  # noqa: C901
    """Return texts that are hard for an expression, the likeliest first."""
    seeds: dict[Seed, None] = {}
    runs = list(dict.fromkeys([*alphabet(pattern)[:24], *" \n(a0"]))
    for char in runs:
        seeds.setdefault(("", char, ""))
        seeds.setdefault(("", char, "\x00"))
    for text in examples(pattern):
        for cut in sorted({1, len(text) // 2, len(text) - 1, len(text)} - {0}):
            seeds.setdefault(("", text[:cut], ""))
            for char in [*text[cut - 1 : cut + 1], " "]:
                seeds.setdefault((text[:cut], char, "\x00"))
    likeliest = list(seeds)
    for text in examples(pattern):
        for cut in range(1, len(text) + 1):
            # Prefixes that begin again after a gap; ones that run on.
            for joint in (" ", "\n"):
                seeds.setdefault(("", text[:cut] + joint, ""))
            for char in runs[:8]:
                seeds.setdefault((text[:cut], char, "\x00"))
                seeds.setdefault(("", text[:cut] + char * 3, "\x00"))
    for char in runs[:10]:
        for other in runs[:10]:
            seeds.setdefault(("", char + other, "\x00"))
    return [*likeliest, *(seed for seed in seeds if seed not in set(likeliest))]


def grown(seed: Seed, length: int) -> str:
    """Return the text of about that length that a seed grows to."""
    before, again, after = seed
    return before + again * max(1, length // len(again)) + after
