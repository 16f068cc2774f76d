"""What the page is told of a finding, and what each action would write."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lib_lora_neg.hosts.preview import FormValues
from lib_lora_neg.policy import Mode
from lib_lora_neg.ui.panel.preview import MAX_CHIPS, preview
from tests.support.cards import card
from tests.support.preview import PreviewFor

CARDS = [
    card("style_x", "style", triggers=("impasto_oil_style",)),
    card("hero", "character", triggers=("ariavale",)),
    card("thing", "concept", negative_text="bad_thing, lowres"),
    card("rainy", "style", shares={"rain": 0.8}),
    card("helper", "trigger_negative", triggers=("wrong",)),
    card("slide", "slider"),
]
HOST = PreviewFor(CARDS, {"quality": "impasto_oil_style"})


def view(prompt: str = "", negative: str = "", **more: Any) -> dict[str, Any]:
    mode = more.pop("mode", None)
    rules = more.pop("rules", None)
    context = HOST.context(FormValues(prompt, negative, more.pop("cfg", 7.0), **more), mode, rules)
    result = preview(context, HOST.token_count)
    json.dumps(result, allow_nan=False)
    return result


def test_a_prompt_that_is_too_long_has_a_chip_of_few_words() -> None:
    (chip,) = view(negative="x" * 60_000)["chips"]
    assert (chip["rule"], chip["tone"], chip["actions"]) == ("too-long", "note", [])
    assert len(words(chip)) < 80


def words(chip: dict[str, Any]) -> str:
    arrow = ["→", chip["after"]] if chip["after"] else []
    parts = [chip["lead"], chip["before"], *arrow, chip["done"], chip["tail"], chip["subject"]]
    return " ".join(part for part in parts if part)


def action(chip: dict[str, Any], label: str) -> dict[str, Any]:
    return next(a["writes"] for a in chip["actions"] if a["label"] == label)


CHIPS = [
    ("<lora:style_x:-0.9>", "", ["style_x −0.9 → −0.5 style", "CFG 7 → 6 negative weight"]),
    ("<lora:hero:-0.5>", "", ["hero −0.5 removed character"]),
    (
        "<lora:style_x:1>",
        "a, impasto_oil_style",
        ["negative impasto_oil_style removed trigger of style_x"],
    ),
    ("<lora:thing:1>", "lowres", ["negative bad_thing to add recommended by thing"]),
    ("<lora:rainy:1>", "rain", ["negative rain tug of war with rainy"]),
    ("a man without a hat", "b", ["prompt without a hat to move negation is not understood"]),
    ("<lora:none_such:1>", "", ["none_such 1 to remove unknown LoRA"]),
    ("<lora:style_x:abc>", "", ["style_x abc weight is no number"]),
    ("<lora:slide:-3>", "", []),
    ("<lora:thing:0.5> <lora:thing:0.5>", "bad_thing, lowres", ["thing → 1 twice"]),
    ("a", "b, <lora:thing:0.2>", ["negative: thing 0.2 moved LoRA tag is read as text",
                                  "CFG 7 → 6 negative weight"]),
    ("<lora:helper:1>", "", ["negative wrong added trigger of helper"]),
    ("a cat", "a dog", []),
]  # fmt: skip


@pytest.mark.parametrize(("prompt", "negative", "expected"), CHIPS)
def test_chips(prompt: str, negative: str, expected: list[str]) -> None:
    assert [words(chip) for chip in view(prompt, negative)["chips"]] == expected


@pytest.mark.parametrize(("prompt", "negative", "_chips"), CHIPS)
def test_applying_a_chip_ends_it(prompt: str, negative: str, _chips: list[str]) -> None:
    for chip in view(prompt, negative)["chips"]:
        for offered in chip["actions"]:
            if offered["kind"] != "apply":
                continue
            written = {"prompt": prompt, "negative_prompt": negative, "cfg_scale": 7.0}
            written |= offered["writes"]
            again = view(written["prompt"], written["negative_prompt"], cfg=written["cfg_scale"])
            assert words(chip) not in [words(other) for other in again["chips"]]


@pytest.mark.parametrize(("prompt", "negative", "_chips"), CHIPS)
def test_applying_everything_leaves_nothing_to_change(
    prompt: str, negative: str, _chips: list[str]
) -> None:
    everything = view(prompt, negative)["everything"]
    again = view(
        everything.get("prompt", prompt),
        everything.get("negative_prompt", negative),
        cfg=everything.get("cfg_scale", 7.0),
    )
    assert again["changes"] == 0
    assert again["everything"] == {}


def test_one_of_two_is_applied_alone() -> None:
    chips = view("<lora:style_x:-0.9> <lora:hero:-0.5>", "")["chips"]
    assert action(chips[0], "Apply to prompt") == {"prompt": "<lora:style_x:-0.9>"}
    assert action(chips[1], "Apply to prompt") == {"prompt": "<lora:style_x:-0.5> <lora:hero:-0.5>"}


def test_what_is_taken_out_comes_first_and_then_the_weights() -> None:
    seen = view("<lora:thing:1> without a hat <lora:style_x:-0.9> <lora:hero:-0.5>", "lowres")
    assert [(chip["rule"], chip["tone"]) for chip in seen["chips"]] == [
        ("R1", "change"),
        ("R1", "change"),
        ("R3", "change"),
        ("R9", "advice"),
        ("R2c", "advice"),
    ]
    assert [chip["lead"] for chip in seen["chips"]][:2] == ["hero", "style_x"]


@pytest.mark.parametrize(
    ("prompt", "negative", "more", "done"),
    [
        ("a", "b, <lora:thing:0.2>", {}, "moved"),
        ("a", "b, <lora:thing:0.2>", {"mode": Mode.ADVISE}, "to move"),
        ("a <lora:thing:1>", "bad_thing, lowres, <lora:thing:0.2>", {}, "removed"),
        (
            "a <lora:thing:1>",
            "bad_thing, lowres, <lora:thing:0.2>",
            {"mode": Mode.ADVISE},
            "to remove",
        ),
        ("a", "b, <lora:hero:1>", {}, "removed"),
        ("a man without a hat", "b", {"rules": {"R9": Mode.ENFORCE}}, "moved"),
        ("a man without a hat", "hat", {"rules": {"R9": Mode.ENFORCE}}, "removed"),
        ("a man without a hat", "hat", {}, "to remove"),
    ],
)
def test_moved_is_said_only_of_what_arrives_elsewhere(
    prompt: str, negative: str, more: dict[str, Any], done: str
) -> None:
    chips = [c for c in view(prompt, negative, **more)["chips"] if c["rule"] in ("R8", "R9")]
    assert [chip["done"] for chip in chips] == [done]


def test_the_weight_that_is_used_is_named() -> None:
    for mode, weight, cfg in ((Mode.ENFORCE, "−0.5", "6"), (Mode.ADVISE, "−0.9", "7")):
        first, second = view("<lora:style_x:-0.9>", "", mode=mode)["chips"]
        assert weight in first["used"]
        assert cfg in second["used"]
    (gone,) = view("<lora:hero:-0.5>")["chips"]
    assert "without" in gone["used"]
    split = view("<lora:style_x:0.5:-0.9>")["chips"][0]
    assert "te 0.5 · unet −0.5" in split["used"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("<lora:style_x:−0.4>", "<lora:style_x:-0.4>"),
        ("<lora:style_x:-0,4>", "<lora:style_x:-0.4>"),
        ("<lora:stile_x:0.4>", "<lora:style_x:0.4>"),
    ],
)
def test_what_was_probably_meant_is_one_click(typed: str, meant: str) -> None:
    chips = view(f"a cat {typed}")["chips"]
    fixes = [chip["actions"][0] for chip in chips if chip["actions"][0]["kind"] == "fix"]
    assert [fix["writes"] for fix in fixes] == [{"prompt": f"a cat {meant}"}]
    assert not any(c["actions"][0]["kind"] == "fix" for c in view(f"a cat {meant}")["chips"])


def test_to_allow_is_never_offered_first_where_something_else_is() -> None:
    for prompt, negative, _ in CHIPS:
        for chip in view(prompt, negative)["chips"]:
            kinds = [offered["kind"] for offered in chip["actions"]]
            if set(kinds) - {"allow", "always"}:
                assert kinds[0] not in ("allow", "always")


def test_allow_once_ends_the_finding() -> None:
    chip = view("<lora:style_x:-0.9>")["chips"][0]
    writes = action(chip, "Allow once")
    assert writes == {"prompt": "<lora:style_x:-0.9:guard=-R1>"}
    left = [(chip["rule"], chip["tone"]) for chip in view(writes["prompt"])["chips"]]
    assert left == [("R3", "change"), ("R10", "advice")]


def test_allow_once_lifts_the_rule_of_its_chip_alone() -> None:
    prompt = "<lora:style_x:-0.9> <lora:thing:-0.2:guard=-R2>"
    chips = view(prompt)["chips"]
    (cfg,) = [chip for chip in chips if chip["rule"] == "R3"]
    allowed = action(cfg, "Allow once")["prompt"]
    assert allowed == "<lora:style_x:-0.9:guard=-R3> <lora:thing:-0.2:guard=-R2-R3>"
    left = [chip["rule"] for chip in view(allowed)["chips"]]
    assert "R3" not in left
    assert "R1" in left


def test_what_a_scan_can_measure_offers_one() -> None:
    def offered(prompt: str, negative: str = "") -> dict[str, dict[str, Any]]:
        context = HOST.context(FormValues(prompt, negative, 9.0))
        chips = preview(context, HOST.token_count, lasting=True)["chips"]
        return {c["rule"]: a for c in chips for a in c["actions"] if a["kind"] == "scan"}

    found = offered("<lora:style_x:-0.9>")
    assert set(found) <= {"R1", "R10"}
    assert (found["R1"]["lora"], found["R1"]["writes"]) == ("style_x", {})
    # Words and numbers that no scan measures.
    assert offered("<lora:style_x:0.8>, without a hat", "impasto_oil_style") == {}


def test_nudging_moves_both_parts_or_the_unet_alone() -> None:
    plain = view("<lora:style_x:-0.9>")["chips"][0]
    assert action(plain, "Weight +0.05") == {"prompt": "<lora:style_x:-0.85>"}
    split = view("<lora:style_x:0.5:-0.9>")["chips"][0]
    assert action(split, "Weight −0.05") == {"prompt": "<lora:style_x:0.5:-0.95>"}


def test_what_a_style_adds_cannot_be_written() -> None:
    seen = view("<lora:style_x:1>", "blurry", styles=("quality",))
    assert [chip["before"] for chip in seen["chips"]] == ["impasto_oil_style"]
    assert [a["kind"] for a in seen["chips"][0]["actions"]] == ["allow"]
    assert seen["everything"] == {}


def test_both_passes_are_written() -> None:
    seen = view(
        "<lora:style_x:1>",
        "blurry, impasto_oil_style",
        hires=True,
        hr_negative_prompt="impasto_oil_style, grainy",
    )
    writes = action(seen["chips"][0], "Apply to prompt")
    assert writes == {"negative_prompt": "blurry", "hr_negative_prompt": "grainy"}


def test_an_empty_hires_box_stays_empty() -> None:
    seen = view("<lora:style_x:-0.9>", "", hires=True)
    assert action(seen["chips"][0], "Apply to prompt") == {"prompt": "<lora:style_x:-0.5>"}
    assert seen["everything"] == {"prompt": "<lora:style_x:-0.5>", "cfg_scale": 6.0}


def test_advise_only_advises() -> None:
    seen = view("<lora:style_x:-0.9>", "", mode=Mode.ADVISE)
    assert {chip["tone"] for chip in seen["chips"]} == {"advice"}
    assert seen["changes"] == 0
    assert action(seen["chips"][0], "Apply to prompt") == {"prompt": "<lora:style_x:-0.5>"}


def test_a_negative_prompt_that_becomes_empty_is_told() -> None:
    cards = [card("a", "style", triggers=("one_word", "other_word"))]
    asked = FormValues("<lora:a:1>", "one_word, other_word")
    seen = preview(PreviewFor(cards).context(asked), HOST.token_count)
    (note,) = [chip for chip in seen["chips"] if chip["rule"] == "empty-negative"]
    assert (note["tone"], note["actions"]) == ("note", [])


def test_the_chip_about_cfg_1_says_why_it_is_there() -> None:
    (chip,) = view("a", "b", cfg=1.0)["chips"]
    assert (chip["rule"], chip["tone"]) == ("cfg-1", "note")
    assert chip["tail"]


def test_allow_once_of_cfg_leaves_out_what_does_not_count() -> None:
    (cfg,) = [c for c in view("<lora:style_x:-0.3> <lora:slide:-2>")["chips"] if c["rule"] == "R3"]
    assert action(cfg, "Allow once") == {"prompt": "<lora:style_x:-0.3:guard=-R3> <lora:slide:-2>"}


def test_off_says_nothing() -> None:
    seen = view("<lora:style_x:-0.9>", "", mode=Mode.OFF)
    assert seen["chips"] == []
    assert seen["mode"] == "Off"


def test_a_rule_that_is_off_is_silent() -> None:
    seen = view("<lora:style_x:-0.9>", "", rules={"R1": Mode.OFF})
    assert [words(chip) for chip in seen["chips"]] == ["CFG 7 → 6 negative weight"]


def test_tokens_before_and_after() -> None:
    seen = view("<lora:style_x:1>", "blurry, impasto_oil_style")
    assert seen["tokens"] == {"before": [2, 75], "after": [1, 75]}


def test_more_chips_than_anybody_reads_are_counted() -> None:
    prompt = " ".join(f"<lora:none_{number}:1>" for number in range(MAX_CHIPS + 7))
    seen = view(prompt)
    assert len(seen["chips"]) == MAX_CHIPS
    assert seen["left_out"] == 7


def test_the_stack_is_one_chip_and_scales_in_one_go() -> None:
    seen = view("<lora:style_x:1.5> <lora:rainy:1.5>", "")
    (chip,) = seen["chips"]
    assert words(chip) == "stack 3 / 2.5 stacking budget"
    assert action(chip, "Scale all to the budget") == {
        "prompt": "<lora:style_x:1.25> <lora:rainy:1.25>"
    }


def test_the_budget_is_shown_with_what_scales_it_down() -> None:
    seen = view("<lora:style_x:1.5> <lora:rainy:1.5> <lora:slide:3>")
    bar = seen["budget"]
    assert (bar["total"], bar["limit"], bar["exceeded"]) == (3.0, 2.5, True)
    assert [(lora["name"], lora["share"]) for lora in bar["loras"]] == [
        ("style_x", 1.5),
        ("rainy", 1.5),
        ("slide", 0.0),
    ]
    assert bar["loras"][2]["note"]
    assert bar["action"]["writes"] == {
        "prompt": "<lora:style_x:1.25> <lora:rainy:1.25> <lora:slide:3>"
    }
    (chip,) = seen["chips"]
    assert chip["figure"]["data"]["loras"] == bar["loras"]


def test_the_budget_of_a_small_stack_has_no_button() -> None:
    assert view("<lora:style_x:1.5> <lora:rainy:1>")["budget"]["action"] is None
    assert view("a cat")["budget"] is None
    assert view("<lora:slide:5>")["budget"] is None
    assert view("<lora:style_x:9>", mode=Mode.OFF)["budget"] is None


def test_an_enforced_budget_says_what_was_typed() -> None:
    seen = view("<lora:style_x:2> <lora:rainy:2>", rules={"R5": Mode.ENFORCE})
    assert (seen["budget"]["total"], seen["budget"]["exceeded"]) == (2.5, False)
    assert "4" in seen["budget"]["note"]


def test_the_bleeding_curve_stands_behind_the_chip_of_a_negative_weight() -> None:
    (chip, _) = view("<lora:style_x:-0.9>")["chips"]
    curve = chip["figure"]["data"]
    assert (curve["basis"], curve["at"], curve["to"], curve["floor"]) == (
        "expected",
        -0.9,
        -0.5,
        -0.5,
    )
    (advised, _) = view("<lora:style_x:-2.5>", mode=Mode.ADVISE)["chips"]
    assert advised["figure"]["data"]["points"][0][0] == -2.5
    assert view("<lora:style_x:1>", "impasto_oil_style")["chips"][0]["figure"] is None


def test_the_text_encoder_has_two_answers_each_with_its_evidence() -> None:
    chips = view("<lora:style_x:0.9:-0.3>", cfg=5.0)["chips"]
    (chip,) = (chip for chip in chips if chip["rule"] == "R4")
    offered = [a for a in chip["actions"] if a["kind"] == "apply"]
    assert [a["writes"]["prompt"] for a in offered] == [
        "<lora:style_x:0.5:-0.3>",
        "<lora:style_x:0:-0.3>",
    ]
    assert ["article" in offered[0]["label"], "lab" in offered[1]["label"]] == [True, True]
