from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.library.saving import DecisionBook, apply_decision, read_export, replace_json
from lib_lora_neg.loras import (
    Bracket,
    Decision,
    LoraCard,
    LoraType,
    RangeSource,
    WeightRange,
    read_card,
)
from lib_lora_neg.loras.blank import write_blank_lora

STYLE = Decision(
    LoraType.STYLE,
    ("inkwash",),
    WeightRange(-0.6, 1.2, (-0.2, -0.5), RangeSource.USER, "typed by the user"),
    WeightRange(-0.4, None, None, RangeSource.MEASURED, "measured by a scan"),
    Bracket(0.31, -0.5, (-0.4, -0.5), "abcdef1234", "0123456789abcdef", "2026-11-21"),
    guard_off=True,
)


@pytest.fixture
def lora(tmp_path: Path) -> Path:
    return write_blank_lora(tmp_path / "a.safetensors", {"x.lora_down.weight": (4, 8)})


def sidecar(lora: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(lora.with_suffix(".json").read_text("utf-8"))
    return data


def test_a_decision_travels_with_the_file(lora: Path) -> None:
    book = DecisionBook()
    kept = book.save(lora, STYLE)
    assert kept.done
    assert kept.beside
    assert book.decision(lora) == STYLE
    card = read_card(lora)
    assert card.inference.type is LoraType.STYLE
    assert card.inference.confidence == 1.0
    assert card.guard_off
    assert {item.source for item in card.ranges} == {RangeSource.USER, RangeSource.MEASURED}
    assert card.bracket == STYLE.bracket
    book.save(lora, Decision())
    assert read_card(lora).bracket is None


def test_other_keys_and_the_form_stay(lora: Path) -> None:
    before = {"notes": "ä★", "activation text": "x", "extensions": {"y": [1]}}
    path = lora.with_suffix(".json")
    path.write_text(json.dumps({**before, "lora_neg": {"future": 1, "type": "style"}}), "utf-8")
    path.chmod(0o640)
    DecisionBook().save(lora, Decision(LoraType.CONCEPT))
    data = sidecar(lora)
    assert data.pop("lora_neg") == {"future": 1, "schema": 1, "type": "concept"}
    assert data == before
    assert "ä★" in path.read_text("utf-8")
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in lora.parent.iterdir() if "tmp" in file.name] == []


def test_an_empty_decision_takes_back(lora: Path) -> None:
    book = DecisionBook()
    book.save(lora, STYLE)
    book.save(lora, Decision())
    assert not lora.with_suffix(".json").exists()
    lora.with_suffix(".json").write_text('{"notes": "x"}', "utf-8")
    book.save(lora, STYLE)
    book.save(lora, Decision())
    assert sidecar(lora) == {"notes": "x"}


@pytest.mark.parametrize("text", ["{", "[]", "\x00", '"x"'])
def test_a_broken_sidecar_is_never_overwritten(lora: Path, tmp_path: Path, text: str) -> None:
    lora.with_suffix(".json").write_text(text, "utf-8")
    book = DecisionBook(tmp_path / "own" / "decisions.json")
    kept = book.save(lora, STYLE)
    assert kept.done
    assert not kept.beside
    assert "own store" in kept.note
    assert lora.with_suffix(".json").read_text("utf-8") == text
    assert book.decision(lora) == STYLE
    assert not DecisionBook().save(lora, STYLE).done


def test_a_read_only_folder_falls_back(
    lora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.json"
    book = DecisionBook(own)

    def refuse(sidecar: Path, decision: Decision) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("lib_lora_neg.library.saving._save_beside", refuse)
        kept = book.save(lora, STYLE)
    assert not kept.beside
    assert "Permission denied" in kept.note
    card = book.apply(LoraCard("a", str(lora)))
    assert card.inference.type is LoraType.STYLE
    assert card.guard_off
    assert book.save(lora, STYLE).beside
    assert book.own(lora) is None


def test_export_and_import(tmp_path: Path) -> None:
    loras = {
        name: write_blank_lora(tmp_path / f"{name}.safetensors", {"x.diff": (2, 2)})
        for name in ("a", "b", "c")
    }
    book = DecisionBook()
    book.save(loras["a"], STYLE)
    book.save(loras["b"], Decision(LoraType.SLIDER))
    exported = json.loads(json.dumps(book.export(loras.items())))
    for path in loras.values():
        book.save(path, Decision())
    kept = book.restore(exported, {"a": loras["a"]})
    assert kept["a"].done
    assert not kept["b"].done
    assert book.decision(loras["a"]) == STYLE
    assert book.decision(loras["b"]).is_empty


@pytest.mark.parametrize(
    "exported", [None, [], {}, {"kind": "lora_neg decisions", "schema": 99, "decisions": {}}]
)
def test_foreign_imports_are_refused(exported: object) -> None:
    with pytest.raises(ValueError, match="export"):
        read_export(exported)


def test_a_newer_record_is_not_obeyed(lora: Path) -> None:
    record = {"lora_neg": {"schema": 2, "type": "style"}}
    lora.with_suffix(".json").write_text(json.dumps(record), "utf-8")
    assert DecisionBook().decision(lora).is_empty


def test_applying_keeps_what_is_not_decided() -> None:
    found = WeightRange(-0.3, source=RangeSource.SIDECAR)
    card = LoraCard("a", ranges=(found,))
    decided = apply_decision(card, Decision(weight_range=STYLE.weight_range))
    assert decided.ranges == (STYLE.weight_range, found)
    assert decided.inference == card.inference


def test_a_side_file_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text("{}", encoding="utf-8")
    link = tmp_path / "x.json"
    try:
        link.symlink_to(outside)
    except OSError:
        pytest.skip("no links here")
    with pytest.raises(OSError, match="link"):
        replace_json(link, {"a": 1})
    assert outside.read_text(encoding="utf-8") == "{}"
