"""Sentences that know their template, and languages to say them in."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_lora_neg.sentences import (
    ENGLISH,
    Sentence,
    Translator,
    as_whole,
    pack_sentence,
    said_by,
    say,
    unpack_sentence,
)

WORDS = Translator(
    {
        "trigger of {lora}": "{lora} のトリガー",
        "style": "画風",
        "{type}: floor {floor}": "下限 {floor} [{type}]",
        "“{phrases}” in {where} (style)": "{where}に “{phrases}”",
        "its name": "名前",
        "broken {one}": "{two}",
    }
)


def test_a_sentence_is_its_english_text() -> None:
    said = say("{type}: floor {floor}", type=say("style"), floor=-0.5)
    assert said == "style: floor -0.5"
    assert isinstance(said, str)
    assert json.dumps(said) == '"style: floor -0.5"'


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (say("trigger of {lora}", lora="style"), "style のトリガー"),
        (say("{type}: floor {floor}", type=say("style"), floor="−0.5"), "下限 −0.5 [画風]"),
        (say("not known {x}", x=say("style")), "not known 画風"),
        (say("style"), "画風"),
        ("style", "画風"),
        ("trigger of ink wash", "trigger of ink wash"),  # a name may be called so
        (
            say("“{phrases}” in {where} (style)", phrases="style", where=say("its name")),
            "名前に “style”",
        ),
        ("nobody knows this", "nobody knows this"),
        (say("broken {one}", one=1), "{two}"),
    ],
)
def test_it_is_said_in_another_language(sentence: str, expected: str) -> None:
    assert WORDS(sentence) == expected
    assert ENGLISH(sentence) == str(sentence)


@given(st.text(), st.text())
def test_any_text_may_stand_in_a_field(one: str, two: str) -> None:
    said = say("{one} and {two}", one=one, two=two)
    assert said == f"{one} and {two}"
    assert Translator({"{one} and {two}": "{two}・{one}"})(said) == f"{two}・{one}"
    assert say(one) == one
    WORDS(one)


def test_it_survives_copies() -> None:
    said = say("trigger of {lora}", lora="a {brace}")
    for same in (copy.deepcopy(said), pickle.loads(pickle.dumps(said))):
        assert isinstance(same, Sentence)
        assert (same, same.template, same.fields) == (said, said.template, said.fields)
        assert WORDS(same) == "a {brace} のトリガー"


def test_a_file_with_other_things_in_it_does_no_harm() -> None:
    broken = Translator({"style": 3, "rtl": True, "a {b} c": "x"})  # type: ignore[dict-item]
    assert broken("style") == "style"
    assert broken(say("a {b} c", b="1")) == "x"


@given(st.text(), st.text())
def test_a_packed_sentence_comes_back_whole(one: str, two: str) -> None:
    inner = say("trigger of {lora}", lora=one)
    said = say("{one} and {two}", one=inner, two=two)
    back = unpack_sentence(pack_sentence(said))
    assert back == said
    assert WORDS(back) == WORDS(said)
    assert unpack_sentence(pack_sentence(one)) == one


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("give one", "Give one."),
        (say("{count} are too many", count=3), "3 are too many."),
        ("Done.", "Done."),
    ],
)
def test_a_whole_sentence_has_a_capital_and_a_stop(text: str, whole: str) -> None:
    assert as_whole(text) == whole


def test_an_error_says_the_sentence_it_was_raised_with() -> None:
    said = say("trigger of {lora}", lora="x")
    assert said_by(ValueError(said)) is said
    assert said_by(ValueError("plain")) == "plain"
    assert said_by(ValueError()) == ""
