"""R11, and LoRAs that no tag names: what the host makes of tags that misfire."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from lib_lora_neg.loras.card import LoraCard, LoraParts
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import (
    Effect,
    GenerationRequest,
    InjectedLora,
    Mode,
    PromptSet,
    plan,
)
from tests.support.cards import TYPED_CARDS, card
from tests.support.planning import guard


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("<lora:s:0.5><lora:s:-0.3>", "<lora:s:0.2>"),
        ("a, <lora:s:0.5>, b, <lora:s:0.2>", "a, <lora:s:0.7>, b"),
        ("<lora:s:1:0.5> x <lora:s:0.5:1>", "<lora:s:1.5:1.5> x"),
        ("<lora:s:0.5:lbw=A><lora:s:0.3:lbw=B>", "<lora:s:0.5:lbw=A><lora:s:0.3:lbw=B>"),
        ("<lora:s:0.5:lbw=A><lora:s:0.3:lbw=A>", "<lora:s:0.8:lbw=A>"),
        ("<lora:s:0.5><lora:o:0.5>", "<lora:s:0.5><lora:o:0.5>"),
    ],
)
def test_duplicates(prompt: str, expected: str) -> None:
    assert guard(prompt, cards=TYPED_CARDS, cfg=5).first.prompts == (expected,)


def test_a_name_and_its_alias_are_one_lora() -> None:
    from dataclasses import replace

    aliased = replace(card("file", "style"), alias="nick")
    result = guard("<lora:file:0.5> <lora:nick:0.5>", cards=(aliased,), cfg=5)
    assert result.first.prompts == ("<lora:file:1>",)


def test_unknown_names() -> None:
    advised = guard("a <lora:nowhere:1> b", cards=TYPED_CARDS, cfg=5)
    assert not advised.changed
    assert [f.rule for f in advised.findings] == ["R11b"]
    removed = guard("a <lora:nowhere:1> b", cards=TYPED_CARDS, cfg=5, unknown_lora_drops_all=True)
    assert removed.first.prompts == ("a b",)


@pytest.mark.parametrize("weight", ["x", "nan", "", "inf", "1e400", "0.5.5"])
def test_weights_that_are_no_numbers(weight: str) -> None:
    result = guard(f"<lora:s:{weight}>", cards=TYPED_CARDS, cfg=5)
    assert not result.changed
    assert [f.rule for f in result.findings] == ["R11d"]


def test_block_weight_words_are_no_mistake_where_the_tool_is_there() -> None:
    tools = frozenset({"lora-block-weight"})
    assert not guard("<lora:s:1:OUTALL>", cards=TYPED_CARDS, cfg=5, prompt_tools=tools).findings


def test_wrong_family() -> None:
    sd1 = card("x", "style", family=ModelFamily.SD1)
    result = guard("<lora:x:1>", cards=(sd1,), cfg=5)
    assert [f.rule for f in result.findings] == ["R11c"]
    assert not guard("<lora:x:0>", cards=(sd1,), cfg=5).findings


@pytest.mark.parametrize(
    ("made_for", "has_text", "checkpoint", "acts"),
    [
        (ModelFamily.SD1, True, ModelFamily.FLUX, True),
        (ModelFamily.SDXL, True, ModelFamily.SD1, True),
        (ModelFamily.SD1, False, ModelFamily.FLUX, False),
        (ModelFamily.SD2, True, ModelFamily.SDXL, False),
        (ModelFamily.SD1, True, ModelFamily.QWEN, False),
    ],
)
def test_a_foreign_lora_acts_through_a_text_encoder_that_both_families_have(
    made_for: ModelFamily, has_text: bool, checkpoint: ModelFamily, acts: bool
) -> None:
    parts = LoraParts(text_encoder=has_text, unet=True)
    foreign = card("x", "style", family=made_for, parts=parts)

    (found,) = guard("<lora:x:1>", cards=(foreign,), cfg=5, family=checkpoint).findings

    assert (found.rule, bool(found.evidence)) == ("R11c", acts)


def test_a_lora_the_host_injects_is_guarded_by_naming_it() -> None:
    result = guard("a", cards=TYPED_CARDS, cfg=5, injected=(InjectedLora("s", -0.9),))
    assert result.first.prompts == ("a <lora:s:-0.5>",)
    dropped = guard("a", cards=TYPED_CARDS, cfg=5, injected=(InjectedLora("p", -0.9),))
    assert dropped.first.prompts == ("a <lora:p:0>",)
    fine = guard("a", cards=TYPED_CARDS, cfg=5, injected=(InjectedLora("s", 1.0),))
    assert not fine.changed


@pytest.mark.parametrize("comment", ["#{", "# <! AND_PERP !>", "#$a=b", "#<ppp:set a>", "# $a|b"])
def test_what_opens_in_a_comment_hides_no_tag(comment: str) -> None:
    written = f"a {comment}\n<lora:s:-0.9> }}"
    assert guard(written, cards=TYPED_CARDS, cfg=5).first.prompts == (
        f"a {comment}\n<lora:s:-0.5> }}",
    )
    injected = (InjectedLora("s", -0.9),)
    result = guard(f"a {comment}", cards=TYPED_CARDS, cfg=5, injected=injected)
    assert result.first.prompts[0].count("<lora:s:-0.5>") == 1


def test_batch_loads_the_first_prompts_loras() -> None:
    trigger = card("t", "style", triggers=("trig",))
    known = {c.name: c for c in (*TYPED_CARDS, trigger)}
    request = GenerationRequest(
        PromptSet(
            ("a <lora:t:1>", "b <lora:s:-0.9>", "a <lora:t:1>"),
            ("trig, x", "y, trig", "trig, x"),
            9.0,
        ),
        family=ModelFamily.SDXL,
    )
    result = plan(request, known)
    assert result.first.negative_prompts == ("x", "y", "x")
    assert result.first.prompts == ("a <lora:t:1>", "b <lora:s:-0.5>", "a <lora:t:1>")
    assert result.first.cfg_scale == 9.0
    assert len([f for f in result.findings if f.rule == "R2"]) == 2


@pytest.mark.parametrize(
    "prompt",
    [
        "<lora:o:1e308> <lora:o:1e308>",
        "<lora:o:0.5:1e308> <lora:o:0.5:1e308>",
        "<lora:o:1:neg=1e5> <lora:o:1e308> <lora:o:1e308>",
    ],
)
def test_tags_whose_sum_is_no_number_stay(prompt: str) -> None:
    off = {"R1": Mode.OFF, "R5": Mode.OFF}
    result = guard(prompt, cards=TYPED_CARDS, cfg=5, rules=off)
    assert result.first.prompts == (prompt,)
    (finding,) = [f for f in result.findings if f.rule == "R11a"]
    assert finding.effect is Effect.ADVISED


class Shelf:
    """A lookup that tells no names."""

    def get(self, name: str, /) -> LoraCard | None:
        return {made.name: made for made in (card("ink_style", "style"),)}.get(name)


class OpenShelf(Shelf):
    """One that tells them."""

    def names(self) -> Iterable[str]:
        return ["ink_style"]


@pytest.mark.parametrize(("cards", "fix"), [(Shelf(), ""), (OpenShelf(), "<lora:ink_style:1>")])
def test_a_near_name_is_offered_where_names_are_told(cards: Shelf, fix: str) -> None:
    asked = GenerationRequest(PromptSet(("<lora:ink_styel:1>",), ("",), 5.0))
    (finding,) = plan(asked, cards).findings
    assert (finding.rule, finding.fix) == ("R11b", fix)
