"""R1, R2, R3, R8 and R11 in the pictures of a running WebUI."""

from __future__ import annotations

import pytest

from tests.host.support.client import ADVISE, OFF, Webui, assert_differ, assert_same
from tests.host.support.lora_files import (
    CHARACTER,
    CHARACTER_TRIGGER,
    CONCEPT,
    DEDICATED,
    EMBEDDING,
    SLIDER,
    STYLE,
    STYLE_B,
    STYLE_PAGE,
    STYLE_TRIGGER,
    UNKNOWN,
    WRONG,
    WRONG_TRIGGER,
)

NEGATIVE = "blurry, ugly"


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (f"a cat <lora:{STYLE}:-0.9>", f"a cat <lora:{STYLE}:-0.5>"),
        (f"a cat <lora:{STYLE_PAGE}:-0.9>", f"a cat <lora:{STYLE_PAGE}:-0.5>"),
        (f"a cat <lora:{CONCEPT}:-0.9>", f"a cat <lora:{CONCEPT}:-0.3>"),
        (f"a cat <lora:{DEDICATED}:-1.4>", f"a cat <lora:{DEDICATED}:-1>"),
        (f"a cat <lora:{STYLE}:0.5:-0.9>", f"a cat <lora:{STYLE}:0.5:-0.5>"),
        (f"a cat <lora:{CHARACTER}:-0.5>", "a cat"),
    ],
)
def test_a_negative_weight_is_held_to_the_range_of_its_type(
    webui: Webui, asked: str, given: str
) -> None:
    guarded = webui.txt2img(asked, NEGATIVE)

    assert_same(guarded, webui.txt2img(given, NEGATIVE, guard=OFF))
    assert_differ(guarded, webui.txt2img(asked, NEGATIVE, guard=OFF))
    assert guarded.prompt == given
    assert guarded.changes.startswith("R1")


@pytest.mark.parametrize("name", [SLIDER, UNKNOWN, WRONG])
def test_a_negative_weight_without_a_known_bound_is_left_alone(webui: Webui, name: str) -> None:
    prompt = f"a cat <lora:{name}:-0.9>"

    guarded = webui.txt2img(prompt, NEGATIVE)

    assert_same(guarded, webui.txt2img(prompt, NEGATIVE, guard=OFF))
    assert guarded.prompt == prompt


def test_a_dropped_character_leaves_cfg_alone(webui: Webui) -> None:
    guarded = webui.txt2img(f"a cat <lora:{CHARACTER}:-0.5>", NEGATIVE, cfg_scale=9)

    assert guarded.said.cfg_scale == 9
    assert_same(guarded, webui.txt2img("a cat", NEGATIVE, guard=OFF, cfg_scale=9))


def test_a_trigger_word_leaves_the_negative_prompt(webui: Webui) -> None:
    prompt = f"a cat, {STYLE_TRIGGER} <lora:{STYLE}:0.8>"
    asked = f"blurry, {STYLE_TRIGGER}, ugly"

    guarded = webui.txt2img(prompt, asked)

    assert_same(guarded, webui.txt2img(prompt, NEGATIVE, guard=OFF))
    assert_differ(guarded, webui.txt2img(prompt, asked, guard=OFF))
    assert guarded.negative == NEGATIVE


def test_a_trigger_negative_gets_its_word(webui: Webui) -> None:
    prompt = f"a cat <lora:{WRONG}:0.8>"

    guarded = webui.txt2img(prompt, NEGATIVE)

    assert guarded.negative == f"{NEGATIVE}, {WRONG_TRIGGER}"
    assert_same(guarded, webui.txt2img(prompt, guarded.negative, guard=OFF))


def test_cfg_comes_down_while_a_negative_weight_is_active(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:-0.4>"

    guarded = webui.txt2img(prompt, NEGATIVE, cfg_scale=9)

    assert_same(guarded, webui.txt2img(prompt, NEGATIVE, guard=OFF, cfg_scale=6))
    assert_differ(guarded, webui.txt2img(prompt, NEGATIVE, guard=OFF, cfg_scale=9))
    assert guarded.said.cfg_scale == 6


def test_a_slider_does_not_lower_cfg(webui: Webui) -> None:
    guarded = webui.txt2img(f"a cat <lora:{SLIDER}:-0.4>", NEGATIVE, cfg_scale=9)

    assert guarded.said.cfg_scale == 9


def test_guard_off_in_a_tag_exempts_its_lora(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:-0.9:guard=off>"

    guarded = webui.txt2img(prompt, NEGATIVE, cfg_scale=9)

    plain = f"a cat <lora:{STYLE}:-0.9>"
    assert_same(guarded, webui.txt2img(plain, NEGATIVE, guard=OFF, cfg_scale=9))
    assert guarded.prompt == prompt
    assert guarded.own_keys == {}


def test_only_the_lora_that_needs_it_is_changed(webui: Webui) -> None:
    guarded = webui.txt2img(f"a cat <lora:{STYLE}:-0.9> <lora:{CONCEPT}:0.6>", NEGATIVE)

    given = f"a cat <lora:{STYLE}:-0.5> <lora:{CONCEPT}:0.6>"
    assert guarded.prompt == given
    assert_same(guarded, webui.txt2img(given, NEGATIVE, guard=OFF))


def test_an_exempt_lora_stays_beside_a_guarded_one(webui: Webui) -> None:
    guarded = webui.txt2img(f"a cat <lora:{STYLE}:-0.9> <lora:{STYLE_B}:-0.9:guard=off>", NEGATIVE)

    given = f"a cat <lora:{STYLE}:-0.5> <lora:{STYLE_B}:-0.9>"
    assert_same(guarded, webui.txt2img(given, NEGATIVE, guard=OFF))


def test_advise_changes_nothing_but_its_key(probed: Webui) -> None:
    request = (f"a cat <lora:{STYLE}:-0.9>", NEGATIVE)

    advised = probed.txt2img(*request, guard=ADVISE, cfg_scale=9)
    rules = probed.rules()
    plain = probed.txt2img(*request, guard=OFF, cfg_scale=9)

    assert_same(advised, plain)
    assert advised.own_keys == {"LoRA Neg": "Advise"}
    parameters = dict(advised.said.parameters)
    assert {k: v for k, v in parameters.items() if k != "LoRA Neg"} == plain.said.parameters
    assert ("R1", "advised") in rules
    assert ("R3", "advised") in rules


@pytest.mark.parametrize(
    ("prompt", "negative", "given_prompt", "given_negative"),
    [
        pytest.param(
            f"a cat <lora:{STYLE}:0.6>",
            f"blurry, <lora:{STYLE}:0.8>",
            f"a cat <lora:{STYLE}:0.6>",
            "blurry",
            id="in-the-prompt-already",
        ),
        pytest.param(
            "a cat",
            f"blurry, <lora:{STYLE}:0.9>",
            f"a cat <lora:{STYLE}:-0.5>",
            "blurry",
            id="style-moves-under-R1",
        ),
        pytest.param(
            "a cat",
            f"blurry, <lora:{CONCEPT}:0.2>",
            f"a cat <lora:{CONCEPT}:-0.2>",
            "blurry",
            id="concept-moves",
        ),
        pytest.param(
            "a cat",
            f"blurry, <lora:{SLIDER}:-2>",
            f"a cat <lora:{SLIDER}:-2>",
            "blurry",
            id="slider-moves-unbounded",
        ),
        pytest.param(
            "a cat",
            f"blurry, <lora:{DEDICATED}:0.8>",
            f"a cat <lora:{DEDICATED}:-0.8>",
            "blurry",
            id="dedicated-negative-moves",
        ),
        pytest.param(
            "a cat",
            f"blurry, <lora:{WRONG}:-0.8>",
            f"a cat <lora:{WRONG}:0.8>",
            f"blurry, {WRONG_TRIGGER}",
            id="trigger-negative-moves-to-plus",
        ),
        pytest.param("a cat", f"blurry, <lora:{CHARACTER}:0.8>", "a cat", "blurry", id="character"),
    ],
)
def test_a_tag_in_the_negative_prompt_is_put_right(
    webui: Webui, prompt: str, negative: str, given_prompt: str, given_negative: str
) -> None:
    guarded = webui.txt2img(prompt, negative)

    assert (guarded.prompt, guarded.negative) == (given_prompt, given_negative)
    assert_same(guarded, webui.txt2img(given_prompt, given_negative, guard=OFF))
    assert_differ(guarded, webui.txt2img(prompt, negative, guard=OFF))


@pytest.mark.parametrize("name", ["lnt_missing", UNKNOWN, EMBEDDING])
def test_a_tag_in_the_negative_prompt_that_nobody_understands_is_left(
    probed: Webui, name: str
) -> None:
    negative = f"blurry, <lora:{name}:0.8>"

    guarded = probed.txt2img("a cat", negative)

    assert probed.rules() == [("R8", "advised")]
    assert guarded.negative == negative
    assert_same(guarded, probed.txt2img("a cat", negative, guard=OFF))


@pytest.mark.parametrize(
    ("setting", "given"), [("remove", "blurry"), ("leave", f"blurry, <lora:{STYLE}:0.8>")]
)
def test_what_becomes_of_tags_in_the_negative_prompt_can_be_set(
    webui: Webui, setting: str, given: str
) -> None:
    with webui.settings(lora_neg_negative_tag=setting):
        guarded = webui.txt2img("a cat", f"blurry, <lora:{STYLE}:0.8>")

    assert (guarded.prompt, guarded.negative) == ("a cat", given)


def test_a_rule_switched_off_in_the_settings_does_nothing(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:-0.9>"

    with webui.settings(lora_neg_rule_r1="Off"):
        guarded = webui.txt2img(prompt)

    assert guarded.prompt == prompt


def test_settings_of_a_single_request_are_obeyed(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:-0.9>"

    with webui.settings(lora_neg_rule_r1="Enforce"):
        guarded = webui.txt2img(prompt, override_settings={"lora_neg_rule_r1": "Off"})

    assert guarded.prompt == prompt


def test_weights_of_a_lora_that_stands_twice_are_summed(webui: Webui) -> None:
    guarded = webui.txt2img(f"a cat <lora:{STYLE}:0.5>, sitting <lora:{STYLE}:0.2>", NEGATIVE)

    given = f"a cat <lora:{STYLE}:0.7>, sitting"
    assert guarded.prompt == given
    assert_same(guarded, webui.txt2img(given, NEGATIVE, guard=OFF))


def test_an_unknown_lora_leaves_the_others_working(probed: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:0.7> <lora:lnt_missing:1>"

    guarded = probed.txt2img(prompt, NEGATIVE)

    rules = probed.rules()
    assert rules == [("R11b", "enforced" if probed.unknown_name_drops_all else "advised")]
    alone = probed.txt2img(f"a cat <lora:{STYLE}:0.7>", NEGATIVE, guard=OFF)
    assert_same(guarded, alone)
    assert_differ(guarded, probed.txt2img("a cat", NEGATIVE, guard=OFF))


def test_a_lora_that_the_host_adds_itself_is_guarded(webui: Webui) -> None:
    """``opts.sd_lora`` is no part of any prompt until the host has parsed it."""
    given = webui.txt2img(f"a cat <lora:{STYLE}:-0.5>", NEGATIVE, guard=OFF)

    with webui.settings(sd_lora=STYLE, extra_networks_default_multiplier=-0.9):
        guarded = webui.txt2img("a cat", NEGATIVE)
        plain = webui.txt2img("a cat", NEGATIVE, guard=OFF)

    assert_same(guarded, given)
    assert_differ(guarded, plain)


def test_arguments_may_be_left_out(webui: Webui) -> None:
    """The guard is on by default and enforces."""
    prompt = f"a cat <lora:{STYLE}:-0.9>"
    given = f"a cat <lora:{STYLE}:-0.5>"

    assert webui.txt2img(prompt, guard=None).prompt == given
    assert webui.txt2img(prompt, guard=[True]).prompt == given


def test_the_mode_may_be_written_in_any_case(webui: Webui) -> None:
    guarded = webui.txt2img(f"a cat <lora:{STYLE}:-0.9>", guard=(True, "enforce"))

    assert guarded.prompt == f"a cat <lora:{STYLE}:-0.5>"


def test_a_wrong_mode_makes_the_unguarded_picture_and_says_so(probed: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:-0.9>"

    picture = probed.txt2img(prompt, NEGATIVE, guard=(True, "Strict"), cfg_scale=9)

    assert_same(picture, probed.txt2img(prompt, NEGATIVE, guard=OFF, cfg_scale=9))
    assert picture.own_keys["LoRA Neg"].startswith("not guarded")


def test_a_wrong_mode_is_named_in_the_panel(probed: Webui) -> None:
    probed.txt2img("a cat", guard=(True, "Strict"))

    assert any("Strict" in failure for failure in probed.probe()["reports"]["txt2img"]["failures"])


def test_findings_of_the_two_tabs_are_apart(probed: Webui) -> None:
    start = probed.txt2img(f"a cat <lora:{STYLE}:-0.9>")
    probed.img2img(f"a cat <lora:{CONCEPT}:-0.9>", start=start)

    assert [finding["lora"] for finding in probed.findings("txt2img")] == [STYLE]
    assert [finding["lora"] for finding in probed.findings("img2img")] == [CONCEPT]


def test_the_trigger_of_a_character_leaves_the_negative_prompt(webui: Webui) -> None:
    prompt = f"{CHARACTER_TRIGGER} <lora:{CHARACTER}:1>"

    assert webui.txt2img(prompt, f"{CHARACTER_TRIGGER}, blurry").negative == "blurry"
