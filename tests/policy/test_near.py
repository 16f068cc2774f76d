"""Near names: which are offered, and what looking for them costs."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_lora_neg.policy.near import MOST_OFFERED, near_names


@pytest.mark.parametrize(
    ("name", "names", "expected"),
    [
        ("abcd", ("abxd",), ("abxd",)),
        ("abcd", ("axyd",), ()),
        ("abcdefghi", ("axydefghi",), ("axydefghi",)),
        ("abcdefghi", ("xyzdefghi",), ()),
        ("ab", ("ac",), ()),
        ("abdc", ("abcd",), ("abcd",)),
        ("pint", ("paint",), ("paint",)),
        ("pant", ("pnt",), ("pnt",)),
        ("pnt", ("paiint",), ()),
        ("Paint", ("paint_v2", "PAINT", "pint"), ("PAINT", "pint", "paint_v2")),
        ("水彩", ("水彩_v1", "水彩"), ("水彩",)),
        ("xwatercolory", ("watercolorz",), ("watercolorz",)),
        ("watercolory", ("xwatercolorz",), ("xwatercolorz",)),
        ("papclorx", ("papcolory",), ("papcolory",)),
        ("papcolory", ("papclorx",), ("papclorx",)),
        ("qqqaxb", ("qqqyabz",), ()),
        (
            "watercolor",
            ("watercolor_edition", "wxtxrcolxr", "watercolour"),
            ("watercolour", "wxtxrcolxr", "watercolor_edition"),
        ),
        ("xatercolorx", ("watercoqlory",), ("watercoqlory",)),
        ("watercoqlory", ("xatercolorx",), ("xatercolorx",)),
        ("ebaebc", ("baebc", "cbeabe"), ("baebc",)),
        ("paint", ("Painted", "P_aint", "pa-int", "paint"), ("P_aint", "pa-int", "paint")),
    ],
)
def test_near(name: str, names: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert near_names(name, names) == expected


@given(st.text(max_size=40), st.lists(st.text(max_size=40), max_size=8))
def test_any_names_are_read(name: str, names: list[str]) -> None:
    found = near_names(name, names)
    assert len(found) <= MOST_OFFERED
    assert set(found) <= set(names)


def _cost(count: int) -> float:
    names = [
        f"character_{number * 7919 % 100000:05d}_lora_v{number % 9}" for number in range(count)
    ]
    least = float("inf")
    for _ in range(3):
        start = time.process_time()
        near_names("charakter_01234_lora_v5", names)
        least = min(least, time.process_time() - start)
    return least


def test_the_cost_grows_with_the_names_alone() -> None:
    small, large = _cost(2000), _cost(8000)
    assert large < 8 * small


@pytest.mark.parametrize(
    ("name", "names", "near"),
    [
        ("ink_style", ("ink_style1", "ink_style2", "ink_style3", "ink_style4"),
         ("ink_style1", "ink_style2", "ink_style3")),
        ("abcd", ("abcdefgh",), ("abcdefgh",)),
        ("abcd", ("abcdefghi",), ()),
        ("abc", ("abcdef",), ()),
        ("abcdefgh", ("abcd",), ("abcd",)),
        ("abcdefghi", ("abcd",), ()),
        ("abcdef", ("abc",), ()),
        ("a" * 128, ("a" * 127,), ("a" * 127,)),
        ("a" * 129, ("a" * 128,), ()),
        ("a" * 127, ("a" * 129,), ()),
        ("ab", ("ab ",), ("ab ",)),
        ("a_", ("a",), ()),
        ("abcdefghijklmno", ("abcdefghijklxyz",), ("abcdefghijklxyz",)),
        ("abcdefghijklmno", ("abcdefghijkwxyz",), ()),
        ("abcdefghij", ("bacdefghji",), ("bacdefghji",)),
        ("style one", ("Style-One", "style ono"), ("Style-One", "style ono")),
    ],
)  # fmt: skip
def test_the_bounds_of_nearness(name: str, names: tuple[str, ...], near: tuple[str, ...]) -> None:
    assert near_names(name, names) == near
