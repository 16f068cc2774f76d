"""`lora-neg serve`: what is refused before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg import cli
from lib_lora_neg.page import opening


def serve(*arguments: str) -> int:
    return cli.main(["serve", "--no-browser", *arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "nowhere.safetensors"], "nowhere.safetensors: no such file or folder"),
        (["--model", "{tmp}", "--lora-dir", "{tmp}/gone"], "gone: no such folder"),
        (["--model", "{tmp}", "--auth", "me"], "--auth must be USER:PASSWORD"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serve(*(part.format(tmp=tmp_path) for part in arguments)) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("lora-neg: ")
    assert said in line


@pytest.mark.parametrize("port", ["0", "65536", "web"])
def test_a_port_that_is_none(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        serve("--port", port)
    assert ended.value.code == 2
    assert "--port" in capsys.readouterr().err


def test_without_the_small_model_the_way_out_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(opening, "embedded_world", lambda: None)
    assert serve() == 2
    said = capsys.readouterr().err
    assert "--model FILE" in said
    assert "python run.py demo" in said


def test_what_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def find_spec(name: str) -> Any:
        return None if name in ("torch", "gradio") else object()

    monkeypatch.setattr(opening.importlib.util, "find_spec", find_spec)
    assert serve("--model", str(tmp_path)) == 2
    said = capsys.readouterr().err
    assert "torch, gradio" in said
    assert "pip install" in said


def test_a_model_that_cannot_be_used_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in opening.NEEDED:
        pytest.importorskip(name, reason=f"{name} is not installed: requirements/demo.txt")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"this is no checkpoint")
    output = tmp_path / "out"
    assert serve("--model", str(broken), "--output", str(output)) == 2
    err = capsys.readouterr().err
    assert "broken.safetensors" in err
    assert "Traceback" not in err
    assert not (output / "txt2img").exists()
