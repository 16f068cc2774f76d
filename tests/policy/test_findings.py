"""What a finding says besides its sentence: its place, its LoRAs, what moves, its numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lib_lora_neg.loras.card import (
    DataWidth,
    LoraCard,
    LoraParts,
    Trigger,
)
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import BY_ID, NOTES, Effect, Field, Finding, Mode, NegativeTag
from lib_lora_neg.policy.rules import r2_triggers
from lib_lora_neg.policy.wording import change_text
from tests.support.cards import card
from tests.support.planning import guard
from tests.support.sentences import fields, says

CARDS = (
    card("s", "style", triggers=("oilpaint",), shares={"koi": 0.7, "ink wash": 0.95}),
    card("w", "style", width=DataWidth.WIDE, images=800),
    card("c", "concept", negative_text="bad_thing, lowres"),
    card("p", "character"),
    card("h", "trigger_negative", triggers=("wrong",)),
    card("u", "unknown", confidence=0.0),
    card("x", "style", family=ModelFamily.FLUX, parts=LoraParts(False, True)),
    card("d", "dedicated_negative"),
    card("k", "style", triggers=("koi",), shares={"koi": 0.95}),
)
FLUX, WAN = {"family": ModelFamily.FLUX}, {"family": ModelFamily.WAN}
ON = Mode.ENFORCE

Said = tuple[str, str, str, str | None, str, str, dict[str, float]]

TABLE: list[tuple[str, str, dict[str, Any], list[Said]]] = [
    ("a <lora:s:-0.9>", "", {},
     [("R1", "enforced", "prompt", "s", "<lora:s:-0.9>", "<lora:s:-0.5>",
       {"before": -0.9, "after": -0.5, "floor": -0.5})]),
    ("a <lora:s:0.5:-0.9>", "", {},
     [("R1", "enforced", "prompt", "s", "<lora:s:0.5:-0.9>", "<lora:s:0.5:-0.5>",
       {"before": -0.9, "after": -0.5, "floor": -0.5})]),
    ("a <lora:p:-0.5>", "", {},
     [("R1", "enforced", "prompt", "p", "<lora:p:-0.5>", "", {"before": -0.5, "floor": 0.0})]),
    ("a <lora:p:0.2:-0.5>", "", {},
     [("R1", "enforced", "prompt", "p", "<lora:p:0.2:-0.5>", "<lora:p:0.2:0>",
       {"before": -0.5, "after": 0.0, "floor": 0.0})]),
    ("<lora:u:-1>", "", {},
     [("R1", "advised", "prompt", "u", "<lora:u:-1>", "<lora:u:-1>",
       {"before": -1.0, "after": -1.0})]),
    ("<lora:h:-1>", "wrong", {},
     [("R1", "advised", "prompt", "h", "<lora:h:-1>", "<lora:h:1>",
       {"before": -1.0, "after": 1.0})]),
    ("<lora:s:-1.5>", "", FLUX,
     [("R1f", "advised", "prompt", "s", "<lora:s:-1.5>", "<lora:s:-1.5>",
       {"before": -1.5, "after": -1.5})]),
    ("<lora:s:-3>", "", FLUX,
     [("R1f", "enforced", "prompt", "s", "<lora:s:-3>", "<lora:s:-2>",
       {"before": -3.0, "after": -2.0, "floor": -2.0})]),
    ("<lora:d:-1>", "", FLUX,
     [("R1f", "advised", "prompt", "d", "<lora:d:-1>", "", {"before": -1.0, "floor": 0.0})]),
    ("<lora:s:-2>", "", WAN,
     [("R1", "advised", "prompt", "s", "<lora:s:-2>", "<lora:s:-2>",
       {"before": -2.0, "after": -2.0})]),
    ("<lora:w:-0.9>", "", {"cfg": 9.0},
     [("R1", "enforced", "prompt", "w", "<lora:w:-0.9>", "<lora:w:-0.7>",
       {"before": -0.9, "after": -0.7, "floor": -0.7}),
      ("R10", "advised", "prompt", "w", "<lora:w:-0.7>", "<lora:w:-0.7>",
       {"before": -0.7, "after": -0.7, "onset": -0.5}),
      ("R3", "enforced", "cfg_scale", "w", "9", "6", {"before": 9.0, "after": 6.0})]),
    ("<lora:s:-0.2>", "", {"cfg": 9.0, "cfg_tools": ("MaHiRo",)},
     [("R3", "advised", "cfg_scale", "s", "9", "6", {"before": 9.0, "after": 6.0})]),
    ("<lora:s:0.9:-0.2>", "", {},
     [("R4", "advised", "prompt", "s", "<lora:s:0.9:-0.2>", "<lora:s:0.5:-0.2>",
       {"before": 0.9, "after": 0.5})]),
    ("<lora:s:-0.2>", "", {"rules": {"R4": ON}},
     [("R4", "enforced", "prompt", "s", "<lora:s:-0.2>", "<lora:s:0.5:-0.2>",
       {"before": -0.2, "after": 0.5})]),
    ("<lora:s:3>", "", {},
     [("R5", "advised", "prompt", "s", "<lora:s:3>", "<lora:s:2.5>",
       {"before": 3.0, "after": 2.5, "total": 3.0, "limit": 2.5})]),
    ("<lora:s:1>", "oilpaint, b", {},
     [("R2", "enforced", "negative_prompt", "s", "oilpaint", "", {})]),
    ("<lora:s:-0.2>", "oilpaint", {},
     [("R2", "advised", "negative_prompt", "s", "oilpaint", "oilpaint", {})]),
    ("<lora:s:1> (oilpaint:-1)", "", {},
     [("R2", "advised", "prompt", "s", "oilpaint", "oilpaint", {})]),
    ("<lora:h:1>", "b", {}, [("R2", "enforced", "negative_prompt", "h", "", "wrong", {})]),
    ("<lora:s:1>", "koi, ink wash", {},
     [("R2b", "advised", "negative_prompt", "s", "ink wash", "", {"share": 0.95}),
      ("R6", "advised", "negative_prompt", "s", "koi", "koi", {"share": 0.7})]),
    ("<lora:s:1>", "ink wash, b", {"rules": {"R2b": ON}},
     [("R2b", "enforced", "negative_prompt", "s", "ink wash", "", {"share": 0.95})]),
    ("<lora:s:1> (ink wash:-1)", "b", {"rules": {"R2b": ON}},
     [("R2b", "advised", "prompt", "s", "ink wash", "ink wash", {"share": 0.95})]),
    # The strongest rule speaks alone of a word, in a negative weight of the prompt too.
    ("<lora:k:1> (koi:-1)", "b", {},
     [("R2", "advised", "prompt", "k", "koi", "koi", {})]),
    ("<lora:c:1>", "lowres", {},
     [("R2c", "advised", "negative_prompt", "c", "", "bad_thing", {})]),
    ("<lora:c:1>", "lowres", {"rules": {"R2c": ON}},
     [("R2c", "enforced", "negative_prompt", "c", "", "bad_thing", {})]),
    ("a <lora:s:1>", "b, <lora:s:0.4>", {},
     [("R8", "enforced", "negative_prompt", "s", "<lora:s:0.4>", "", {"before": 0.4})]),
    ("a", "b, <lora:nope:0.4>", {},
     [("R8", "advised", "negative_prompt", "nope", "<lora:nope:0.4>", "<lora:nope:0.4>",
       {"before": 0.4})]),
    ("a", "b, <lora:p:1>", {},
     [("R8", "enforced", "negative_prompt", "p", "<lora:p:1>", "", {"before": 1.0})]),
    ("a man without a hat", "hat", {"rules": {"R9": ON}},
     [("R9", "enforced", "prompt", None, "without a hat", "", {})]),
    ("<lora:s:0.5> <lora:s:0.3>", "", {},
     [("R11a", "enforced", "prompt", "s", "<lora:s:0.5> <lora:s:0.3>", "<lora:s:0.8>",
       {"after": 0.8})]),
    ("<lora:s:0.5:lbw=A> <lora:s:0.3>", "", {},
     [("R11a", "advised", "prompt", "s", "<lora:s:0.5:lbw=A> <lora:s:0.3>",
       "<lora:s:0.5:lbw=A> <lora:s:0.3>", {})]),
    ("<lora:nope:1>", "", {},
     [("R11b", "advised", "prompt", "nope", "<lora:nope:1>", "", {})]),
    ("<lora:nope:1>", "", {"unknown_lora_drops_all": True},
     [("R11b", "enforced", "prompt", "nope", "<lora:nope:1>", "", {})]),
    ("<lora:x:1>", "", {}, [("R11c", "advised", "prompt", "x", "<lora:x:1>", "<lora:x:1>", {})]),
    ("<lora:s:abc>", "", {},
     [("R11d", "advised", "prompt", "s", "<lora:s:abc>", "<lora:s:abc>", {})]),
    ("<lora:s:1>", "oilpaint", {},
     [("R2", "enforced", "negative_prompt", "s", "oilpaint", "", {}),
      ("empty-negative", "advised", "negative_prompt", None, "oilpaint", "", {})]),
    ("a", "b", {"cfg": 1.0},
     [("cfg-1", "advised", "cfg_scale", None, "1", "1", {"before": 1.0, "after": 1.0})]),
]  # fmt: skip


def findings(prompt: str, negative: str, asked: dict[str, Any]) -> tuple[Finding, ...]:
    return guard(prompt, negative, cards=CARDS, **{"cfg": 5.0, **asked}).findings


@pytest.mark.parametrize(("prompt", "negative", "asked", "said"), TABLE)
def test_what_is_told(prompt: str, negative: str, asked: dict[str, Any], said: list[Said]) -> None:
    found = findings(prompt, negative, asked)
    assert [
        (f.rule, f.effect.value, f.field.value, f.lora, f.before, f.after, dict(f.numbers))
        for f in found
    ] == said
    assert not any(finding.moved for finding in found)


@pytest.mark.parametrize(
    ("prompt", "negative", "asked", "moved"),
    [
        ("a", "b, <lora:s:0.4>", {}, [("negative_prompt", "<lora:s:0.4>", ""),
                                      ("prompt", "", "<lora:s:-0.4>")]),
        ("a", "b, <lora:s:0.4>", {"mode": Mode.ADVISE}, [("negative_prompt", "<lora:s:0.4>", ""),
                                                         ("prompt", "", "<lora:s:-0.4>")]),
        ("a", "b, <lora:s:0.4>", {"rules": {"R8": Mode.ADVISE}},
         [("negative_prompt", "<lora:s:0.4>", "")]),
        ("a man without a hat", "b", {}, [("prompt", "without a hat", "")]),
        ("a man without a hat", "b", {"rules": {"R9": ON}},
         [("prompt", "without a hat", ""), ("negative_prompt", "", "hat")]),
        ("<lora:s:0.8>", "b, <lora:s:0.3>", {"negative_tag": NegativeTag.BRANCH},
         [("negative_prompt", "<lora:s:0.3>", ""),
          ("prompt", "<lora:s:0.8>", "<lora:s:0.8:neg=0.3>")]),
        ("a", "b, <lora:s:0.1>", {"negative_tag": NegativeTag.BRANCH},
         [("negative_prompt", "<lora:s:0.1>", ""), ("prompt", "", "<lora:s:0:neg=0.1>")]),
    ],
)  # fmt: skip
def test_what_moves_says_so(
    prompt: str, negative: str, asked: dict[str, Any], moved: list[tuple[str, str, str]]
) -> None:
    found = findings(prompt, negative, asked)
    assert [(f.field.value, f.before, f.after) for f in found if f.moved] == moved


@pytest.mark.parametrize(
    ("prompt", "rule", "loras"),
    [
        ("<lora:s:-0.2><lora:w:0.3><lora:c:-0.1>", "R3", ("s", "c")),
        ("<lora:s:-0.2><lora:s:-0.1:lbw=A>", "R3", ("s",)),
        ("<lora:s:2><lora:w:0><lora:c:1>", "R5", ("s", "w", "c")),
        ("<lora:s:0.2><lora:s:0.3>", "R11a", ("s",)),
        ("<lora:w:-0.9>", "R1", ("w",)),
    ],
)
def test_the_loras_it_speaks_of(prompt: str, rule: str, loras: tuple[str, ...]) -> None:
    found = [f for f in findings(prompt, "", {"cfg": 9.0}) if f.rule == rule]
    assert {f.loras for f in found} == {loras}
    assert all(f.lora in loras for f in found)


def test_it_is_plain_for_programs() -> None:
    (finding,) = findings("<lora:s:0.9:-0.2>", "", {})
    plain = finding.plain()
    assert (plain["loras"], plain["moved"]) == (["s"], False)
    assert plain["numbers"] == {"before": 0.9, "after": 0.5}
    assert finding.number("after") == 0.5
    assert finding.number("floor") is None


@pytest.mark.parametrize(
    ("trait", "rules"),
    [
        ("advise_only", {"R6", "R10", "R11c", "R11d"}),
        ("nudges", {"R1", "R1f", "R5", "R6", "R10"}),
        ("lowers_cfg", {"R6"}),
        ("measurable", {"R1", "R1f", "R10"}),
        ("by_range", {"R1", "R1f"}),
        ("changes_numbers", {"R1", "R1f", "R3", "R4", "R5", "R12"}),
        ("on_loading", {"R1", "R1f", "R4", "R5", "R10", "R11a", "R11c", "R12"}),
        ("late", {"R1", "R1f", "R3", "R12"}),
        ("reads_negative", {"R2", "R2b", "R6", "R8"}),
        ("rewords_prompt", {"R9"}),
    ],
)
def test_what_holds_of_which_rules(trait: str, rules: set[str]) -> None:
    assert {rule.id for rule in BY_ID.values() if getattr(rule, trait)} == rules


def test_which_chips_name_the_type_or_the_lora() -> None:
    assert {rule.id for rule in BY_ID.values() if rule.chip.names_type} == {"R1", "R1f"}
    named = {rule.id for rule in BY_ID.values() if rule.chip.names_lora}
    assert {"R2", "R2c", "R6"} <= named


@pytest.mark.parametrize(
    ("prompt", "embeddings", "said"),
    [
        ("<lora:t:1> (oilpaint:-1)", (), ["oilpaint"]),
        ("<lora:t:1> <lora:t:0.5:lbw=A> (oilpaint:-1)", (), ["oilpaint"]),
        ("<lora:t:-0.2> (oilpaint:-1)", (), []),
        ("<lora:t:1> (oilpaint:-1)", ("oilpaint",), []),
        ("<lora:t:1> (oilpaint:-1), (an oilpaint:-1)", (), ["oilpaint", "an oilpaint"]),
    ],
)
def test_negatives_in_the_prompt_are_told_once(
    prompt: str, embeddings: tuple[str, ...], said: list[str]
) -> None:
    cards = (trigger_of(0.9),)
    found = guard(prompt, "b", cards=cards, cfg=5.0, embeddings=frozenset(embeddings)).findings
    assert [f.before for f in found if f.rule == "R2"] == said


def test_notes_are_no_rules() -> None:
    assert not set(NOTES) & set(BY_ID)
    assert all(note.title for note in NOTES.values())


def trigger_of(confidence: float) -> LoraCard:
    return replace(card("t", "style"), triggers=(Trigger("oilpaint", "test", confidence),))


@pytest.mark.parametrize(
    ("prompt", "negative", "confidence", "reason"),
    [
        ("<lora:t:1>", "oilpaint, b", 0.9, r2_triggers.SWITCHED_OFF),
        ("<lora:t:1>", "oilpaint, b", 0.5, r2_triggers.PERHAPS),
        ("<lora:t:-0.2>", "oilpaint, b", 0.9, r2_triggers.AT_NEGATIVE_WEIGHT),
        ("<lora:t:-0.2>", "oilpaint, b", 0.5, r2_triggers.AT_NEGATIVE_WEIGHT),
        ("<lora:t:1> (oilpaint:-1)", "b", 0.9, r2_triggers.SWITCHED_OFF),
        ("<lora:t:1> (oilpaint:-1)", "b", 0.5, r2_triggers.PERHAPS),
    ],
)
def test_how_sure_a_trigger_is(prompt: str, negative: str, confidence: float, reason: str) -> None:
    found = guard(prompt, negative, cards=(trigger_of(confidence),), cfg=5.0).findings
    assert [says(f.reason, reason) for f in found if f.rule == "R2"] == [True]


def test_a_trigger_negative_is_named_with_its_surest_word() -> None:
    made = card("h", "trigger_negative", triggers=("wrong", "bad"))
    found = guard("<lora:h:-1>", "wrong, bad", cards=(made,), cfg=5.0).findings
    (advice,) = [f for f in found if f.rule == "R1"]
    assert fields(advice.reason)["word"] == "'wrong'"


@pytest.mark.parametrize(
    ("finding", "line"),
    [
        (("R3", Field.CFG, "9", "6"), "R3: CFG 9 -> 6"),
        (("R3", Field.HR_CFG, "9", "6"), "R3: CFG 9 -> 6"),
        (("R1", Field.PROMPT, "<lora:x:-0.9>", "<lora:x:-0.5>"),
         "R1: <lora:x:-0.9> -> <lora:x:-0.5>"),
        (("R2", Field.NEGATIVE, "oilpaint", ""), "R2: removed oilpaint"),
        (("R2", Field.NEGATIVE, "", "wrong"), "R2: added wrong"),
    ],
)  # fmt: skip
def test_a_change_in_one_plain_line(finding: tuple[str, Field, str, str], line: str) -> None:
    rule, field, before, after = finding
    made = Finding(rule, Effect.ENFORCED, field, None, before, after, "", (), "")
    assert change_text(made) == line


def test_what_a_lora_recommends_is_spared_while_it_is_active() -> None:
    """At a negative weight nobody follows its recommendation."""
    cards = (
        card("t", "style", triggers=("bad_thing",)),
        card("c", "concept", negative_text="bad_thing"),
    )
    kept = guard("<lora:t:1> <lora:c:0.5>", "bad_thing, b", cards=cards, cfg=5.0)
    assert kept.first.negative_prompts == ("bad_thing, b",)
    gone = guard("<lora:t:1> <lora:c:-0.2>", "bad_thing, b", cards=cards, cfg=5.0)
    assert gone.first.negative_prompts == ("b",)


@pytest.mark.parametrize(
    ("negative", "left"),
    [
        ("badhand koi, b", "badhand, b"),
        ("koi badhand, b", "badhand, b"),
        ("koi, badhand", "badhand"),
        ("koi, b", "b"),
    ],
)
def test_the_words_beside_an_embedding_may_go(negative: str, left: str) -> None:
    own = card("t", "style", triggers=("koi",))
    result = guard("<lora:t:1>", negative, cards=(own,), cfg=5.0, embeddings=frozenset({"badhand"}))
    assert result.first.negative_prompts == (left,)


@pytest.mark.parametrize("name", ["koi", "koi pond", "big koi"])
def test_an_embedding_that_a_trigger_is_part_of_stays(name: str) -> None:
    own = card("t", "style", triggers=("koi",))
    result = guard("<lora:t:1>", f"{name}, b", cards=(own,), cfg=5.0, embeddings=frozenset({name}))
    assert result.first.negative_prompts == (f"{name}, b",)
