"""Files whole or not at all: writers that are really killed, and what they leave behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lib_lora_neg import whole
from lib_lora_neg.library.catalog import Catalog
from lib_lora_neg.whole import STALE_SECONDS, is_leftover, sweep, write_whole
from tests.support.safetensors_files import write_lora

ROOT = Path(__file__).parent.parent

# Dies as late as it can: all is written, nothing is replaced.
KILLED = """
import os, sys
from pathlib import Path
folder = Path(sys.argv[1])
def die(*_): os._exit(9)
"""
DIE = "\nPath.replace = die\n"

DECISION = """
from lib_lora_neg.library.saving import DecisionBook
from lib_lora_neg.loras import Decision, LoraType
def work():
    DecisionBook(folder / "own.json").save(folder / "a.safetensors", Decision(LoraType.STYLE))
"""
PLAN = """
from lib_lora_neg.scan.store import ScanStore
from tests.scan.place import PLAN
def work(): ScanStore(folder, PLAN)
"""
CELL = """
import threading
from lib_lora_neg.scan.store import ScanStore
from lib_lora_neg.scan.runner import run
from tests.scan.place import PLAN
from tests.scan.worlds import World
store = ScanStore(folder, PLAN)
def work(): list(run(PLAN, World(side=64), store, threading.Event()))
"""
HASHES = """
from lib_lora_neg.library.hashes import Hashes
def work(): Hashes(folder / ".lora-neg" / "hashes.json").of_file(folder / "a.safetensors")
"""
PAGE = """
from lib_lora_neg.page.memory import Memory
from lib_lora_neg.policy import Mode
def work(): Memory(folder / ".lora-neg" / "page.json").answer(Mode.ADVISE)
"""


def run(code: str, folder: Path) -> int:
    return subprocess.run(
        [sys.executable, "-c", KILLED + code, str(folder)], cwd=ROOT, check=False
    ).returncode


def leftovers(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if is_leftover(p.name, own=True) and p.is_file()]


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_lora(tmp_path / "a.safetensors")
    return tmp_path


@pytest.mark.parametrize(
    ("writer", "needs"),
    [
        (DECISION, ""),
        (PLAN, "numpy"),
        (CELL, "skimage"),
        (HASHES, "diffusers"),
        (PAGE, "gradio"),
    ],
    ids=["decision", "plan", "cell", "hashes", "page"],
)
def test_what_a_killed_save_left_goes_with_the_next_one_after_an_hour(
    folder: Path, writer: str, needs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if needs:
        pytest.importorskip(needs)
    assert run(writer + DIE + "work()", folder) == 9
    (left,) = leftovers(folder)
    for seconds in (STALE_SECONDS - 60, STALE_SECONDS + 60):
        age(left, seconds)
        # As another process, which has swept nothing yet.
        monkeypatch.setattr(whole, "_swept", set())
        exec(f"{writer}\nwork()", {"folder": folder})
        assert leftovers(folder) == ([left] if seconds < STALE_SECONDS else [])


def test_a_killed_save_leaves_the_old_decision(folder: Path) -> None:
    side = folder / "a.json"
    side.write_text('{"notes": "mine"}', "utf-8")
    assert run(DECISION + DIE + "work()", folder) == 9
    assert side.read_text("utf-8") == '{"notes": "mine"}'


def test_listing_loras_sweeps_their_folders(folder: Path) -> None:
    (folder / "sub").mkdir()
    names = [folder / f".lora_neg-{'0' * 15}{n}.tmp" for n in range(2)]
    names.append(folder / "sub" / f".lora_neg-{'a' * 16}.tmp")
    for path in names:
        path.write_bytes(b"half")
    age(names[0], STALE_SECONDS + 60)
    age(names[2], STALE_SECONDS + 60)
    assert Catalog([folder]).names() == ("a",)
    assert [path.exists() for path in names] == [False, True, False]


FOREIGN = [
    "a.tmp",
    ".a.json.tmp",
    ".lora_neg-.tmp",
    f".lora_neg-{'0' * 15}.tmp",
    f".lora_neg-{'0' * 17}.tmp",
    f".lora_neg-{'G' * 16}.tmp",
    f"x.lora_neg-{'0' * 16}.tmp",
    f".lora_neg-{'0' * 16}.tmp\n",
]


def test_files_of_others_stay(tmp_path: Path) -> None:
    names = [*FOREIGN, ".model.safetensors.12.partial", "tmpabcd1234.partial"]
    if sys.platform == "win32":
        names = [name for name in names if "\n" not in name]
    for name in names:
        (tmp_path / name).write_bytes(b"")
        age(tmp_path / name, 10 * STALE_SECONDS)
    sweep(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names)
    sweep(tmp_path, own=True)
    assert {p.name for p in tmp_path.iterdir()} == set(names[: len(names) - 2])


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_links_and_folders_of_such_a_name_stay(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(b"")
    age(kept, 10 * STALE_SECONDS)
    link, directory = (tmp_path / f".lora_neg-{c * 16}.tmp" for c in "ab")
    link.symlink_to(kept)
    directory.mkdir()
    age(directory, 10 * STALE_SECONDS)
    sweep(tmp_path)
    assert kept.exists()
    assert link.is_symlink()
    assert directory.is_dir()


def test_a_sweep_is_bounded_and_its_errors_are_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "MOST_REMOVED", 3)
    for number in range(5):
        path = tmp_path / f".lora_neg-{number:016x}.tmp"
        path.write_bytes(b"")
        age(path, 10 * STALE_SECONDS)
    sweep(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    sweep(tmp_path / "no such folder")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("lasting", [False, True])
def test_permissions_stay(tmp_path: Path, lasting: bool) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_whole(path, b"new", lasting=lasting)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o640)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="a"):
        write_whole(tmp_path / "a", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_deleted_scan_leaves_no_leftovers(tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    from lib_lora_neg.scan.past_scans import delete_scan
    from lib_lora_neg.scan.store import ScanStore
    from tests.scan import place

    folder = ScanStore(tmp_path, place.PLAN).folder
    (folder / f".lora_neg-{'0' * 16}.tmp").write_bytes(b"half")
    (folder / "cells" / ".w0.png.1.partial").write_bytes(b"half")
    delete_scan(folder)
    assert not folder.exists()
