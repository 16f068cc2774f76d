"""No regular expression of the browser's scripts takes more than linear time, whatever it meets.

As `tests/test_patterns.py` does for the package: collected from the source, in whatever folder it
lies, and fed texts that are hard for each, in the engine that runs them.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess

import pytest

from tests.support.javascript import Expression, collect, expressions
from tests.support.patterns import ROOT, Seed, hard_seeds

NAMES = ("x", r"a\.b", r"a a\(", "x" * 40, "é漢")
"""Names of LoRAs, escaped, as they stand in an expression."""

PUT_TOGETHER: dict[str, list[str]] = {
    "`<${}:${}:[\\\\d.]+>`": [rf"<lora:{name}:[\d.]+>" for name in NAMES],
    "`<(?:lora|lyco):${}(?::[^<>]*)?>`": [rf"<(?:lora|lyco):{name}(?::[^<>]*)?>" for name in NAMES],
}
"""What expressions that are put together when they run become, by what is fixed of them."""


def fixed(entry: Expression) -> str:
    """Return how an expression is written, whatever stands in its places for others."""
    return re.sub(r"\$\{[^{}]*\}", "${}", entry.source)


SEEDS = 200

found = collect()
node = shutil.which("node")
needs_node = pytest.mark.skipif(node is None, reason="needs Node.js")


def seeds_of(source: str) -> list[Seed]:
    seeds = hard_seeds(re.compile(source))
    first, rest = seeds[: SEEDS // 2], seeds[SEEDS // 2 :]
    random.Random(source).shuffle(rest)
    return first + rest[: SEEDS // 2]


def not_linear(patterns: list[tuple[str, str]]) -> list[tuple[str, Seed]]:
    """Return those of the expressions, sources with flags, that are not linear, with a text."""
    assert node is not None
    given = [
        {"source": source, "flags": flags, "seeds": seeds_of(source)} for source, flags in patterns
    ]
    done = subprocess.run(
        [node, str(ROOT / "tests" / "support" / "patterns.mjs")],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return [(patterns[index][0], seed) for index, seed in json.loads(done.stdout)]


def whole(entry: Expression) -> list[tuple[str, str]]:
    if not entry.put_together:
        return [(entry.source, entry.flags)]
    return [(source, "g") for source in PUT_TOGETHER.get(fixed(entry), [])]


@needs_node
def test_they_take_linear_time() -> None:
    assert not not_linear([pattern for entry in found for pattern in whole(entry)])


def test_none_is_forgotten() -> None:
    put_together = {fixed(entry): entry for entry in found if entry.put_together}
    new = set(put_together) - set(PUT_TOGETHER)
    assert not new, f"say in PUT_TOGETHER what these become: {[put_together[text] for text in new]}"
    assert not set(PUT_TOGETHER) - set(put_together), "no longer there"
    assert sum(not entry.put_together for entry in found) >= 5, "the collection itself is broken"


@needs_node
@pytest.mark.parametrize("bad", [r"(a+)+b", r"\s*,", r"#.*?;", r"\w+@\w+", r"a.*b.*c"])
def test_the_texts_are_hard(bad: str) -> None:
    assert not_linear([(bad, "g")])


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a.replace(/x/g, y / 2 / 3)", ["x"]),
        ("const a = b / c; const d = /e[/]f/y;", ["e[/]f"]),
        ("// no /a/\n/* /b/ */ x(/c/)", ["c"]),
        ("'/a/'; `/b/ ${x.match(/c/)} /d/ ${ {a: `${/e/}`} } /f/`; g(/h/)", ["c", "e", "h"]),
        ("return /a/.test(b)", ["a"]),
        ("(a) / b / c", []),
        ('new RegExp("a" + f(b, "c,"), "g")', ['"a" + f(b, "c,")']),
        ("RegExp(`a${b(c)},`)", ["`a${b(c)},`"]),
    ],
)
def test_they_are_found_in_source(script: str, expected: list[str]) -> None:
    assert [entry.source for entry in expressions("x.js", script)] == expected
