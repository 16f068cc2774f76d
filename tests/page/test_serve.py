"""`lora-neg serve` before anything is loaded: what is refused, and what it finds by itself."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg import cli
from lib_lora_neg.page import opening, options, serving
from lib_lora_neg.page.options import ServeError, choose_port, read_accounts
from lib_lora_neg.page.world import embedded_world, own_copy


def serve(*arguments: str) -> int:
    return cli.main(["serve", "--no-browser", *arguments])


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything that `serve` needs seem installed: these tests end before it is used."""
    monkeypatch.setattr(opening.importlib.util, "find_spec", lambda _: object())


@pytest.mark.usefixtures("installed")
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


@pytest.mark.usefixtures("installed")
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


def test_accounts():
    assert read_accounts("me:a:b, you:c") == {"me": "a:b", "you": "c"}
    for wrong in ("", "me", "me:", ":x", "me:x,you"):
        with pytest.raises(ServeError, match="USER:PASSWORD"):
            read_accounts(wrong)


def test_a_port_in_use_is_said_and_the_next_is_taken(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=f"port {port} cannot be used"):
            choose_port("127.0.0.1", port)
        monkeypatch.setattr(options, "FIRST_PORT", port)
        assert port < choose_port("127.0.0.1", None) < port + options.PORTS
        monkeypatch.setattr(options, "PORTS", 1)
        with pytest.raises(ServeError, match="--port"):
            choose_port("127.0.0.1", None)


@pytest.mark.parametrize(
    ("system", "display", "expected"),
    [("Linux", "", False), ("Linux", ":0", True), ("Windows", "", True), ("Darwin", "", True)],
)
def test_no_browser_is_opened_in_a_terminal(monkeypatch, system, display, expected):
    monkeypatch.setattr(serving.platform, "system", lambda: system)
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert serving.has_browser() is expected


def test_the_demo_s_loras_are_copies_that_keep_their_decisions(tmp_path):
    clone, own = tmp_path / "clone", tmp_path / "own" / "loras"
    clone.mkdir()
    (clone / "a.safetensors").write_bytes(b"weights")
    (clone / "a.json").write_text("{}")
    assert own_copy(clone, own) == own
    (own / "a.json").write_text('{"decided": 1}')
    (clone / "a.safetensors").write_bytes(b"new weights")
    own_copy(clone, own)
    assert (own / "a.json").read_text() == '{"decided": 1}'
    assert (own / "a.safetensors").read_bytes() == b"new weights"
    assert (clone / "a.json").read_text() == "{}"


def test_a_folder_for_temporary_files_that_takes_nothing_is_said(gradio_6, tmp_path, monkeypatch):
    from lib_lora_neg.page.starting import _need_temporary_folder

    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(file / "below"))
    with pytest.raises(ServeError, match="GRADIO_TEMP_DIR"):
        _need_temporary_folder()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "new"))
    _need_temporary_folder()


def test_the_small_model_is_found_only_where_it_is(tmp_path):
    assert embedded_world(tmp_path) is None
    (tmp_path / "lab" / "world").mkdir(parents=True)
    (tmp_path / "lab" / "world" / "model_index.json").touch()
    found = embedded_world(tmp_path)
    assert found is not None
    assert found.loras == Path(tmp_path, "lab", "loras")
