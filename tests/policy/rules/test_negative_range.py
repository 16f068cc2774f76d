"""R1 and R1f: what becomes of a negative weight, by type, family and evidence."""

from __future__ import annotations

import pytest

from lib_lora_neg.loras.card import DataWidth, LoraType, RangeSource, WeightRange
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import Effect, Mode
from lib_lora_neg.policy.matrix import WRONG_LORA
from lib_lora_neg.policy.rules.negative_range import NO_CHARACTER
from lib_lora_neg.policy.rules.range_advice import KLEIN, SCAN_FIRST
from tests.support.cards import card
from tests.support.planning import guard
from tests.support.sentences import fields, says

STYLE = card("s", "style")
WIDE = card("w", "style", width=DataWidth.WIDE, images=800)
CONCEPT = card("c", "concept")
CHARACTER = card("p", "character")
DEDICATED = card("d", "dedicated_negative", family=ModelFamily.SDXL)
WRONG = card("wrong_lora", "trigger_negative", triggers=("wrong",))
SLIDER = card("sl", "slider")
ACCELERATOR = card("ac", "accelerator")
UNKNOWN = card("u", "unknown", confidence=0.0)
CARDS = (STYLE, WIDE, CONCEPT, CHARACTER, DEDICATED, WRONG, SLIDER, ACCELERATOR, UNKNOWN)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat <lora:s:-0.9>", "a cat <lora:s:-0.5>"),
        ("a cat <lora:s:-0.5>", "a cat <lora:s:-0.5>"),
        ("a cat <lora:s:-0.4>", "a cat <lora:s:-0.4>"),
        ("a cat <lora:s:0.9>", "a cat <lora:s:0.9>"),
        ("a cat <lora:s:0>", "a cat <lora:s:0>"),
        ("a cat <lyco:s:-0.9>", "a cat <lyco:s:-0.5>"),
        ("<lora:s:0.5:-0.9>, a cat", "<lora:s:0.5:-0.5>, a cat"),
        ("<lora:s:-0.9:0.5>", "<lora:s:-0.5:0.5>"),
        ("<lora:s:te=0.5:unet=-2>", "<lora:s:te=0.5:unet=-0.5>"),
        ("<lora:s:-0.9:lbw=ALL>", "<lora:s:-0.5:lbw=ALL>"),
        ("<lora:w:-0.9>", "<lora:w:-0.7>"),
        ("<lora:c:-0.9>", "<lora:c:-0.3>"),
        ("a cat <lora:p:-0.5>", "a cat"),
        ("a cat, <lora:p:-0.5>, a dog", "a cat, a dog"),
        ("<lora:p:0.5:-0.5>", "<lora:p:0.5:0>"),
        ("<lora:p:-0.5:0.5>", "<lora:p:0:0.5>"),
        ("<lora:p:0.8>", "<lora:p:0.8>"),
        ("<lora:d:-1>", "<lora:d:-1>"),
        ("<lora:d:-1.5>", "<lora:d:-1>"),
        ("<lora:sl:-4>", "<lora:sl:-4>"),
        ("<lora:ac:-1>", "<lora:ac:-1>"),
        ("<lora:ac:1>", "<lora:ac:1>"),
        ("<lora:u:-4>", "<lora:u:-4>"),
        ("<lora:wrong_lora:-1>", "<lora:wrong_lora:-1>"),
        ("<lora:s:-0.9:guard=off>", "<lora:s:-0.9:guard=off>"),
        ("<lora:s:0@-0.9,1@0.4>", "<lora:s:0@-0.9,1@0.4>"),
        ("<lora:s:[-0.9@0,0.5@0.5]>", "<lora:s:[-0.9@0,0.5@0.5]>"),
        ("<hypernet:s:-0.9>", "<hypernet:s:-0.9>"),
    ],
)
def test_negative_weights_on_sdxl(prompt: str, expected: str) -> None:
    result = guard(prompt, cards=CARDS, cfg=5)
    assert result.first.prompts == (expected,)
    if prompt == expected:
        assert result.first.prompts[0] is result.request.first.prompts[0]
    else:
        (finding,) = [f for f in result.findings if f.effect is Effect.ENFORCED]
        assert finding.rule == "R1"
        assert finding.source
        assert prompt.replace(finding.before, finding.after, 1).strip(" ,") or not expected


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl", "sd3"])
def test_all_sd_families_share_the_numbers(family: str) -> None:
    result = guard("<lora:s:-0.9>", cards=CARDS, family=ModelFamily(family), cfg=5)
    assert result.first.prompts == ("<lora:s:-0.5>",)


@pytest.mark.parametrize("family", ["flux", "flux2"])
@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("x <lora:s:-2.5>", "x <lora:s:-2>"),
        ("x <lora:s:-1.5>", "x <lora:s:-1.5>"),
        ("x <lora:c:-3>", "x <lora:c:-2>"),
        ("x <lora:p:-0.5>", "x"),
        ("x <lora:d:-1>", "x"),
        ("x <lora:sl:-5>", "x <lora:sl:-5>"),
    ],
)
def test_negative_weights_on_flux(family: str, prompt: str, expected: str) -> None:
    result = guard(prompt, cards=CARDS, family=ModelFamily(family), cfg=1)
    assert result.first.prompts == (expected,)
    assert "R1" not in {finding.rule for finding in result.findings}


def test_flux_says_scan_first_from_where_users_report_dim_pictures() -> None:
    assert not guard("<lora:s:-0.999>", cards=CARDS, family=ModelFamily.FLUX).findings
    for weight in ("-1", "-1.5", "-2.5"):
        (finding,) = guard(f"<lora:s:{weight}>", cards=CARDS, family=ModelFamily.FLUX).findings
        assert says(finding.reason, SCAN_FIRST)
    for floor, warned in ((-0.9, False), (-1.0, True), (-1.5, True)):
        own = {"settings": {"floors": {"flux_style": floor}}, "family": ModelFamily.FLUX}
        (finding,) = guard("<lora:s:-1.8>", cards=CARDS, **own).findings
        assert (finding.number("floor"), says(finding.reason, SCAN_FIRST)) == (floor, warned)
    (removed,) = guard("<lora:p:-1>", cards=CARDS, family=ModelFamily.FLUX).findings
    assert not says(removed.reason, SCAN_FIRST)


@pytest.mark.parametrize(
    "distilled",
    [True, False, None],
)
def test_klein_says_what_negative_prompt_it_has(distilled: bool | None) -> None:
    request = {"family": ModelFamily.FLUX2, "distilled": distilled}
    (finding,) = guard("<lora:s:-0.5>", cards=CARDS, **request).findings
    assert [kind for kind, said in KLEIN.items() if says(finding.reason, said)] == [distilled]
    kept = guard("<lora:wrong_lora:1>", "x", cards=CARDS, **request)
    assert kept.changed is (distilled is False)
    assert bool([f for f in kept.findings if f.rule == "R1f"]) is (distilled is not False)


@pytest.mark.parametrize(
    ("family", "prompt", "held"),
    [
        ("sdxl", "<lora:s:-0.5>", False),
        ("sdxl", "<lora:s:-0.501>", True),
        ("sdxl", "<lora:w:-0.7>", False),
        ("sdxl", "<lora:w:-0.701>", True),
        ("sdxl", "<lora:c:-0.3>", False),
        ("sdxl", "<lora:c:-0.301>", True),
        ("sdxl", "<lora:d:-1>", False),
        ("sdxl", "<lora:d:-1.001>", True),
        ("sdxl", "<lora:p:-0.001>", True),
        ("flux", "<lora:s:-2>", False),
        ("flux", "<lora:s:-2.001>", True),
        ("flux", "<lora:c:-2>", False),
        ("flux", "<lora:c:-2.001>", True),
        ("flux", "<lora:p:-0.001>", True),
    ],
)
def test_each_floor_is_exact(family: str, prompt: str, held: bool) -> None:
    assert guard(prompt, cards=CARDS, family=ModelFamily(family), cfg=1).changed is held


@pytest.mark.parametrize(
    ("tag", "before_r1", "after"),
    [("<lora:s:-0.6> <lora:s:-0.6>", "<lora:s:-1.2>", "<lora:s:-0.5>")],
)
def test_each_rule_tells_what_it_found(tag: str, before_r1: str, after: str) -> None:
    merged, clamped = guard(tag, cards=CARDS, cfg=5).findings
    assert (merged.rule, merged.before, merged.after) == ("R11a", tag, before_r1)
    assert (clamped.rule, clamped.before, clamped.after) == ("R1", before_r1, after)


def test_trigger_negative_on_flux_is_pointed_at() -> None:
    result = guard("<lora:wrong_lora:1>", cards=CARDS, family=ModelFamily.FLUX)
    assert not result.changed
    (finding,) = result.findings
    assert (finding.rule, finding.lora, finding.source) == ("R1f", "wrong_lora", WRONG_LORA)


@pytest.mark.parametrize("family", ["wan", "zimage", "krea", "chroma", "unknown"])
def test_other_families_are_only_advised(family: str) -> None:
    result = guard("<lora:s:-5> <lora:p:-1>", cards=CARDS, family=ModelFamily(family), cfg=9)
    assert not result.changed
    assert [f.rule for f in result.findings if f.rule != "R5"] == ["R1", "R1"]


def test_trigger_negative_at_negative_weight_offers_the_positive_one() -> None:
    result = guard("<lora:wrong_lora:-1>", cards=CARDS, cfg=5)
    (finding,) = [f for f in result.findings if f.rule == "R1"]
    assert (finding.before, finding.after) == ("<lora:wrong_lora:-1>", "<lora:wrong_lora:1>")
    assert fields(finding.reason)["word"] == "'wrong'"


def test_unknown_type_is_advised() -> None:
    (finding,) = [f for f in guard("<lora:u:-1>", cards=CARDS, cfg=5).findings if f.rule == "R1"]
    assert finding.effect is Effect.ADVISED


@pytest.mark.parametrize(
    ("kind", "confidence", "prompt", "expected"),
    [
        ("style", 0.7, "<lora:x:-0.9>", "<lora:x:-0.5>"),
        ("style", 0.69, "<lora:x:-0.9>", "<lora:x:-0.9>"),
        ("character", 0.85, "<lora:x:-0.9>", ""),
        ("character", 0.84, "<lora:x:-0.9>", "<lora:x:-0.9>"),
    ],
)
def test_confidence_gates(kind: str, confidence: float, prompt: str, expected: str) -> None:
    cards = (card("x", kind, confidence=confidence),)
    result = guard(prompt, cards=cards, cfg=5)
    assert result.first.prompts == (expected,)
    assert any(finding.rule == "R1" for finding in result.findings)


def _range(floor: float | None, source: RangeSource) -> WeightRange:
    return WeightRange(floor, source=source, reference="test")


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ((_range(-0.2, RangeSource.SIDECAR),), "-0.2"),
        ((_range(0.4, RangeSource.SIDECAR),), "-0.5"),
        ((_range(-0.2, RangeSource.SIDECAR), _range(-0.8, RangeSource.MEASURED)), "-0.8"),
        ((_range(-0.8, RangeSource.MEASURED), _range(-1.2, RangeSource.USER)), "-1.2"),
        ((_range(None, RangeSource.USER),), "-2"),
    ],
)
def test_order_of_strength_of_ranges(ranges: tuple[WeightRange, ...], expected: str) -> None:
    result = guard("<lora:x:-2>", cards=(card("x", "style", ranges=ranges),), cfg=5)
    assert result.first.prompts == (f"<lora:x:{expected}>",)


def test_a_users_range_is_enforced_whatever_the_type_or_family() -> None:
    ranges = (_range(-1.0, RangeSource.USER),)
    mine = card("x", LoraType.UNKNOWN, confidence=0.0, ranges=ranges)
    result = guard("<lora:x:-3>", cards=(mine,), family=ModelFamily.WAN)
    assert result.first.prompts == ("<lora:x:-1>",)


def test_a_lora_the_user_exempted_is_left_alone() -> None:
    mine = card("x", "character", guard_off=True)
    result = guard("<lora:x:-3>", "x", cards=(mine,), cfg=20)
    assert not result.changed
    assert not result.findings


def test_the_character_finding_offers_what_works_instead() -> None:
    (finding,) = [f for f in guard("<lora:p:-1>", cards=CARDS, cfg=5).findings if f.rule == "R1"]
    assert finding.after == ""
    assert says(finding.reason, NO_CHARACTER)


def test_a_text_encoder_weight_that_does_nothing_is_left_alone() -> None:
    from lib_lora_neg.loras.card import LoraParts

    unet_only = card("x", "style", parts=LoraParts(text_encoder=False, unet=True))
    result = guard("<lora:x:-0.9:0.5>", cards=(unet_only,), cfg=5)
    assert not result.changed


def test_off_means_off() -> None:
    result = guard("<lora:s:-0.9>", cards=CARDS, rules={"R1": Mode.OFF}, cfg=5)
    assert not result.changed
    assert not result.findings


@pytest.mark.parametrize(
    ("kind", "floors", "after"),
    [
        ("style", {"style": -0.8}, "<lora:x:-0.8>"),
        ("style", {"style": -0.2}, "<lora:x:-0.2>"),
        ("style", {"concept": -0.8}, "<lora:x:-0.5>"),
        ("concept", {"concept": 0.0}, ""),
        ("character", {"character": -0.1}, "<lora:x:-0.1>"),
        ("style", {"flux_style": -0.1}, "<lora:x:-0.5>"),
    ],
)
def test_a_floor_set_for_a_type(kind: str, floors: dict[str, float], after: str) -> None:
    result = guard("<lora:x:-0.9>", cards=[card("x", kind)], settings={"floors": floors})
    assert result.first.prompts[0] == after


@pytest.mark.parametrize("family", ["sd1", "sdxl", "flux", "flux2", "wan", "qwen", "unknown"])
def test_an_accelerator_below_zero_is_told_and_kept(family: str) -> None:
    result = guard("<lora:ac:-1>", cards=CARDS, family=ModelFamily(family), cfg=5)
    assert result.first.prompts == ("<lora:ac:-1>",)
    (finding,) = [f for f in result.findings if f.rule in ("R1", "R1f")]
    assert finding.effect is Effect.ADVISED
    assert finding.source
    assert not guard("<lora:ac:1>", cards=CARDS, family=ModelFamily(family), cfg=5).findings


def test_a_range_typed_for_an_accelerator_counts() -> None:
    own = card("ac", "accelerator", ranges=(WeightRange(-0.5, source=RangeSource.USER),))
    assert guard("<lora:ac:-1>", cards=(own,), cfg=5).first.prompts == ("<lora:ac:-0.5>",)
