from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_script", ROOT / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`run.py` in a folder of its own, with the commands recorded instead of run."""
    module: Any = load("run")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "base.txt").write_text("numpy==1\n")
    (tmp_path / "requirements" / "model.txt").write_text("-r base.txt\ntorch==2.13.0\n")
    (tmp_path / "requirements" / "demo.txt").write_text("-r model.txt\ngradio==6\n")
    (tmp_path / "requirements" / "test.txt").write_text("-r base.txt\npytest==1\n")
    (tmp_path / "lab" / "world").mkdir(parents=True)
    (tmp_path / "lab" / "world" / "model_index.json").touch()
    monkeypatch.setenv("PIP_FIND_LINKS", "somewhere")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "installed.json")
    module.commands, module.made, module.status = [], [], 0
    module.real_make_venv = module.make_venv

    def make_venv() -> None:
        python = (
            tmp_path / ".venv" / ("Scripts/python.exe" if module.os.name == "nt" else "bin/python")
        )
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()
        module.made.append(python)

    def call(command: list[str]) -> int:
        module.commands.append(command)
        return int(module.status)

    def pip_install(python: str, arguments: list[str], *_: object, **__: object) -> int:
        return call([python, "pip", *arguments])

    monkeypatch.setattr(module, "make_venv", make_venv)
    monkeypatch.setattr(module, "call", call)
    monkeypatch.setattr(module, "pip_install", pip_install)
    return module


def installs(run: Any) -> list[str]:
    return [command[-1] for command in run.commands if "pip" in command]


def test_the_environment_is_made_once(run: Any) -> None:
    run.environment("demo")
    run.environment("demo")
    assert len(run.made) == 1
    assert installs(run) == ["torch==2.13.0", "requirements/demo.txt"]


def test_sizes_are_told_before_anything_is_fetched(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run.environment("demo")
    fetched, on_disk = run.SIZES["demo"]
    said = capsys.readouterr().out
    assert f"about {fetched} MB to fetch, {on_disk / 1000:.1f} GB on disk" in said
    assert set(run.SIZES) >= {"demo", "test"}
    assert all(path.is_file() for path in map(requirements, run.SIZES))


def requirements(name: str) -> Path:
    return ROOT / "requirements" / f"{name}.txt"


def test_changed_requirements_are_installed_again(run: Any) -> None:
    run.environment("test")
    (run.ROOT / "requirements" / "base.txt").write_text("numpy==2\n")
    run.environment("test")
    assert len(run.made) == 1
    assert installs(run) == ["requirements/test.txt"] * 2


def test_another_python_makes_another_environment(run: Any) -> None:
    run.environment("demo")
    run.STAMP.write_text(json.dumps({"python": "2.7", "demo": "x"}))
    run.environment("demo")
    assert len(run.made) == 2
    assert installs(run) == ["torch==2.13.0", "requirements/demo.txt"] * 2


@pytest.mark.parametrize(
    ("platform", "gpu", "sources", "tried"),
    [
        ("linux", None, "", True),
        ("linux", "/usr/bin/nvidia-smi", "", False),
        ("linux", None, "wheels", False),
        ("win32", None, "", False),
        ("darwin", None, "", False),
    ],
)
def test_torch_without_cuda_is_tried_where_it_is_the_better_one(
    run: Any,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    gpu: str | None,
    sources: str,
    tried: bool,
) -> None:
    for name in run.OWN_SOURCES:
        monkeypatch.delenv(name, raising=False)
    if sources:
        monkeypatch.setenv("PIP_FIND_LINKS", sources)
    monkeypatch.setattr(run.sys, "platform", platform)
    monkeypatch.setattr(run.shutil, "which", lambda name: gpu)
    # The one that cannot be reached is no failure: the usual sources follow.
    monkeypatch.setattr(
        run,
        "pip_install",
        lambda python, arguments, *_, **__: (
            run.commands.append(["pip", *arguments]) or "-r" not in arguments
        ),
    )
    run.environment("demo")
    assert installs(run) == ["torch==2.13.0", "requirements/demo.txt"]
    assert any(run.CPU_TORCH in command for command in run.commands) == tried
    run.environment("test")
    assert installs(run)[-1] == "requirements/test.txt"
    assert len(installs(run)) == 3


def test_a_failed_installation_is_said_and_repeated(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run.status = 1
    assert run.main(["demo"]) == 3
    assert "network" in capsys.readouterr().err
    run.status = 0
    assert run.main(["demo"]) == 0
    assert installs(run) == ["torch==2.13.0", "requirements/demo.txt"] * 2
    # What was finished before is kept.
    assert len(run.made) == 1


def test_an_interrupted_installation_goes_on(
    run: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    whole = run.pip_install
    monkeypatch.setattr(run, "pip_install", interrupted)
    assert run.main(["demo"]) == 130
    assert "goes on" in capsys.readouterr().err
    monkeypatch.setattr(run, "pip_install", whole)
    assert run.main(["demo"]) == 0
    assert len(run.made) == 1
    assert installs(run) == ["torch==2.13.0", "requirements/demo.txt"]


def test_arguments_are_passed_on(run: Any) -> None:
    assert run.main(["demo", "--port", "8000"]) == 0
    assert run.commands[-1][2:] == [
        "lib_lora_neg",
        "serve",
        "--output",
        ".demo",
        "--port",
        "8000",
    ]
    assert run.main(["test", "-k", "infotext"]) == 0
    assert run.commands[-1][-4:] == ["-m", "pytest", "-k", "infotext"]


def test_every_check_runs_although_one_fails(
    run: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run.environment("test")
    monkeypatch.setattr(run, "call", lambda command: "mypy" in command)
    assert run.main(["test"]) == 1
    output = capsys.readouterr().out
    assert "── pytest" in output
    assert output.endswith("failed: mypy\n")
    assert "--all" in output


def test_everything_also_installs_what_the_demo_needs(run: Any) -> None:
    (run.ROOT / "requirements" / "page-gradio6.txt").write_text("-r demo.txt\nplaywright==1\n")
    assert run.main(["test", "--all", "-k", "page"]) == 0
    assert installs(run)[-1] == "requirements/page-gradio6.txt"
    assert run.commands[-1][-4:] == ["-m", "pytest", "-k", "page"]


def test_eslint_is_left_out_where_there_is_nothing_to_lint_or_no_node(
    run: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left_out: dict[str, str] = {}
    assert run.eslint_command(left_out) == []
    assert left_out == {}
    (run.ROOT / "frontend").mkdir()
    monkeypatch.setattr(run.shutil, "which", lambda name: None)
    assert run.main(["test"]) == 0
    said = capsys.readouterr().out
    assert "left out: eslint, Node.js is not installed" in said
    assert "left out: node --test, Node.js is not installed" in said


def test_a_python_without_venv_is_explained(
    run: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "make_venv", run.real_make_venv)
    monkeypatch.setitem(sys.modules, "venv", None)
    assert run.main(["demo"]) == 3
    assert "apt install python3-venv" in capsys.readouterr().err


@pytest.mark.parametrize(("version", "status"), [((3, 9, 1), 3), ((3, 10, 0), 0), ((3, 15, 0), 0)])
def test_old_pythons_are_refused_and_newer_ones_mentioned(
    run: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: tuple[int, int, int],
    status: int,
) -> None:
    monkeypatch.setattr(run.sys, "version_info", version)
    assert run.main(["demo"]) == status
    said = capsys.readouterr().err
    assert ("too old" in said, "newer" in said) == (version < (3, 10), version > (3, 14))


def test_usage() -> None:
    for arguments, status in ([], 2), (["nonsense"], 2), (["--help"], 0):
        done = subprocess.run(
            [sys.executable, str(ROOT / "run.py"), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status
        assert "usage: python run.py demo" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("python", "versions", "expected"),
    [
        ((3, 10, 6), {"gradio": "3.41.2", "torch": "2.1.2+cu121"}, []),
        ((3, 13, 0), {"gradio": "4.40.0", "torch": "2.13.0"}, []),
        ((3, 9, 1), {}, ["Python 3.9 (supported: 3.10 to 3.13)"]),
        ((3, 11, 0), {"gradio": "5.1.0"}, ["gradio 5.1.0 (supported: below 5)"]),
        ((3, 11, 0), {"torch": "2.0.1"}, ["torch 2.0.1 (supported: from 2.1)"]),
        ((3, 11, 0), {"httpx": None}, ["httpx is not installed"]),
    ],
)
def test_install_says_what_is_not_supported(
    python: tuple[int, int, int], versions: dict[str, str | None], expected: list[str]
) -> None:
    install: Any = load("install")
    usual = {
        "gradio": "3.41.2",
        "torch": "2.1",
        "numpy": "1.26.2",
        "httpx": "0.24.1",
    }
    assert install.problems(python, {**usual, **versions}) == expected


def test_install_ends_well_wherever_it_is_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "install.py")], cwd=tmp_path, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
