"""The examples in docs/diffusers.md run as they stand, with small pictures."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.host.support import lora_files as files

# Some of the examples call a pipeline, with whatever the libraries warn of.
pytestmark = pytest.mark.filterwarnings("ignore")

PAGE = Path(__file__).parents[3] / "docs" / "diffusers.md"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_examples_run(
    api: Any, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loras").mkdir()
    for ending in ("safetensors", "json"):
        source = models / "loras" / f"{files.STYLE}.{ending}"
        shutil.copy(source, tmp_path / "loras" / f"my_style.{ending}")
    shutil.copy(models / "sd1.safetensors", tmp_path / "model.safetensors")
    shutil.copytree(models / "tokenizer", tmp_path / "tokenizer")
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) == 4
    names: dict[str, Any] = {}
    for block in blocks:
        small = re.sub(r"\b512\b", "64", re.sub(r"\b20\b", "2", block))
        exec(compile(small, str(PAGE), "exec"), names)
    assert [found.rule for found in names["made"].report.enforced] == ["R1", "R3"]
    assert [found.rule for found in names["called"].report.enforced] == ["R1", "R3"]
    assert names["as_typed"].report.findings == ()
    assert (tmp_path / "picture.png").is_file()
    assert (tmp_path / "guarded.png").is_file()
