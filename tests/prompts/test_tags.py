"""Extra-network tags: reading them as the host does, changing them without a trace."""

from __future__ import annotations

import pytest

from lib_lora_neg.prompts import Rewrite, apply_edits, format_number, parse, tags

WEIGHTS = [
    ("<lora:x>", 1.0, 1.0),
    ("<lora:x:0.5>", 0.5, 0.5),
    ("<lora:x:.5:-1>", 0.5, -1.0),
    ("<lora:x:+1>", 1.0, 1.0),
    ("<lora:x:te=0.2>", 0.2, 0.2),
    ("<lora:x:1:unet=-0.3>", 1.0, -0.3),
    ("<lora:x:1:2:te=3:unet=4>", 3.0, 4.0),
    ("<lora:x:te=1:te=2>", 2.0, 2.0),
    ("<lora:x:lbw=A:0.7>", 0.7, 0.7),
    ("<lyco:some name (v1.5) 'é':0.7>", 0.7, 0.7),
    ("<lora:x:0@0,0.4@1>", None, None),
    ("<lora:x:abc>", None, None),
    ("<lora:x:nan>", None, None),
    ("<lora:x:1:IN02>", 1.0, None),
    ("<lora:x:a:te=1>", None, None),
    ("<lora:x:>", None, None),
]


@pytest.mark.parametrize(("text", "te", "unet"), WEIGHTS)
def test_weights(text: str, te: float | None, unet: float | None) -> None:
    (tag,) = parse(text).tags
    assert (tag.te.value, tag.unet.value) == (te, unet)
    assert tag.is_lora


@pytest.mark.parametrize(
    ("raw", "minimum"),
    [("0@0,-0.4@1", -0.4), ("[1@0,-0.5@0.7]", -0.5), ("1@0;0.5@3", 0.5), ("0.3", 0.3)],
)
def test_lowest_weight_of_a_schedule(raw: str, minimum: float) -> None:
    (tag,) = parse(f"<lora:x:{raw}>").tags
    assert tag.te.minimum == minimum
    assert tag.te.scheduled == ("@" in raw)
    assert not tag.te.invalid


def test_arguments() -> None:
    (tag,) = parse("<lora:x:1:lbw=A:2:Guard=OFF:hr=1:3:extra>").tags
    assert tag.guard_off
    assert tag.foreign == ("lbw=A", "hr=1", "extra")
    assert parse("<hypernet:h:1>").tags[0].is_lora is False
    (preset,) = parse("<lora:x:1:IN02>", tools=frozenset({"lora-block-weight"})).tags
    assert (preset.unet.value, preset.foreign) == (1.0, ("IN02",))


def test_only_what_the_host_takes() -> None:
    assert [tag.name for tag in parse("<lora:a> # <lora:b>\n<lora:c> < lora:d> <lora:>").tags] == [
        "a",
        "c",
    ]
    assert [tag.editable for tag in parse("{<lora:a>|<lora:b>} <lora:c:{1|2}> <lora:d>").tags] == [
        False,
        False,
        False,
        True,
    ]
    assert [tag.name for tag in parse("x <lora:a:1>", negative=True).tags] == ["a"]


SETTINGS = [
    ("<lora:x:-0.9>", -0.5, -0.5, "<lora:x:-0.5>"),
    ("<lora:x:0.5:-0.9>", None, -0.5, "<lora:x:0.5:-0.5>"),
    ("<lora:x:-0.9>", 0.5, -0.9, "<lora:x:0.5:-0.9>"),
    ("<lora:x:-0.9>", 0.5, None, "<lora:x:0.5:-0.9>"),
    ("<lora:x:-0.9>", None, -0.5, "<lora:x:-0.9:-0.5>"),
    ("<lora:x:te=1:unet=-1:lbw=A>", 0.5, -0.5, "<lora:x:te=0.5:unet=-0.5:lbw=A>"),
    ("<lora:x>", None, -0.5, "<lora:x:1:-0.5>"),
    ("<lora:x>", 0.5, 0.5, "<lora:x:0.5>"),
    ("<lora:x:te=0.5>", None, -0.5, "<lora:x:te=0.5:unet=-0.5>"),
    ("<lora:x:-0.9:lbw=1,0:start=3>", 0.5, -0.5, "<lora:x:0.5:-0.5:lbw=1,0:start=3>"),
    ("<lora:x:lbw=A:1>", 0.2, 0.3, "<lora:x:lbw=A:0.2:0.3>"),
    ("<lora:x:-.50>", -0.5, -0.5, "<lora:x:-.50>"),
]


@pytest.mark.parametrize(("given", "te", "unet", "expected"), SETTINGS)
def test_set_weights(given: str, te: float | None, unet: float | None, expected: str) -> None:
    tree = parse(f"a, {given}")
    rewrite = Rewrite(tree)
    rewrite.set_weights(tree.tags[0], te, unet)
    assert apply_edits(tree.text, rewrite.edits()) == f"a, {expected}"


def test_block_weight_presets_keep_their_place() -> None:
    tree = parse("<lora:x:-0.9:IN02>", tools=frozenset({"lora-block-weight"}))
    rewrite = Rewrite(tree)
    rewrite.set_weights(tree.tags[0], 0.5, -0.5)
    assert apply_edits(tree.text, rewrite.edits()) == "<lora:x:0.5:IN02:unet=-0.5>"


@pytest.mark.parametrize("text", ["<lora:x:0@0,1@1>", "<lora:x:abc>", "<lora:x:inf>"])
def test_weights_that_are_not_ours_to_set(text: str) -> None:
    tree = parse(text)
    with pytest.raises(ValueError, match="scheduled or no number"):
        Rewrite(tree).set_weights(tree.tags[0], 0.5, 0.5)


def test_set_argument() -> None:
    tree = parse("<lora:x:1:guard=on> <lora:y>")
    rewrite = Rewrite(tree)
    rewrite.set_argument(tree.tags[0], "guard", "off")
    rewrite.set_argument(tree.tags[1], "guard", "off")
    assert apply_edits(tree.text, rewrite.edits()) == "<lora:x:1:guard=off> <lora:y:guard=off>"
    with pytest.raises(ValueError, match="cannot be written"):
        rewrite.set_argument(tree.tags[0], "a", "b:c")


REMOVALS = [
    ("a, <lora:x:1>, b", "a, b"),
    ("a <lora:x:1>", "a"),
    ("<lora:x:1> a", "a"),
    ("a, <lora:x:1>", "a"),
    ("a,<lora:x:1>", "a"),
    ("<lora:x:1>", ""),
    ("a\n<lora:x:1>\nb", "a\nb"),
    ("a, <lora:x:1><lora:x:2> <lora:x:3>, b", "a, b"),
    ("a, <lora:x:1> c, b", "a, c, b"),
    ("foo<lora:x:1>bar", "foobar"),
    ("foo <lora:x:1> bar", "foo bar"),
    ("(a <lora:x:1>:1.2)", "(a:1.2)"),
    ("a, (<lora:x:1>), b", "a, b"),
    ("[<lora:x:1>:b:0.5]", "[:b:0.5]"),
    ("a BREAK <lora:x:1> BREAK b", "a BREAK BREAK b"),
    # A tag within what the host reads as one separator, and one beside it.
    ("<lora:x:1>\\<lora:x:1>,", ""),
    ("a<lora:x:2>\\<lora:x:3>，b", "a\\，b"),
]


@pytest.mark.parametrize(("given", "expected"), REMOVALS)
def test_remove_tag(given: str, expected: str) -> None:
    tree = parse(given)
    rewrite = Rewrite(tree)
    for tag in tree.tags:
        rewrite.remove_tag(tag)
    assert apply_edits(given, rewrite.edits()) == expected


def test_tags_of_a_negative_prompt_are_words_apart() -> None:
    tree = parse("foo<lora:x:1>bar, b", negative=True)
    rewrite = Rewrite(tree)
    rewrite.remove_tag(tree.tags[0])
    assert apply_edits(tree.text, rewrite.edits()) == "foo bar, b"


ADDITIONS = [
    ("", "word", "word <lora:n:0.5>"),
    ("a", "word", "a, word <lora:n:0.5>"),
    ("a,", "word", "a, word <lora:n:0.5>"),
    ("a, ", "word", "a, word <lora:n:0.5>"),
    ("a BREAK", "word", "a BREAK word <lora:n:0.5>"),
    ("a, (b", "word", "<lora:n:0.5> word, a, (b"),
    ("a # note", "word", "word, a # note\n<lora:n:0.5>"),
    ("a AND b", "word", "word, a AND b <lora:n:0.5>"),
    ("a <lora:b", "word", "<lora:n:0.5> word, a <lora:b"),
]


@pytest.mark.parametrize(("given", "term", "expected"), ADDITIONS)
def test_additions(given: str, term: str, expected: str) -> None:
    rewrite = Rewrite(parse(given))
    rewrite.append_term(term)
    rewrite.append_tag("lora", "n", 0.5, 0.5)
    assert apply_edits(given, rewrite.edits()) == expected


def test_everything_at_once() -> None:
    tree = parse("a, trigger, <lora:x:-0.9>, <lora:y:1>")
    rewrite = Rewrite(tree)
    rewrite.remove(tree.terms[1])
    rewrite.set_weights(tree.tags[0], -0.5, -0.5)
    rewrite.remove_tag(tree.tags[1])
    rewrite.append_term("z")
    assert apply_edits(tree.text, rewrite.edits()) == "a, <lora:x:-0.5>, z"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"), (-0.5, "-0.5"), (1 / 3, "0.333"), (-2 / 3, "-0.666"), (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"), (0.0, "0"), (-0.0, "0"), (12.0, "12"), (100.25, "100.25"),
    ],
)  # fmt: skip
def test_numbers(value: float, text: str) -> None:
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("text", "unet", "te", "branched"),
    [
        ("<lora:x:0.8>", 0.8, 0.8, False),
        ("<lora:x:0.8:neg=0.3>", 0.3, 0.3, True),
        ("<lora:x:0.5:0.8:neg=0>", 0.0, 0.0, True),
        ("<lora:x:0.5:0.8:negte=0>", 0.8, 0.0, True),
        ("<lora:x:neg=0.3:0.8:negte=-0.2>", 0.3, -0.2, True),
        ("<lora:x:0:neg=.8:lbw=OUTD>", 0.8, 0.8, True),
        ("<lora:x:1:neg=0.3:neg=0.4>", 0.4, 0.4, True),
        ("<lora:x:1:neg=abc>", None, None, True),
        ("<lora:x:1:neg=>", None, None, True),
        ("<lora:x:1:neg=nan>", None, None, True),
        ("<lora:x:1: Neg =0.3>", 0.3, 0.3, True),
    ],
)
def test_strengths_of_the_negative_branch(
    text: str, unet: float | None, te: float | None, branched: bool
) -> None:
    tag = tags.read_tag(next(tags.match_tags(text)))
    assert (tag.negative_unet.value, tag.negative_te.value) == (unet, te)
    assert tag.branched is branched
    assert tag.te.value is not None, "the host passes over the argument"


def test_negative_strengths_are_no_foreign_arguments() -> None:
    tag = tags.read_tag(next(tags.match_tags("<lora:x:1:neg=0.3:lbw=OUTD:negte=0>")))
    assert tag.foreign == ("lbw=OUTD",)


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ((0.8, 0.8, 0.3, 0.3), "<lora:x:0.8:neg=0.3>"),
        ((0.5, 0.8, 0.3, 0.0), "<lora:x:0.5:0.8:neg=0.3:negte=0>"),
        ((0.5, 0.8, None, 0.1), "<lora:x:0.5:0.8:negte=0.1>"),
        ((0.5, 0.8, None, 0.5), "<lora:x:0.5:0.8>"),
        ((0.0, 0.0, 0.8, None), "<lora:x:0:neg=0.8>"),
        ((1.0, 1.0, None, None), "<lora:x:1>"),
    ],
)
def test_a_tag_with_branches_is_written_as_it_is_read(
    weights: tuple[float, float, float | None, float | None], text: str
) -> None:
    assert tags.format_tag("lora", "x", *weights) == text
    tag = tags.read_tag(next(tags.match_tags(text)))
    neg, negte = weights[2:]
    assert (tag.te.value, tag.unet.value) == weights[:2]
    assert neg is None or tag.negative_unet.value == neg
    assert negte is None or tag.negative_te.value == negte
