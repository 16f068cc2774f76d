from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from lib_lora_neg.library.saving import DecisionBook, apply_decision, read_export
from lib_lora_neg.library.writing import one_writer, replace_json
from lib_lora_neg.loras import (
    Decision,
    LoraCard,
    LoraType,
    RangeSource,
    ScanBracket,
    WeightRange,
    read_card,
)
from tests.support.blank_loras import write_blank_lora
from tests.support.users import as_somebody

ROOT = Path(__file__).resolve().parents[2]

STYLE = Decision(
    LoraType.STYLE,
    ("inkwash",),
    WeightRange(-0.6, 1.2, (-0.2, -0.5), RangeSource.USER, "typed by the user"),
    WeightRange(-0.4, None, None, RangeSource.MEASURED, "measured by a scan"),
    ScanBracket(0.31, -0.5, (-0.4, -0.5), "abcdef1234", "0123456789abcdef", "2026-11-21"),
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


def many(folder: Path, count: int) -> list[Path]:
    return [
        write_blank_lora(folder / f"lora{number}.safetensors", {"x.diff": (2, 2)})
        for number in range(count)
    ]


def test_many_decisions_are_one_write_of_the_own_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loras = many(tmp_path, 30)
    for lora in loras[:20]:
        lora.with_suffix(".json").write_text("broken", "utf-8")
    own, written = tmp_path / "own" / "own.json", []

    def counted(path: Path, data: dict[str, Any]) -> None:
        written.append(path.name)
        replace_json(path, data)

    monkeypatch.setattr("lib_lora_neg.library.saving.replace_json", counted)
    book = DecisionBook(own)
    kept = book.save_all({str(lora): STYLE for lora in loras})
    assert all(item.done for item in kept.values())
    assert [item.beside for item in kept.values()] == [False] * 20 + [True] * 10
    assert written.count("own.json") == 1
    assert all(DecisionBook(own).decision(lora) == STYLE for lora in loras)


def test_two_processes_lose_nothing_of_each_other(tmp_path: Path) -> None:
    loras = many(tmp_path, 40)
    for lora in loras:
        lora.with_suffix(".json").write_text("broken", "utf-8")
    code = (
        "import sys; from lib_lora_neg.library.saving import DecisionBook\n"
        "from lib_lora_neg.loras import Decision, LoraType\n"
        "for lora in sys.argv[2:]:\n"
        "    assert DecisionBook(sys.argv[1]).save(lora, Decision(LoraType.STYLE)).done\n"
    )
    own = tmp_path / "own.json"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(own), *map(str, part)], cwd=ROOT)
        for part in (loras[::2], loras[1::2])
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    book = DecisionBook(own)
    assert [book.decision(lora).type for lora in loras] == [LoraType.STYLE] * 40


def test_a_broken_own_store_is_put_aside_not_overwritten(lora: Path, tmp_path: Path) -> None:
    lora.with_suffix(".json").write_text("broken", "utf-8")
    own = tmp_path / "own.json"
    own.write_text('{"decisions": {"half a', "utf-8")
    assert DecisionBook(own).save(lora, STYLE).done
    (aside,) = tmp_path.glob("own.broken-*.json")
    assert aside.read_text("utf-8") == '{"decisions": {"half a'
    assert DecisionBook(own).decision(lora) == STYLE


def test_the_own_store_goes_before_a_sidecar_that_cannot_be_written(
    lora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = DecisionBook(tmp_path / "own.json")
    book.save(lora, Decision(LoraType.CONCEPT))

    def refuse(sidecar: Path, decision: Decision) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("lib_lora_neg.library.saving._save_beside", refuse)
    assert book.save(lora, Decision(LoraType.STYLE)).done
    assert book.decision(lora).type is LoraType.STYLE
    assert book.apply(read_card(lora)).inference.type is LoraType.STYLE
    assert book.save(lora, Decision()).done
    assert book.decision(lora).type is LoraType.CONCEPT
    assert not book.save(lora, Decision()).done, "the sidecar still says so"


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_new_sidecar_has_the_usual_permissions(lora: Path) -> None:
    previous = os.umask(0o027)
    try:
        DecisionBook().save(lora, STYLE)
    finally:
        os.umask(previous)
    assert lora.with_suffix(".json").stat().st_mode & 0o777 == 0o640


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    inside: list[int] = []
    worst: list[int] = []

    def work() -> None:
        for _ in range(20):
            with one_writer(tmp_path / "own.json"):
                inside.append(1)
                worst.append(len(inside))
                inside.pop()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(worst) == 1


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_folder_that_is_really_read_only(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "loras", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (lora,) = many(folder, 1)
    for path in (tmp_path, *list(tmp_path.parents)[:2]):
        path.chmod(0o755)
    elsewhere.chmod(0o777)
    own = elsewhere / "own.json"

    def work() -> str:
        kept = DecisionBook(own).save(lora, STYLE)
        card = DecisionBook(own).apply(read_card(lora))
        return f"{kept.done} {kept.beside} {card.inference.type.value} {kept.note}"

    folder.chmod(0o555)
    try:
        said = as_somebody(work)
    finally:
        folder.chmod(0o755)
    assert said == (
        "True False style lora0.json: cannot be written (Permission denied); "
        "kept in the extension's own store instead"
    )
    assert [file.name for file in folder.iterdir()] == ["lora0.safetensors"]
    assert DecisionBook(own).decision(lora) == STYLE
