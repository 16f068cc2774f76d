"""The house: one name is one thing."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLACES = ("lib_lora_neg", "scripts")

ALIAS = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")
"""How the name of a type is written; constants are all capitals."""


def public_types(source: str) -> Iterator[str]:
    """Yield the names of a module's classes and of what it assigns to a type's name."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Name) and ALIAS.fullmatch(target.id):
                yield target.id


def defined() -> dict[str, list[str]]:
    """Return the modules that define each public type."""
    found: dict[str, list[str]] = defaultdict(list)
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*.py")):
            for name in public_types(path.read_text(encoding="utf-8")):
                found[name].append(path.relative_to(ROOT).as_posix())
    return found


def test_no_two_public_types_have_one_name() -> None:
    found = defined()
    assert {"LoraCard", "GuardPlan", "ScanPlan", "Pixels"} <= set(found)
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("class Node: ...", ["Node"]),
        ("if True:\n    class Node: ...", ["Node"]),
        ("class _Node: ...", []),
        ("Node = dict[str, int]", ["Node"]),
        ("Node: TypeAlias = dict[str, int]", ["Node"]),
        ("_Node = dict[str, int]", []),
        ("NODES = {}", []),
        ("node = 1", []),
        ("def make():\n    Node = type\n", []),
    ],
)
def test_what_counts_as_a_public_type(source: str, names: list[str]) -> None:
    assert list(public_types(source)) == names
