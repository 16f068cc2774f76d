"""What the host makes of a prompt; find and normalise; input made to hurt."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.prompts import Rewrite, find, normalise, parse
from lib_lora_neg.prompts.reading import (
    and_parts,
    attention,
    extra_networks,
    schedules,
)
from tests.support.growth import assert_grows_linearly

from .strategies import without_networks

DATA = Path(__file__).parents[3] / "shared" / "data"

SCHEDULES: list[tuple[str, list[tuple[int, str]]]] = [
    ("a [b:3]", [(3, "a "), (4, "a b")]),
    ("a [b::3]", [(3, "a b"), (4, "a ")]),
    ("[a:b:.5] c", [(2, "a c"), (4, "b c")]),
    ("[a|]c", [(1, "ac"), (2, "c"), (3, "ac"), (4, "c")]),
    ("[|b]", [(1, ""), (2, "b"), (3, ""), (4, "b")]),
    ("a | [b:c:2]", [(4, "a | [b:c:2]")]),
    ("[b:c:2] \\", [(4, "[b:c:2] \\")]),
    ("[a:b:c:2]", [(4, "[a:b:c:2]")]),
    ("[a:b:two]", [(4, "[a:b:two]")]),
    ("([a:b:2]:1.2)", [(2, "(a:1.2)"), (4, "(b:1.2)")]),
    ("(x, [a:b:2]", [(2, "(x, a"), (4, "(x, b")]),
    ("[[a:b:1]:c:2]", [(1, "a"), (2, "b"), (4, "c")]),
    ("[a:b:-1]", [(4, "b")]),
    ("[a:b:1e999]", [(4, "a")]),
]


@pytest.mark.parametrize(("text", "expected"), SCHEDULES)
def test_schedules(text: str, expected: list[tuple[int, str]]) -> None:
    assert schedules(text, 4) == expected


def test_hires_schedules() -> None:
    assert schedules("[a:b:0.5]", 4, 4) == [(4, "b")]
    assert schedules("[a:b:1.5]", 4, 4) == [(2, "a"), (4, "b")]
    assert schedules("[a:b:6]", 4, 4) == [(2, "a"), (4, "b")]
    assert schedules("[a:b:0.5]", 4, 4, use_old_scheduling=True) == [(2, "a"), (4, "b")]


def test_parts() -> None:
    assert and_parts("a :1.2\nAND b AND_PERP c:-2 ") == [("a", 1.2), (" b AND_PERP c", -2.0)]
    assert and_parts("bAND") == [("bAND", 1.0)]


def test_attention() -> None:
    assert attention("a (b:1.5) \\(c\\)") == [("a ", 1.0), ("b", 1.5), (" (c)", 1.0)]
    assert attention("a BREAK b") == [("a", 1.0), ("BREAK", -1), ("b", 1.0)]
    assert attention("(a") == [("a", 1.1)]
    assert attention("") == [("", 1.0)]


def test_emphasis_off() -> None:
    tree = parse("(cat:1.2), BREAK, [a:b:0.5]", emphasis=False)
    assert [(t.key, t.weight) for t in tree.terms] == [
        ("(cat:1.2)", 1.0),
        ("break", 1.0),
        ("a", 1.0),
        ("b", 1.0),
    ]


@pytest.mark.parametrize(
    ("text", "key"),
    [("Twin_Braids", "twin braids"), ("a \\(b\\)  c", "a (b) c"), (" x\ty ", "x y"), ("İ", "i̇")],
)
def test_normalise(text: str, key: str) -> None:
    assert normalise(text) == key


FIND = [
    ("anime style, x", "style", ["style"]),
    ("lifestyle, anime-style, styles", "style", []),
    ("Twin_Braids, x", "twin braids", ["Twin_Braids"]),
    ("a girl with twin_braids here", "Twin Braids", ["twin_braids"]),
    ("saber \\(fate\\)", "saber (fate)", ["saber \\(fate\\)"]),
    ("red saber \\(fate\\) pose", "saber (fate)", ["saber \\(fate\\)"]),
    ("猫耳, 黑猫耳", "猫耳", ["猫耳"]),
    ("a, in1, side ponytail, b", "in1, side ponytail", ["in1, side ponytail"]),
    ("a, in1 (side ponytail), b", "in1, side ponytail", []),
    ("v1.5, model", "v1", []),
    ("(a:-1), [b:c:d:1]", "a", []),
    ("x", "", []),
]


@pytest.mark.parametrize(("text", "phrase", "expected"), FIND)
def test_find(text: str, phrase: str, expected: list[str]) -> None:
    assert [text[m.start : m.end] for m in find(parse(text), phrase)] == expected


HOSTILE: dict[str, Callable[[int], str]] = {
    "open brackets": lambda n: "(" * n,
    "open square brackets": lambda n: "[" * n,
    "open brackets in turn": lambda n: "([" * n,
    "closing brackets": lambda n: ")" * n,
    "nested": lambda n: "(" * n + "a" + ")" * n,
    "nested schedules": lambda n: "[" * n + "a" + ":b:3]" * n,
    "nested alternations": lambda n: "[a|" * n + "]" * n,
    "open tags": lambda n: "<a:" * n,
    "tags in comments": lambda n: "<lora:x:1> # b\n" * n,
    "nested braces": lambda n: "{" * n + "}" * n,
    "tags in braces": lambda n: "{<lora:x:1>}" * n,
    "wildcards": lambda n: "__a " * n,
    "tags of another tool": lambda n: "<ppp:a>" * n,
    "open marks": lambda n: "<!" * n,
    "open marks and one close": lambda n: "<!" * n + "!>",
    "escapes": lambda n: "\\" * n,
    "colons": lambda n: ":" * n,
    "bars": lambda n: "|" * n,
    "subjects": lambda n: "a AND " * n,
    "spaces": lambda n: "a " + " " * n + ":" + " " * n,
    "variables": lambda n: "$a(" * n,
    "perpendicular subjects": lambda n: "AND_PERP " * n,
    "alternations": lambda n: "x[a|b]" * n,
    "a long number": lambda n: "(a:" + "1" * n + ")",
}


@pytest.mark.parametrize("made", HOSTILE.values(), ids=HOSTILE)
def test_hostile_input_takes_linear_time(made: Callable[[int], str]) -> None:
    def work(size: int) -> Callable[[], None]:
        text = made(size)

        def read_and_edit() -> None:
            for negative in (False, True):
                tree = parse(text, negative=negative)
                rewrite = Rewrite(tree)
                for match in find(tree, "a")[:2]:
                    rewrite.remove(match)
                rewrite.edits()

        return read_and_edit

    assert_grows_linearly(work, 1_000)


def _records(name: str) -> list[dict[str, Any]]:
    path = DATA / name
    if not path.exists():
        pytest.skip("the shared data is not here")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _agrees(record: dict[str, Any]) -> bool:
    text = record["input"]
    bare = without_networks(text)
    networks = [{"type": kind, "items": items} for kind, items in extra_networks(text)]
    parts = record["AND_subprompts"]
    shown = [list(entry) for entry in schedules(bare, record["base_steps"])]
    pieces = [
        [[piece, pytest.approx(weight, abs=1e-4)] for piece, weight in attention(entry)]
        for _, entry in record["schedules"]
    ]
    given = record["schedules"]
    return (
        networks == record["extra_networks"]
        and bare == record["text_without_networks"]
        and (parts is None or [part for part, _ in and_parts(bare)] == parts)
        and shown[: len(given)] == given
        and len(shown) == record["n_schedules"]
        and pieces[: len(record["attention_of_schedules"])] == record["attention_of_schedules"]
    )


def test_agrees_with_recorded_readings() -> None:
    records = _records("a1111_parsed.jsonl")
    agreed = sum(_agrees(record) for record in records)
    assert agreed >= 0.995 * len(records)


def test_real_prompts_can_be_edited() -> None:
    refused = 0
    for record in _records("prompts.jsonl"):
        for text, negative in ((record["prompt"], False), (record["negative_prompt"], True)):
            tree = parse(text, negative=negative)
            rewrite = Rewrite(tree)
            for term in tree.terms[::3]:
                if term.editable:
                    rewrite.remove(term)
            rewrite.edits()
            refused += len(rewrite.refused)
    # Such as the last term of "Clip skip: 2, trigger": without it, 2 is the prompt's weight.
    assert refused <= 10
