"""A method's own numbers as people write them, and the concepts of a negative prompt."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_lora_neg.guidance import DEFAULTS, Guidance, Method, NagSettings, OngSettings, VsfSettings
from lib_lora_neg.guidance.choice import MOST_CONCEPTS
from lib_lora_neg.guidance.known import known_numbers
from lib_lora_neg.guidance.numbers import (
    MAX_TEXT,
    changed,
    described,
    numbers_of,
    read_numbers,
    written_numbers,
)
from lib_lora_neg.guidance.settings import OngFeature, OngTau

NAG, VSF, ONG = Method.NAG, Method.VSF, Method.ONG


@pytest.mark.parametrize(
    ("method", "text", "found"),
    [
        (NAG, "", {}),
        (NAG, None, {}),
        (NAG, "phi 3, tau 2", {"phi": 3, "tau": 2}),
        (NAG, "phi=3; tau: 2\nalpha 0.5", {"phi": 3, "tau": 2, "alpha": 0.5}),
        (NAG, "tau 2, phi 3", {"phi": 3, "tau": 2}),
        (NAG, "PHI 3, phi 4", {"phi": 4}),
        (NAG, "φ 3, τ = 2, \u03b1: 0.5", {"phi": 3, "tau": 2, "alpha": 0.5}),
        (NAG, "scale 5", {"phi": 4}),
        (NAG, "nag_scale 1, nag_tau 2.5", {"phi": 0, "tau": 2.5}),
        (NAG, {"phi": 3, "tau": "2"}, {"phi": 3, "tau": 2}),
        (VSF, "s 3, b \u22120.5", {"strength": 3, "bias": -0.5}),
        (VSF, "strength 3, bias 0", {"strength": 3, "bias": 0}),
        (ONG, "lambda 2, bounds norm", {"strength": 2, "tau_bounds": OngTau.NORM}),
        (ONG, "feature WHOLE, per head", {"feature": OngFeature.WHOLE, "per_head": True}),
    ],
)
def test_what_people_write_is_understood(method: Method, text: Any, found: dict[str, Any]) -> None:
    assert dict(read_numbers(method, text)) == found


@pytest.mark.parametrize(
    ("method", "name", "low", "high"),
    [
        (NAG, "phi", 0, 50),
        (NAG, "scale", 1, 51),
        (NAG, "tau", 1, 10),
        (NAG, "alpha", 0, 1),
        (VSF, "s", 0, 50),
        (VSF, "b", -10, 10),
        (ONG, "lambda", 0, 50),
        (ONG, "tau", 0, 10),
    ],
)
def test_bounds(method: Method, name: str, low: float, high: float) -> None:
    for value in (low, high):
        assert read_numbers(method, f"{name} {value}")
    for wrong in (low - 0.01, high + 0.01, "nan", "inf", "-inf", "much", "1e999"):
        with pytest.raises(ValueError, match=name):
            read_numbers(method, f"{name} {wrong}")


@pytest.mark.parametrize(
    ("method", "text"),
    [
        (NAG, "s 3"),
        (NAG, "phi"),
        (NAG, "phi 3 tau 2"),
        (NAG, "3"),
        (VSF, "phi 3"),
        (ONG, "feature image"),
        (ONG, "per 1"),
        (NAG, 3),
        (NAG, ["phi 3"]),
        (NAG, {"phi": None}),
        (NAG, {"phi": True}),
        (NAG, {"phi": 10**400}),
        (NAG, {"phi": [3]}),
        (NAG, "phi 3, " + " " * MAX_TEXT),
        (NAG, "x" * 1_000_000),
        (NAG, {"x" * 1_000_000: "y" * 1_000_000}),
    ],
)
def test_what_means_nothing_is_refused_in_a_short_sentence(method: Method, text: Any) -> None:
    with pytest.raises(ValueError, match="negative guidance") as problem:
        read_numbers(method, text)
    assert len(str(problem.value)) < 400


numbers = st.floats(1, 9.999).map(lambda number: float(f"{number:g}"))
settings = st.one_of(
    st.builds(NagSettings, numbers, numbers, st.floats(0, 1).map(lambda x: float(f"{x:g}"))),
    st.builds(VsfSettings, numbers, numbers),
    st.builds(
        OngSettings,
        numbers,
        numbers,
        st.sampled_from(OngTau),
        st.sampled_from(OngFeature),
        st.booleans(),
    ),
)


@given(settings)
def test_what_is_written_is_read_back(made: NagSettings | VsfSettings | OngSettings) -> None:
    found = read_numbers(made.method, described(made))
    assert found == numbers_of(made)
    assert read_numbers(made.method, written_numbers(made.method, found)) == found
    assert changed(type(made)(), found) == made


@given(st.text())
def test_any_text_is_understood_or_refused(text: str) -> None:
    for method in Method:
        try:
            found = read_numbers(method, text)
        except ValueError:
            continue
        assert read_numbers(method, written_numbers(method, found)) == found


@pytest.mark.parametrize("kind", list(DEFAULTS))
def test_own_numbers_stand_in_for_the_model_s_and_the_strength_scales_them(kind: str) -> None:
    own = Guidance(NAG, strength=0.5, numbers=read_numbers(NAG, "phi 6"))
    usual = DEFAULTS[kind][NAG].settings
    assert isinstance(usual, NagSettings)
    assert own.settings_for(kind) == NagSettings(3.0, usual.tau, usual.alpha)


def test_known_numbers_can_be_written_into_the_panel() -> None:
    known = list(known_numbers())
    for one in known:
        text = written_numbers(one.method, one.numbers)
        assert read_numbers(one.method, text) == one.numbers
        assert one.source
    assert {one.method for one in known} == set(Method)
    defaults = [one for one in known if one.default and one.method is NAG]
    assert len(defaults) == len(DEFAULTS)


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("cars", ("cars",)),
        ("cars AND people", ("cars", "people")),
        ("cars,\nAND , people AND ", ("cars", "people")),
        ("", ("",)),
        (" AND ", ("",)),
        ("SAND and BRAND", ("SAND and BRAND",)),
        ("(cars:1.2) AND [a:b:0.5]", ("(cars:1.2)", "[a:b:0.5]")),
    ],
)
def test_and_divides_the_concepts_where_that_is_asked_for(
    text: str, concepts: tuple[str, ...]
) -> None:
    assert Guidance(NAG, several=True).concepts(text) == concepts
    assert Guidance(NAG).concepts(text) == (text,)


def test_only_so_many_concepts() -> None:
    text = " AND ".join(["a"] * MOST_CONCEPTS)
    assert len(Guidance(ONG, several=True).concepts(text)) == MOST_CONCEPTS
    with pytest.raises(ValueError, match="concepts"):
        Guidance(ONG, several=True).concepts(f"{text} AND a")
