"""What holds for every string."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from lib_lora_neg.prompts import Rewrite, apply_edits, find, parse, write
from lib_lora_neg.prompts.reading import (
    AttentionReader,
    and_parts,
    attention,
    extra_networks,
    schedules,
)

from .strategies import prompts, rough, without_networks

STEPS = 6
Word = tuple[str, float]


def words_by_step(text: str, negative: bool) -> list[list[list[Word]]]:
    """Per sub-prompt and step, each word with its weight, as the host would encode them."""
    parts = [(text, 1.0)] if negative else and_parts(without_networks(text))
    return [[_words_at(part, step) for step in range(1, STEPS + 1)] for part, _ in parts]


def _words_at(text: str, step: int) -> list[Word]:
    shown = next(shown for last, shown in schedules(text, STEPS) if step <= last)
    # Unmerged: the host joins "(a)(b)" to the one word "ab", which a reader takes for two.
    reader = AttentionReader()
    reader.take_all(shown)
    return [
        (word, round(weight, 6))
        for piece, weight in reader.pieces()
        for word in re.findall(r"[^\s,，、_<>]+", piece)
    ]


def without(reading: list[list[list[Word]]], word: str) -> list[list[list[Word]]]:
    return [[[w for w in step if w[0].lower() != word] for step in part] for part in reading]


@given(rough(), st.booleans(), st.booleans())
def test_prints_back(text: str, negative: bool, emphasis: bool) -> None:
    tree = parse(text, negative=negative, emphasis=emphasis)
    assert str(tree) is text
    assert write(tree.nodes, text) == text
    assert all(text[tag.start] == "<" and text[tag.end - 1] == ">" for tag in tree.tags)
    assert [term.number for term in tree.terms] == list(range(len(tree.terms)))
    assert all(0 <= t.start < t.end <= len(text) for t in tree.terms)
    assert all(a.end <= b.start for a, b in zip(tree.terms, tree.terms[1:], strict=False))


@given(rough(), st.booleans())
def test_no_change_is_the_same_object(text: str, negative: bool) -> None:
    assert apply_edits(text, Rewrite(parse(text, negative=negative)).edits()) is text


@given(rough())
def test_readings_never_raise(text: str) -> None:
    extra_networks(text)
    for part, _ in and_parts(without_networks(text)):
        for _, shown in schedules(part, STEPS, 4):
            attention(shown)


@settings(max_examples=150)
@given(prompts(), st.booleans())
def test_removal_leaves_the_rest_as_it_was(text: str, negative: bool) -> None:
    tree = parse(text, negative=negative)
    rewrite = Rewrite(tree)
    found = find(tree, "trigger")
    for match in found:
        rewrite.remove(match)
    result = apply_edits(text, rewrite.edits())
    after = parse(result, negative=negative)
    # What is not certain to be read one way may become so when its neighbour goes.
    if not rewrite.refused and all(term.editable for term in tree.terms):
        assert find(after, "trigger") == ()
    # A name takes its origin with it: "trigger (c)".
    if "trigger" not in result.lower() and not any(match.loose for match in found):
        # An AND of a negative prompt is a separator to people, and one goes with each term.
        gone = ("trigger", "and") if negative else ("trigger",)
        before, now = words_by_step(text, negative), words_by_step(result, negative)
        for word in gone:
            before, now = without(before, word), without(now, word)
        assert now == before
    assert [tag.items for tag in after.tags] == [tag.items for tag in tree.tags]


@settings(max_examples=100)
@given(rough(), st.booleans(), st.data())
def test_hostile_removal_keeps_every_other_term(
    text: str, negative: bool, data: st.DataObject
) -> None:
    tree = parse(text, negative=negative)
    chosen = [term for term in tree.terms if term.editable and data.draw(st.booleans())]
    rewrite = Rewrite(tree)
    for term in chosen:
        rewrite.remove(term)
    edits = rewrite.edits()
    after = parse(apply_edits(text, edits), negative=negative)
    if not rewrite.refused:
        gone = {term.number for term in chosen}
        kept = [w for t in tree.terms if t.number not in gone for w in t.key.split()]
        assert [w for t in after.terms for w in t.key.split()] == kept


@given(prompts(), st.data())
def test_tags_can_go_without_a_trace(text: str, data: st.DataObject) -> None:
    tree = parse(text)
    rewrite = Rewrite(tree)
    chosen = [tag for tag in tree.tags if data.draw(st.booleans())]
    for tag in chosen:
        rewrite.remove_tag(tag)
    result = apply_edits(text, rewrite.edits())
    gone = {tag.start for tag in chosen} - {t.start for t in rewrite.refused}  # type: ignore[union-attr]
    assert [t.items for t in parse(result).tags] == [
        tag.items for tag in tree.tags if tag.start not in gone
    ]
    assert words_by_step(result, False) == words_by_step(text, False)


NUMBERS = st.sampled_from((-1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.75))
TAGS = st.sampled_from(
    (
        "<lora:x>", "<lora:x:1>", "<lora:x:1:-0.5>", "<lora:x:te=1>", "<lora:x:1:unet=2>",
        "<lora:x:lbw=A:1>", "<lora:x:1:lbw=A:0.5:start=3>", "<lyco:a b (c):.5:1:8>",
        "<lora:x:unet=1:te=0.5>", "<lora:x:1:te=0.3>", "<lora:x:dyn=4:1:hr=2>",
    )
)  # fmt: skip


@given(TAGS, st.none() | NUMBERS, st.none() | NUMBERS)
def test_weights_are_read_back(text: str, te: float | None, unet: float | None) -> None:
    tree = parse(f"a, {text}, b")
    (tag,) = tree.tags
    rewrite = Rewrite(tree)
    rewrite.set_weights(tag, te, unet)
    (after,) = parse(apply_edits(tree.text, rewrite.edits())).tags
    assert after.te.value == (tag.te.value if te is None else te)
    assert after.unet.value == (tag.unet.value if unet is None else unet)
    assert after.foreign == tag.foreign
    assert after.name == tag.name


@given(rough(), st.booleans())
def test_additions_are_read(text: str, negative: bool) -> None:
    tree = parse(text, negative=negative)
    rewrite = Rewrite(tree)
    rewrite.append_term("zebra")
    rewrite.append_tag("lora", "new", 0.5, -0.5)
    result = apply_edits(text, rewrite.edits())
    after = parse(result, negative=negative)
    before = [term.weight for term in tree.terms if term.key == "zebra"]
    found = [term.weight for term in after.terms if term.key == "zebra"]
    assert sorted(found) == sorted([*before, 1.0])
    assert [tag.items for tag in after.tags if tag.name == "new"] == [("new", "0.5", "-0.5")]
    assert len(after.terms) == len(tree.terms) + 1
    assert len(after.tags) == len(tree.tags) + 1
