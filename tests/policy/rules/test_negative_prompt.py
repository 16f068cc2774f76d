"""R2, R2b, R2c, R6 and R8: what becomes of the negative prompt."""

from __future__ import annotations

import pytest

from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import Effect, Mode, NegativeTag
from tests.support.cards import card
from tests.support.planning import guard
from tests.support.sentences import fields

PAINT = card("paint", "style", triggers=("impasto_oil_style",))
KNIGHT = card("knight", "character", triggers=("kn1ght (hero)",))
WRONG = card("wrong_lora", "trigger_negative", triggers=("wrong",))
DEDICATED = card("bad", "dedicated_negative")
CONCEPT = card("c", "concept")
UNKNOWN = card("u", "unknown", confidence=0.0)
CARDS = (PAINT, KNIGHT, WRONG, DEDICATED, CONCEPT, UNKNOWN)


@pytest.mark.parametrize(
    ("prompt", "negative", "expected"),
    [
        ("<lora:paint:1>", "blurry, impasto_oil_style, lowres", "blurry, lowres"),
        ("<lora:paint:1>", "blurry, Impasto Oil Style", "blurry"),
        ("<lora:paint:1>", "(impasto oil style:1.3), blurry", "blurry"),
        ("<lora:paint:1>", "(a, impasto_oil_style, b:1.2)", "(a, b:1.2)"),
        ("<lora:paint:1>", "[impasto oil style:x:0.5], a", "[:x:0.5], a"),
        ("<lora:paint:1>", "[impasto oil style|x], a", "[|x], a"),
        ("<lora:knight:1>", r"kn1ght \(hero\), blurry", "blurry"),
        ("<lora:paint:1>", "ugly impasto oil style painting", "ugly painting"),
        ("<lora:paint:1>", "impasto oil styles, oil style", "impasto oil styles, oil style"),
        ("<lora:paint:0>", "impasto_oil_style", "impasto_oil_style"),
        ("<lora:paint:-0.3>", "impasto_oil_style", "impasto_oil_style"),
        ("a cat", "impasto_oil_style", "impasto_oil_style"),
        ("<lora:paint:1>", "{impasto_oil_style|x}, a", "{impasto_oil_style|x}, a"),
        ("<lora:paint:1:guard=off>", "impasto_oil_style", "impasto_oil_style"),
        ("<lora:wrong_lora:1>", "wrong, blurry", "wrong, blurry"),
        ("<lora:wrong_lora:1>", "blurry", "blurry, wrong"),
        ("<lora:wrong_lora:1>", "", "wrong"),
        ("<lora:wrong_lora:1>", "something wrong here", "something wrong here"),
    ],
)
def test_triggers(prompt: str, negative: str, expected: str) -> None:
    result = guard(prompt, negative, cards=CARDS, cfg=5)
    assert result.first.negative_prompts == (expected,)
    if negative == expected:
        assert result.first.negative_prompts[0] is result.request.first.negative_prompts[0]
    else:
        assert [f.rule for f in result.findings if f.effect is Effect.ENFORCED] == ["R2"]


def test_a_trigger_of_a_negated_lora_is_advised_on() -> None:
    result = guard("<lora:paint:-0.3>", "impasto_oil_style", cards=CARDS, cfg=5)
    (finding,) = [f for f in result.findings if f.rule == "R2"]
    assert finding.effect is Effect.ADVISED
    assert finding.after == finding.before


def test_the_trigger_follows_the_lora_as_it_is_after_r1() -> None:
    """A dropped LoRA is not active, so its trigger stays where it is."""
    result = guard("a cat <lora:knight:-1>", r"kn1ght \(hero\)", cards=CARDS, cfg=5)
    assert result.first.prompts == ("a cat",)
    assert result.first.negative_prompts == (r"kn1ght \(hero\)",)


def test_embeddings_and_words_other_loras_need_are_kept() -> None:
    other = card("other", "style", triggers=("wrong", "easynegative", "keep_this"))
    helper = card("helper", "style", negative_text="keep this")
    result = guard(
        "<lora:other:1> <lora:wrong_lora:1> <lora:helper:1>",
        "wrong, EasyNegative, keep this",
        cards=(*CARDS, other, helper),
        cfg=5,
        embeddings=frozenset({"easynegative"}),
    )
    assert not result.changed


def test_an_ordinary_word_inside_a_longer_term_is_only_advised_on() -> None:
    hands = card("hands", "concept", triggers=("hands",))
    result = guard("<lora:hands:1>", "bad hands, missing fingers", cards=(hands,), cfg=5)
    assert not result.changed


def test_emptied_negative_on_sdxl_is_said() -> None:
    result = guard("<lora:paint:1>", "impasto_oil_style", cards=CARDS, cfg=5)
    assert result.first.negative_prompts == ("",)
    assert "empty-negative" in {f.rule for f in result.findings}
    sd1 = guard("<lora:paint:1>", "impasto_oil_style", cards=CARDS, cfg=5, family=ModelFamily.SD1)
    assert "empty-negative" not in {f.rule for f in sd1.findings}


def test_cfg_one_is_said() -> None:
    (finding,) = guard("a", "b", cfg=1).findings
    assert finding.effect is Effect.ADVISED
    assert (finding.rule, finding.before, finding.after) == ("cfg-1", "1", "1")
    assert not guard("a", "b", cfg=1.001).findings
    assert not guard("a", "", cfg=1).findings


TABLE = card("t", "style", shares={"ink wash": 0.95, "koi": 0.8, "pond": 0.5, "1girl": 0.99})


@pytest.mark.parametrize(
    ("share", "rules"),
    [(0.9, ["R2b"]), (0.8999, ["R6"]), (0.65, ["R6"]), (0.6499, [])],
)
def test_the_two_shares_are_exact(share: float, rules: list[str]) -> None:
    table = card("t", "style", shares={"koi": share})
    result = guard("<lora:t:1>", "koi", cards=(table,), cfg=5)
    assert [f.rule for f in result.findings] == rules


@pytest.mark.parametrize(
    ("negative", "rules"),
    [
        ("ink wash", ["R2b"]),
        ("koi", ["R6"]),
        ("pond", []),
        ("1girl", []),
        ("Ink_Wash, (koi:1.2)", ["R2b", "R6"]),
    ],
)
def test_caption_shares(negative: str, rules: list[str]) -> None:
    result = guard("<lora:t:1>", negative, cards=(TABLE,), cfg=5)
    assert not result.changed
    assert sorted(f.rule for f in result.findings) == rules


def test_the_strongest_rule_speaks_alone() -> None:
    both = card("t", "style", triggers=("ink wash",), shares={"ink wash": 0.95})
    result = guard("<lora:t:1>", "ink wash, a", cards=(both,), cfg=5)
    assert [f.rule for f in result.findings] == ["R2"]


def test_core_terms_are_stripped_when_set_to() -> None:
    result = guard("<lora:t:1>", "a, ink wash", cards=(TABLE,), cfg=5, rules={"R2b": Mode.ENFORCE})
    assert result.first.negative_prompts == ("a",)


def test_recommended_negative() -> None:
    helper = card("h", "style", negative_text="photo, 3d render")
    advised = guard("<lora:h:1>", "photo", cards=(helper,), cfg=5)
    assert [(f.rule, f.after) for f in advised.findings] == [("R2c", "3d render")]
    enforced = guard("<lora:h:1>", "photo", cards=(helper,), cfg=5, rules={"R2c": Mode.ENFORCE})
    assert enforced.first.negative_prompts == ("photo, 3d render",)


@pytest.mark.parametrize(
    ("prompt", "negative", "new_prompt", "new_negative"),
    [
        ("a cat <lora:paint:1>", "bad, <lora:paint:1>", "a cat <lora:paint:1>", "bad"),
        ("a cat", "<lora:paint:0.4>, bad", "a cat <lora:paint:-0.4>", "bad"),
        ("a cat", "<lora:paint:0.8>", "a cat <lora:paint:-0.5>", ""),
        ("a cat", "bad <lora:c:-0.2>", "a cat <lora:c:-0.2>", "bad"),
        ("a cat", "bad, <lora:bad:1>", "a cat <lora:bad:-1>", "bad"),
        ("a cat", "bad, <lora:wrong_lora:1>", "a cat <lora:wrong_lora:1>", "bad, wrong"),
        ("a cat", "bad, <lora:knight:1>", "a cat", "bad"),
        ("a cat", "bad, <lora:u:1>", "a cat", "bad, <lora:u:1>"),
        ("a cat", "bad, <lora:nowhere:1>", "a cat", "bad, <lora:nowhere:1>"),
        ("a cat", "bad, <lora:paint:0>", "a cat", "bad"),
        ("", "<lora:paint:0.4>", "<lora:paint:-0.4>", ""),
        ("a cat", "<lora:paint:0.4:guard=off>", "a cat", "<lora:paint:0.4:guard=off>"),
        ("a cat", "<lora:paint:0.4:guard=-R8>", "a cat", "<lora:paint:0.4:guard=-R8>"),
        ("a cat", "<lora:paint:1:guard=-R1-R8>", "a cat", "<lora:paint:1:guard=-R1-R8>"),
        ("a cat", "<lora:nowhere:1:guard=-R8>", "a cat", "<lora:nowhere:1:guard=-R8>"),
        ("a cat", "<lora:paint:0.9:guard=-R1>", "a cat <lora:paint:-0.9:guard=-R1>", ""),
        ("a cat", "<lora:paint:0.9:guard=-R3>", "a cat <lora:paint:-0.5:guard=-R3>", ""),
        ("a cat", "<lora:paint:0.9:guard=-nonsense>", "a cat <lora:paint:-0.5>", ""),
    ],
)
def test_tags_in_the_negative(
    prompt: str, negative: str, new_prompt: str, new_negative: str
) -> None:
    result = guard(prompt, negative, cards=CARDS, cfg=5)
    assert (result.first.prompts, result.first.negative_prompts) == (
        (new_prompt,),
        (new_negative,),
    )


def test_an_embedding_in_tag_form_is_advised_on() -> None:
    result = guard("a", "<lora:easyneg:1>", cards=CARDS, cfg=5, embeddings=frozenset({"EasyNeg"}))
    (finding,) = result.findings
    assert finding.rule == "R8"
    assert fields(finding.reason)["name"] == "easyneg"
    assert not finding.fix


@pytest.mark.parametrize(
    ("setting", "expected"),
    [(NegativeTag.REMOVE, "bad"), (NegativeTag.LEAVE, "bad, <lora:nowhere:1>")],
)
def test_the_other_choices_of_r8(setting: NegativeTag, expected: str) -> None:
    result = guard("a", "bad, <lora:nowhere:1>", cards=CARDS, cfg=5, negative_tag=setting)
    assert result.first.negative_prompts == (expected,)


def test_a_moved_negative_weight_lowers_cfg() -> None:
    result = guard("a cat", "<lora:paint:0.4>", cards=CARDS, cfg=9)
    assert result.first.cfg_scale == 6.0
