"""What docstrings name is there: the errors that are raised, and files of the project."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "lib_lora_neg").rglob("*.py"))
RAISES = re.compile(r"^ *Raises:\n((?: {4,}.*\n?)+)", re.MULTILINE)
NAMES = re.compile(r"^ {4,12}([A-Z]\w+(?:, [A-Z]\w+)*): ", re.MULTILINE)
OF_PROJECT = re.compile(r"``((?:bench|docs|frontend|lab|tests|localizations)/[\w./-]*)``")
FOREIGN_ERRORS = {"InterruptProcessingException"}
"""ComfyUI's own."""


def docstrings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value


TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
CLASSES = {
    node.name
    for tree in TREES.values()
    for node in ast.walk(tree)
    if isinstance(node, ast.ClassDef)
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_named_is_there(path: Path) -> None:
    for text in docstrings(TREES[path]):
        for section in RAISES.findall(text):
            named = {name for names in NAMES.findall(section) for name in names.split(", ")}
            assert named <= CLASSES | FOREIGN_ERRORS | set(dir(builtins)), named
        for place in OF_PROJECT.findall(text):
            assert (ROOT / place).exists(), place
