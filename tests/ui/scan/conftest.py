"""A scan tab, empty or with a finished scan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .scan_tab import Tab


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    made = Tab(tmp_path / "scans")
    yield made
    made.jobs.close()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tab, str]:
    made = Tab(tmp_path_factory.mktemp("finished") / "scans")
    return made, made.finish()
