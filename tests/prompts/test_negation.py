"""Plain-word negation: what is found, and above all what is not."""

from __future__ import annotations

import pytest

from lib_lora_neg.prompts import Rewrite, apply_edits, find_negations, parse

FOUND = [
    ("man without a mustache", "man", ("mustache",)),
    ("portrait, no hat, smile", "portrait, smile", ("hat",)),
    ("man with no beard", "man", ("beard",)),
    ("a bowl without any fruit", "a bowl", ("fruit",)),
    ("a bowl without any fruit on a table", "a bowl on a table", ("fruit",)),
    ("girl, not wearing glasses", "girl", ("glasses",)),
    ("girl not wearing any glasses in a park", "girl in a park", ("glasses",)),
    ("room without people or furniture", "room", ("people", "furniture")),
    ("(no watermark:1.2), photo", "photo", ("watermark",)),
    ("no_makeup, photo", "photo", ("makeup",)),
    ("No facial hair, photo", "photo", ("facial hair",)),
    ("photo of a knight without his helmet, castle", "photo of a knight, castle", ("helmet",)),
    ("man without a hat. sunny day", "man. sunny day", ("hat",)),
    ("a girl without big red shoes", "a girl", ("big red shoes",)),
    (
        "a room without big red chairs or old wooden tables",
        "a room",
        ("big red chairs", "old wooden tables"),
    ),
]

SEVERAL = [
    ("a man without a hat and without glasses", "a man", [("hat", "glasses")]),
    ("no hat and no glasses, smile", "smile", [("hat", "glasses")]),
    ("a man without a hat or without a beard, photo", "a man, photo", [("hat", "beard")]),
    ("man with no beard and not wearing glasses", "man", [("beard", "glasses")]),
    (
        "a man without a hat on a bench without trees",
        "a man on a bench",
        [("hat",), ("trees",)],
    ),
    ("a man without a hat, and without glasses", "a man", [("hat",), ("glasses",)]),
    ("a man without a hat and with no red shoes in rain", "a man in rain", [("hat", "red shoes")]),
    ("man without a hat, woman without a bag", "man, woman", [("hat",), ("bag",)]),
    (
        "man without a hat and no glasses and no beard",
        "man",
        [("hat", "glasses", "beard")],
    ),
]

# A list that "or" closes is denied as a whole, where "or" cannot join two adjectives.
LISTS = [
    (
        "a room without any furniture, people or lights",
        "a room",
        [("furniture",), ("people", "lights")],
    ),
    (
        "a room without furniture, people, or lights, sunny",
        "a room, sunny",
        [("furniture",), ("people",), ("lights",)],
    ),
    (
        "no hats, gloves, scarves or coats in winter, snow",
        "in winter, snow",
        [("hats",), ("gloves",), ("scarves", "coats")],
    ),
    ("(without hats, nor gloves:1.2), snow", "snow", [("hats",), ("gloves",)]),
    ("a man without a hat, red or blue dress", "a man, red or blue dress", [("hat",)]),
    ("no text, watermark, logo", "watermark, logo", [("text",)]),
    ("without a hat, (glasses), or gloves", "(glasses), or gloves", [("hat",)]),
    ("without a hat in rain, snow, or fog", "in rain, snow, or fog", [("hat",)]),
]

NONE = [
    "a man without a hat & scarf",
    "a man without hat 35mm",
    "a girl without big red wooden shoes",
    "a room without chairs or big old wooden tables",
    "a man without a hat and smiling",
    "a man without a hat and without a doubt the best",
    "no humans, scenery",
    "1girl, no bra, no_panties, no pants, no shoes, no headwear, no eyes",
    "No. 7, perfume",
    "no 7",
    "no face, ghibli",
    "kimetsu no yaiba, demon slayer",
    "Nier no automata",
    "no game no life",
    "no man's sky",
    "without a doubt the best photo",
    "beautiful without question",
    "rebel without a cause",
    "man walking without looking at the camera",
    "without being seen",
    "without a trace of makeup",
    "shoes without laces and a red hat",
    "a world without the very long and detailed list of things",
    "not a real doll",
    "not talking",
    "knot, cannot, piano, volcano",
    "a photo, # without a hat",
    "{without a hat|smile}",
    "(without a hat:-1)",
    "no longer human",
    "no one, empty room",
    "no",
    "without",
    "without a",
]


@pytest.mark.parametrize(("given", "left", "nouns"), FOUND)
def test_found(given: str, left: str, nouns: tuple[str, ...]) -> None:
    tree = parse(given)
    (negation,) = find_negations(tree)
    rewrite = Rewrite(tree)
    rewrite.remove(negation.match)
    assert negation.nouns == nouns
    assert apply_edits(given, rewrite.edits()) == left


@pytest.mark.parametrize(("given", "left", "nouns"), [*SEVERAL, *LISTS])
def test_several_in_one_sentence(given: str, left: str, nouns: list[tuple[str, ...]]) -> None:
    tree = parse(given)
    found = find_negations(tree)
    rewrite = Rewrite(tree)
    for negation in found:
        rewrite.remove(negation.match)
    assert [negation.nouns for negation in found] == nouns
    assert apply_edits(given, rewrite.edits()) == left
    assert find_negations(parse(left)) == ()


@pytest.mark.parametrize("given", NONE)
def test_none(given: str) -> None:
    assert find_negations(parse(given)) == ()


def test_negative_prompt_has_none() -> None:
    assert find_negations(parse("man without a hat", negative=True)) == ()


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("no hat", True),
        ("(no hat:1.2), x", True),
        ("man without a hat", False),
        ("no hat on", False),
    ],
)
def test_whether_it_is_all_of_its_term(text: str, whole: bool) -> None:
    (found,) = find_negations(parse(text))
    assert found.match.whole is whole
