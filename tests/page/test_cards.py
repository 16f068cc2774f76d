"""The page's LoRA cards, and the examples that are made of them."""

from __future__ import annotations

from lib_lora_neg.page.cards import cards_html, inserted
from lib_lora_neg.page.examples import examples
from lib_lora_neg.page.generation import TabRequest
from tests.page.standin import FIELDS, StandinHost, library, made


def test_cards_write_what_switches_the_lora_on():
    cards = {name: inserted(name, library().card(name)) for name in library().names()}
    assert cards == {
        "ink": "<lora:ink:1> ink style",
        "hero": "<lora:hero:1> heroname",
        "glow": "<lora:glow:1>",
        "spoilt": "<lora:spoilt:-1>",
        "wrongish": "<lora:wrongish:1>",
        "age": "<lora:age:1>",
        "mystery": "<lora:mystery:1>",
    }


def test_a_name_cannot_leave_its_attribute():
    host = StandinHost()
    hostile = 'x" onclick="alert(1)"><script>'
    host.library.inferred[hostile] = host.library.inferred["ink"]
    html = cards_html(host.library, "txt2img")
    assert "<script>" not in html
    assert 'onclick="' not in html


def test_without_loras_the_way_out_is_said():
    host = StandinHost()
    host.library.inferred.clear()
    assert "--lora-dir" in cards_html(host.library, "txt2img")


def test_each_example_gives_the_guard_something_to_do():
    host = StandinHost()
    cards = [card for name in host.library.names() if (card := host.library.card(name))]
    shown = examples(cards)
    assert len(shown) == 4
    for example in shown:
        fields = {
            **FIELDS,
            "prompt": example.prompt,
            "negative_prompt": example.negative_prompt,
            "cfg_scale": example.cfg_scale,
        }
        outcome = made(TabRequest(fields))
        assert outcome.report.enforced, example.title


def test_examples_need_their_loras():
    assert examples([]) == []
    hero = library().card("hero")
    assert hero is not None
    assert [e.title for e in examples([hero])] == ["Character at −0.5"]
