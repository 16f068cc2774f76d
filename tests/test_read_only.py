"""A data folder that the user may not write: what can be done is done, the rest is said."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# All that is used is imported here: who is no longer root may not be able to read a library.
pytest.importorskip("skimage")
from lib_lora_neg.cli import InputError, _samples, build_parser
from lib_lora_neg.library.catalog import Catalog
from lib_lora_neg.page.memory import Memory
from lib_lora_neg.page.options import ServeError, ServeOptions, check_start
from lib_lora_neg.policy import Mode
from lib_lora_neg.samples import tour  # noqa: F401
from lib_lora_neg.scan.jobs import ScanJobError, ScanJobs
from tests.scan.place import PLAN, Place
from tests.support.safetensors_files import write_lora
from tests.support.users import as_somebody

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Folders that only their owner writes: ``loras`` with one file, ``data`` with an index."""
    for path in (tmp_path, *list(tmp_path.parents)[:2]):
        path.chmod(0o755)
    for name in ("loras", "data", "empty"):
        (tmp_path / name).mkdir()
    write_lora(tmp_path / "loras" / "a.safetensors", {"ss_output_name": "other"})
    catalog = Catalog([tmp_path / "loras"], tmp_path / "data")
    catalog.index()
    catalog.close()
    write_lora(tmp_path / "loras" / "new.safetensors")
    for path in tmp_path.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield tmp_path
    for path in (tmp_path / "loras", tmp_path / "data", tmp_path / "empty"):
        path.chmod(0o755)


@pytest.mark.parametrize("index", ["data", "empty"])
def test_loras_are_known_without_an_index(folder: Path, index: str) -> None:
    def work() -> str:
        catalog = Catalog([folder / "loras"], folder / index)
        catalog.index()
        found = catalog.get("other")
        return f"{catalog.names()} {found and found.name} {len(catalog.problems)}"

    assert as_somebody(work) == "('a', 'new') a 1"


def page_start(folder: Path) -> str:
    try:
        check_start(ServeOptions(folder / "empty"))
    except ServeError as problem:
        return str(problem)
    return "nothing said"


def scan(folder: Path) -> str:
    jobs = ScanJobs(Place(), lambda: folder / "empty")
    try:
        jobs.start(PLAN)
    except ScanJobError as problem:
        return str(problem)
    view = jobs.wait(30)
    return view.error if view is not None else "nothing said"


def samples(folder: Path) -> str:
    try:
        _samples(build_parser().parse_args(["samples", "--folder", str(folder / "empty")]))
    except InputError as problem:
        return str(problem)
    return "nothing said"


@pytest.mark.parametrize("work", [page_start, scan, samples])
def test_what_needs_the_folder_says_that_it_cannot_be_written(
    folder: Path, work: Callable[[Path], str]
) -> None:
    said = as_somebody(lambda: work(folder))
    assert "Permission denied" in said
    assert "Error" not in said.split(":")[0]
    assert "\n" not in said


def test_what_is_only_remembered_is_remembered_in_memory(folder: Path) -> None:
    def work() -> str:
        memory = Memory(folder / "empty" / ".lora-neg" / "page.json")
        memory.answer(Mode.ADVISE)
        return str(memory.mode)

    assert as_somebody(work) == "Mode.ADVISE"
