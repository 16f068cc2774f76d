from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_lora_neg.scan.weights import (
    ARTICLE,
    FINE,
    MAX_ABSOLUTE,
    MAX_WEIGHTS,
    WeightListError,
    check_weights,
    format_weight,
    format_weights,
    parse_weights,
)


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("-1, -0.5, 0, 0.5, 1", ARTICLE),
        ("-1 - 1 [21]", FINE),
        ("-1-1[3]", (-1, 0, 1)),
        ("-1 - 1 [9]", (-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1)),
        ("-0.9--0.3 (+0.3)", (-0.9, -0.6, -0.3)),
        ("-0.9 - -0.3 (0.3)", (-0.9, -0.6, -0.3)),
        ("0 - -1 (-0.25)", (0, -0.25, -0.5, -0.75, -1)),
        ("1 - -1 [3]", (1, 0, -1)),
        ("-2 - 2", (-2, -1, 0, 1, 2)),
        ("2 - 0", (2, 1, 0)),
        ("0 - 1 (+0.3)", (0, 0.3, 0.6, 0.9)),
        ("0 - 1 (+0.1)", (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)),
        ("-0.4 - 0 [3], 1, -0.2", (-0.4, -0.2, 0, 1)),
        ("−0.5, –0.25", (-0.5, -0.25)),
        ("−1 − 1 [3]", (-1, 0, 1)),
        (".5, +.25, - 1", (0.5, 0.25, -1)),
        ("0.1, 0.1,", (0.1,)),
        ("0.30000000000000004", (0.3,)),
        ("-0", (0,)),
        ("0.2 - 0.9 [1]", (0.2,)),
    ],
)
def test_what_people_write(text: str, weights: tuple[float, ...]) -> None:
    assert parse_weights(text) == weights


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no weights given"),
        (" , ,", "no weights given"),
        ("a", "'a' is no weight"),
        ("1 2", "'1 2' is no weight"),
        ("nan", "no weight"),
        ("1e3", "no weight"),
        ("-1 - 1 [0]", "the number of weights"),
        ("-1 - 1 [9999999999]", "the number of weights"),
        ("-1 - 1 (0)", "never lead"),
        ("-1 - 1 (-0.1)", "never lead"),
        ("0 - 10 (0.001)", "more than"),
        ("0, 11", "11 is not within"),
        ("-1 - 1 [3", "no weight and no range"),
    ],
)
def test_what_is_refused(text: str, says: str) -> None:
    with pytest.raises(WeightListError, match=says.replace("[", r"\[")):
        parse_weights(text)


def test_signs_for_people() -> None:
    assert format_weight(-0.5) == "−0.5"
    assert format_weight(-0.0) == "0"
    assert format_weights(FINE) == "-1 - 1 [21]"
    assert format_weights((-1, 0, 0.3)) == "-1, 0, 0.3"


weights = st.floats(-MAX_ABSOLUTE, MAX_ABSOLUTE)


@given(st.lists(weights, min_size=1, max_size=MAX_WEIGHTS))
def test_what_is_written_is_read_again(values: list[float]) -> None:
    clean = check_weights(values)
    assert parse_weights(format_weights(clean)) == clean


@given(weights, weights, st.integers(2, MAX_WEIGHTS))
def test_ranges_with_a_count_keep_their_ends_and_order(start: float, end: float, n: int) -> None:
    found = parse_weights(f"{start:.4f} - {end:.4f} [{n}]")
    assert found[0] == pytest.approx(start, abs=1e-4)
    assert found[-1] == pytest.approx(end, abs=1e-4)
    assert len(found) <= n
    assert list(found) == sorted(found, reverse=end < start)


@given(weights, weights, st.floats(0.05, 5))
def test_ranges_with_a_step_never_go_over_their_end(start: float, end: float, step: float) -> None:
    low, high = sorted((start, end))
    text = f"{low:.4f} - {high:.4f} (+{step:.4f})"
    if (high - low) / step > MAX_WEIGHTS + 1:
        with pytest.raises(WeightListError, match="more than"):
            parse_weights(text)
        return
    if (high - low) / step > MAX_WEIGHTS - 2:  # rounding decides
        return
    found = parse_weights(text)
    assert all(low - 1e-4 <= weight <= high + 1e-4 for weight in found)


@given(st.text(alphabet="0123456789.,+-−[]() ", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_weights(text)
    except WeightListError:
        return
    assert found
    assert len(set(found)) == len(found) <= MAX_WEIGHTS
    assert all(abs(weight) <= MAX_ABSOLUTE for weight in found)
