"""Edits in the library: what a request may ask for, what it changes, how it is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lib_lora_neg.hosts.form_reading import FormValueError
from lib_lora_neg.loras.card import LoraType, RangeSource, WeightRange
from lib_lora_neg.loras.decisions import Decision
from lib_lora_neg.ui.library.edit import Editor, read_change, read_names
from tests.support.cards import card
from tests.support.library import MemoryLibrary

MEASURED = WeightRange(-0.4, None, None, RangeSource.MEASURED)
BEFORE = Decision(LoraType.CONCEPT, ("x",), None, MEASURED, guard_off=True)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"clear": True}, Decision(measured=MEASURED)),
        (
            {"set": {"type": "style"}},
            Decision(LoraType.STYLE, ("x",), None, MEASURED, guard_off=True),
        ),
        ({"set": {"type": None, "guard_off": False}}, Decision(None, ("x",), None, MEASURED)),
        (
            {"set": {"triggers": [" a  b ", "", "a b"], "guard_off": False}},
            Decision(LoraType.CONCEPT, ("a b",), None, MEASURED),
        ),
        (
            {"set": {"range": {"floor": -0.5}, "triggers": None, "guard_off": False}},
            Decision(
                LoraType.CONCEPT,
                None,
                WeightRange(-0.5, None, None, RangeSource.USER, "typed by the user"),
                MEASURED,
            ),
        ),
        ({"set": {"range": {"floor": None, "ceiling": None}}}, BEFORE),
        ({"set": {"blocks": " -s7 -S20"}}, replace(BEFORE, block_mask="-S7-S20")),
        ({"set": {"blocks": None}}, BEFORE),
    ],
)
def test_a_change_touches_only_what_it_names(body: Mapping[str, Any], expected: Decision) -> None:
    assert read_change(body)(BEFORE) == expected


@pytest.mark.parametrize(
    "body",
    [
        {"set": {"blocks": "S7"}},
        {"set": {"blocks": 7}},
        {"set": {"blocks": "-S7" * 200}},
        {},
        {"set": {}},
        {"set": []},
        {"set": {"type": "painting"}},
        {"set": {"type": ["style"]}},
        {"set": {"path": "/etc/passwd"}},
        {"set": {"measured": {"floor": -1}}},
        {"set": {"guard_off": "yes"}},
        {"set": {"triggers": "a"}},
        {"set": {"triggers": [1]}},
        {"set": {"triggers": ["x" * 201]}},
        {"set": {"triggers": ["x"] * 101}},
        {"set": {"range": [-1, 1]}},
        {"set": {"range": {"floor": 0.5}}},
        {"set": {"range": {"ceiling": -1}}},
        {"set": {"range": {"floor": True}}},
        {"set": {"range": {"floor": "-1"}}},
        {"set": {"range": {"floor": float("nan")}}},
        {"set": {"range": {"floor": -1e300}}},
        {"set": {"range": {"floor": -(10**400)}}},
    ],
)
def test_a_change_that_cannot_be_understood_is_refused(body: Mapping[str, Any]) -> None:
    with pytest.raises(FormValueError):
        read_change(body)


@pytest.mark.parametrize("names", [None, "a", [1], [["a"]], ["x" * 1001], ["x"] * 20_001])
def test_names_that_cannot_be_understood_are_refused(names: object) -> None:
    with pytest.raises(FormValueError):
        read_names({"names": names})


def test_a_bulk_edit_is_kept_and_taken_back() -> None:
    host = MemoryLibrary(*(card(name, "unknown") for name in "abc"))
    host.save({"a": Decision(LoraType.SLIDER)})
    editor = Editor(host)
    result = editor.edit(["a", "b", "nobody"], read_change({"set": {"type": "style"}}))
    assert (result.as_json()["saved"], result.unknown) == (2, 1)
    assert host.kept["b"] == Decision(LoraType.STYLE)
    assert editor.undo_label == "2 LoRAs"
    editor.undo()
    assert host.kept == {"a": Decision(LoraType.SLIDER), "b": Decision()}
    assert editor.undo_label == ""
    with pytest.raises(FormValueError):
        editor.undo()


def test_a_continued_edit_is_taken_back_as_one() -> None:
    host = MemoryLibrary(*(card(name, "unknown") for name in "abc"))
    editor = Editor(host)
    change = read_change({"set": {"type": "style"}})
    editor.edit(["c"], change)
    editor.edit(["a"], change)
    editor.edit(["b"], change, continued=True)
    assert editor.undo_label == "2 LoRAs"
    editor.undo()
    assert host.kept == {"a": Decision(), "b": Decision(), "c": Decision(LoraType.STYLE)}


def test_undo_leaves_alone_what_was_decided_anew() -> None:
    host = MemoryLibrary(card("a", "unknown"), card("b", "unknown"))
    editor = Editor(host)
    editor.edit(["a", "b"], read_change({"set": {"type": "style"}}))
    host.save({"a": Decision(LoraType.CONCEPT)})
    result = editor.undo()
    assert host.kept == {"a": Decision(LoraType.CONCEPT), "b": Decision()}
    assert result.unchanged == 1


def test_what_is_so_already_is_not_written_again() -> None:
    host = MemoryLibrary(card("a", "unknown"))
    host.save({"a": Decision(LoraType.STYLE)})
    host.read_only.add("a")
    result = Editor(host).edit(["a"], read_change({"set": {"type": "style"}}))
    assert result.as_json()["unchanged"] == 1
    assert not result.saved


def test_a_folder_that_takes_nothing_is_said_and_not_undone() -> None:
    host = MemoryLibrary(card("a", "unknown"), card("b", "unknown"))
    host.read_only.add("a")
    editor = Editor(host)
    result = editor.edit(["a", "b"], read_change({"set": {"type": "style"}})).as_json()
    assert (result["saved"], result["failed"], result["names"]) == (1, 1, ["b"])
    assert result["notes"] == ["the folder cannot be written"]
    assert editor.undo_label == "b"


def test_an_edit_that_changes_nothing_leaves_undo_alone() -> None:
    host = MemoryLibrary(card("a", "style"), card("b", "style"))
    editor = Editor(host)
    editor.edit(["a"], read_change({"set": {"type": "concept"}}))
    editor.edit(["a"], read_change({"set": {"type": "concept"}}))
    editor.edit(["nobody"], read_change({"set": {"guard_off": True}}))
    assert editor.undo_label == "a"
    assert [item.name for item in editor.undo().saved] == ["a"]


def test_each_edit_is_taken_back_by_itself_and_never_brings_an_older_one_back() -> None:
    host = MemoryLibrary(card("a", "style"), card("b", "style"))
    editor = Editor(host)
    first = editor.edit(["a"], read_change({"set": {"type": "concept"}}))
    second = editor.edit(["b"], read_change({"set": {"guard_off": True}}))
    third = editor.edit(["a"], read_change({"set": {"type": "slider"}}))
    # What stood before the first edit does not come back over the third.
    assert editor.undo(first.step).unchanged == 1
    assert host.decisions(["a"])["a"].type == LoraType.SLIDER
    editor.undo(second.step)
    assert not host.decisions(["b"])["b"].guard_off
    editor.undo()
    assert host.decisions(["a"])["a"].type == LoraType.CONCEPT
    for step in (first.step, second.step, third.step, None):
        with pytest.raises(FormValueError):
            editor.undo(step)
