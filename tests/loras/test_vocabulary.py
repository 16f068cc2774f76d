from __future__ import annotations

import pytest

from lib_lora_neg.loras import (
    TagGrade,
    TagTable,
    TagTableKind,
    grade_tag,
    is_common_tag,
    is_descriptive_tag,
    is_generic_word,
    normalise_tag,
)
from lib_lora_neg.loras.triggers import looks_invented


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Hu_Tao \\(genshin\\)", "hu tao (genshin)"),
        ("  a__b ", "a b"),
        ("A\tB", "a b"),
        ("雷", "雷"),
    ],
)
def test_normalised(text: str, plain: str) -> None:
    assert normalise_tag(text) == plain
    assert normalise_tag(plain) == plain


COMMON = """1girl|2boys|6+girls|solo|looking at viewer|Looking_at_viewer|simple background
|masterpiece|best quality|lowres|bad anatomy|bad hands|worst quality|blurry|watermark|text|signature
|score_9|score_8_up|extra digits|jpeg artifacts|white background|upper body"""
OWN = "inkwash|blue hair|hu tao (genshin)|dress|monochrome|lighthouse|zwx|twin braids|雷"


@pytest.mark.parametrize("tag", COMMON.replace("\n", "").split("|"))
def test_common(tag: str) -> None:
    assert is_common_tag(tag)
    assert is_generic_word(tag)


@pytest.mark.parametrize("tag", OWN.split("|"))
def test_not_common(tag: str) -> None:
    assert not is_common_tag(tag)


GENERIC = ["style", "woman", "A Girl", "anime style", "3d", "", "!!", "1", "lora"]


@pytest.mark.parametrize("word", GENERIC)
def test_generic(word: str) -> None:
    assert is_generic_word(word)


@pytest.mark.parametrize("word", ["inkwash", "sks", "style of zorg", "wang liu mei", "lighthouse"])
def test_not_generic(word: str) -> None:
    assert not is_generic_word(word)


def test_descriptive() -> None:
    assert is_descriptive_tag("twin braids")
    assert is_descriptive_tag("blue_hair")
    assert not is_descriptive_tag("hu tao (genshin)")


@pytest.mark.parametrize(
    "word", ["in1", "ch9rname", "xyz_style", "KafuuChino", "ohwx", "senna \\(lol\\)"]
)
def test_invented(word: str) -> None:
    assert looks_invented(word)


@pytest.mark.parametrize("word", ["ahoge", "side ponytail", "tree", "1girl", "style", "nurse"])
def test_not_invented(word: str) -> None:
    assert not looks_invented(word)


SHARES = {"always": 0.95, "often": 0.5, "rarely": 0.01}


@pytest.mark.parametrize(
    ("kind", "tag", "grade"),
    [
        (TagTableKind.RICH, "Always", TagGrade.UBIQUITOUS),
        (TagTableKind.RICH, "often", TagGrade.SEPARABLE),
        (TagTableKind.RICH, "rarely", TagGrade.NOT_CAPTIONED),
        (TagTableKind.RICH, "never", TagGrade.NOT_CAPTIONED),
        (TagTableKind.PROSE, "always", TagGrade.UNKNOWN),
        (TagTableKind.FAKE, "always", TagGrade.UNKNOWN),
        (TagTableKind.NONE, "never", TagGrade.UNKNOWN),
    ],
)
def test_grades(kind: TagTableKind, tag: str, grade: TagGrade) -> None:
    assert grade_tag(TagTable(kind, SHARES, 100), tag) is grade
