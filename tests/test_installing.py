"""What is told while pip works; its lines are its own, of versions 23 and 25."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tools.installing import QUIET_SECONDS, Teller, pip_install, progress_bar


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def told() -> Any:
    class Told:
        lines: list[str]

    told = Told()
    told.lines = []
    told.clock = Clock()
    told.teller = Teller(told.lines.append, told.clock)
    return told


def test_large_packages_are_told_with_size_and_time(told: Any) -> None:
    told.teller.line("Collecting torch==2.13.0 (from -r requirements/demo.txt (line 3))\n")
    told.clock.now += 64
    told.teller.line(
        "  Downloading https://example.org/whl/torch-2.13.0%2Bcpu-cp311-linux.whl (184.5 MB)\n"
    )
    told.teller.line("  Using cached scipy-1.15.3-cp311-cp311-manylinux2014.whl (37.7 MB)\n")
    told.teller.line("  Downloading idna-3.10-py3-none-any.whl (70 kB)\n")
    told.teller.line("Downloading big-1.0-py3-none-any.whl (1.2 GB)\n")
    told.teller.end()
    assert [line.split("  ", 2)[2] for line in told.lines] == [
        "torch 2.13.0, 184 MB",
        "scipy 1.15.3, 38 MB",
        "big 1.0, 1,200 MB",
        "done: 1,422 MB of packages, 1 small packages among them",
    ]
    assert told.lines[0].startswith("  1:04  ")


def test_silence_is_broken_by_what_is_going_on(told: Any) -> None:
    told.teller.line("  Downloading torch-2.13.0-cp311.whl (184.5 MB)\n")
    told.clock.now += QUIET_SECONDS - 1
    told.teller.still_there()
    assert len(told.lines) == 1
    told.clock.now += 1
    told.teller.line("Progress 92000000 of 184000000\n")
    told.teller.still_there()
    assert told.lines[-1].endswith("still torch (50 %) …")
    told.teller.line("Installing collected packages: a, b, c\n")
    assert told.lines[-1].endswith("unpacking 3 packages …")
    told.clock.now += QUIET_SECONDS
    told.teller.still_there()
    assert told.lines[-1].endswith("still unpacking …")
    # The same again and again is said less often.
    count = len(told.lines)
    told.clock.now += QUIET_SECONDS
    told.teller.still_there()
    assert len(told.lines) == count
    told.clock.now += QUIET_SECONDS
    told.teller.still_there()
    assert len(told.lines) == count + 1


def test_a_wheel_on_this_machine_has_the_size_of_its_file(told: Any, tmp_path: Path) -> None:
    wheel = tmp_path / "torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl"
    wheel.write_bytes(b"\0" * 6_000_000)
    told.teller.line(f"Processing {wheel}\n")
    assert told.lines[0].endswith("torch 2.13.0+cpu, 6 MB")


@pytest.mark.parametrize(
    "line", ["", "Processing ", "Downloading x", "Progress a of b", "Progress 1 of 0", "\x1b[2J"]
)
def test_strange_lines_are_no_fault(told: Any, line: str) -> None:
    told.teller.line(line)


def test_a_failure_shows_pips_own_words_and_a_success_ends_with_a_sum(tmp_path: Path) -> None:
    said: list[str] = []
    nowhere = ["--no-index", "--find-links", str(tmp_path), "no-such-package-of-ours"]
    assert pip_install(sys.executable, nowhere, tmp_path, said.append) != 0
    assert any("no-such-package-of-ours" in line for line in said)
    said.clear()
    assert pip_install(sys.executable, nowhere, tmp_path, said.append, optional=True) != 0
    assert all("ERROR" in line for line in said)
    said.clear()
    assert pip_install(sys.executable, ["--no-index", "pip"], tmp_path, said.append) == 0
    assert "done" in said[-1]


def test_how_pip_tells_its_progress_depends_on_its_version() -> None:
    assert progress_bar(sys.executable) in ("raw", "off")
