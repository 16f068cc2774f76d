"""R11d and R11b: tags that the host reads otherwise than meant, and what was probably meant."""

from __future__ import annotations

import pytest

from lib_lora_neg.policy import Effect, Finding, GuardPlan, Mode
from lib_lora_neg.policy.rules.r11d_unreadable import DROPS_ALL, DROPS_ONE, NO_LORA
from lib_lora_neg.prompts.lookalikes import TagFault, repaired_tag
from lib_lora_neg.sentences import Sentence
from tests.support.cards import card
from tests.support.planning import guard
from tests.support.sentences import fields, says

STYLE = card("sty", "style")
CONCEPT = card("con", "concept")
CARDS = (STYLE, CONCEPT, card("wan{2}", "style"), card("Add-Detail XL", "slider"))


def _of(result: GuardPlan, rule: str) -> list[Finding]:
    return [finding for finding in result.findings if finding.rule == rule]


@pytest.mark.parametrize(
    ("tag", "fix"),
    [
        ("<LORA:sty:-0.9>", "<lora:sty:-0.9>"),
        ("<Lyco:sty:-0.9>", "<lyco:sty:-0.9>"),
        ("<lora：sty：-0.9>", "<lora:sty:-0.9>"),  # noqa: RUF001
        ("＜lora:sty:-0.9＞", "<lora:sty:-0.9>"),  # noqa: RUF001
        ("< lora:sty:-0.9>", "<lora:sty:-0.9>"),
        ("<lora :sty:-0.9>", "<lora:sty:-0.9>"),
        ("<lora:sty：-0.9>", "<lora:sty:-0.9>"),  # noqa: RUF001
        ("<lora sty:-0.9>", "<lora:sty:-0.9>"),
        ("<LoRA=sty:-0.9>", "<lora:sty:-0.9>"),
        ("<lora, sty:0.5:-0.9>", "<lora:sty:0.5:-0.9>"),
        ("<lora:>", ""),
        ("<lora:a#b:-0.9>", ""),
        ("<lora:a=b:-0.9>", ""),
        ("<lora:a=b>", ""),
        ("<lora:x{y}:-0.9>", ""),
        ("<lora:sty:-0.9", ""),
        ("<lora:sty:−0.9>", "<lora:sty:-0.9>"),
        ("<lora:sty:-0,9>", "<lora:sty:-0.9>"),
        ("<lora:sty:-0. 9>", "<lora:sty:-0.9>"),
        ("<lora:sty:te=1:unet=−0.9:lbw=A>", "<lora:sty:te=1:unet=-0.9:lbw=A>"),
        ("<lora:sty:0.5.5>", ""),
        ("<lora:sty:nan>", ""),
        ("<lora:sty:inf>", ""),
        ("<lora:sty:1e400>", ""),
        ("<lora:sty:1:guard=-R99x>", ""),
    ],
)
def test_a_tag_that_misfires_is_named(tag: str, fix: str) -> None:
    result = guard(f"a cat {tag}", cards=CARDS, cfg=5)
    (finding,) = _of(result, "R11d")
    assert (finding.before, finding.fix) == (tag, fix)
    assert finding.effect is Effect.ADVISED
    assert not result.changed
    assert not _of(result, "R1")


@pytest.mark.parametrize(
    "prompt",
    [
        "a cat <lora:sty:0.5>",
        "a cat <hypernet:x:1>",
        "<b>bold</b> and <3",
        "<lora dress>, <lora> and <lora",
        "# <LORA:sty:1>\na cat",
        "{<lora:a:1>|<lora:b:1>}",
        "<lora:{a|b}:1>",
        "<lora:sty:0.5:guard=-R3>",
        "<lora:sty: 0.5 >",
        "<lora:sty:+.5>",
    ],
)
def test_nothing_is_said_of_tags_that_work(prompt: str) -> None:
    assert not guard(prompt, cards=CARDS, cfg=5).findings


def test_a_name_in_braces_that_exists_is_a_name() -> None:
    assert guard("<lora:wan{2}:-0.9>", cards=CARDS, cfg=5).first.prompts == ("<lora:wan{2}:-0.5>",)
    inside = "{<lora:wan{2}:-0.9>|b}"
    assert not guard(inside, cards=CARDS, cfg=5).changed


@pytest.mark.parametrize(
    ("weight", "expected"), [("-inf", "-0.5"), ("-1e400", "-0.5"), ("-1e308", "-0.5")]
)
def test_a_weight_without_bounds_is_clamped(weight: str, expected: str) -> None:
    result = guard(f"<lora:sty:{weight}>", cards=CARDS, cfg=5)
    assert result.first.prompts == (f"<lora:sty:{expected}>",)


@pytest.mark.parametrize("rule", [Mode.ADVISE, Mode.OFF])
def test_where_all_loras_are_dropped_no_rule_claims_to_act_on_one(rule: Mode) -> None:
    prompt = "<lora:sty:-0,9> <lora:con:-0.9> <lora:con:-0.9>"
    result = guard(prompt, "trig", cards=CARDS, cfg=12, rules={"R11d": rule})
    assert not result.changed
    assert {finding.rule for finding in result.findings} <= {"R11d"}


def test_where_only_the_bad_one_is_left_out_the_others_are_guarded() -> None:
    prompt = "<lora:sty:-0,9> <lora:con:-0.9>"
    result = guard(prompt, cards=CARDS, cfg=5, bad_weight_drops_all=False)
    assert result.first.prompts == ("<lora:sty:-0,9> <lora:con:-0.3>",)


@pytest.mark.parametrize(
    ("known", "tools", "dropped"),
    [
        (False, frozenset(), True),
        (None, frozenset(), False),
        (True, frozenset(), False),
        (False, frozenset({"loractl"}), False),
    ],
)
@pytest.mark.parametrize("schedule", ["[0.2@0,0.5@0.7]", "0@0,1@0.4"])
def test_a_schedule_where_nothing_reads_schedules_drops_all(
    schedule: str, known: bool | None, tools: frozenset[str], dropped: bool
) -> None:
    prompt = f"<lora:sty:{schedule}> <lora:con:-0.9>"
    result = guard(prompt, cards=CARDS, cfg=5, weight_schedules=known, prompt_tools=tools)
    assert bool(_of(result, "R11d")) is dropped
    assert result.changed is not dropped
    assert schedule in result.first.prompts[0]


def test_one_unknown_name_that_stays_where_it_drops_all_leaves_nothing_to_guard() -> None:
    result = guard(
        "<lora:nowhere:1> <lora:con:-0.9>",
        cards=CARDS,
        cfg=12,
        rules={"R11b": Mode.ADVISE},
        unknown_lora_drops_all=True,
    )
    assert not result.changed
    assert [finding.rule for finding in result.findings] == ["R11b"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Sty", "sty"),
        ("add_detail_xl", "Add-Detail XL"),
        ("styles/Add-Detail XL.safetensors", "Add-Detail XL"),
        ("Add-Detial XL", "Add-Detail XL"),
        ("Add-Detail", "Add-Detail XL"),
    ],
)
def test_a_near_name_is_offered(name: str, near: str) -> None:
    result = guard(f"<lora:{name}:0.7:lbw=A>", cards=CARDS, cfg=5)
    (finding,) = result.findings
    assert finding.rule == "R11b"
    assert finding.fix == f"<lora:{near}:0.7:lbw=A>"
    assert fields(finding.reason)["names"] == repr(near)


def test_a_near_name_is_offered_in_the_negative_prompt() -> None:
    (finding,) = guard("a cat", "<lora:Sty:0.4>, bad", cards=CARDS, cfg=5).findings
    assert (finding.rule, finding.fix) == ("R8", "<lora:sty:0.4>")


@pytest.mark.parametrize("name", ["nowhere at all", "x", "", "xyz"])
def test_nothing_is_offered_for_a_name_like_no_other(name: str) -> None:
    for finding in guard(f"<lora:{name}:0.7>", cards=CARDS, cfg=5).findings:
        assert not finding.fix


@pytest.mark.parametrize(
    ("tag", "meant"),
    [
        ("<lora:x:0,4>", "<lora:x:0.4>"),
        ("<lora:x:-0,4>", "<lora:x:-0.4>"),
        ("<lora:x:0,4:0,5>", "<lora:x:0.4:0.5>"),
        ("<lora:x:−0.4>", "<lora:x:-0.4>"),
        ("<lora:x:–0.4>", "<lora:x:-0.4>"),
        ("<lora:x:- 0.4>", "<lora:x:-0.4>"),
        ("<lora:x:0. 4>", "<lora:x:0.4>"),
        ("<lora:x:te=0,4>", "<lora:x:te=0.4>"),
        ("<lora:x:1,2.5>", ""),
        ("<lora:x:1,234,5>", ""),
        ("<lora:x:1.2.3>", ""),
        ("<lora:x:--0.4>", ""),
        ("<lora:x:0.4f>", ""),
        ("<lora:x:.5>", ""),
        ("<LORA:x:1>", "<lora:x:1>"),
        ("< lora:x:1>", "<lora:x:1>"),
        ("<lora :x:1>", "<lora:x:1>"),
    ],
)
def test_what_a_tag_was_probably_meant_to_be(tag: str, meant: str) -> None:
    assert repaired_tag(tag) == meant


@pytest.mark.parametrize(
    ("tag", "facts"),
    [
        # A name that the host reads as an argument: none is left, or the number is taken for it.
        ("<lora:a=b>", {"item": "'a=b'"}),
        ("<lora:a=b:-0.9>", {"item": "'a=b'", "name": "'-0.9'"}),
        ("<lora:nobody：x:1>", {"name": "'nobody：x'"}),  # noqa: RUF001
        ("<lora:sty:nan>", {"word": "'nan'"}),
        ("<lora:sty:1:guard=x>", {"value": "x"}),
    ],
)
def test_what_is_said_of_it(tag: str, facts: dict[str, str]) -> None:
    found = _of(guard(tag, cards=CARDS, cfg=5), "R11d")[0]
    named = fields(found.reason)
    assert {name: value for name, value in named.items() if name != "then"} == facts


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("<lora:sty:1.2.3>", DROPS_ALL),
        ("<LORA:sty:1>", NO_LORA[TagFault.TYPE]),
        ("<lora：sty:1>", NO_LORA[TagFault.WIDE]),  # noqa: RUF001
        ("< lora:sty:1>", NO_LORA[TagFault.SPACE]),
        ("<lora :sty:1>", NO_LORA[TagFault.SPACE]),
        ("<lora sty:1>", NO_LORA[TagFault.FORM]),
        ("<lora:a#b:1>", NO_LORA[TagFault.COMMENT]),
        ("<lora:sty:1", NO_LORA[TagFault.UNCLOSED]),
    ],
)
def test_why_the_host_loads_nothing(tag: str, reason: Sentence) -> None:
    assert says(_of(guard(tag, cards=CARDS, cfg=5), "R11d")[0].reason, reason)


def test_a_bad_weight_that_costs_its_own_lora_alone() -> None:
    result = guard("<lora:sty:1.2.3>", cards=CARDS, cfg=5, bad_weight_drops_all=False)
    assert says(_of(result, "R11d")[0].reason, DROPS_ONE)


def test_each_tag_of_a_prompt_is_looked_at() -> None:
    result = guard("<lora:con:0.5> <lora:sty:1.2.3> <lora:sty:nan>", cards=CARDS, cfg=5)
    assert [finding.before for finding in _of(result, "R11d")] == [
        "<lora:sty:1.2.3>",
        "<lora:sty:nan>",
    ]


@pytest.mark.parametrize(
    ("tag", "in_force"),
    [
        ("<lora:sty:1.2.3>", False),
        ("<lora:sty:0.5:x>", False),
        ("<lora:sty:nan>", True),
        ("<lora:sty:0.5>", True),
        # Without any name the host fails, too; with a name left it reads the rest.
        ("<lora:a=b>", False),
        ("<lora:a=b:te=0.9>", False),
        ("<lora:a=b:sty:0.9>", True),
        ("<lora:a=b:0.9>", True),
    ],
)
def test_which_misfires_cost_the_other_tags(tag: str, in_force: bool) -> None:
    result = guard(f"{tag} <lora:con:-0.9>", cards=CARDS, cfg=5, bad_weight_drops_all=True)
    assert result.first.prompts == (f"{tag} <lora:con:{'-0.3' if in_force else '-0.9'}>",)
