"""What the small model knows, against the code that wrote its captions."""

from __future__ import annotations

import pytest

from lib_lora_neg.page.knowledge import MOST_NAMED, KnownWords, unknown_html
from lib_lora_neg.page.world import KNOWLEDGE

KNOWN = KnownWords(
    {"shapes": ("circle",), "faults": ("low quality",)}, frozenset({"the"}), "circle"
)


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("the circle, low quality", []),
        ("a lighthouse, circle", ["lighthouse"]),
        ("(Circle:1.2), [LOW Quality], CIRCLE", []),
        ("circle <lora:unheard_of:-0.9>", []),
        ("mira, circle", []),
        ("storm, storm clouds, circle", ["storm", "clouds"]),
        ("1girl, 4k, circle 2", ["girl"]),
        ("café ленс 水彩", ["café", "ленс", "水彩"]),
        ("", []),
    ],
)
def test_words_that_mean_nothing_to_the_model(text: str, unknown: list[str]) -> None:
    assert KNOWN.unknown([text], ["mira"]) == unknown


def test_both_boxes_are_looked_at() -> None:
    assert KNOWN.unknown(["circle, fog", "fog, rain"]) == ["fog", "rain"]


def test_unknown_words_are_marked_few_of_many_and_harmless() -> None:
    html = unknown_html([f"w{n}" for n in range(MOST_NAMED + 3)])
    assert html.count("<mark>") == MOST_NAMED
    assert "and 3 more" in html
    assert "<mark>" not in unknown_html([])
    assert "<b>" not in unknown_html(["<b>"])


def test_the_small_models_words_are_those_of_its_captions() -> None:
    from lab import captions, palette, scenes, shapes, spoil

    groups = KNOWLEDGE.groups
    assert set(groups["shapes"]) == set(shapes.SHAPES)
    assert set(groups["colours"]) == set(palette.COLOURS)
    assert set(groups["sizes"]) == set(scenes.SIZES)
    assert set(groups["places"]) == set(scenes.PLACES)
    assert set(groups["quality"]) == set(captions.GOOD_WORDS)
    assert set(groups["faults"]) == {*captions.BAD_WORDS, *spoil.SPOILERS}
    assert {"striped", "dotted"} <= set(scenes.SURFACES)
    assert KNOWLEDGE.unknown([KNOWLEDGE.example]) == []
    assert KNOWLEDGE.silent <= set(captions.GRAMMAR)
    # Its fillers have tokens and mean nothing.
    assert KNOWLEDGE.unknown(["photo, watermark, lowres"]) == ["photo", "watermark", "lowres"]
