"""Foreign text on a console: nothing in it acts, and a console that is gone is no error."""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_lora_neg.cli import main
from lib_lora_neg.console.render import to_json
from lib_lora_neg.telling import complain_of, in_one_line, is_hidden, printable, tell

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lib_lora_neg"

# What steers a terminal, turns text around or cannot be seen in it.
ACTING = "\x00\x07\x08\x0b\r\x1b\x7f\x85\x9b\xad\u061c\u200b\u200d\u200e\u200f\u2028\u2029\u202a"
ACTING += "\u202e\u2060\u2066\u2069\ufeff\ufff9\udc9b\U000e0001\U000e0041"
HARMLESS = "aé漢字 🦊\u3000\u00a0e\u0301\ufe0f\ue0b0<lora:x:−1>"


@pytest.mark.parametrize("character", [*ACTING, "\n"], ids=ascii)
def test_what_acts_is_escaped(character: str) -> None:
    shown = in_one_line(f"a{character}b")
    assert shown.isprintable()
    assert shown.startswith("a\\")
    assert shown.endswith("b")


def test_what_is_seen_stays() -> None:
    assert printable(HARMLESS) == HARMLESS
    assert printable("two\nlines") == "two\nlines"


@given(st.text())
def test_nothing_hidden_is_left_and_nothing_else_is_touched(text: str) -> None:
    shown = printable(text)
    assert not any(is_hidden(c) for c in shown.replace("\n", ""))
    assert in_one_line(shown) == in_one_line(text)
    seen = "".join(c for c in text if not is_hidden(c) or c == "\n")
    assert printable(seen) == seen
    assert len(shown) >= len(text)


@given(st.text())
def test_json_is_safe_to_show_and_says_the_same(text: str) -> None:
    line = to_json({"name": text})
    assert not any(map(is_hidden, line))
    assert json.loads(line) == {"name": text}


def test_messages_in_tracebacks_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("name \x1b[2J\u202e.safetensors")
    except ValueError as error:
        complain_of(error)
    errors = capsys.readouterr().err
    assert "ValueError: name \\x1b[2J\\u202e.safetensors" in errors
    assert "Traceback" in errors
    assert not any(is_hidden(c) for c in errors.replace("\n", ""))


def test_letters_that_the_console_lacks_do_not_end_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp1252"))
    tell("漢 → é")
    assert raw.getvalue().decode("cp1252").splitlines() == ["\\u6f22 \\u2192 é"]


def test_there_may_be_no_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    tell("a")
    complain_of(ValueError("b"))


def test_a_failure_of_the_program_is_told_and_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("odd \x1b]0;title\x07")

    monkeypatch.setattr("lib_lora_neg.cli.settings_of", broken)
    assert main(["check", "--lora-dir", str(tmp_path), "--prompt", "a"]) == 3
    assert "RuntimeError: odd \\x1b]0;title\\x07" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="names of files there hold no such characters")
@pytest.mark.parametrize("command", [["library"], ["library", "--json"], ["show"], ["check"]])
def test_names_of_files_reach_no_command_s_output(command: list[str], tmp_path: Path) -> None:
    stem = "a\x1b[2J\u202eb\nlora-neg: all is well\x9b"
    file = tmp_path / f"{stem}.safetensors"
    file.write_bytes(b"no LoRA")
    index = {"LORA_NEG_INDEX": ""}
    what = {
        "library": [str(tmp_path)],
        "show": [str(file)],
        "check": ["--lora-dir", str(tmp_path), "--prompt", f"x <lora:{stem}:-1>"],
    }[command[0]]
    done = subprocess.run(
        [sys.executable, "-m", "lib_lora_neg", *command, *what],
        cwd=ROOT,
        env=index,
        capture_output=True,
        check=False,
    )
    shown = (done.stdout + done.stderr).decode("utf-8")
    assert "2J" in shown
    assert not any(is_hidden(c) for c in shown.replace("\n", ""))
    assert not any(line.startswith("lora-neg: all is well") for line in shown.splitlines())


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_reader_that_left_is_no_error(closed: str, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.safetensors").write_bytes(b"no LoRA")
    reading, writing = os.pipe()
    os.close(reading)
    other = "stderr" if closed == "stdout" else "stdout"
    done = subprocess.run(
        [sys.executable, "-m", "lib_lora_neg", "library", str(tmp_path)],
        cwd=ROOT,
        env={"LORA_NEG_INDEX": ""},
        check=False,
        **{closed: writing, other: subprocess.PIPE},
    )
    os.close(writing)
    assert done.returncode == 0
    if closed == "stdout":
        assert b"BrokenPipe" not in done.stderr
    else:
        assert done.stdout.count(b"\n") == 4


# Where standard output and error are named outside `telling`: each writes what is printable
# already, with colours, or a line that is written over.
CONSOLES = {
    "telling.py",
    "cli.py",
    "console/terminal.py",
    "console/export_command.py",
    "console/scan.py",
    "samples/tour.py",
}
LOGS = {"scan/job.py", "scan/work.py"}

# Python's own warnings for programs that use the library; their text is made printable.
WARNINGS = {"hosts/diffusers/calls.py", "hosts/diffusers/host.py"}


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
def test_text_leaves_for_a_console_through_one_door(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    found = list(doors(ast.parse(path.read_text(encoding="utf-8")), name))
    assert not found, f"{name}: {', '.join(found)}; use telling.tell or complain"


def doors(tree: ast.AST, name: str) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "print":
                found.append(f"print in line {node.lineno}")
        elif isinstance(node, ast.Attribute):
            owner = node.value
            base = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            through = f"{base}.{node.attr}"
            refused = (
                (base == "sys" and node.attr.strip("_") in ("stdout", "stderr"))
                and name not in CONSOLES
            ) or (base in ("stdout", "stderr") and node.attr in ("write", "writelines"))
            if base == "traceback" and node.attr.startswith("print"):
                refused = True
            if base == "warnings" and name in WARNINGS:
                continue
            if base in ("log", "logger", "logging", "warnings") and name not in LOGS:
                refused |= node.attr in ("exception", "error", "warning", "warn", "info", "debug")
            refused |= base in ("log", "logger") and node.attr == "exception"
            if refused:
                found.append(f"{through} in line {node.lineno}")
    return found


@pytest.mark.parametrize(
    "text",
    [
        "print(name)",
        "sys.stderr.write(name)",
        "say = sys.stdout.write",
        "traceback.print_exc()",
        "log.exception(name)",
        "warnings.warn(name)",
        "sys.__stderr__.write(name)",
    ],
)
def test_the_door_s_test_sees(text: str) -> None:
    assert doors(ast.parse(text), "loras/any.py")
