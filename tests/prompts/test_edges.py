"""Tables at the edges of the prompt language: weights, spans of other tools, additions, edits."""

from __future__ import annotations

import pytest

from lib_lora_neg.prompts import (
    Edit,
    Rewrite,
    apply_edits,
    compose,
    find,
    find_negations,
    negated_terms,
    parse,
)
from lib_lora_neg.prompts.nodes import Group, PromptNode
from lib_lora_neg.prompts.opaque import find_opaque, find_replaced
from lib_lora_neg.prompts.reading import attention

WEIGHTS = [
    ("a", [("a", 1.0)]),
    ("(a)", [("a", 1.1)]),
    ("((a))", [("a", 1.21)]),
    ("(((a)))", [("a", 1.331)]),
    ("[a]", [("a", 0.9091)]),
    ("[[a]]", [("a", 0.8264)]),
    ("([a])", [("a", 1.0)]),
    ("[(a)]", [("a", 1.0)]),
    ("(a:1.3)", [("a", 1.3)]),
    ("((a:1.3) b)", [("a", 1.43), ("b", 1.1)]),
    ("(a:1.3) b", [("a", 1.3), ("b", 1.0)]),
    ("((a), b)", [("a", 1.21), ("b", 1.1)]),
    ("(a, (b), [c])", [("a", 1.1), ("b", 1.21), ("c", 1.0)]),
    ("(a:.5)", [("a", 0.5)]),
    ("(a:1.)", [("a", 1.0)]),
    ("( a : 1.2 )", [("a", 1.2)]),
    ("(a, b:1.5)", [("a", 1.5), ("b", 1.5)]),
    ("\\(a\\)", [("(a)", 1.0)]),
    ("(a\\))", [("a)", 1.1)]),
    ("(a", [("a", 1.1)]),
    ("a)", [("a", 1.0)]),
    ("[a", [("a", 0.9091)]),
    ("(a (b:1.5) c:0.8)", [("a", 0.8), ("b", 1.2), ("c", 0.8)]),
    ("(a:1)(b:2)", [("a", 1.0), ("b", 2.0)]),
    ("x(a)y", [("x", 1.0), ("a", 1.1), ("y", 1.0)]),
    ("((a:2):3)", [("a", 6.0)]),
    ("(a:1.2), (b), c", [("a", 1.2), ("b", 1.1), ("c", 1.0)]),
]


@pytest.mark.parametrize(("text", "weights"), WEIGHTS)
def test_each_term_has_its_attention(text: str, weights: list[tuple[str, float]]) -> None:
    assert [(term.key, round(term.weight, 4)) for term in parse(text).terms] == weights
    # The host's own reading says the same of the words.
    host = [(word, weight) for word, weight in attention(text) if word.strip(" ,")]
    assert [round(weight, 4) for _, weight in host] == [weight for _, weight in _merged(weights)]


def _merged(weights: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Join neighbours of one weight, as the host does."""
    joined: list[tuple[str, float]] = []
    for word, weight in weights:
        if joined and joined[-1][1] == weight:
            joined[-1] = (f"{joined[-1][0]} {word}", weight)
        else:
            joined.append((word, weight))
    return joined


@pytest.mark.parametrize(
    ("text", "editable", "scheduled"),
    [
        ("(a:-1)", [False], [False]),
        ("(a:0)", [True], [False]),
        ("[a:b:3]", [True, True], [True, True]),
        ("[a|b]", [True, True], [True, True]),
        ("(a|b)", [True, True], [False, False]),
        ("[a::3], b", [True, True], [True, False]),
        ("[a:3]", [True], [True]),
        ("[[a]:2]", [True], [True]),
        ("(a:b:1[c])", [False, False], [False, False]),
        ("(a:b:c)", [True], [False]),
        # Where brackets do not pair, what touches one may be read in two ways.
        ("[a:b:3]( c", [False, False, True], [True, True, False]),
        ("[a:b:3] ( c", [True, True, True], [True, True, False]),
        ("([a:b:3] c", [False, False, True], [True, True, False]),
        ("( [a:b:3], c", [True, True, True], [True, True, False]),
        ("[a|b]]", [False, False], [True, True]),
        (")[a|b]", [False, False], [True, True]),
        (") [a|b]", [True, True], [True, True]),
        ("[a|b])", [False, False], [True, True]),
        # A number that the host fails on.
        ("(a:1.2.3)", [False], [False]),
        ("[a|b] ]", [True, True], [True, True]),
        ("[a:b:3]d ( c", [False, False, False, True], [True, True, False, False]),
        ("[a:b:3] d( c", [True, True, True, True], [True, True, False, False]),
    ],
)
def test_what_may_be_edited_and_what_is_scheduled(
    text: str, editable: list[bool], scheduled: list[bool]
) -> None:
    terms = parse(text).terms
    assert [term.editable for term in terms] == editable
    assert [term.scheduled for term in terms] == scheduled


@pytest.mark.parametrize(
    ("text", "with_tag", "with_term"),
    [
        ("", "<lora:x:0.5>", "t"),
        ("a", "a <lora:x:0.5>", "a, t"),
        ("a ", "a <lora:x:0.5>", "a , t"),
        ("a,", "a, <lora:x:0.5>", "a, t"),
        ("a, ", "a, <lora:x:0.5>", "a, t"),
        ("(a", "<lora:x:0.5> (a", "t, (a"),
        ("[a", "<lora:x:0.5> [a", "t, [a"),
        ("a (b:1.2)", "a (b:1.2) <lora:x:0.5>", "a (b:1.2), t"),
        ("a # c", "a # c\n<lora:x:0.5>", "t, a # c"),
        ("a # c\n", "a # c\n<lora:x:0.5>", "a # c\nt"),
        ("{a|b", "<lora:x:0.5> {a|b", "t, {a|b"),
        ("{a}", "{a} <lora:x:0.5>", "{a}, t"),
        ("a}", "a} <lora:x:0.5>", "a}, t"),
        ("a <lora:x", "<lora:x:0.5> a <lora:x", "t, a <lora:x"),
        ("a \\", "<lora:x:0.5> a \\", "t, a \\"),
        ("[a|b]", "[a|b] <lora:x:0.5>", "[a|b], t"),
        ("a BREAK", "a BREAK <lora:x:0.5>", "a BREAK t"),
        ("a AND b", "a AND b <lora:x:0.5>", "a AND b, t"),
        ("$x=1", "<lora:x:0.5> $x=1", "t, $x=1"),
        ("a, $x=1", "<lora:x:0.5> a, $x=1", "t, a, $x=1"),
        ("$x=1\na", "$x=1\na <lora:x:0.5>", "$x=1\na, t"),
        ("AND_SALT a", "<lora:x:0.5> AND_SALT a", "t, AND_SALT a"),
        ("__w__", "__w__ <lora:x:0.5>", "__w__, t"),
        ("a, <lora:x:1>", "a, <lora:x:1> <lora:x:0.5>", "a, <lora:x:1>, t"),
        ("a:", "a: <lora:x:0.5>", "a:, t"),
        ("<!x!>", "<!x!> <lora:x:0.5>", "<!x!>, t"),
    ],
)
def test_additions_go_where_they_are_read_alone(text: str, with_tag: str, with_term: str) -> None:
    tag, term = Rewrite(parse(text)), Rewrite(parse(text, negative=True))
    tag.append_tag("lora", "x", 0.5, 0.5)
    term.append_term("t")
    assert apply_edits(text, tag.edits()) == with_tag
    assert apply_edits(text, term.edits()) == with_term


@pytest.mark.parametrize(
    ("text", "opaque", "replaced"),
    [
        ("{a}", [(0, 3)], [(0, 3)]),
        ("{a{b}c}", [(0, 7)], [(0, 7)]),
        ("a}", [], []),
        ("{a", [], []),
        ("{a} {b", [(0, 3)], [(0, 3)]),
        ("x ${y} %{z}", [(2, 6), (7, 11)], [(2, 6), (7, 11)]),
        ("<!a!><!b!>", [(0, 5), (5, 10)], [(0, 5), (5, 10)]),
        ("<! a", [], []),
        ("<!!>", [(0, 4)], [(0, 4)]),
        ("<!>", [], []),
        ("<ppp:if x>y<ppp:/if> z", [(0, 20)], [(0, 20)]),
        ("<ppp:if x>y<ppp:else>z<ppp:/if> w", [(0, 31)], [(0, 31)]),
        ("<ppp:if x>a<ppp:if y>b<ppp:/if>c<ppp:/if> d", [(0, 41)], [(0, 41)]),
        ("a <ppp:/if> b", [(2, 11)], [(2, 11)]),
        ("x <ppp:a/> y", [(2, 10)], [(2, 10)]),
        ("__w__ a", [(0, 5)], []),
        ("~x~", [], []),
    ],
)
def test_spans_of_other_tools(
    text: str, opaque: list[tuple[int, int]], replaced: list[tuple[int, int]]
) -> None:
    assert (list(find_opaque(text)), list(find_replaced(text))) == (opaque, replaced)


@pytest.mark.parametrize(
    "edits",
    [
        [Edit(0, 2, ""), Edit(1, 3, "")],
        [Edit(2, 1, "")],
        [Edit(0, 6, "")],
    ],
)
def test_edits_that_make_no_sense_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(ValueError, match="overlaps"):
        compose(5, edits, [])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([Edit(0, 5, "")], [], ""),
        ([Edit(0, 0, "x")], [], "xabcde"),
        ([Edit(5, 5, "x")], [], "abcdex"),
        ([Edit(0, 1, "xy"), Edit(1, 2, "z")], [], "xyzcde"),
        ([Edit(0, 1, "xy")], [Edit(1, 2, "")], "xbcde"),
        ([Edit(0, 1, "xy")], [Edit(0, 1, "")], "ybcde"),
        ([Edit(0, 1, "xy")], [Edit(0, 4, "")], "de"),
        ([Edit(2, 3, "xyz")], [Edit(1, 3, "q"), Edit(4, 5, "")], "aqyde"),
        ([Edit(2, 3, "")], [Edit(1, 3, "")], "ae"),
        ([], [Edit(4, 5, "xy")], "abcdxy"),
        ([Edit(1, 2, "")], [Edit(4, 4, "!")], "acde!"),
    ],
)
def test_edits_one_after_the_other(first: list[Edit], second: list[Edit], expected: str) -> None:
    text = "abcde"
    assert apply_edits(apply_edits(text, first), second) == expected
    assert apply_edits(text, compose(len(text), first, second)) == expected


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        ("hu tao (genshin impact)", "hu tao (genshin impact)", ["hu tao (genshin impact)"]),
        ("hu tao (genshin impact), x", "hu tao (genshin impact)", ["hu tao (genshin impact)"]),
        ("x hu tao (genshin impact)", "hu tao (genshin impact)", ["hu tao"]),
        ("hu tao (genshin impact) smile", "hu tao (genshin impact)", ["hu tao (genshin impact)"]),
        ("hu tao (genshin impact)smile", "hu tao (genshin impact)", ["hu tao"]),
        ("hu tao (genshin impact:1.2)", "hu tao (genshin impact)", ["hu tao (genshin impact:1.2)"]),
        ("hu tao (smile)", "hu tao (genshin impact)", []),
        ("a, b, c", "a, b", ["a, b"]),
        ("a, b, c", "b, c", ["b, c"]),
        ("a, b, c, d", "a, b, c", ["a, b, c"]),
        ("a, b, c", "a, c", []),
        ("a (b), c", "a, b", []),
    ],
)
def test_names_and_phrases(text: str, phrase: str, found: list[str]) -> None:
    assert [text[m.start : m.end] for m in find(parse(text), phrase)] == found


@pytest.mark.parametrize(
    ("text", "multipliers"),
    [("(a)", [1.1]), ("(a:1.3)", [1.3]), ("[a:b:3]", [1.0]), ("[a|b]", [1.0]), ("[a", [])],
)
def test_the_attention_of_a_group(text: str, multipliers: list[float]) -> None:
    groups = [node for node in parse(text).nodes if isinstance(node, Group)]
    assert [group.multiplier for group in groups] == multipliers


@pytest.mark.parametrize(
    ("text", "negative", "found"),
    [
        ("(a:-1), b", False, ["a"]),
        ("(a:-1), (b:-0.5)", False, ["a", "b"]),
        ("(a:-1), (b:0.5), (c:0), d", False, ["a"]),
        ("(a:-1)", True, []),
        ("(a:1)", False, []),
    ],
)
def test_terms_of_negative_weight(text: str, negative: bool, found: list[str]) -> None:
    assert [term.key for term in negated_terms(parse(text, negative=negative))] == found


@pytest.mark.parametrize(
    ("text", "negative", "weights"),
    [
        ("a:0.5 AND b", False, [0.5, 1.0]),
        ("a", False, [1.0]),
        ("a:0.5 AND b", True, [1.0]),
    ],
)
def test_the_weights_of_parts(text: str, negative: bool, weights: list[float]) -> None:
    assert [part.weight for part in parse(text, negative=negative).layout.parts] == weights


def test_what_stands_between_the_terms_has_names_of_its_own() -> None:
    pieces = parse("a:0.5 AND (b, c) BREAK d # e").layout.pieces
    assert [piece.mark.name for piece in pieces] == [
        "PART_WEIGHT", "AND", "OPEN", "SEPARATOR", "CLOSE", "BREAK",
    ]  # fmt: skip


def test_a_word_behind_a_quote_that_is_never_closed() -> None:
    (match,) = find(parse('x "b'), "b")
    assert (match.start, match.end) == (3, 4)


@pytest.mark.parametrize(
    ("text", "failed"), [("a | b AND c", True), ("a AND b | c", True), ("a AND b", False)]
)
def test_one_part_without_schedules_is_told_of_the_prompt(text: str, failed: bool) -> None:
    assert parse(text).layout.failed is failed


@pytest.mark.parametrize(
    ("text", "nouns"),
    [
        ("no one", []),
        ("no way home", []),
        ("a hall without end", []),
        ("a road without bright end", []),
        ("no hat and no one", []),
        ("a girl without a red hat", [("red hat",)]),
        ("no parking sign", [("parking sign",)]),
    ],
)
def test_idioms_are_no_negation(text: str, nouns: list[tuple[str, ...]]) -> None:
    assert [found.nouns for found in find_negations(parse(text))] == nouns


def shape(text: str, node: PromptNode) -> object:
    """Return a node as its text, or as the list of what it holds."""
    if isinstance(node, Group):
        return [shape(text, child) for child in node.children]
    return text[node.start : node.end]


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("((a)b)c", [["(", ["(", "a", ")"], "b", ")"], "c"]),
        ("(a, (b)) d", [["(", "a", ",", " ", ["(", "b", ")"], ")"], " ", "d"]),
        ("[a|(b)]", [["[", "a", "|", ["(", "b", ")"], "]"]]),
        ("(a", ["(", "a"]),
        ("a)b", ["a", ")", "b"]),
        ("((a)", ["(", ["(", "a", ")"]]),
        ("(a]b)", [["(", "a", "]", "b", ")"]]),
        ("(a[b)(c]d)", ["(", "a", "[", "b", ")", ["(", "c", "]", "d", ")"]]),
        ("(a)b]", [["(", "a", ")"], "b", "]"]),
        ("[(a]b)", ["[", "(", "a", "]", "b", ")"]),
    ],
)
def test_brackets_that_nest_are_groups(text: str, nodes: list[object]) -> None:
    assert [shape(text, node) for node in parse(text).nodes] == nodes


@pytest.mark.parametrize(
    ("text", "editable"),
    [
        ("[a|b", [False, False]),
        ("[a|(b", [False, False]),
        ("x [a|b, c", [True, False, False, False]),
        ("(a|b", [True, True]),
        ("[a:b]", [False]),
        ("[a|b:c]", [False, False]),
        ("[a:b|c]", [False, False]),
        ("[:a]", [False]),
        ("(a:b:c)", [True]),
        ("[a:__w__]", [False]),
    ],
)
def test_brackets_that_are_no_plain_attention(text: str, editable: list[bool]) -> None:
    assert [term.editable for term in parse(text).terms] == editable


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("(trigger, a", "(a"),
        ("a, (trigger", "a, ("),
        ("((trigger), a", "(a"),
        ("[trigger, b", "[b"),
        ("(a), trigger (b", "(a), (b"),
        ("(a, (trigger, b", "(a, (b"),
        ("(trigger) (b), c", "(b), c"),
        ("a (trigger), (b)", "a, (b)"),
        ("((<lora:x:1>) trigger), b", "((<lora:x:1>)), b"),
    ],
)
def test_brackets_that_do_not_close_stay(text: str, left: str) -> None:
    tree = parse(text, negative=True)
    rewrite = Rewrite(tree)
    for match in find(tree, "trigger"):
        rewrite.remove(match)
    edits = rewrite.edits()
    assert apply_edits(text, edits) == left
    assert all(edit.end > edit.start or edit.replacement for edit in edits)
