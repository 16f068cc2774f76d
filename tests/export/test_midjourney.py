from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_lora_neg.export.core_tags import core_tags
from lib_lora_neg.export.from_midjourney import from_midjourney
from lib_lora_neg.export.midjourney import to_midjourney
from lib_lora_neg.loras.card import LoraCard, TagTable, TagTableKind
from lib_lora_neg.policy import Effect
from tests.support.cards import card
from tests.support.growth import assert_grows_linearly


def rules(findings) -> set[str]:
    return {finding.rule for finding in findings}


@pytest.mark.parametrize(
    ("negative", "no", "said"),
    [
        ("", (), set()),
        ("watermark, text, cars", ("watermark", "text", "cars"), set()),
        ("watermark, Watermark, WATERMARK", ("watermark",), set()),
        # Syntax is dropped, and named.
        ("(watermark:1.3), [text], ((cars))", ("watermark", "text", "cars"), {"MJ-weight"}),
        ("watermark:1.4, text", ("watermark", "text"), {"MJ-weight"}),
        ("[cat:dog:0.5], [red|fog]", ("cat", "dog", "red", "fog"), {"MJ-syntax"}),
        ("cars BREAK fog", ("cars", "fog"), {"MJ-syntax"}),
        ("cars, {fog|rain}, __weather__", ("cars",), {"MJ-syntax"}),
        ("cars, (fog:-1)", ("cars",), {"MJ-weight"}),
        ("cars, (fog:0)", ("cars",), {"MJ-weight"}),
        ("cars # fog", ("cars",), set()),
        # What is no word to Midjourney.
        ("lowres, bad anatomy, worst quality, cars", ("cars",), {"MJ-quality"}),
        ("extra fingers, mutated hands and fingers, cars", ("cars",), {"MJ-quality"}),
        ("feet out of frame, cars", ("cars",), {"MJ-quality"}),
        ("ugly sweater", (), {"MJ-quality"}),
        ("easynegative, badhandv4, embedding:mine, cars", ("cars",), {"MJ-embedding"}),
        ("1girl, multiple girls, cars", ("cars",), {"MJ-count"}),
        ("cars, Steps: 20, Sampler: Euler a", ("cars",), {"MJ-setting"}),
        ("no humans, without a hat, cars", ("cars",), {"MJ-negated"}),
        ("nsfw, clothing, cars", ("cars",), {"MJ-moderated"}),
        (":d, ^_^, 1.2, cars", ("cars",), {"MJ-empty"}),
        ("the page in the book that the spell was on", (), {"MJ-sentence"}),
        # Each word is parsed alone.
        ("modern clothing", ("modern",), {"MJ-words"}),
        ("blue hair", (), {"MJ-words"}),
        ("child faced", (), {"MJ-words"}),
        ("fox ears", (), {"MJ-words"}),
        ("white background", (), {"MJ-words"}),
        ("too long", (), {"MJ-words"}),
        ("anime style", ("anime",), {"MJ-words"}),
        ("film grain", ("grain",), {"MJ-words"}),
        # A number of them is a fault, the part of the body itself is none.
        ("6 fingers, 3 legs, cars", ("cars",), {"MJ-quality"}),
        ("hand on hand", (), {"MJ-words"}),
        ("hands", ("hands",), set()),
        ("make up, over exposed", ("makeup", "overexposed"), {"MJ-words"}),
        ("facing away, far shot", (), {"MJ-words"}),
        ("depth_of_field", ("bokeh",), {"MJ-words"}),
        ("neon signs", ("neon", "signs"), {"MJ-words"}),
        ("low quality sketch", ("sketch",), {"MJ-words"}),
        ("close-up, 3d-render", ("close-up", "3d-render"), set()),
        ("hu tao \\(genshin impact\\)", ("hu", "tao"), {"MJ-words"}),
        # A fault, and what it is said of; what a picture is not to be, whatever that is said of.
        ("misaligned features, impossible posture", (), {"MJ-quality"}),
        ("blurry eyes, blurry images", ("blurry",), {"MJ-words"}),
        # Words of the trade, and what a wish for quality would ban.
        ("vertical aspect ratio, arm support", (), {"MJ-words"}),
        ("proper lighting, look at camera", (), {"MJ-words"}),
        ("photo realistic, speech bubbles", ("photorealistic", "bubble"), {"MJ-words"}),
        # Names of files, settings without a number, rests of broken encodings.
        ("atompunksd15, sd1-oekaki, cars", ("cars",), {"MJ-embedding"}),
        ("some setting: true, notes/moods.txt, hashes:, cars", ("cars",), {"MJ-setting"}),
        ("y, ï, cars", ("cars",), {"MJ-empty"}),
        ("水, cars", ("水", "cars"), set()),
        # Nothing in a negative prompt becomes a parameter.
        ("--ar 1:1, cars", ("cars",), {"MJ-setting"}),
        ("cars --no fog", ("cars", "fog"), set()),
    ],
)
def test_a_negative_prompt_becomes_no(negative: str, no: tuple[str, ...], said: set[str]) -> None:
    made = to_midjourney("a street", negative)
    assert made.no == no
    assert made.text == ("a street --no " + ", ".join(no) if no else "a street")
    assert rules(made.findings) - {"MJ-strength"} == said


def test_what_is_left_out_is_named_once_with_every_term() -> None:
    made = to_midjourney("", "lowres, cars, bad anatomy")
    (finding,) = [found for found in made.findings if found.rule == "MJ-quality"]
    assert (finding.before, finding.after) == ("lowres, bad anatomy", "")
    assert finding.reason
    assert finding.source


def test_a_word_that_the_prompt_asks_for_is_not_banned_with_others() -> None:
    assert to_midjourney("a street", "neon signs").no == ("neon", "signs")
    assert to_midjourney("a street sign", "neon signs").no == ("neon",)
    alone = to_midjourney("a street sign", "signs")
    assert alone.no == ("signs",)
    (finding,) = [found for found in alone.findings if found.rule == "MJ-conflict"]
    assert finding.effect is Effect.ADVISED


def test_the_strength_and_the_style_reference_are_said() -> None:
    assert "MJ-sref" not in rules(to_midjourney("a --ar 1:1", "cars").findings)
    assert "MJ-sref" not in rules(to_midjourney("a --sref 12", "").findings)
    made = to_midjourney("a --sref 12 --ar 1:1", "cars")
    assert {"MJ-sref", "MJ-strength"} <= rules(made.findings)
    assert made.text == "a --sref 12 --ar 1:1 --no cars"


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("A street, at night. Rain!", "A street, at night. Rain!"),
        ("a (red:1.2) car", "a red car"),
        ("a car,\n<lora:x:0.8>, (rain)", "a car, rain"),
        ("a car BREAK rain AND fog :1.2", "a car, rain, fog"),
        ("a [cat:dog:0.5]", "a cat, dog"),
        ("a {cat|dog} sits", "a {cat, dog} sits"),
        ("a __beast__ sits", "a sits"),
        ("hu tao \\(genshin\\)", "hu tao (genshin)"),
        ("a car, (rain:-1)", "a car --no rain"),
        ("a street without cars", "a street --no cars"),
        ("a man with no mustache --ar 1:1", "a man --ar 1:1 --no mustache"),
        ("a street —no cars", "a street --no cars"),
        ("a street --no cars, fog --v 8.1 --no rain", "a street --v 8.1 --no cars, fog, rain"),
        ("no humans, a street", "no humans, a street"),
        ("without a doubt a street", "without a doubt a street"),
    ],
)
def test_the_prompt(prompt: str, text: str) -> None:
    assert to_midjourney(prompt, "").text == text


STYLE = card(
    "inkwash",
    "style",
    triggers=("inkwsh",),
    shares={
        "inkwsh": 1.0,
        "1girl": 1.0,
        "monochrome": 0.95,
        "ink splatter": 0.9,
        "mountains": 0.89,
    },
)
CARDS = {"inkwash": STYLE}


def test_core_tags_stand_on_nine_of_ten_captions() -> None:
    assert core_tags(STYLE).tags == ("monochrome", "ink splatter")


def test_a_table_of_prose_has_no_core() -> None:
    prose = LoraCard("a", "a", tags=TagTable(TagTableKind.PROSE, {"monochrome": 1.0}, 50))
    assert core_tags(prose).tags == ()
    made = to_midjourney("a lake", "", loras=[prose])
    assert made.no == ()
    assert "MJ-core" in rules(made.findings)


@pytest.mark.parametrize(
    ("prompt", "negative", "banned"),
    [
        ("a lake <lora:inkwash:-0.5>", "", True),
        ("a lake", "<lora:inkwash:1>", True),
        ("a lake <lora:inkwash:0.5>", "", False),
        ("a lake <lora:inkwash:0>", "", False),
        ("a lake <lora:unknown:-0.5>", "", False),
    ],
)
def test_a_lora_against_which_the_prompt_works_bans_its_core(
    prompt: str, negative: str, banned: bool
) -> None:
    made = to_midjourney(prompt, negative, CARDS)
    assert made.no == (("monochrome", "ink", "splatter") if banned else ())
    assert ("MJ-lora" in rules(made.findings)) == ("<" in prompt + negative)
    assert ("MJ-core" in rules(made.findings)) == banned


def test_a_named_lora_bans_its_core() -> None:
    assert to_midjourney("", "", loras=[STYLE]).text == "--no monochrome, ink, splatter"


def test_the_trigger_of_a_negative_lora_is_no_word() -> None:
    helper = card("helper", "trigger_negative", triggers=("hlpr",), shares={"noise": 1.0})
    made = to_midjourney("a <lora:helper:1>", "hlpr, cars", {"helper": helper})
    assert made.no == ("cars",)
    assert "MJ-trigger" in rules(made.findings)


@pytest.mark.parametrize(
    ("text", "prompt", "negative", "said"),
    [
        ("a street --no cars, fog", "a street", "cars, fog", set()),
        ("a street --no cars --ar 1:1 --no fog", "a street", "cars, fog", {"MJ-parameter"}),
        ("a street —no cars", "a street", "cars", set()),
        ("--no cars", "", "cars", set()),
        ("a street", "a street", "", set()),
        ("", "", "", set()),
        ("https://a.example/b.png a street", "a street", "", {"MJ-link"}),
        ("a street:: cars::-0.5", "a street", "cars", {"MJ-weight"}),
        ("a street::2 rain --no fog", "a street, rain", "fog", {"MJ-weight"}),
        ("a street --no neon signs", "a street", "neon signs", {"MJ-words"}),
        ("a street (wet) [old]", "a street \\(wet\\) \\[old\\]", "", set()),
        ("a street --node cars", "a street", "", {"MJ-parameter"}),
        ("a well--no matter", "a well--no matter", "", set()),
    ],
)
def test_back(text: str, prompt: str, negative: str, said: set[str]) -> None:
    back = from_midjourney(text)
    assert (back.prompt, back.negative_prompt) == (prompt, negative)
    assert rules(back.findings) == said


THINGS = ("cars", "fog", "neon", "rain", "watermark", "text", "umbrella", "close-up", "雨")


@given(st.lists(st.sampled_from(THINGS), unique=True), st.sampled_from(("", "a street", "x, y")))
def test_plain_lists_go_there_and_back(things: list[str], prompt: str) -> None:
    there = to_midjourney(prompt, ", ".join(things))
    back = from_midjourney(there.text)
    assert (back.prompt, back.negative_prompt) == (prompt, ", ".join(things))
    assert to_midjourney(back.prompt, back.negative_prompt).text == there.text
    assert to_midjourney(there.text, "").text == there.text


SYNTAX = [*"()[]:|,\n\\{}<>#-", "--", "--no", "—no", "::", "::-.5", "AND", "BREAK", "0.5", "__a__"]
WORDS = ["<lora:inkwash:-1>", "no", "without", "hat", "blue", "hair", "lowres"]
PIECES = st.sampled_from([*SYNTAX, *WORDS])
HARD = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map(" ".join))


@given(HARD, HARD)
def test_any_texts_are_translated(prompt: str, negative: str) -> None:
    made = to_midjourney(prompt, negative, CARDS)
    assert all(re.fullmatch(r"[^\s,]+", word) and word[0] != "-" for word in made.no)
    assert len(set(made.no)) == len(made.no)
    assert made.text.count("--no ") <= 1 + made.prompt.count("--no ")
    again = from_midjourney(made.text)
    assert set(made.no) <= set(again.negative_prompt.split(", ")) or "\\" in again.negative_prompt
    from_midjourney(prompt)


@pytest.mark.parametrize(
    "piece",
    ["modern clothing, ", "(a:1.2), ", "[a:b:0.5] ", "<lora:inkwash:-1>, ", "without a hat, "],
)
@pytest.mark.parametrize("in_prompt", [True, False])
def test_long_texts_cost_what_they_are_long(piece: str, in_prompt: bool) -> None:
    def work(size: int) -> Callable[[], object]:
        text = piece * size
        texts = (text, "") if in_prompt else ("", text)
        return lambda: to_midjourney(*texts, CARDS)

    assert_grows_linearly(work, 150)


def test_long_prompts_of_midjourney_cost_what_they_are_long() -> None:
    assert_grows_linearly(lambda size: lambda: from_midjourney("a:: --no b, c d " * size), 300)
