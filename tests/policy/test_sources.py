"""Every source that a finding can name stands in docs/sources.md, with its address."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import lib_lora_neg.policy as package
from lib_lora_neg.policy.matrix import MatrixRow
from lib_lora_neg.policy.sources import LINKS, linked_parts

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def sources() -> set[str]:
    """Return the texts: constants by their names, rows of the matrix, literals at ``source=``."""
    found: set[str] = set()
    for module in modules():
        for name, value in vars(module).items():
            if isinstance(value, str) and name.endswith(("SOURCE", "OBSERVED")):
                found.add(value)
            rows = value.values() if isinstance(value, dict) else [value]
            found |= {row.source for row in rows if isinstance(row, MatrixRow)}
        tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
        for call in ast.walk(tree):
            if isinstance(call, ast.keyword) and call.arg == "source":
                found |= {
                    node.value
                    for node in ast.walk(call.value)
                    if isinstance(node, ast.Constant) and isinstance(node.value, str)
                }
    return found - {""}


def named() -> list[str]:
    """Return what the page's first column says."""
    rows = [line.split("|")[1].strip() for line in PAGE.splitlines() if line.startswith("| ")]
    return [row.removeprefix("…, ") for row in rows]


def test_the_sources_are_found() -> None:
    assert len(sources()) > 10


@pytest.mark.parametrize("source", sorted(sources()))
def test_every_source_stands_on_the_page(source: str) -> None:
    assert any(name in source for name in named()), source


@pytest.mark.parametrize(("name", "address"), LINKS.items())
def test_addresses_on_the_page_are_those_of_findings(name: str, address: str) -> None:
    assert any(name in source for source in sources()) or name == "A1111 wiki"
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| {name}")]
    assert f"]({address})" in row


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("", []),
        ("own", [("own", "")]),
        (
            "a; contradicted by ComfyUI-Inspire-Pack #167",
            [
                ("a; contradicted by ", ""),
                ("ComfyUI-Inspire-Pack #167", LINKS["ComfyUI-Inspire-Pack #167"]),
            ],
        ),
        (
            "koboldcpp #2029: SHARK PR #1972!",
            [
                ("koboldcpp #2029", LINKS["koboldcpp #2029"]),
                (": ", ""),
                ("SHARK PR #1972", LINKS["SHARK PR #1972"]),
                ("!", ""),
            ],
        ),
    ],
)
def test_the_part_that_names_a_source_is_the_link(source: str, parts: list) -> None:
    assert [part for part in linked_parts(source) if part[0]] == parts
