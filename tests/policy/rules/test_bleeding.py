"""R10: where a negative weight is past the point from which bleeding rises."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib_lora_neg.loras.card import (
    QUICK_SUFFIX,
    DataWidth,
    LoraCard,
    RangeSource,
    ScanBracket,
    WeightRange,
)
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import Finding, Mode
from tests.support.cards import card
from tests.support.planning import guard
from tests.support.sentences import fields

OWN_RANGE = (WeightRange(-1.0, source=RangeSource.USER, reference="typed"),)
SCANNED = ScanBracket(0.3, -0.45, (-0.4, -0.5), "abcdef1234", date="2026-11-21")


def seen(lora: LoraCard, prompt: str, **options: object) -> list[Finding]:
    result = guard(prompt, cards=[lora], cfg=5, **options)
    return [finding for finding in result.findings if finding.rule == "R10"]


@pytest.mark.parametrize(
    ("width", "weight", "better"),
    [
        (DataWidth.WIDE, "-0.7", "-0.5"),
        (DataWidth.WIDE, "-0.9", "-0.7"),  # R1 has named −0.7: no second target
        (DataWidth.WIDE, "-0.5", None),
        (DataWidth.NORMAL, "-0.9", None),  # stands at −0.5 after R1
        (DataWidth.NARROW, "-0.45", "-0.4"),
        (DataWidth.NARROW, "-0.9", "-0.5"),
        (DataWidth.NARROW, "-0.4", None),
        (DataWidth.NARROW, "0.9", None),
    ],
)
def test_the_nearer_weight_is_shown(width: DataWidth, weight: str, better: str | None) -> None:
    findings = seen(card("s", "style", width=width), f"<lora:s:{weight}>")
    assert [(f.effect.value, f.after) for f in findings] == (
        [("advised", f"<lora:s:{better}>")] if better else []
    )


def test_few_pictures_are_named() -> None:
    narrow = card("s", "style", width=DataWidth.NARROW, images=20)
    (finding,) = seen(narrow, "<lora:s:-0.5>")
    assert fields(finding.reason)["count"] == "20"
    assert finding.number("onset") == -0.4


def test_a_text_encoder_weight_of_its_own_stays() -> None:
    wide = card("s", "style", width=DataWidth.WIDE)
    (finding,) = seen(wide, "<lora:s:0.5:-0.7>")
    assert finding.after == "<lora:s:0.5:-0.5>"


@pytest.mark.parametrize("kind", ["slider", "dedicated_negative", "unknown", "trigger_negative"])
def test_types_that_were_made_for_it_or_are_not_known_are_left_alone(kind: str) -> None:
    assert not seen(card("s", kind, ranges=OWN_RANGE), "<lora:s:-0.9>")


def test_who_switched_the_range_off_hears_nothing_of_what_is_expected() -> None:
    wide = card("s", "style", width=DataWidth.WIDE)
    assert not seen(wide, "<lora:s:-0.7>", rules={"R1": Mode.OFF})


def test_families_without_evidence_are_left_alone() -> None:
    lora = card("s", "style", ranges=OWN_RANGE)
    assert not seen(lora, "<lora:s:-0.9>", family=ModelFamily.FLUX)


def test_what_a_scan_measured_is_said_where_the_users_range_goes_further() -> None:
    scanned = replace(card("s", "slider", ranges=OWN_RANGE), bracket=SCANNED)
    (finding,) = seen(scanned, "<lora:s:-0.8>", family=ModelFamily.FLUX)
    assert finding.after == "<lora:s:-0.45>"
    assert finding.number("onset") == -0.45
    assert [fields(finding.reason)[name] for name in ("near", "far")] == ["−0.4", "−0.5"]
    assert finding.source == "scan on abcdef1234, 2026-11-21"
    assert not seen(scanned, "<lora:s:-0.4>")


def test_nothing_is_said_twice_where_the_range_already_says_it() -> None:
    measured = WeightRange(-0.4, source=RangeSource.MEASURED)
    scanned = replace(card("s", "style", ranges=(measured,)), bracket=SCANNED)
    assert not seen(scanned, "<lora:s:-0.8>")
    assert not seen(scanned, "<lora:s:-0.8>", rules={"R1": Mode.ADVISE})
    assert seen(scanned, "<lora:s:-0.8>", rules={"R1": Mode.OFF})


@pytest.mark.parametrize("prompt", ["<lora:s:-0.9:guard=off>", "<lora:t:-0.9>"])
def test_what_is_exempt_or_not_known_is_left_alone(prompt: str) -> None:
    assert not seen(card("s", "style", width=DataWidth.WIDE), prompt)


def measured_to(floor: float, *, scan: str = "0123abcd") -> LoraCard:
    """Return a style whose scan saw an effect and no damage down to ``floor``."""
    measured = WeightRange(floor, source=RangeSource.MEASURED)
    clean = ScanBracket(0.3, None, None, "abcdef1234", date="2026-11-21", scan=scan)
    return replace(card("s", "style", ranges=(OWN_RANGE[0], measured)), bracket=clean)


@pytest.mark.parametrize(
    ("weight", "better"),
    [("-0.5", None), ("-0.51", None), ("-0.8", None), ("-0.81", "-0.5"), ("-1", "-0.5")],
)
def test_silence_reaches_as_far_as_a_scan_saw_no_damage(weight: str, better: str | None) -> None:
    findings = seen(measured_to(-0.8), f"<lora:s:{weight}>")
    assert [f.after for f in findings] == ([f"<lora:s:{better}>"] if better else [])


def test_a_quick_scan_silences_nothing() -> None:
    quick = measured_to(-0.8, scan=f"0123abcd{QUICK_SUFFIX}")
    assert [f.after for f in seen(quick, "<lora:s:-0.7>")] == ["<lora:s:-0.5>"]


def test_a_range_without_a_scan_silences_nothing() -> None:
    typed = replace(measured_to(-0.8), bracket=None)
    assert [f.after for f in seen(typed, "<lora:s:-0.7>")] == ["<lora:s:-0.5>"]
