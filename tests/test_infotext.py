from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_lora_neg.infotext import (
    Infotext,
    format_infotext,
    is_infotext,
    parse_infotext,
    quote,
    unquote,
)

PLAIN = """a harbor, <lora:oil:-0.5>
(boats:1.2), fog
Negative prompt: lowres,
blurry
Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 1, Size: 512x768, \
Lora hashes: "oil: a42ba5a8f9e4, crt: 0123456789ab", Version: v1.10.1"""

HIRES = """a harbor
Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Hires upscale: 2, Hires upscaler: Latent, \
Hires CFG Scale: 9, Hires prompt: "a harbor, \\"boats\\"\\nfog", Hires negative prompt: blurry"""


def test_plain_infotext_is_taken_apart() -> None:
    infotext = parse_infotext(PLAIN)
    assert infotext.prompt == "a harbor, <lora:oil:-0.5>\n(boats:1.2), fog"
    assert infotext.negative_prompt == "lowres,\nblurry"
    assert infotext.cfg_scale == 6.5
    assert infotext.parameters["Sampler"] == "DPM++ 2M"
    assert infotext.parameters["Size"] == "512x768"
    assert infotext.parameters["Lora hashes"] == "oil: a42ba5a8f9e4, crt: 0123456789ab"
    assert not infotext.has_hires_pass


def test_hires_texts_are_unquoted_and_fall_back_to_the_first_pass() -> None:
    infotext = parse_infotext(HIRES)
    assert infotext.has_hires_pass
    assert infotext.hires_prompt == 'a harbor, "boats"\nfog'
    assert infotext.hires_negative_prompt == "blurry"
    assert infotext.hires_cfg == 9.0
    plain = parse_infotext("a\nSteps: 1, Sampler: x, CFG scale: 7, Hires upscale: 2")
    assert (plain.hires_prompt, plain.hires_negative_prompt, plain.hires_cfg) == ("a", "", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Infotext()),
        ("just a prompt", Infotext("just a prompt")),
        ("a\nb, CFG scale: 7", Infotext("a\nb, CFG scale: 7")),
        ("a\r\nNegative prompt: b\r\n", Infotext("a", "b")),
        ("Negative prompt: b", Infotext("", "b")),
    ],
)
def test_texts_without_parameters(text: str, expected: Infotext) -> None:
    assert parse_infotext(text) == expected


@pytest.mark.parametrize("value", ["", "nan", "inf", "-inf", "seven"])
def test_a_cfg_that_is_no_number_is_none(value: str) -> None:
    assert parse_infotext(f"a\nSteps: 20, Sampler: x, CFG scale: {value}").cfg_scale is None


def test_infotexts_are_told_from_lists_of_prompts() -> None:
    assert is_infotext(PLAIN)
    assert is_infotext(HIRES)
    assert is_infotext("a\nNegative prompt: b")
    assert not is_infotext("a harbor, boats\na castle: ruins, fog: thick, light: low")
    assert not is_infotext("")


def test_a_broken_quoted_value_stays_as_it_stands() -> None:
    assert unquote('"a') == '"a'
    assert unquote('"\\x"') == '"\\x"'
    assert unquote("7") == "7"


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
lines = words.map(lambda text: " ".join(text.split()))
keys = st.sampled_from(["Steps", "Sampler", "CFG scale", "Lora hashes", "LoRA Neg", "Version"])


@given(words)
def test_any_value_survives_its_quotes(value: str) -> None:
    assert unquote(quote(value)) == value


@given(
    st.lists(lines, max_size=3),
    lines,
    st.dictionaries(keys, words, min_size=3),
)
def test_what_is_written_reads_back(
    prompt: list[str], negative: str, parameters: dict[str, str]
) -> None:
    text = "\n".join(prompt).strip()
    if "Negative prompt:" in text + negative:
        return
    written = Infotext(text, negative, parameters)
    assert parse_infotext(format_infotext(written)) == written


@given(words)
def test_any_text_can_be_read(text: str) -> None:
    parse_infotext(text)


def test_a_long_line_without_colons_is_read_in_linear_time() -> None:
    text = "a " * 200_000
    assert parse_infotext(text).prompt == text.strip()
