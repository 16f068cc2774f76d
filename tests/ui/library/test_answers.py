"""What the library tab's routes answer."""

from __future__ import annotations

import json

import pytest

from lib_lora_neg.hosts.form_reading import FormValueError
from lib_lora_neg.library.indexing import ReadingProgress
from lib_lora_neg.loras import LoraType
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.ui.library.answers import library_answers
from tests.support.cards import card
from tests.support.library import MemoryLibrary

MANY = 5000


@pytest.fixture(scope="module")
def large() -> MemoryLibrary:
    kinds = ("style", "character", "concept", "unknown")
    cards = (
        card(f"lora {number}", kinds[number % 4], confidence=0.9, family=ModelFamily.SD1)
        for number in range(MANY)
    )
    return MemoryLibrary(*cards)


def test_rows_come_in_pages(large: MemoryLibrary) -> None:
    rows = library_answers(large)["library-rows"]
    first = rows({"limit": 100})
    assert (first["total"], first["matched"], len(first["rows"])) == (MANY, MANY, 100)
    last = rows({"offset": MANY - 50, "limit": 100})
    assert last["rows"][-1]["name"] == f"lora {MANY - 1}"
    assert len(rows({"limit": 10**9})["rows"]) == 500
    assert rows({"offset": 10**9})["rows"] == []
    assert len(json.dumps(first)) < 100_000


def test_all_names_of_a_query(large: MemoryLibrary) -> None:
    names = library_answers(large)["library-names"]({"type": "style"})["names"]
    assert len(names) == MANY // 4


@pytest.mark.parametrize("body", [{"offset": -1}, {"limit": "1"}, {"offset": True}])
def test_pages_that_cannot_be_are_refused(large: MemoryLibrary, body: dict[str, object]) -> None:
    with pytest.raises(FormValueError):
        library_answers(large)["library-rows"](body)


def test_looking_at_the_table_begins_the_reading_and_tells_of_it() -> None:
    host = MemoryLibrary(unread=("a", "b"))
    host.state = ReadingProgress(running=True, done=1, total=2)
    host.faults = ("a folder: cannot be read",)
    answer = library_answers(host)["library-rows"]({})
    assert host.begun == 1
    assert answer["progress"]["done"] == 1
    assert answer["problems"] == ["a folder: cannot be read"]
    assert [row["read"] for row in answer["rows"]] == [False, False]


def test_a_badge_has_two_letters_a_range_and_reasons() -> None:
    host = MemoryLibrary(
        card("a", "style", family=ModelFamily.SDXL, confidence=0.92),
        card("b", "character", family=ModelFamily.SDXL, confidence=0.5),
        card("c", "style", guard_off=True),
        unread=("d",),
    )
    answer = library_answers(host)["library-badges"]({"names": ["a", "b", "c", "d", "nobody"]})
    badges = answer["badges"]
    assert (badges["a"]["letter"], badges["a"]["range"]) == ("St", "≥−0.5")
    assert badges["a"]["lines"][0] == "Type: style (92%)"
    assert (badges["b"]["letter"], badges["b"]["range"], badges["b"]["sure"]) == ("Ch", "≥0", False)
    assert badges["c"]["range"] == "off"
    assert badges["d"] is None
    assert badges["nobody"] is None
    with pytest.raises(FormValueError):
        library_answers(host)["library-badges"]({"names": [str(n) for n in range(1001)]})


def test_details_know_names_only() -> None:
    host = MemoryLibrary(card("a", "style"))
    show = library_answers(host)["library-detail"]
    assert show({"name": "a"})["location"] == "folder/a.safetensors"
    for name in ("../a", "/etc/passwd", "folder/a.safetensors", "", None, 3, ["a"], "x" * 1001):
        with pytest.raises(FormValueError):
            show({"name": name})


def test_edit_undo_export_and_import() -> None:
    host = MemoryLibrary(card("a", "style"), card("b", "style"))
    answers = library_answers(host)
    result = answers["library-edit"]({"names": ["a"], "set": {"type": "character"}})
    assert (result["names"], result["undo"]) == (["a"], "a")
    exported = answers["library-export"]({})
    assert exported["decisions"]["a"]["type"] == "character"
    assert answers["library-undo"]({})["undo"] == ""
    assert answers["library-import"]({"decisions": exported})["saved"] == 1
    for wrong in (None, [], {"kind": "recipe"}):
        with pytest.raises(FormValueError):
            answers["library-import"]({"decisions": wrong})


def test_words_name_every_type_and_grade() -> None:
    words = library_answers(MemoryLibrary())["library-words"]({})
    letters = [kind["letter"] for kind in words["types"]]
    assert len(set(letters)) == len(letters) == len(LoraType)
    assert [grade["id"] for grade in words["grades"]] == [
        "ubiquitous",
        "separable",
        "not_captioned",
        "unknown",
    ]


def test_a_mask_must_name_blocks_that_the_lora_has() -> None:
    host = MemoryLibrary(
        card("ink", "style", family=ModelFamily.SDXL), card("any", "style"), unread=("later",)
    )
    answers = library_answers(host)
    edit = answers["library-edit"]
    with pytest.raises(FormValueError, match="OUT9"):
        edit({"names": ["any", "ink"], "set": {"blocks": "-OUT9"}})
    assert host.kept == {}
    edit({"names": ["ink", "later"], "set": {"blocks": "-OUT8"}})
    assert host.kept["ink"].block_mask == "-OUT8"
    shown = answers["library-detail"]({"name": "ink"})
    assert (shown["decision"]["blocks"], shown["decided"]) == ("-OUT8", True)
    assert shown["blocks"]["names"][-1] == "OUT8"
    assert all(preset["label"] for preset in shown["blocks"]["presets"])
