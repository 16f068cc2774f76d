"""Tags of networks: what lies at the edges of their reading and writing."""

from __future__ import annotations

import math

import pytest

from lib_lora_neg.prompts import (
    Rewrite,
    Weight,
    apply_edits,
    format_number,
    format_tag,
    parse,
)
from lib_lora_neg.prompts.reading import extra_networks

from .strategies import without_networks


@pytest.mark.parametrize(
    ("tag", "branches"),
    [
        ("<lora:x:0.8>", None),
        ("<lora:x:0.8:neg=0.3>", (0.3, 0.3)),
        ("<lora:x:0.8:neg=0>", (0.0, 0.0)),
        ("<lora:x:0.8:negte=0.2>", (0.8, 0.2)),
        ("<lora:x:0.5:0.8:neg=0.3:negte=0.1>", (0.3, 0.1)),
        ("<lora:x:0.8:neg=1000000>", (1e6, 1e6)),
        ("<lora:x:0.8:neg=1000001>", None),
        ("<lora:x:0.8:neg=-1000000:negte=0>", (-1e6, 0.0)),
        ("<lora:x:0.8:neg=abc>", None),
        ("<lora:x:0@1,1@0:negte=0.2>", None),
    ],
)
def test_strengths_of_a_branch(tag: str, branches: tuple[float, float] | None) -> None:
    (read,) = parse(tag).tags
    assert read.branches == branches
    assert read.branched is ("neg" in tag)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", Weight(1.0, 1.0, False, False, None)),
        (":0.5", Weight(0.5, 0.5, False, False, "0.5")),
        (":-1e400", Weight(-math.inf, -math.inf, False, False, "-1e400")),
        (":nan", Weight(None, None, False, False, "nan")),
        (":inf", Weight(None, None, False, False, "inf")),
        (":x", Weight(None, None, False, True, "x")),
        (":0.4@0,0.2@0.5", Weight(None, 0.2, True, False, "0.4@0,0.2@0.5")),
        (":inf@0,1@1", Weight(None, None, False, True, "inf@0,1@1")),
        (":0.4@", Weight(None, 0.4, True, False, "0.4@")),
    ],
)
def test_a_strength_as_the_host_reads_it(written: str, read: Weight) -> None:
    (tag,) = parse(f"<lora:name{written}>").tags
    assert tag.te == read
    assert tag.unet == read._replace(raw=None)


@pytest.mark.parametrize(
    ("te", "unet", "written"),
    [
        (0.5, 0.5, "<lora:x:0.5>"),
        (0.5, -0.3, "<lora:x:0.5:-0.3>"),
        (0.0, 0.0, "<lora:x:0>"),
        (-1.0, -1.0, "<lora:x:-1>"),
        (1.0, 1.0, "<lora:x:1>"),
        (0.1 + 0.2, 0.3, "<lora:x:0.3>"),
    ],
)
def test_a_tag_that_is_written(te: float, unet: float, written: str) -> None:
    assert format_tag("lora", "x", te, unet) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1, "1"),
        (-1, "-1"),
        (0.5, "0.5"),
        (0.001, "0.001"),
        (1e-6, "0.000001"),
        (1.5e-6, "0.0000015"),
        (1.2e-5, "0.000012"),
        (0.00015, "0.00015"),
        (0.0005, "0.0005"),
        (0.00199, "0.001"),
        (1e-12, "0.000000000001"),
        (1e-13, "0.0000000000001"),
        (1e-15, "0"),
        (999_999_999_999_999.0, "999999999999999"),
        (1e15, "1000000000000000.0"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333"),
        (2.5000001, "2.5"),
        (123456.789, "123456.789"),
    ],
)
def test_numbers_as_the_host_reads_them(number: float, written: str) -> None:
    assert format_number(number) == written


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("<lora:x:0.5:0.7>", "x"),
        ("<lora:te=1:x>", "x"),
        ("<lora:x:te=0.5>", "x"),
        ("<lora:a=b:c=d>", "a=b"),
    ],
)
def test_the_name_of_a_tag(tag: str, name: str) -> None:
    assert parse(tag).tags[0].name == name


@pytest.mark.parametrize(
    ("text", "bare", "networks"),
    [
        ("xa<lora:x:1>b", "xab", [("lora", ["x", "1"])]),
        ("<lora:x:1>", "", [("lora", ["x", "1"])]),
        ("a<lora:x:1:2> <lyco:y:1>b", "a b", [("lora", ["x", "1", "2"]), ("lyco", ["y", "1"])]),
        ("a", "a", []),
    ],
)
def test_tags_as_the_host_takes_them_out(
    text: str, bare: str, networks: list[tuple[str, list[str]]]
) -> None:
    assert (without_networks(text), extra_networks(text)) == (bare, networks)


@pytest.mark.parametrize(
    ("negative", "keys"), [(False, ["a b"]), (True, ["a", "b"])], ids=["prompt", "negative"]
)
def test_a_tag_divides_words_where_it_is_text(negative: bool, keys: list[str]) -> None:
    tree = parse("a <lora:x:1>b", negative=negative)
    assert [term.key for term in tree.terms] == keys


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("(a) <lora:x:1>(b)", "(a) (b)"),
        ("(a)<lora:x:1> (b)", "(a) (b)"),
        ("(a) <lora:x:1> (b)", "(a) (b)"),
        ("(a)<lora:x:1>\n(b)", "(a)\n(b)"),
        # To the host these are one word, with the tag and without it.
        ("(a)<lora:x:1>(b)", "(a)(b)"),
        ("(a)<lora:x:1><lora:y:1>(b)", "(a)(b)"),
    ],
)
def test_what_a_tag_held_apart_stays_apart(text: str, left: str) -> None:
    rewrite = Rewrite(parse(text))
    for tag in parse(text).tags:
        rewrite.remove_tag(tag)
    assert apply_edits(text, rewrite.edits()) == left
