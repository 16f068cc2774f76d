"""The sample LoRAs, and `lora-neg check` on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib_lora_neg.cli import main
from lib_lora_neg.samples.files import write_lora
from lib_lora_neg.samples.loras import sample_loras
from tests.support.commands import Run


@pytest.fixture(autouse=True)
def _own_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LORA_NEG_INDEX", str(tmp_path / "index"))


@pytest.fixture(scope="session")
def loras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loras")
    for lora in sample_loras():
        write_lora(folder, lora)
    return folder


@pytest.fixture
def run(loras: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `lora-neg check` and return status, output and errors."""

    def check(*arguments: str) -> tuple[int, str, str]:
        try:
            status = main(["check", "--lora-dir", str(loras), *arguments])
        except SystemExit as end:
            status = int(end.code or 0)
        return status, *capsys.readouterr()

    return check
