"""Pairs of LoRAs are compared once, and anew when one of them has changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lib_lora_neg.library import conflicts
from lib_lora_neg.library.conflicts import ConflictIndex
from lib_lora_neg.loras import LoraFileError
from tests.support.lora_factors import LAYERS, write_factors


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    calls: list[tuple[str, str]] = []
    original = conflicts.measure_conflict

    def counted(first: str, second: str) -> object:
        calls.append((first, second))
        return original(first, second)

    monkeypatch.setattr(conflicts, "measure_conflict", counted)
    return calls


def files(folder: Path) -> tuple[str, str]:
    folder.mkdir(exist_ok=True)
    one = write_factors(folder / "one.safetensors")
    two = write_factors(folder / "two.safetensors", -2.0)
    return str(one), str(two)


def test_a_pair_is_read_once_whatever_its_order(
    tmp_path: Path, measured: list[tuple[str, str]]
) -> None:
    one, two = files(tmp_path / "loras")
    index = ConflictIndex(tmp_path / "index")
    found = index.between(one, two)
    assert len(found.opposed(1.0, 1.0)) == len(LAYERS)
    assert not found.opposed(1.0, -1.0)
    turned = index.between(two, one)
    assert turned.norms == found.norms[::-1]
    assert turned.length(2.0, 0.0) == pytest.approx(2.0 * found.norms[1])
    index.close()
    again = ConflictIndex(tmp_path / "index")
    assert again.between(one, two) == found
    again.close()
    assert len(measured) == 1


def test_a_file_that_has_changed_is_read_anew(
    tmp_path: Path, measured: list[tuple[str, str]]
) -> None:
    one, two = files(tmp_path)
    index = ConflictIndex(tmp_path / "index")
    index.between(one, two)
    write_factors(Path(two), 1.0)
    os.utime(two, ns=(1, 1))
    assert not index.between(one, two).opposed(1.0, 1.0)
    index.close()
    assert len(measured) == 2


def test_without_a_folder_or_with_a_broken_one_it_works_in_memory(tmp_path: Path) -> None:
    one, two = files(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    for folder in (None, tmp_path / "file"):
        index = ConflictIndex(folder)
        assert index.between(one, two) == index.between(one, two)
        index.close()


def test_an_index_of_an_earlier_version_gets_its_table(tmp_path: Path) -> None:
    import sqlite3

    folder = tmp_path / "index"
    folder.mkdir()
    base = sqlite3.connect(folder / "index.sqlite3")
    base.execute("CREATE TABLE folders (path BLOB, form TEXT, saved REAL, record BLOB)")
    base.commit()
    base.close()
    one, two = files(tmp_path / "loras")
    index = ConflictIndex(folder)
    found = index.between(one, two)
    index.close()
    base = sqlite3.connect(folder / "index.sqlite3")
    assert base.execute("SELECT count(*) FROM pairs").fetchone() == (1,)
    base.execute("UPDATE pairs SET record = x'00'")
    base.commit()
    base.close()
    damaged = ConflictIndex(folder)
    assert damaged.between(one, two) == found
    damaged.close()


def test_what_cannot_be_compared_says_why(tmp_path: Path) -> None:
    one, _ = files(tmp_path)
    other = write_factors(tmp_path / "other.safetensors", 1.0, ["lora_unet_other_proj"])
    index = ConflictIndex()
    for second in (str(other), str(tmp_path / "none.safetensors")):
        with pytest.raises(LoraFileError):
            index.between(one, second)
