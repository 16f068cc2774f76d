"""Tables of what a rewrite makes of a text: words and tags that go, weights that change."""

from __future__ import annotations

import pytest

from lib_lora_neg.prompts import Rewrite, apply_edits, find, parse

WORDS = [
    ("(a), b", "a", "b"),
    ("((a)), b", "a", "b"),
    ("(a, b), c", "a", "(b), c"),
    ("(a, b), c", "b", "(a), c"),
    ("(b, a), c", "a", "(b), c"),
    ("[a], b", "a", "b"),
    ("x (a) y", "a", "x y"),
    ("x, (a), y", "a", "x, y"),
    ("a", "a", ""),
    ("a, a", "a", ""),
    ("a a, b", "a", "b"),
    ("b, (a:1.2)", "a", "b"),
    ("(a:1.2), b", "a", "b"),
    ("((a:1.2), b:0.5)", "a", "(b:0.5)"),
    ("a BREAK b", "a", "BREAK b"),
    ("b BREAK a", "a", "b BREAK"),
    ("a AND b", "a", "b"),
    ("a AND b :0.5", "b", "a"),
    ("[a:b:3], c", "a", "[:b:3], c"),
    ("[a|b], c", "a", "[|b], c"),
    ("a\nb", "a", "b"),
    ("b\na\nc", "a", "b\nc"),
    ("b,a,c", "a", "b,c"),
    ("b , a , c", "a", "b , c"),
    ("a,, b", "a", "b"),
    (", a, b", "a", ", b"),
    ("b, a,", "a", "b,"),
    ("b, a (c)", "a", "b"),
    ("(c) a, b", "a", "(c), b"),
    ("x a y, b", "a", "x y, b"),
    ("(x a:1.2), b", "a", "(x:1.2), b"),
    ("a # a\nb", "a", "# a\nb"),
    ("{a}, a", "a", "{a}"),
    ("\\(a\\), b", "(a)", "b"),
    ("a_b, c", "a b", "c"),
    ("A, b", "a", "b"),
    ("a; b", "a", "b"),
    ("(a)(b)", "a", "(b)"),
    ("(a) <lora:x:1>, b", "a", "<lora:x:1>, b"),
    ("(a <lora:x:1>), b", "a", "(<lora:x:1>), b"),
    ("a, b, a, c", "a", "b, c"),
    ("((a), (b)), c", "a", "((b)), c"),
    ("(((a), b), d), c", "b", "(((a)), d), c"),
]


@pytest.mark.parametrize(("text", "phrase", "left"), WORDS)
def test_words_that_go(text: str, phrase: str, left: str) -> None:
    tree = parse(text, negative=True)
    rewrite = Rewrite(tree)
    for match in find(tree, phrase):
        rewrite.remove(match)
    assert apply_edits(text, rewrite.edits()) == left
    assert not rewrite.refused


TAGS = [
    ("<lora:x:1>", ""),
    ("a <lora:x:1>", "a"),
    ("a <lora:x:1> b", "a b"),
    ("a, <lora:x:1>, b", "a, b"),
    ("a,<lora:x:1>,b", "a,b"),
    ("(<lora:x:1>), b", "b"),
    ("(a <lora:x:1>), b", "(a), b"),
    ("(<lora:x:1> a:1.2), b", "(a:1.2), b"),
    ("<lora:x:1>\na", "a"),
    ("a\n<lora:x:1>\nb", "a\nb"),
    ("a<lora:x:1>b", "ab"),
    ("a <lora:x:1><lora:y:1> b", "a <lora:y:1> b"),
    ("[<lora:x:1>:3]", ""),
    ("[a<lora:x:1>|b]", "[a|b]"),
    ("<lora:x:1> BREAK b", "BREAK b"),
    ("a, <lora:x:1>", "a"),
    ("<lora:x:1>, b", "b"),
    ("a # <lora:x:1>\n<lora:x:1> b", "a # <lora:x:1>\nb"),
    ("((<lora:x:1>)), b", "b"),
    ("(a, (<lora:x:1>)), b", "(a), b"),
]


@pytest.mark.parametrize(("text", "left"), TAGS)
def test_tags_that_go(text: str, left: str) -> None:
    tree = parse(text)
    rewrite = Rewrite(tree)
    for tag in tree.tags:
        if tag.name == "x":
            rewrite.remove_tag(tag)
    assert apply_edits(text, rewrite.edits()) == left
    assert not rewrite.refused


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a<lora:x:1>b, <lora:x:1> c<lora:x:1>d", "ab, cd"),
        ("a <lora:x:1> b <lora:x:1> c", "a b c"),
        ("a<lora:x:1>, b<lora:x:1>c", "a, bc"),
        ("a\\<lora:x:1>, b<lora:x:1>c", "a\\, bc"),
        ("<lora:x:1><lora:x:1>a", "a"),
    ],
)
def test_several_tags_that_go(text: str, left: str) -> None:
    tree = parse(text)
    rewrite = Rewrite(tree)
    for tag in tree.tags:
        rewrite.remove_tag(tag)
    assert apply_edits(text, rewrite.edits()) == left


@pytest.mark.parametrize(
    "text",
    [
        "pre[trigger|b]",
        "pre[b|trigger]",
        "[trigger|b]post",
        "[b|trigger]post",
        "[trigger:b:3]post",
        "pre[trigger:b:3]",
        "x[trigger|b],",
        "[[trigger|b]|c]d",
        "pre[trigger:3]",
        "[trigger::3]post",
        "-[trigger|b]",
        "[trigger|b]'s",
    ],
)
def test_a_word_that_a_choice_is_part_of_is_left_alone(text: str) -> None:
    terms = parse(text).terms
    assert len(terms) > 1
    assert not any(term.editable for term in terms)


@pytest.mark.parametrize("text", ["pre [a|b] post", "[a|b] post", "(a)post", "pre(a)"])
def test_a_choice_beside_a_word_can_be_edited(text: str) -> None:
    assert all(term.editable for term in parse(text).terms)


# The tag; with 0.25 for both parts; with te 0.5 and unet -0.25; exempted from R1; with strengths of
# its own on the negative branch.
ARGUMENTS = [
    (
        "<lora:x>",
        "<lora:x:0.25>",
        "<lora:x:0.5:-0.25>",
        "<lora:x:guard=-R1>",
        "<lora:x:neg=0.75:negte=0.125>",
    ),
    (
        "<lora:x:1>",
        "<lora:x:0.25>",
        "<lora:x:0.5:-0.25>",
        "<lora:x:1:guard=-R1>",
        "<lora:x:1:neg=0.75:negte=0.125>",
    ),
    (
        "<lora:x:1:1>",
        "<lora:x:0.25:0.25>",
        "<lora:x:0.5:-0.25>",
        "<lora:x:1:1:guard=-R1>",
        "<lora:x:1:1:neg=0.75:negte=0.125>",
    ),
    (
        "<lora:x:0.5:0.7>",
        "<lora:x:0.25:0.25>",
        "<lora:x:0.5:-0.25>",
        "<lora:x:0.5:0.7:guard=-R1>",
        "<lora:x:0.5:0.7:neg=0.75:negte=0.125>",
    ),
    (
        "<lora:x:te=0.5>",
        "<lora:x:te=0.25>",
        "<lora:x:te=0.5:unet=-0.25>",
        "<lora:x:te=0.5:guard=-R1>",
        "<lora:x:te=0.5:neg=0.75:negte=0.125>",
    ),
    (
        "<lora:x:unet=0.5>",
        "<lora:x:0.25:unet=0.25>",
        "<lora:x:0.5:unet=-0.25>",
        "<lora:x:unet=0.5:guard=-R1>",
        "<lora:x:unet=0.5:neg=0.75:negte=0.125>",
    ),
    (
        "<lora:x:te=0.5:unet=0.7>",
        "<lora:x:te=0.25:unet=0.25>",
        "<lora:x:te=0.5:unet=-0.25>",
        "<lora:x:te=0.5:unet=0.7:guard=-R1>",
        "<lora:x:te=0.5:unet=0.7:neg=0.75:negte=0.125>",
    ),
    (
        "<lora:x:1:unet=0.7>",
        "<lora:x:0.25:unet=0.25>",
        "<lora:x:0.5:unet=-0.25>",
        "<lora:x:1:unet=0.7:guard=-R1>",
        "<lora:x:1:unet=0.7:neg=0.75:negte=0.125>",
    ),
    (
        "<lora:x:1:lbw=A>",
        "<lora:x:0.25:lbw=A>",
        "<lora:x:0.5:-0.25:lbw=A>",
        "<lora:x:1:lbw=A:guard=-R1>",
        "<lora:x:1:lbw=A:neg=0.75:negte=0.125>",
    ),
    (
        "<lora:x:1:1:A>",
        "<lora:x:0.25:0.25:A>",
        "<lora:x:0.5:-0.25:A>",
        "<lora:x:1:1:A:guard=-R1>",
        "<lora:x:1:1:A:neg=0.75:negte=0.125>",
    ),
    (
        "<lora:x:lbw=A>",
        "<lora:x:0.25:lbw=A>",
        "<lora:x:0.5:-0.25:lbw=A>",
        "<lora:x:lbw=A:guard=-R1>",
        "<lora:x:lbw=A:neg=0.75:negte=0.125>",
    ),
    (
        "<lora:x:1:dyn=8>",
        "<lora:x:0.25:dyn=8>",
        "<lora:x:0.5:-0.25:dyn=8>",
        "<lora:x:1:dyn=8:guard=-R1>",
        "<lora:x:1:dyn=8:neg=0.75:negte=0.125>",
    ),
    (
        "<lora:x:1:1:8>",
        "<lora:x:0.25:0.25:8>",
        "<lora:x:0.5:-0.25:8>",
        "<lora:x:1:1:8:guard=-R1>",
        "<lora:x:1:1:8:neg=0.75:negte=0.125>",
    ),
    (
        "<lora:x:1:te=0.5>",
        "<lora:x:1:te=0.25>",
        "<lora:x:1:te=0.5:unet=-0.25>",
        "<lora:x:1:te=0.5:guard=-R1>",
        "<lora:x:1:te=0.5:neg=0.75:negte=0.125>",
    ),
    (
        "<lyco:x:1>",
        "<lyco:x:0.25>",
        "<lyco:x:0.5:-0.25>",
        "<lyco:x:1:guard=-R1>",
        "<lyco:x:1:neg=0.75:negte=0.125>",
    ),
    (
        "<lora:x: 1 >",
        "<lora:x:0.25>",
        "<lora:x:0.5:-0.25>",
        "<lora:x: 1 :guard=-R1>",
        "<lora:x: 1 :neg=0.75:negte=0.125>",
    ),
    (
        "<lora:x:1:guard=-R3>",
        "<lora:x:0.25:guard=-R3>",
        "<lora:x:0.5:-0.25:guard=-R3>",
        "<lora:x:1:guard=-R1>",
        "<lora:x:1:guard=-R3:neg=0.75:negte=0.125>",
    ),
]


@pytest.mark.parametrize(("text", "same", "apart", "exempt", "branched"), ARGUMENTS)
def test_arguments_that_change(
    text: str, same: str, apart: str, exempt: str, branched: str
) -> None:
    def rewritten(change: str, *values: object) -> str:
        tree = parse(text)
        rewrite = Rewrite(tree)
        getattr(rewrite, change)(tree.tags[0], *values)
        return apply_edits(text, rewrite.edits())

    assert rewritten("set_weights", 0.25, 0.25) == same
    assert rewritten("set_weights", 0.5, -0.25) == apart
    assert rewritten("set_argument", "guard", "-R1") == exempt
    assert rewritten("set_branches", (0.25, 0.5), 0.75, 0.125) == branched


@pytest.mark.parametrize(
    ("text", "opened"),
    [("$x=1\n{a}", False), ("{a} $x=1", True), ("{a} {b}", False)],
)
def test_the_last_span_of_another_tool_decides_where_an_addition_goes(
    text: str, opened: bool
) -> None:
    rewrite = Rewrite(parse(text))
    rewrite.append_tag("lora", "x", 0.5, 0.5)
    written = apply_edits(text, rewrite.edits())
    assert written == (f"<lora:x:0.5> {text}" if opened else f"{text} <lora:x:0.5>")


@pytest.mark.parametrize(
    ("text", "phrases", "left"),
    [
        ("a, clip skip: 2, trigger", ["a", "trigger"], "clip skip: 2, trigger"),
        ("a, clip skip: 2, trigger, b", ["a", "b", "trigger"], "clip skip: 2, trigger"),
        ("trigger, a, clip skip: 2, trigger", ["trigger"], "a, clip skip: 2, trigger"),
        ("a, b, c, d, clip skip: 2, trigger", ["a", "c", "trigger"], "b, d, clip skip: 2, trigger"),
        ("(a, clip skip: 2, trigger)", ["a", "trigger"], "(clip skip: 2, trigger)"),
    ],
)
def test_what_cannot_go_holds_nothing_else_back(text: str, phrases: list[str], left: str) -> None:
    tree = parse(text)
    rewrite = Rewrite(tree)
    for phrase in phrases:
        for match in find(tree, phrase):
            rewrite.remove(match)
    assert apply_edits(text, rewrite.edits()) == left
    assert len(rewrite.refused) == 1
