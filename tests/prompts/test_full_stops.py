"""Full stops that end terms: only where the user says so, with the guarantees of commas."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_lora_neg.prompts import Rewrite, apply_edits, find, parse, write

from .strategies import rough

TABLE = [
    # the negative prompt, and without "trigger"
    ("blurry. trigger. low quality.", "blurry. low quality."),
    ("blurry. low quality. trigger.", "blurry. low quality."),
    ("trigger. a", "a"),
    ("(trigger. b:1.2) c", "(b:1.2) c"),
    ("a。trigger。b", "a。b"),
    # no full stop of ours: a number, an abbreviation, three of them
    ("f1.8, trigger, v2.trigger", "f1.8, v2.trigger"),
    ("a, trigger ... x", "a, x"),
]


@pytest.mark.parametrize(("text", "expected"), TABLE)
def test_a_term_goes_with_its_full_stop(text: str, expected: str) -> None:
    tree = parse(text, negative=True, full_stops=True)
    rewrite = Rewrite(tree)
    for match in find(tree, "trigger"):
        rewrite.remove(match)
    assert apply_edits(text, rewrite.edits()) == expected


def test_without_the_setting_a_full_stop_is_a_character() -> None:
    text = "blurry. low quality, v1.0"
    assert [term.key for term in parse(text).terms] == ["blurry. low quality", "v1.0"]
    stopped = parse(text, full_stops=True).terms
    assert [term.key for term in stopped] == ["blurry", "low quality", "v1.0"]


STOPPED = rough().map(lambda text: text.replace(",", ". ").replace("，", "。"))


@given(STOPPED, st.booleans())
def test_prints_back(text: str, negative: bool) -> None:
    tree = parse(text, negative=negative, full_stops=True)
    assert write(tree.nodes, text) == text
    assert apply_edits(text, Rewrite(tree).edits()) is text


@settings(max_examples=100)
@given(STOPPED, st.booleans(), st.data())
def test_removal_keeps_every_other_term(text: str, negative: bool, data: st.DataObject) -> None:
    tree = parse(text, negative=negative, full_stops=True)
    chosen = [term for term in tree.terms if term.editable and data.draw(st.booleans())]
    rewrite = Rewrite(tree)
    for term in chosen:
        rewrite.remove(term)
    result = apply_edits(text, rewrite.edits())
    if rewrite.refused:
        return
    gone = {term.number for term in chosen}
    kept = [w for t in tree.terms if t.number not in gone for w in t.key.split()]
    after = parse(result, negative=negative, full_stops=True)
    assert [w for t in after.terms for w in t.key.split()] == kept
