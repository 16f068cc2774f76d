"""The program itself: how it starts, and what it says before anything else."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lib_lora_neg.cli import main
from lib_lora_neg.page.options import ServeError, ServeOptions, check_start
from lib_lora_neg.samples.files import write_lora
from lib_lora_neg.samples.loras import sample_loras

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def loras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loras")
    for lora in sample_loras():
        write_lora(folder, lora)
    return folder


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_the_module_is_the_program_and_writes_utf8(loras: Path, encoding: str) -> None:
    command = ["-m", "lib_lora_neg", "check", "--lora-dir", str(loras), "--family", "sdxl"]
    done = subprocess.run(
        [sys.executable, *command, "--prompt", "水彩 <lora:gouache_poster:-0.9>"],
        cwd=ROOT,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "水彩 <lora:gouache_poster:-0.5>" in done.stdout.decode("utf-8")


def test_a_usage_error_is_short(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "--no-such-option\x1b[2J"])
    assert ended.value.code == 2
    errors = capsys.readouterr().err
    assert len(errors.splitlines()) <= 3
    assert "\x1b" not in errors


def test_an_unusable_output_folder_or_port_is_said_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ServeError, match="output"):
        check_start(ServeOptions(tmp_path / "file" / "below"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ServeError, match="port"):
            check_start(ServeOptions(tmp_path, port=taken.getsockname()[1]))
    check_start(ServeOptions(tmp_path / "new"))
