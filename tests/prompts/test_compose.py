"""Two rounds of edits as one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lib_lora_neg.prompts import Edit, apply_edits, compose


@st.composite
def _edits(draw: st.DrawFn, length: int) -> list[Edit]:
    places = sorted(draw(st.lists(st.integers(0, length), max_size=6, unique=True)))
    pairs = zip(places[::2], places[1::2], strict=False)
    return [Edit(start, end, draw(st.text("xyz", max_size=3))) for start, end in pairs]


@given(st.text("abc,", max_size=20), st.data())
def test_one_after_the_other(text: str, data: st.DataObject) -> None:
    first = data.draw(_edits(len(text)))
    middle = apply_edits(text, first)
    second = data.draw(_edits(len(middle)))
    assert apply_edits(text, compose(len(text), first, second)) == apply_edits(middle, second)


def test_what_stays_is_not_replaced() -> None:
    found = compose(7, [Edit(0, 2, ""), Edit(5, 5, "x")], [Edit(4, 5, "yy")])
    assert found == (Edit(0, 2, ""), Edit(5, 6, "xyy"))
